// What Hopper has for tiles (sm_90a): products of a whole warpgroup that run beside its threads, boxes of tensors copied by
// one thread, barriers in shared memory that count both arrivals and bytes. The emulation has its own.
//
//   C [64, 128] += A [64, 16] B [16, 128], bf16 with fp32 sums. Warp w of the four holds rows 16 w to 16 w + 15; of lane l,
//   with g = l / 4 and t = 2 (l % 4), in each row block as `mma` has it:
//     c: sums[4 j + i] = C[g + 8 (i / 2)][8 j + t + i % 2]
//     a: {A[g][t..], A[g+8][t..], A[g][t+8..], A[g+8][t+8..]}
//   In e4m3 with a depth of 32, the same but for a: bytes A[g][4 (l % 4)..], A[g+8][..], A[g][4 (l % 4) + 16..], A[g+8][..].
//   Products are in effect once they are waited for: until then nobody may touch their registers or the shared memory they read.
//
// Thread: device code; functions of a warpgroup are for all of its 128 threads.
#pragma once

#include "kernels/cuda/tile_map.h"

namespace longtake::cuda {

constexpr int kWarpgroup = 128;
constexpr int kSumsOfThread = 64;

// Passes by turns: every pass needs the arrivals it was made with, and all bytes that were announced.
struct alignas(8) TileBarrier {
    uint64_t state;
};

// Where a product finds an operand in shared memory, in the exchanged layout of a box (PTX ISA, wgmma's matrix descriptor).
// `leading`: bytes from 64 columns of bf16 to the next 64, where columns are those of the sum; unused otherwise.
// `stride`: bytes from 8 rows of the box to the next 8.
__device__ __forceinline__ uint64_t encodeOperand(uint32_t sharedAddress, uint32_t leading, uint32_t stride) {
    constexpr uint64_t kPiecesOf128Bytes = 1;
    return uint64_t{(sharedAddress & 0x3ffffu) >> 4} | uint64_t{leading >> 4} << 16 | uint64_t{stride >> 4} << 32 | kPiecesOf128Bytes << 62;
}

}  // namespace longtake::cuda

#if defined(LONGTAKE_EMULATED_DEVICE)
#include "kernels/cuda/emulation/warpgroup.h"
#else

#if !defined(__CUDA_ARCH__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define LONGTAKE_HAS_WARPGROUPS 1
#endif

namespace longtake::cuda {

__device__ __forceinline__ uint32_t sharedAddress(const void* shared) { return static_cast<uint32_t>(__cvta_generic_to_shared(shared)); }
__device__ __forceinline__ uint64_t operand(const void* shared, uint32_t leading, uint32_t stride) {
    return encodeOperand(sharedAddress(shared), leading, stride);
}

// Compiled for another architecture these functions do nothing: what calls them must not run.
__device__ __forceinline__ void trapWithoutWarpgroups() {
#if !defined(LONGTAKE_HAS_WARPGROUPS)
    __trap();
#endif
}
__device__ __forceinline__ void initBarrier(TileBarrier* barrier, int arrivals) {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(sharedAddress(barrier)), "r"(arrivals) : "memory");
#endif
}
// After the last initBarrier(), before the __syncthreads() that others wait at.
__device__ __forceinline__ void publishBarriers() {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
#endif
}
__device__ __forceinline__ void arrive(TileBarrier* barrier) {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(sharedAddress(barrier)) : "memory");
#endif
}
// Arrives, and announces bytes that copies will bring.
__device__ __forceinline__ void arriveAndExpect(TileBarrier* barrier, uint32_t bytes) {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(sharedAddress(barrier)), "r"(bytes) : "memory");
#endif
}
// Until the pass of that parity is over: 0 for the first, the third, ...; a pass before the first counts as over.
__device__ __forceinline__ void waitFor(TileBarrier* barrier, uint32_t parity) {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    uint32_t over;
    do {
        asm volatile(
            "{\n"
            ".reg .pred over;\n"
            "mbarrier.try_wait.parity.shared::cta.b64 over, [%1], %2;\n"
            "selp.u32 %0, 1, 0, over;\n"
            "}"
            : "=r"(over)
            : "r"(sharedAddress(barrier)), "r"(parity)
            : "memory");
    } while (!over);
#endif
}

// The box of `map` that starts there into shared memory (1024-byte aligned); its bytes count for the barrier.
__device__ __forceinline__ void copyBox(void* shared, const TileMap& map, int column, int row, int head, TileBarrier* barrier) {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4}], [%5];" ::"r"(
                     sharedAddress(shared)),
                 "l"(&map), "r"(column), "r"(row), "r"(head), "r"(sharedAddress(barrier))
                 : "memory");
#endif
}

