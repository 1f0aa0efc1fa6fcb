#include "kernels/cuda/load_module.h"

#include <dlfcn.h>

#include <cstdlib>

#include "kernels/cuda/module.h"

namespace longtake {

namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "liblongtake_cuda.so";
constexpr size_t kMessageRoom = 1024;

Result<const ModuleEntry*> loadFile(const fs::path& file) {
    void* module = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!module) return Error{"the CUDA module " + file.string() + " cannot be loaded: " + dlerror()};
    const auto entryOf = reinterpret_cast<const ModuleEntry* (*)()>(dlsym(module, kModuleEntry));
    const ModuleEntry* entry = entryOf ? entryOf() : nullptr;
    if (!entry) return Error{"the CUDA module " + file.string() + " is not one of Longtake: it has no " + kModuleEntry};
    if (entry->abi != moduleAbi())
        return Error{"the CUDA module " + file.string() + " belongs to another version of Longtake: install both from one package"};
    return entry;
}

Result<const ModuleEntry*> load() {
    std::string places;
    for (const fs::path& place : cudaModulePlaces()) {
        std::error_code ignored;
        if (fs::exists(place, ignored)) return loadFile(place);
        places += (places.empty() ? "" : ", ") + place.parent_path().string();
    }
    return Error{std::string("the CUDA module ") + kFile + " is not there (looked in " + places +
                 "); this build may have been made without CUDA"};
}

}  // namespace

std::vector<fs::path> cudaModulePlaces() {
    std::error_code failed;
    if (const char* given = std::getenv("LONGTAKE_CUDA_MODULE"); given && *given) {
        const fs::path path = given;
        return {fs::is_directory(path, failed) ? path / kFile : path};
    }
    std::vector<fs::path> places;
    const fs::path program = fs::read_symlink("/proc/self/exe", failed).parent_path();
    if (!failed) places = {program / kFile, program.parent_path() / "lib" / "longtake" / kFile};
#ifdef LONGTAKE_MODULE_FOLDER
    places.push_back(fs::path(LONGTAKE_MODULE_FOLDER) / kFile);
#endif
    return places;
}

Result<std::vector<CudaDevice>> cudaDevices() {
    const Result<const ModuleEntry*> entry = load();
    if (!entry) return entry.error();
    char message[kMessageRoom] = "";
    const int count = (*entry)->countDevices(message, sizeof message);
    if (count < 0) return Error{message};
    std::vector<CudaDevice> devices;
    for (int i = 0; i < count; ++i) {
        ModuleDevice device{};
        if (!(*entry)->describeDevice(i, &device, message, sizeof message)) return Error{message};
        CudaDevice out{.index = i, .name = device.name, .architecture = device.architecture, .totalBytes = device.totalBytes};
        std::copy(std::begin(device.uuid), std::end(device.uuid), out.uuid.begin());
        devices.push_back(std::move(out));
    }
    return devices;
}

Result<std::unique_ptr<Backend>> makeCudaBackend(const CudaOptions& options) {
    const Result<const ModuleEntry*> entry = load();
    if (!entry) return entry.error();
    const std::string cache = options.cacheFolder.string();
    const ModuleRequest request{
        .device = options.device, .precision = options.precision, .f8Products = options.f8Products, .cacheFolder = cache.c_str()};
    char message[kMessageRoom] = "";
    std::unique_ptr<Backend> backend((*entry)->open(&request, message, sizeof message));
    if (!backend) return Error{*message ? message : "the CUDA module gave no backend and no reason"};
    return backend;
}

fs::path defaultCacheFolder() {
    if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache) return fs::path(cache) / "longtake";
    if (const char* home = std::getenv("HOME"); home && *home) return fs::path(home) / ".cache" / "longtake";
    return {};
}

}  // namespace longtake
