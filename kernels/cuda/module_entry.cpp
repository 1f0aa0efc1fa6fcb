// The module's one exported function, and the sentences that say why a device cannot be used.
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/cuda_error.h"
#include "kernels/cuda/module.h"

namespace longtake::cuda {

namespace {

// The oldest compute capability that the kernels are built for.
constexpr int kOldestArchitecture = 75;
// Of the CUDA 13 runtime that this module holds.
constexpr const char* kNeededDriver = "580";

void say(const std::string& text, char* message, size_t room) {
    if (!message || room == 0) return;
    const size_t length = std::min(text.size(), room - 1);
    std::memcpy(message, text.data(), length);
    message[length] = '\0';
}

// What a start-up failure means to the user.
std::string reason(cudaError_t status) {
    switch (status) {
        case cudaErrorInsufficientDriver: {
            int driver = 0;
            if (cudaDriverGetVersion(&driver) == cudaSuccess && driver > 0)
                return "the NVIDIA driver is too old: it supports CUDA " + std::to_string(driver / 1000) + "." +
                       std::to_string(driver % 1000 / 10) + ", CUDA " + std::to_string(CUDART_VERSION / 1000) + " needs driver " +
                       kNeededDriver + " or newer";
            return std::string("no NVIDIA driver was found (CUDA ") + std::to_string(CUDART_VERSION / 1000) + " needs " + kNeededDriver +
                   " or newer)";
        }
        case cudaErrorNoDevice: return "the NVIDIA driver shows no GPU: check nvidia-smi and CUDA_VISIBLE_DEVICES";
        case cudaErrorSystemDriverMismatch: return "the NVIDIA driver and its libraries are of different versions: restart the machine";
        case cudaErrorInitializationError:
        case cudaErrorSystemNotReady: return std::string("the NVIDIA driver did not start: ") + cudaGetErrorString(status);
        default: return std::string("the GPU cannot be used: ") + cudaGetErrorString(status);
    }
}

int countDevices(char* message, size_t room) {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status == cudaSuccess && count > 0) return count;
    (void)cudaGetLastError();
    say(reason(status == cudaSuccess ? cudaErrorNoDevice : status), message, room);
    return -1;
}

// The device's properties, or false with the reason.
bool propertiesOf(int device, cudaDeviceProp& properties, char* message, size_t room) {
    const int count = countDevices(message, room);
    if (count < 0) return false;
    if (device < 0 || device >= count) {
        say("there is no GPU " + std::to_string(device) + ": this machine has " + std::to_string(count), message, room);
        return false;
    }
    if (const cudaError_t status = cudaGetDeviceProperties(&properties, device); status != cudaSuccess) {
        (void)cudaGetLastError();
        say(reason(status), message, room);
        return false;
    }
    return true;
}

bool describeDevice(int device, ModuleDevice* out, char* message, size_t room) {
    cudaDeviceProp properties = {};
    if (!propertiesOf(device, properties, message, room)) return false;
    say(properties.name, out->name, sizeof out->name);
    out->architecture = properties.major * 10 + properties.minor;
    out->totalBytes = properties.totalGlobalMem;
    std::memcpy(out->uuid, &properties.uuid, sizeof out->uuid);
    return true;
}

Backend* open(const ModuleRequest* request, char* message, size_t room) {
    cudaDeviceProp properties = {};
    if (!propertiesOf(request->device, properties, message, room)) return nullptr;
    const int architecture = properties.major * 10 + properties.minor;
    if (architecture < kOldestArchitecture) {
        say(std::string(properties.name) + " has compute capability " + std::to_string(properties.major) + "." +
                std::to_string(properties.minor) + "; at least 7.5 is needed",
            message, room);
        return nullptr;
    }
    // Off until it has been measured on such a device.
    const char* warpgroups = std::getenv("LONGTAKE_CUDA_WARPGROUPS");
    try {
        auto backend = std::make_unique<CudaBackend>(CudaBackendOptions{.device = request->device,
                                                                        .precision = request->precision,
                                                                        .cacheFolder = request->cacheFolder ? request->cacheFolder : "",
                                                                        .f8Products = request->f8Products,
                                                                        .warpgroupAttention = warpgroups && *warpgroups == '1'});
        backend->synchronize();
        if (!hasKernels()) {
            say(std::string(properties.name) + " (compute capability " + std::to_string(architecture / 10) + "." +
                    std::to_string(architecture % 10) + "): this program was built without kernels for it",
                message, room);
            return nullptr;
        }
        return backend.release();
    } catch (const std::bad_alloc&) {
        say(std::string(properties.name) + " has no free memory", message, room);
    } catch (const std::exception& failure) {
        say(failure.what(), message, room);
    }
    return nullptr;
}

}  // namespace

}  // namespace longtake::cuda

extern "C" [[gnu::visibility("default")]] const longtake::ModuleEntry* longtake_cuda_entry() {
    static const longtake::ModuleEntry entry{longtake::moduleAbi(), longtake::cuda::countDevices, longtake::cuda::describeDevice,
                                             longtake::cuda::open};
    return &entry;
}