// Two warpgroups that take turns: turn `index` is waited for by one and handed on by the other.
template <int kThreads>
__device__ __forceinline__ void waitForTurn(int index) {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    asm volatile("bar.sync %0, %1;" ::"r"(index), "n"(kThreads) : "memory");
#endif
}
template <int kThreads>
__device__ __forceinline__ void passTurn(int index) {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    asm volatile("bar.arrive %0, %1;" ::"r"(index), "n"(kThreads) : "memory");
#endif
}

// Registers of a thread of this warpgroup from here on; what some give up others may take.
template <int kRegisters>
__device__ __forceinline__ void giveRegistersBack() {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
#endif
}
template <int kRegisters>
__device__ __forceinline__ void takeRegisters() {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
#endif
}

// Before products whose registers were written by anything else.
__device__ __forceinline__ void beginProducts() {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#endif
}
__device__ __forceinline__ void commitProducts() {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
#endif
}
// Until at most that many of the last groups are still under way.
template <int kGroups>
__device__ __forceinline__ void waitForProducts() {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kGroups) : "memory");
#endif
}
// The compiler knows nothing of products under way: reads and writes of their registers stay on their side of this.
__device__ __forceinline__ void pin(float (&sums)[kSumsOfThread]) {
#pragma unroll
    for (int i = 0; i < kSumsOfThread; ++i) asm volatile("" : "+f"(sums[i])::"memory");
}
template <int kSteps>
__device__ __forceinline__ void pin(uint32_t (&a)[kSteps][4]) {
#pragma unroll
    for (int i = 0; i < 4 * kSteps; ++i) asm volatile("" : "+r"(a[i / 4][i % 4])::"memory");
}

// clang-format off
#define LONGTAKE_SUMS_8(s, i) "+f"(s[i]), "+f"(s[i + 1]), "+f"(s[i + 2]), "+f"(s[i + 3]), "+f"(s[i + 4]), "+f"(s[i + 5]), "+f"(s[i + 6]), "+f"(s[i + 7])
#define LONGTAKE_SUMS(s) LONGTAKE_SUMS_8(s, 0), LONGTAKE_SUMS_8(s, 8), LONGTAKE_SUMS_8(s, 16), LONGTAKE_SUMS_8(s, 24), \
                         LONGTAKE_SUMS_8(s, 32), LONGTAKE_SUMS_8(s, 40), LONGTAKE_SUMS_8(s, 48), LONGTAKE_SUMS_8(s, 56)
#define LONGTAKE_SUM_REGISTERS "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
                               "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, " \
                               "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, " \
                               "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}"
// clang-format on

// sums (+)= A B^T: A [64, 16] and B [128, 16] in shared memory, both with the 16 numbers of a row side by side.
__device__ __forceinline__ void multiplyRows(float (&sums)[kSumsOfThread], uint64_t a, uint64_t b, bool add) {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    asm volatile(
        "{\n"
        ".reg .pred add;\n"
        "setp.ne.b32 add, %66, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 " LONGTAKE_SUM_REGISTERS
        ", %64, %65, add, 1, 1, 0, 0;\n"
        "}"
        : LONGTAKE_SUMS(sums)
        : "l"(a), "l"(b), "r"(static_cast<int>(add)));
#endif
}
// sums += A B: A [64, 16] in registers, B [16, 128] in shared memory, the 128 numbers of a row side by side.
__device__ __forceinline__ void multiplyColumns(float (&sums)[kSumsOfThread], const uint32_t (&a)[4], uint64_t b) {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    asm volatile("wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 " LONGTAKE_SUM_REGISTERS ", {%64, %65, %66, %67}, %68, 1, 1, 1, 1;"
                 : LONGTAKE_SUMS(sums)
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
#endif
}

// Both in e4m3, 32 numbers of a row side by side: A [64, 32], B [128, 32].
__device__ __forceinline__ void multiplyRowsF8(float (&sums)[kSumsOfThread], uint64_t a, uint64_t b, bool add) {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    asm volatile(
        "{\n"
        ".reg .pred add;\n"
        "setp.ne.b32 add, %66, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3 " LONGTAKE_SUM_REGISTERS
        ", %64, %65, add, 1, 1;\n"
        "}"
        : LONGTAKE_SUMS(sums)
        : "l"(a), "l"(b), "r"(static_cast<int>(add)));
#endif
}
__device__ __forceinline__ void multiplyRowsF8(float (&sums)[kSumsOfThread], const uint32_t (&a)[4], uint64_t b) {
#if defined(LONGTAKE_HAS_WARPGROUPS)
    asm volatile("wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3 " LONGTAKE_SUM_REGISTERS ", {%64, %65, %66, %67}, %68, 1, 1, 1;"
                 : LONGTAKE_SUMS(sums)
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
#endif
}

#undef LONGTAKE_SUM_REGISTERS
#undef LONGTAKE_SUMS
#undef LONGTAKE_SUMS_8

}  // namespace longtake::cuda
#endif
