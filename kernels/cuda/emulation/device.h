// What kernels/cuda/device.h stands for where kernels run on the host: CUDA's words, its small vectors and bf16, shuffles
// and barriers, and the launch.
//
// Thread: that of the emulated runtime.
#pragma once

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <tuple>

#include "kernels/cuda/cuda_error.h"
#include "kernels/cuda/emulation/machine.h"
#include "kernels/dtype.h"

#define __global__
#define __device__
#define __host__
#define __shared__ static thread_local
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __grid_constant__
#define __restrict__ __restrict

struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct alignas(8) uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

struct __nv_bfloat16 {
    uint16_t bits;
};
inline float __bfloat162float(__nv_bfloat16 v) { return longtake::floatFromBf16(v.bits); }
inline __nv_bfloat16 __float2bfloat16_rn(float v) { return {longtake::bf16FromFloat(v)}; }
inline float __uint_as_float(unsigned bits) { return std::bit_cast<float>(bits); }
inline unsigned __float_as_uint(float v) { return std::bit_cast<unsigned>(v); }

inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline int __float2int_rn(float v) { return static_cast<int>(std::nearbyint(v)); }

inline void __syncthreads() { longtake::emulation::blockBarrier(); }
inline void __syncwarp(unsigned = 0xffffffffu) {
    int nothing = 0;
    longtake::emulation::warpOperation("__syncwarp", &nothing, [](void* const*) {});
}

namespace longtake::emulation {

template <typename T>
struct Shuffle {
    T value;
    int from;
    T result;
};
template <typename T>
T shuffle(T value, int from) {
    Shuffle<T> mine{value, from, value};
    warpOperation("a shuffle", &mine, [](void* const lanes[kLanes]) {
        for (int i = 0; i < kLanes; ++i)
            if (auto* lane = static_cast<Shuffle<T>*>(lanes[i])) {
                if (!lanes[lane->from]) throw std::logic_error("[emulation] a shuffle reads a lane that is not there");
                lane->result = static_cast<Shuffle<T>*>(lanes[lane->from])->value;
            }
    });
    return mine.result;
}

}  // namespace longtake::emulation

template <typename T>
T __shfl_xor_sync(unsigned, T value, int mask) {
    return longtake::emulation::shuffle(value, longtake::emulation::laneIndex() ^ mask);
}
template <typename T>
T __shfl_sync(unsigned, T value, int lane) {
    return longtake::emulation::shuffle(value, lane);
}

#define LONGTAKE_SHARED(Type, name) Type* name = static_cast<Type*>(::longtake::emulation::sharedMemory())

namespace longtake::cuda {

template <typename... Parameters, typename... Arguments>
void launch(const char* operation, void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t sharedBytes, cudaStream_t stream,
            Arguments... arguments) {
    std::tuple<Parameters...> held(static_cast<Parameters>(arguments)...);
    check(emulation::enqueueKernel(stream, grid, block, sharedBytes, [kernel, held = std::move(held)] { std::apply(kernel, held); }),
          operation);
}

}  // namespace longtake::cuda
