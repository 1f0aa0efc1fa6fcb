#include "kernels/devices.h"

#include <charconv>
#include <stdexcept>

#include "kernels/cuda/load_module.h"

namespace longtake {

Result<int> parseDevice(const std::string& id) {
    if (id == "cpu") return -1;
    if (id == "cuda") return 0;
    constexpr std::string_view kPrefix = "cuda:";
    int index = -1;
    if (id.starts_with(kPrefix)) {
        const char *first = id.data() + kPrefix.size(), *last = id.data() + id.size();
        const auto [end, failed] = std::from_chars(first, last, index);
        if (failed == std::errc() && end == last && index >= 0) return index;
    }
    return Error{"there is no device \"" + id + "\"; choose cpu, cuda or cuda:N"};
}

DeviceList listDevices() {
    DeviceList list;
    list.devices.push_back({.id = "cpu", .name = "CPU", .usesThreads = true, .precisions = {Precision::Fp32}});
    if (cpuHasBf16()) list.devices.front().precisions = {Precision::Bf16, Precision::Fp32};
    const Result<std::vector<CudaDevice>> gpus = cudaDevices();
    if (!gpus) {
        list.whyNoGpu = gpus.message();
        return list;
    }
    for (const CudaDevice& gpu : *gpus) {
        DeviceInfo device{
            .id = "cuda:" + std::to_string(gpu.index), .name = gpu.name, .usesThreads = false, .precisions = {Precision::Fp32}};
        if (gpu.architecture >= 80) device.precisions = {Precision::Bf16, Precision::Fp32};
        list.devices.push_back(std::move(device));
    }
    return list;
}

Result<std::unique_ptr<Backend>> makeBackend(const BackendChoice& choice) {
    const Result<int> gpu = parseDevice(choice.device);
    if (!gpu) return gpu.error();
    if (*gpu < 0) {
        try {
            return makeCpuBackend({.threads = choice.threads, .precision = choice.precision});
        } catch (const std::runtime_error& error) {
            return Error{std::string("cpu cannot be used: ") + error.what()};
        }
    }
    auto backend = makeCudaBackend(
        {.device = *gpu, .precision = choice.precision, .f8Products = choice.f8Products, .cacheFolder = defaultCacheFolder()});
    if (!backend) return Error{choice.device + " cannot be used: " + backend.message() + "; choose the device cpu"};
    return backend;
}

}  // namespace longtake
