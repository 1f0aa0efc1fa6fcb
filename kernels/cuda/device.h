// What every .cu file includes: the CUDA runtime, or its emulation on the host (LONGTAKE_EMULATED_DEVICE), and the
// one way to start a kernel. Kernels use nothing that the emulation lacks.
//
//   __global__ void scale(float* y, float by, int64_t n) { SharedArray... }
//   launch("scale", scale, dim3(blocks), dim3(256), 0, context.stream, y, by, n);
//
// Dynamic shared memory: LONGTAKE_SHARED(float, tile); tile[...] - 128-byte aligned, the size given to launch().
// The emulation offers the same two names.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(LONGTAKE_EMULATED_DEVICE)
#include "kernels/cuda/emulation/device.h"
#else
#include <cuda_bf16.h>
#include <cuda_fp8.h>
#include <cuda_runtime.h>

#include "kernels/cuda/cuda_error.h"

#define LONGTAKE_SHARED(Type, name)                                       \
    extern __shared__ __align__(128) unsigned char longtakeSharedBytes[]; \
    Type* name = reinterpret_cast<Type*>(longtakeSharedBytes)

#if defined(__CUDACC__)
namespace longtake::cuda {

// What a block gets without asking; more must be allowed for each kernel.
constexpr size_t kPlainSharedBytes = 48 << 10;

template <typename... Parameters, typename... Arguments>
void launch(const char* operation, void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t sharedBytes, cudaStream_t stream,
            Arguments... arguments) {
    if (sharedBytes > kPlainSharedBytes)
        check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(sharedBytes)), operation);
    // clang-format off
    kernel<<<grid, block, sharedBytes, stream>>>(static_cast<Parameters>(arguments)...);
    // clang-format on
    check(cudaGetLastError(), operation);
}

}  // namespace longtake::cuda
#endif
#endif
