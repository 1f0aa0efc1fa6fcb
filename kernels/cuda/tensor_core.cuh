// Tensor cores and asynchronous copies behind plain functions, from compute capability 8.0 on; the emulation has its own.
//
//   C [16, 8] += A [16, 16] B [16, 8], bf16 with fp32 sums; of lane l, with g = l / 4 and t = l % 4:
//     a: {A[g][2t..], A[g+8][2t..], A[g][2t+8..], A[g+8][2t+8..]}, two numbers a register, the first in the low half
//     b: {B[2t..][g], B[2t+8..][g]}
//     c: {C[g][2t], C[g][2t+1], C[g+8][2t], C[g+8][2t+1]}
//
// Thread: device code; functions of a warp are for all of its lanes.
#pragma once

#include "kernels/cuda/device.h"

#if defined(LONGTAKE_EMULATED_DEVICE)
#include "kernels/cuda/emulation/tensor_core.h"
#else

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define LONGTAKE_HAS_TENSOR_CORES 1
#endif

namespace longtake::cuda {

// Four matrices of 8 x 8 bf16: lane l gives the address of row l % 8 of matrix l / 8 (16 bytes, aligned), and gets of each
// matrix row l / 4, columns 2 (l % 4) and the next; transposed: column l / 4, rows 2 (l % 4) and the next.
__device__ __forceinline__ void loadMatrices(uint32_t (&to)[4], const void* shared) {
#if defined(LONGTAKE_HAS_TENSOR_CORES)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(shared)))
                 : "memory");
#endif
}
__device__ __forceinline__ void loadMatricesTransposed(uint32_t (&to)[4], const void* shared) {
#if defined(LONGTAKE_HAS_TENSOR_CORES)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(shared)))
                 : "memory");
#endif
}

__device__ __forceinline__ void multiplyAdd(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
#if defined(LONGTAKE_HAS_TENSOR_CORES)
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#endif
}

// 16 bytes from global into shared memory, or zeros where the source does not count (it is not read then). In effect once
// its group is waited for, for other threads behind a barrier.
__device__ __forceinline__ void copyAsync(void* shared, const void* global, bool counts) {
#if defined(LONGTAKE_HAS_TENSOR_CORES)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(static_cast<uint32_t>(__cvta_generic_to_shared(shared))),
                 "l"(global), "r"(counts ? 16 : 0)
                 : "memory");
#endif
}
// The same, through the multiprocessor's own cache, for what its blocks read several times.
__device__ __forceinline__ void copyAsyncReused(void* shared, const void* global, bool counts) {
#if defined(LONGTAKE_HAS_TENSOR_CORES)
    asm volatile("cp.async.ca.shared.global [%0], [%1], 16, %2;" ::"r"(static_cast<uint32_t>(__cvta_generic_to_shared(shared))),
                 "l"(global), "r"(counts ? 16 : 0)
                 : "memory");
#endif
}
__device__ __forceinline__ void copyCommit() {
#if defined(LONGTAKE_HAS_TENSOR_CORES)
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
// Until at most that many of the last groups are still under way.
template <int kGroups>
__device__ __forceinline__ void copyWait() {
#if defined(LONGTAKE_HAS_TENSOR_CORES)
    asm volatile("cp.async.wait_group %0;" ::"n"(kGroups) : "memory");
#endif
}

// Two numbers rounded to bf16, the first in the low half.
__device__ __forceinline__ uint32_t packBf16(float low, float high) {
    const __nv_bfloat162 both = __floats2bfloat162_rn(low, high);
    return *reinterpret_cast<const uint32_t*>(&both);
}

// Four numbers rounded to e4m3, the first in the lowest byte; from compute capability 8.9 on.
__device__ __forceinline__ uint32_t packF8(float a, float b, float c, float d) {
    const uint32_t low = __nv_cvt_float2_to_fp8x2(make_float2(a, b), __NV_SATFINITE, __NV_E4M3),
                   high = __nv_cvt_float2_to_fp8x2(make_float2(c, d), __NV_SATFINITE, __NV_E4M3);
    return low | high << 16;
}

__device__ __forceinline__ float exp2Fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

}  // namespace longtake::cuda
#endif
