// Loads and stores of F32 and BF16 as floats, the activations, and sums over a warp or a block.
//
// Thread: device code.
#pragma once

#include "kernels/cuda/device.h"
#include "kernels/params.h"

namespace longtake::cuda {

struct F32Number {
    using Type = float;
    static __device__ __forceinline__ float load(const Type* p) { return *p; }
    static __device__ __forceinline__ void store(Type* p, float v) { *p = v; }
    static __device__ __forceinline__ float4 load4(const Type* p) { return *reinterpret_cast<const float4*>(p); }
    static __device__ __forceinline__ void store4(Type* p, float4 v) { *reinterpret_cast<float4*>(p) = v; }
};

struct Bf16Number {
    using Type = __nv_bfloat16;
    static __device__ __forceinline__ float load(const Type* p) { return __bfloat162float(*p); }
    static __device__ __forceinline__ void store(Type* p, float v) { *p = __float2bfloat16_rn(v); }
    static __device__ __forceinline__ float4 load4(const Type* p) {
        const uint2 raw = *reinterpret_cast<const uint2*>(p);
        return make_float4(__uint_as_float(raw.x << 16), __uint_as_float(raw.x & 0xffff0000u), __uint_as_float(raw.y << 16),
                           __uint_as_float(raw.y & 0xffff0000u));
    }
    static __device__ __forceinline__ void store4(Type* p, float4 v) {
        Type four[4] = {__float2bfloat16_rn(v.x), __float2bfloat16_rn(v.y), __float2bfloat16_rn(v.z), __float2bfloat16_rn(v.w)};
        *reinterpret_cast<uint2*>(p) = *reinterpret_cast<const uint2*>(four);
    }
};

// One number, or four at an address that allows it.
template <typename X, int kCount>
__device__ __forceinline__ void loadNumbers(float (&to)[kCount], const typename X::Type* from) {
    static_assert(kCount == 1 || kCount == 4);
    if constexpr (kCount == 4) {
        const float4 v = X::load4(from);
        to[0] = v.x, to[1] = v.y, to[2] = v.z, to[3] = v.w;
    } else {
        to[0] = X::load(from);
    }
}
template <typename Y, int kCount>
__device__ __forceinline__ void storeNumbers(typename Y::Type* to, const float (&from)[kCount]) {
    static_assert(kCount == 1 || kCount == 4);
    if constexpr (kCount == 4) Y::store4(to, make_float4(from[0], from[1], from[2], from[3]));
    else Y::store(to, from[0]);
}

__device__ __forceinline__ float4 fourAt(const float* at) { return *reinterpret_cast<const float4*>(at); }
__device__ __forceinline__ void addProducts(float (&sum)[4], float by, float4 four) {
    sum[0] += by * four.x;
    sum[1] += by * four.y;
    sum[2] += by * four.z;
    sum[3] += by * four.w;
}

// Whether rows at a pointer and stride can be read four numbers at a time.
inline bool allowsFours(const void* data, DType dtype, int64_t stride) {
    const size_t bytes = 4 * sizeOf(dtype);
    return reinterpret_cast<uintptr_t>(data) % bytes == 0 && static_cast<size_t>(stride) * sizeOf(dtype) % bytes == 0;
}

__device__ __forceinline__ float activated(float x, Activation activation) {
    switch (activation) {
        case Activation::Relu: return x > 0.0f ? x : 0.0f;
        case Activation::Silu: return x / (1.0f + expf(-x));
        case Activation::GeluTanh: {
            const float u = 0.7978845608028654f * (x + 0.044715f * x * x * x);
            return x * (1.0f - 1.0f / (expf(2.0f * u) + 1.0f));  // 0.5 (1 + tanh u) = 1 - 1 / (e^2u + 1)
        }
        default: return x;
    }
}

constexpr int kWarp = 32;
constexpr float kBitsOfE = 1.4426950408889634f;  // log2(e): a softmax in powers of two

__device__ __forceinline__ float warpSum(float value) {
    for (int offset = kWarp / 2; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
    return value;
}

__device__ __forceinline__ float warpMax(float value) {
    for (int offset = kWarp / 2; offset > 0; offset /= 2) value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, offset));
    return value;
}

// The largest over all threads of the block, for each of them; partial: one float a warp. Two barriers.
__device__ __forceinline__ float blockMax(float value, float* partial) {
    value = warpMax(value);
    const int warps = (static_cast<int>(blockDim.x) + kWarp - 1) / kWarp;
    if (threadIdx.x % kWarp == 0) partial[threadIdx.x / kWarp] = value;
    __syncthreads();
    float most = partial[0];
    for (int w = 1; w < warps; ++w) most = fmaxf(most, partial[w]);
    __syncthreads();
    return most;
}

__device__ __forceinline__ uint8_t f8FromFloat(float value) {
#if defined(LONGTAKE_EMULATED_DEVICE)
    return f8E4M3FromFloat(value);
#else
    return __nv_cvt_float_to_fp8(value, __NV_SATFINITE, __NV_E4M3);
#endif
}

// What makes the largest of some numbers the largest that e4m3 has.
__device__ __forceinline__ float f8Scale(float largest) { return largest > 0.0f ? largest / kLargestF8E4M3 : 1.0f; }

// The sum over all threads of the block, for each of them; partial: one float a warp. Two barriers.
__device__ __forceinline__ float blockSum(float value, float* partial) {
    value = warpSum(value);
    const int warps = (static_cast<int>(blockDim.x) + kWarp - 1) / kWarp;
    if (threadIdx.x % kWarp == 0) partial[threadIdx.x / kWarp] = value;
    __syncthreads();
    float total = 0.0f;
    for (int w = 0; w < warps; ++w) total += partial[w];
    __syncthreads();
    return total;
}

// Calls body(xNumber, yNumber) with the number types of two pointers.
template <typename Body>
void byTypes(DType x, DType y, Body body) {
    if (x == DType::BF16 && y == DType::BF16) body(Bf16Number{}, Bf16Number{});
    else if (x == DType::BF16) body(Bf16Number{}, F32Number{});
    else if (y == DType::BF16) body(F32Number{}, Bf16Number{});
    else body(F32Number{}, F32Number{});
}

template <typename Body>
void byType(DType x, Body body) {
    if (x == DType::BF16) body(Bf16Number{});
    else body(F32Number{});
}

}  // namespace longtake::cuda
