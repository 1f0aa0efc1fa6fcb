// The C interface of liblongtake_cuda.so, which the program loads at run time: both sides include this file.
// Objects cross it as C++ ones, so both must be of one build; moduleAbi() says whether they are.
//
// Thread: any.
#pragma once

#include "kernels/backend.h"

namespace longtake {

// Changes whenever a type that crosses the interface changes its size, or kModuleRevision is raised by hand.
constexpr uint32_t kModuleRevision = 6;
constexpr uint32_t moduleAbi() {
    uint32_t hash = 2166136261u;
    for (size_t part : {size_t{kModuleRevision}, sizeof(MatmulParams), sizeof(NormParams), sizeof(RopeParams), sizeof(AttentionParams),
                        sizeof(ConvParams), sizeof(UpsampleParams), sizeof(ChannelNormParams), sizeof(PlanesParams), sizeof(PicturesParams),
                        sizeof(Nv12Params), sizeof(CombineParams), sizeof(NoiseParams), sizeof(PatchParams), sizeof(CopyParams),
                        sizeof(std::string), sizeof(std::shared_ptr<void>)})
        hash = (hash ^ static_cast<uint32_t>(part)) * 16777619u;
    return hash;
}

struct ModuleRequest {
    int device = 0;
    Precision precision = Precision::Bf16;
    bool f8Products = false;
    const char* cacheFolder = nullptr;  // for tuned choices; null or empty: nothing is kept
};

// One device of the machine, in words: "NVIDIA H200, 139 GiB".
struct ModuleDevice {
    char name[256];
    int architecture;  // 90 for 9.0
    size_t totalBytes;
    unsigned char uuid[16];  // what a Vulkan device is matched by
};

// What the module exports under kModuleEntry. Messages are one line, cut to the room given.
struct ModuleEntry {
    uint32_t abi;
    // How many devices can be used; -1 with the reason when none can be asked for.
    int (*countDevices)(char* message, size_t room);
    bool (*describeDevice)(int device, ModuleDevice* out, char* message, size_t room);
    // Null with the reason. Deleted by the caller, before the module goes.
    Backend* (*open)(const ModuleRequest* request, char* message, size_t room);
};

constexpr const char* kModuleEntry = "longtake_cuda_entry";  // const ModuleEntry*()

}  // namespace longtake
