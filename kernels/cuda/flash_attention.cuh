// Attention in one pass over the keys, bf16 with fp32 sums and softmax, on tensor cores: a block takes a tile of query
// rows, streams keys and values through shared memory in two stages, and never writes a score.
//
// Rows of queries are (query, head) pairs where all heads share their keys (absorbed MLA), so that few queries still fill a
// tile; else one head's queries. Values may be the first columns of the keys themselves: then they are loaded once.
//
// Thread: device code.
#pragma once

#include "kernels/cuda/numbers.cuh"
#include "kernels/cuda/tensor_core.cuh"

namespace longtake::cuda {

constexpr int kFlashWarps = 4;
constexpr int kFlashThreads = kFlashWarps * kWarp;

// kQk, kV: widths that a tile is made for; narrower heads are filled up with zeros, wider values are split over blocks.
// kRows: query rows of a warp, 16 or 32. kKeys: keys of a tile.
template <int kQkWidth, int kVWidth, int kRowsOfWarp, int kKeysOfTile, bool kValuesAreKeys>
struct FlashTile {
    static constexpr int kQk = kQkWidth, kV = kVWidth, kKeys = kKeysOfTile;
    static constexpr int kRowTiles = kRowsOfWarp / 16, kRows = kRowsOfWarp * kFlashWarps;
    static constexpr bool kSame = kValuesAreKeys;
    // Rows in shared memory are whole multiples of 128 bytes, and 16-byte pieces change places within them: any eight
    // rows of one column lie in different banks.
    static constexpr int kQkStride = (kQk + 63) / 64 * 64, kVStride = (kV + 63) / 64 * 64;
    static constexpr int kStageNumbers = kKeys * (kQkStride + (kSame ? 0 : kVStride));
    static constexpr size_t kSharedBytes = sizeof(uint16_t) * (kRows * kQkStride + 2 * kStageNumbers);
};

struct FlashParams {
    AttentionParams p;
    int64_t rows;        // query rows of one block row
    int64_t headsInRow;  // heads that a query row runs through: all where keys are shared, else 1
};

__device__ __forceinline__ int swizzled(int row, int piece, int stride) { return row * stride + (piece ^ (row & 7)) * 8; }

// Rows [first, first + kCount) of `width` numbers into shared memory, zeros beyond `rows` and `width`.
template <int kCount, int kStride, typename Address>
__device__ __forceinline__ void loadTile(uint16_t* shared, int64_t first, int64_t rows, int width, Address address) {
    constexpr int kPieces = kStride / 8;
#pragma unroll 1
    for (int i = static_cast<int>(threadIdx.x); i < kCount * kPieces; i += kFlashThreads) {
        const int row = i / kPieces, piece = i % kPieces;
        const bool counts = first + row < rows && piece * 8 < width;
        copyAsync(shared + swizzled(row, piece, kStride), counts ? address(first + row) + piece * 8 : address(0), counts);
    }
}

// The same for rows at one distance from each other, where a thread's pieces lie in one column: one sum a piece.
template <int kCount, int kStride>
__device__ __forceinline__ void loadRows(uint16_t* shared, const uint16_t* from, int64_t stride, int64_t first, int64_t rows, int width) {
    constexpr int kPieces = kStride / 8, kRowsAtOnce = kFlashThreads / kPieces;
    if constexpr (kFlashThreads % kPieces != 0) {
        loadTile<kCount, kStride>(shared, first, rows, width, [&](int64_t row) { return from + row * stride; });
    } else {
        const int piece = static_cast<int>(threadIdx.x) % kPieces, firstRow = static_cast<int>(threadIdx.x) / kPieces;
        const int64_t left = rows - first;
        const int rowsLeft = piece * 8 >= width ? 0 : left < kCount ? static_cast<int>(left) : kCount;
        const uint16_t* at = from + (first + firstRow) * stride + piece * 8;
#pragma unroll 2  // all at once costs registers that sums need
        for (int row = 0; row < kCount; row += kRowsAtOnce) {
            const bool counts = firstRow + row < rowsLeft;
            copyAsync(shared + swizzled(firstRow + row, piece, kStride), counts ? at : from, counts);
            at += kRowsAtOnce * stride;
        }
    }
}

template <typename Tile>
__global__ void __launch_bounds__(kFlashThreads) flashAttention(FlashParams f) {
    using Number = uint16_t;  // bf16 as it lies in memory
    const AttentionParams& p = f.p;
    LONGTAKE_SHARED(Number, shared);
    Number* const queries = shared;
    Number* const stages = shared + Tile::kRows * Tile::kQkStride;
    const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
    const int64_t head = blockIdx.y, firstRow = int64_t{blockIdx.x} * Tile::kRows;
    const int firstColumn = static_cast<int>(blockIdx.z) * Tile::kV;
    const int vWidth = static_cast<int>(p.vDim) - firstColumn < Tile::kV ? static_cast<int>(p.vDim) - firstColumn : Tile::kV;

    const Number* q = static_cast<const Number*>(p.q) + head * p.qHeadStride;
    const Number* k = static_cast<const Number*>(p.k) + head * p.kHeadStride;
    const Number* v = static_cast<const Number*>(p.v) + head * p.vHeadStride + firstColumn;
    auto loadStage = [&](int64_t tile) {
        Number* to = stages + tile % 2 * Tile::kStageNumbers;
        loadRows<Tile::kKeys, Tile::kQkStride>(to, k, p.kRowStride, tile * Tile::kKeys, p.keys, static_cast<int>(p.qkDim));
        if constexpr (!Tile::kSame)
            loadRows<Tile::kKeys, Tile::kVStride>(to + Tile::kKeys * Tile::kQkStride, v, p.vRowStride, tile * Tile::kKeys, p.keys, vWidth);
    };
    loadTile<Tile::kRows, Tile::kQkStride>(queries, firstRow, f.rows, static_cast<int>(p.qkDim), [&](int64_t row) {
        return q + row / f.headsInRow * p.qRowStride + row % f.headsInRow * p.qHeadStride;
    });
    loadStage(0);
    copyCommit();

    constexpr int kKeyTiles = Tile::kKeys / 8, kColumnTiles = Tile::kV / 8;
    float out[Tile::kRowTiles][kColumnTiles][4] = {};
    float largest[Tile::kRowTiles][2], total[Tile::kRowTiles][2] = {};
    for (auto& pair : largest) pair[0] = pair[1] = -INFINITY;
    const float factor = p.scale * kBitsOfE, perScale = 1.0f / p.scale, lastKeyScore = p.lastKeyBias * perScale;
    const int64_t tiles = (p.keys + Tile::kKeys - 1) / Tile::kKeys;

    for (int64_t tile = 0; tile < tiles; ++tile) {
        if (tile + 1 < tiles) loadStage(tile + 1);
        copyCommit();
        copyWait<1>();
        __syncthreads();
        const Number* keys = stages + tile % 2 * Tile::kStageNumbers;
        const Number* values = Tile::kSame ? keys : keys + Tile::kKeys * Tile::kQkStride;
        constexpr int kValueStride = Tile::kSame ? Tile::kQkStride : Tile::kVStride;

        float score[Tile::kRowTiles][kKeyTiles][4] = {};
#pragma unroll
        for (int step = 0; step < Tile::kQk / 16; ++step) {
            uint32_t a[Tile::kRowTiles][4];
#pragma unroll
            for (int m = 0; m < Tile::kRowTiles; ++m)
                loadMatrices(a[m],
                             queries + swizzled((warp * Tile::kRowTiles + m) * 16 + lane % 16, 2 * step + lane / 16, Tile::kQkStride));
#pragma unroll
            for (int n = 0; n < kKeyTiles; n += 2) {
                uint32_t b[4];
                loadMatrices(b, keys + swizzled(n * 8 + lane / 16 * 8 + lane % 8, 2 * step + lane / 8 % 2, Tile::kQkStride));
#pragma unroll
                for (int m = 0; m < Tile::kRowTiles; ++m) {
                    multiplyAdd(score[m][n], a[m], b[0], b[1]);
                    multiplyAdd(score[m][n + 1], a[m], b[2], b[3]);
                }
            }
        }

        // Where keys end, where the last one counts for many, and what T5 adds.
        const bool last = tile + 1 == tiles;
        if (p.bias || (last && (p.keys % Tile::kKeys != 0 || p.lastKeyBias != 0.0f))) {
            const int lastKey = static_cast<int>(p.keys - 1 - tile * Tile::kKeys);
#pragma unroll
            for (int m = 0; m < Tile::kRowTiles; ++m)
#pragma unroll
                for (int n = 0; n < kKeyTiles; ++n)
#pragma unroll
                    for (int i = 0; i < 4; ++i) {
                        const int key = n * 8 + lane % 4 * 2 + i % 2;
                        const int64_t row = firstRow + (warp * Tile::kRowTiles + m) * 16 + lane / 4 + i / 2 * 8;
                        float& s = score[m][n][i];
                        if (key > lastKey) s = -INFINITY;
                        else if (p.bias && row < f.rows)
                            s += p.bias[(head * p.queries + row) * p.keys + tile * Tile::kKeys + key] * perScale;
                        if (key == lastKey) s += lastKeyScore;
                    }
        }

        // The rows' new maxima; four lanes share a row.
#pragma unroll
        for (int m = 0; m < Tile::kRowTiles; ++m)
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                float most = largest[m][half];
#pragma unroll
                for (int n = 0; n < kKeyTiles; ++n) most = fmaxf(most, fmaxf(score[m][n][2 * half], score[m][n][2 * half + 1]));
                most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 1));
                most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 2));
                const float shrink = exp2Fast((largest[m][half] - most) * factor);
                largest[m][half] = most;
                float sum = 0.0f;
