// Matrix products of the vendor's library behind one small interface, so that the backend runs on an emulated device too.
//
// Owner:  CudaBackend. Thread: one at a time.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>
#include <string>

#include "kernels/params.h"

namespace longtake::cuda {

// y = act(alpha xScale wScale (x w^T) + bias), or y += ... ; rows of x and y may have gaps, w has none.
struct GemmCall {
    const void* x = nullptr;
    const void* w = nullptr;  // [out, in]
    void* y = nullptr;
    int64_t rows = 0, out = 0, in = 0;
    int64_t xStride = 0, yStride = 0;
    DType inType = DType::F32, outType = DType::F32;
    const float* xScale = nullptr;             // [rows], what each row's numbers are to be multiplied by; with wScale, for F8E4M3
    const float* wScale = nullptr;             // [out]
    const void* bias = nullptr;                // [out], or absent
    DType biasType = DType::F32;               // that of the output, but BF16 for F8E4M3: the library takes no other
    const float* alpha = nullptr;              // [out]: each column's own factor, on the device; absent: 1
    Activation activation = Activation::None;  // None, Relu, GeluTanh
    bool add = false;                          // y += ; outType must be F32, no activation
};

struct GemmResources {
    cudaStream_t stream = nullptr;
    void* workspace = nullptr;
    size_t workspaceBytes = 0;
};

class Gemm {
public:
    virtual ~Gemm() = default;

    // False when the library has nothing for this product: the caller has to take another way.
    virtual bool run(const GemmCall& call, const GemmResources& resources) = 0;
    // The fewest microseconds that were measured for the product, 0 when it was not timed. For reports.
    virtual float measuredMicroseconds(const GemmCall& call) const = 0;
    virtual std::string library() const = 0;  // "cuBLASLt 13.1.0"
};

// The product as one word, the same for the same choice of algorithm: sizes, strides, types, epilogue, alignment.
std::string productName(const GemmCall& call);

struct GemmOptions {
    std::string device;       // its name; choices are kept per device
    std::string cacheFolder;  // empty: choices are not kept
    bool timed = true;        // try the candidates on first use; else the library's first guess
};

// Throws CudaError when the library cannot be loaded.
std::unique_ptr<Gemm> makeGemm(const GemmOptions& options);

}  // namespace longtake::cuda
