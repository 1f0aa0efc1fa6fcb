// Queries, keys and values of bf16 as e4m3 for warpgroup_attention.cuh: each head's by a scale that makes its largest number
// 448. Values are turned over, column by column, for in 8 bits both operands of a product want its depth side by side; and the
// keys of 32 change places, so that a thread's weights, as the products of scores leave them, are what the next product reads.
//
// Bytes at 4.8 TB/s: 4680 queries and 9360 keys of 12 heads are read twice and written once, 179 MB, 37 us; measured: no.
//
// Thread: device code.
#pragma once

#include "kernels/cuda/numbers.cuh"
#include "kernels/cuda/tensor_core.cuh"

namespace longtake::cuda {

constexpr int kF8Width = 128, kF8Threads = 256, kF8Warps = kF8Threads / kWarp;

struct F8Params {
    AttentionParams p;
    uint8_t* q = nullptr;      // [heads][queries][kF8Width]
    uint8_t* k = nullptr;      // [heads][keys][kF8Width]
    uint8_t* v = nullptr;      // [heads][kF8Width][paddedKeys]
    float* largest = nullptr;  // [3][heads][kWarp]: of a part of the rows each
    float* scales = nullptr;   // [3][heads]
    int64_t paddedKeys = 0;    // whole tiles of 128
};

struct F8Source {
    const Bf16Number::Type* data;
    int64_t rowStride, rows;
    int width;
    // Four numbers of a row, zeros beyond its end.
    __device__ __forceinline__ float4 four(int64_t row, int column) const {
        return row < rows && column < width ? Bf16Number::load4(data + row * rowStride + column) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    }
};
__device__ __forceinline__ F8Source sourceOf(const AttentionParams& p, int which, int64_t head) {
    using T = Bf16Number::Type;
    if (which == 0) return {static_cast<const T*>(p.q) + head * p.qHeadStride, p.qRowStride, p.queries, static_cast<int>(p.qkDim)};
    if (which == 1) return {static_cast<const T*>(p.k) + head * p.kHeadStride, p.kRowStride, p.keys, static_cast<int>(p.qkDim)};
    return {static_cast<const T*>(p.v) + head * p.vHeadStride, p.vRowStride, p.keys, static_cast<int>(p.vDim)};
}

// Blocks: kWarp, heads, 3.
__global__ void __launch_bounds__(kF8Threads) largestOfHeads(F8Params f) {
    __shared__ float partial[kF8Warps];
    const F8Source from = sourceOf(f.p, static_cast<int>(blockIdx.z), blockIdx.y);
    const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
    float most = 0.0f;
    for (int64_t row = int64_t{blockIdx.x} * kF8Warps + warp; row < from.rows; row += kWarp * kF8Warps) {
        const float4 x = from.four(row, lane * 4);
        most = fmaxf(most, fmaxf(fmaxf(fabsf(x.x), fabsf(x.y)), fmaxf(fabsf(x.z), fabsf(x.w))));
    }
    most = blockMax(most, partial);
    if (threadIdx.x == 0) f.largest[(int64_t{blockIdx.z} * f.p.heads + blockIdx.y) * kWarp + blockIdx.x] = most;
}

// For all lanes of a warp.
__device__ __forceinline__ float scaleOf(const F8Params& f, int which, int64_t head) {
    return f8Scale(warpMax(f.largest[(which * f.p.heads + head) * kWarp + threadIdx.x % kWarp]));
}

__device__ __forceinline__ uint32_t packScaled(float4 x, float by) { return packF8(x.x * by, x.y * by, x.z * by, x.w * by); }

// Queries and keys, a warp a row. Blocks: rows / kF8Warps, heads, 2.
__global__ void __launch_bounds__(kF8Threads) rowsToF8(F8Params f) {
    const int which = static_cast<int>(blockIdx.z);
    const int64_t head = blockIdx.y, row = int64_t{blockIdx.x} * kF8Warps + threadIdx.x / kWarp;
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    const F8Source from = sourceOf(f.p, which, head);
    const float scale = scaleOf(f, which, head);
    if (blockIdx.x == 0 && threadIdx.x == 0) f.scales[which * f.p.heads + head] = scale;
    if (row >= from.rows) return;
    uint8_t* const to = (which == 0 ? f.q : f.k) + (head * from.rows + row) * kF8Width;
    reinterpret_cast<uint32_t*>(to)[lane] = packScaled(from.four(row, lane * 4), 1.0f / scale);
}

// Where in the depth of its product a key of 32 goes: bits 16 h + 8 i + 2 t + e of the key become 16 h + 4 t + 2 i + e.
__device__ __forceinline__ int placeOfKey(int key) { return (key & ~14) | (key & 6) << 1 | (key & 8) >> 2; }

// Values of 128 keys, turned over. Blocks: tiles of keys, heads.
__global__ void __launch_bounds__(kF8Threads) columnsToF8(F8Params f) {
    constexpr int kKeys = 128, kPitch = kKeys + 4;  // so that a column's bytes lie in different banks
    alignas(16) __shared__ uint8_t turned[kF8Width * kPitch];
    const int64_t head = blockIdx.y, firstKey = int64_t{blockIdx.x} * kKeys;
    const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
    const F8Source from = sourceOf(f.p, 2, head);
    const float scale = scaleOf(f, 2, head);
    if (blockIdx.x == 0 && threadIdx.x == 0) f.scales[2 * f.p.heads + head] = scale;
    for (int key = warp; key < kKeys; key += kF8Warps) {
        const uint32_t four = packScaled(from.four(firstKey + key, lane * 4), 1.0f / scale);
        for (int i = 0; i < 4; ++i) turned[(lane * 4 + i) * kPitch + placeOfKey(key)] = static_cast<uint8_t>(four >> 8 * i);
    }
    __syncthreads();
    for (int column = warp; column < kF8Width; column += kF8Warps) {
        uint8_t* const to = f.v + (head * kF8Width + column) * f.paddedKeys + firstKey;
        reinterpret_cast<uint32_t*>(to)[lane] = *reinterpret_cast<const uint32_t*>(turned + column * kPitch + lane * 4);
    }
}

}  // namespace longtake::cuda