#pragma unroll
                for (int n = 0; n < kKeyTiles; ++n)
#pragma unroll
                    for (int i = 0; i < 2; ++i) {
                        float& s = score[m][n][2 * half + i];
                        s = exp2Fast(s * factor - most * factor);
                        sum += s;
                    }
                total[m][half] = total[m][half] * shrink + sum;
#pragma unroll
                for (int n = 0; n < kColumnTiles; ++n)
#pragma unroll
                    for (int i = 0; i < 2; ++i) out[m][n][2 * half + i] *= shrink;
            }

#pragma unroll
        for (int step = 0; step < Tile::kKeys / 16; ++step) {
            uint32_t a[Tile::kRowTiles][4];
#pragma unroll
            for (int m = 0; m < Tile::kRowTiles; ++m)
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    const float(&s)[4] = score[m][2 * step + i / 2];
                    a[m][i] = packBf16(s[i % 2 * 2], s[i % 2 * 2 + 1]);
                }
#pragma unroll
            for (int n = 0; n < kColumnTiles; n += 2) {
                uint32_t b[4];
                loadMatricesTransposed(b, values + swizzled(step * 16 + lane % 16, n + lane / 16, kValueStride));
#pragma unroll
                for (int m = 0; m < Tile::kRowTiles; ++m) {
                    multiplyAdd(out[m][n], a[m], b[0], b[1]);
                    multiplyAdd(out[m][n + 1], a[m], b[2], b[3]);
                }
            }
        }
        __syncthreads();  // the stage is free for the tile after the next
    }

    uint32_t* to = static_cast<uint32_t*>(p.out);
#pragma unroll
    for (int m = 0; m < Tile::kRowTiles; ++m)
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            float sum = total[m][half];
            sum += __shfl_xor_sync(0xffffffffu, sum, 1);
            sum += __shfl_xor_sync(0xffffffffu, sum, 2);
            const float inverse = 1.0f / sum;
            const int64_t row = firstRow + (warp * Tile::kRowTiles + m) * 16 + lane / 4 + half * 8;
            const int64_t offset =
                row / f.headsInRow * p.outRowStride + (f.headsInRow > 1 ? row % f.headsInRow : head) * p.outHeadStride + firstColumn;
#pragma unroll
            for (int n = 0; n < kColumnTiles; ++n) {
                const int column = n * 8 + lane % 4 * 2;
                if (row < f.rows && column < vWidth)
                    to[(offset + column) / 2] = packBf16(out[m][n][2 * half] * inverse, out[m][n][2 * half + 1] * inverse);
            }
        }
}

}  // namespace longtake::cuda
