// Attention in one pass over the keys in fp32, for devices without bf16 and for who wants exact numbers: what flash_attention.cuh
// does, by plain multiplications. A block takes a tile of query rows by a tile of keys; queries and keys come in slices of their
// depth, values in slices of keys, so that heads may be of any width and shared memory stays small.
//
// Thread: device code.
#pragma once

#include "kernels/cuda/flash_attention.cuh"

namespace longtake::cuda {

struct F32Tile {
    static constexpr int kThreads = 256;                          // 16 x 16, each has 4 rows by 4 keys, then by 8 columns
    static constexpr int kRows = 64, kKeys = 64, kColumns = 128;  // wider values are split over blocks
    static constexpr int kDepth = 32, kKeysOfSlice = 32;
    static constexpr int kSlice = 2 * kDepth * kRows;  // queries and keys, or values in their place
    static constexpr size_t kSharedBytes = sizeof(float) * (kSlice + kKeys * kRows);
    static_assert(kRows == kKeys && kKeysOfSlice * kColumns == kSlice);
};

// A tile that is turned over, 64 numbers a line; fours change places so that writing a row's numbers meets different banks.
__device__ __forceinline__ int turnedPlace(int line, int column) { return line * F32Tile::kRows + (column ^ (line >> 2 & 7) << 2); }

// Numbers [depth, depth + kDepth) of the rows [first, first + kRows), zeros beyond `rows` and `width`.
template <typename Address>
__device__ __forceinline__ void loadTurned(float* to, int64_t first, int64_t rows, int depth, int width, Address address) {
    constexpr int kPieces = F32Tile::kDepth / 4;
    const int line = static_cast<int>(threadIdx.x) % kPieces * 4;
#pragma unroll
    for (int r = 0; r < F32Tile::kRows * kPieces / F32Tile::kThreads; ++r) {
        const int row = static_cast<int>(threadIdx.x) / kPieces + r * (F32Tile::kThreads / kPieces);
        float4 four = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        if (first + row < rows && depth + line < width) four = fourAt(address(first + row) + depth + line);
        to[turnedPlace(line, row)] = four.x;
        to[turnedPlace(line + 1, row)] = four.y;
        to[turnedPlace(line + 2, row)] = four.z;
        to[turnedPlace(line + 3, row)] = four.w;
    }
}

// Over the 16 lanes that share a row.
__device__ __forceinline__ float maxOfRow(float value) {
    for (int offset = 8; offset > 0; offset /= 2) value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, offset));
    return value;
}
__device__ __forceinline__ float sumOfRow(float value) {
    for (int offset = 8; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
    return value;
}

__global__ void __launch_bounds__(F32Tile::kThreads) flashAttentionF32(FlashParams f) {
    const AttentionParams& p = f.p;
    LONGTAKE_SHARED(float, shared);
    float *const queries = shared, *const keys = shared + F32Tile::kDepth * F32Tile::kRows, *const values = shared;
    float* const weights = shared + F32Tile::kSlice;  // a line a key
    const int across = static_cast<int>(threadIdx.x) % 16, down = static_cast<int>(threadIdx.x) / 16;
    const int64_t head = blockIdx.y, firstRow = int64_t{blockIdx.x} * F32Tile::kRows;
    const int firstColumn = static_cast<int>(blockIdx.z) * F32Tile::kColumns, qkDim = static_cast<int>(p.qkDim);
    const int columns = static_cast<int>(p.vDim) - firstColumn;

    const float* q = static_cast<const float*>(p.q) + head * p.qHeadStride;
    const float* k = static_cast<const float*>(p.k) + head * p.kHeadStride;
    const float* v = static_cast<const float*>(p.v) + head * p.vHeadStride + firstColumn;
    const auto queryAt = [&](int64_t row) { return q + row / f.headsInRow * p.qRowStride + row % f.headsInRow * p.qHeadStride; };
    const auto keyAt = [&](int64_t key) { return k + key * p.kRowStride; };

    float out[4][2][4] = {}, largest[4], total[4] = {};
    for (float& most : largest) most = -INFINITY;
    for (int64_t firstKey = 0; firstKey < p.keys; firstKey += F32Tile::kKeys) {
        float score[4][4] = {};
        for (int depth = 0; depth < qkDim; depth += F32Tile::kDepth) {
            __syncthreads();  // the slices are free
            loadTurned(queries, firstRow, f.rows, depth, qkDim, queryAt);
            loadTurned(keys, firstKey, p.keys, depth, qkDim, keyAt);
            __syncthreads();
#pragma unroll 8
            for (int line = 0; line < F32Tile::kDepth; ++line) {
                const float4 a = fourAt(queries + turnedPlace(line, down * 4)), b = fourAt(keys + turnedPlace(line, across * 4));
                addProducts(score[0], a.x, b);
                addProducts(score[1], a.y, b);
                addProducts(score[2], a.z, b);
                addProducts(score[3], a.w, b);
            }
        }
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const int64_t row = firstRow + down * 4 + i;
            float most = largest[i];
#pragma unroll
            for (int j = 0; j < 4; ++j) {
                const int64_t key = firstKey + across * 4 + j;
                float& s = score[i][j];
                s *= p.scale;
                if (key >= p.keys) s = -INFINITY;
                else if (p.bias && row < f.rows) s += p.bias[(head * p.queries + row) * p.keys + key];
                if (key == p.keys - 1) s += p.lastKeyBias;
                most = fmaxf(most, s);
            }
            most = maxOfRow(most);
            const float shrink = expf(largest[i] - most);
            largest[i] = most;
            total[i] *= shrink;
#pragma unroll
            for (float& s : score[i]) {
                s = expf(s - most);
                total[i] += s;
            }
            for (auto& four : out[i])
                for (float& sum : four) sum *= shrink;
        }
#pragma unroll
        for (int j = 0; j < 4; ++j)
            *reinterpret_cast<float4*>(weights + turnedPlace(across * 4 + j, down * 4)) =
                make_float4(score[0][j], score[1][j], score[2][j], score[3][j]);

        for (int slice = 0; slice < F32Tile::kKeys; slice += F32Tile::kKeysOfSlice) {
            __syncthreads();  // weights are there, and the slice before has been read
#pragma unroll
            for (int i = static_cast<int>(threadIdx.x); i < F32Tile::kSlice / 4; i += F32Tile::kThreads) {
                const int row = i / (F32Tile::kColumns / 4), column = i % (F32Tile::kColumns / 4) * 4;
                const int64_t key = firstKey + slice + row;
                *reinterpret_cast<float4*>(values + row * F32Tile::kColumns + column) =
                    key < p.keys && column < columns ? fourAt(v + key * p.vRowStride + column) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
            }
            __syncthreads();
#pragma unroll 4
            for (int key = 0; key < F32Tile::kKeysOfSlice; ++key) {
                const float4 w = fourAt(weights + turnedPlace(slice + key, down * 4));
#pragma unroll
                for (int half = 0; half < 2; ++half) {
                    const float4 four = fourAt(values + key * F32Tile::kColumns + half * (F32Tile::kColumns / 2) + across * 4);
                    addProducts(out[0][half], w.x, four);
                    addProducts(out[1][half], w.y, four);
                    addProducts(out[2][half], w.z, four);
                    addProducts(out[3][half], w.w, four);
                }
            }
        }
    }

#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const float inverse = 1.0f / sumOfRow(total[i]);
        const int64_t row = firstRow + down * 4 + i;
        if (row >= f.rows) continue;
        float* to = static_cast<float*>(p.out) + row / f.headsInRow * p.outRowStride +
                    (f.headsInRow > 1 ? row % f.headsInRow : head) * p.outHeadStride + firstColumn;
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int column = half * (F32Tile::kColumns / 2) + across * 4;
            const float* sum = out[i][half];
            if (column < columns)
                *reinterpret_cast<float4*>(to + column) =
                    make_float4(sum[0] * inverse, sum[1] * inverse, sum[2] * inverse, sum[3] * inverse);
        }
    }
}

}  // namespace longtake::cuda
