// Finds liblongtake_cuda.so and opens its backend: what the program knows of CUDA without being linked to any of it.
//
// Thread: any. A loaded module stays to the end of the process.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/result.h"

namespace longtake {

// A GPU that can be named as "cuda" (the first) or "cuda:N".
struct CudaDevice {
    int index = 0;
    std::string name;      // "NVIDIA H200"
    int architecture = 0;  // 90 for 9.0
    size_t totalBytes = 0;
    std::array<unsigned char, 16> uuid{};
};

struct CudaOptions {
    int device = 0;
    Precision precision = Precision::Bf16;
    bool f8Products = false;            // e4m3 in large products of bf16, where the GPU has them
    std::filesystem::path cacheFolder;  // of tuned products; empty: nothing is kept
};

// Where the module is looked for, in order: the file or folder in LONGTAKE_CUDA_MODULE alone when that is set; else
// beside the program, in ../lib/longtake from there, and the folder it is installed to.
std::vector<std::filesystem::path> cudaModulePlaces();

// The usable GPUs, or one sentence that says why there are none.
Result<std::vector<CudaDevice>> cudaDevices();
Result<std::unique_ptr<Backend>> makeCudaBackend(const CudaOptions& options);

// $XDG_CACHE_HOME/longtake, or ~/.cache/longtake; empty without a home.
std::filesystem::path defaultCacheFolder();

}  // namespace longtake
