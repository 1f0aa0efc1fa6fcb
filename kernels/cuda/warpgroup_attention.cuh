// Attention in one pass over the keys for Hopper: two warpgroups of 64 query rows each make products beside their own
// softmax, a third one does nothing but have keys and values copied. What flash_attention.cuh does, at the pace of `wgmma`.
//
//   scores of tile t+1 and sums of tile t are under way together; the softmax of t+1 runs beside the sums of t;
//   the two warpgroups take turns in handing out products, so that one's softmax runs beside the other's products.
//
// Blocks rarely come out even over the multiprocessors. Those that would run in a last, partly empty turn are cut along their
// keys into `parts`; each part leaves its sums, and what the softmax needs of it, in the workspace, and `joinParts` adds them up.
//
// In 8 bits everything is e4m3: queries, keys and values as attention_f8.cuh lays them out, weights times 2^8 so that small
// ones count.
//
// Thread: device code.
#pragma once

#include "kernels/cuda/numbers.cuh"
#include "kernels/cuda/tensor_core.cuh"
#include "kernels/cuda/warpgroup.cuh"

namespace longtake::cuda {

template <bool kEightBits>
struct WarpgroupTile {
    static constexpr bool kF8 = kEightBits;
    static constexpr int kRows = 128, kKeys = 128, kWidth = 128;  // narrower heads are filled up with zeros
    static constexpr int kStages = kF8 ? 4 : 3, kThreads = 3 * kWarpgroup;
    static constexpr int kBoxColumns = kF8 ? 128 : 64, kBoxBytes = 128 * kBoxRowBytes;  // of 128 rows
    static constexpr int kTileBytes = kWidth / kBoxColumns * kBoxBytes;
    static constexpr int kDepth = kF8 ? 32 : 16;       // numbers that a product adds up: 32 bytes
    static constexpr float kWeightBits = kF8 ? 8 : 0;  // weights are made 2^that larger; it cancels out
    static constexpr int kBarriers = 1 + 4 * kStages;
    static constexpr size_t kSharedBytes = 1024 + kTileBytes * (1 + 2 * kStages) + kBarriers * sizeof(TileBarrier);
    // 64 K registers over 168 a thread at the start; whole multiples of 8.
    static constexpr int kLoaderRegisters = 24, kWorkerRegisters = 240;
};

// The blocks' shares: the first `whole` take one tile of rows each, then come `parts` for each tile of rows that is left.
struct WarpgroupWork {
    int64_t whole = 0, cut = 0;
    int parts = 1;
    int64_t blocks() const { return whole + cut * parts; }
};

struct WarpgroupParams {
    TileMap q = {}, k = {}, v = {};
    void* out;
    const float* scales;  // of e4m3 queries, keys, values: [3][heads]
    float* sums;          // [cut * parts][kRows][kWidth], not yet divided
    float2* stats;        // [cut * parts][kRows]: the largest score in powers of two, and the sum of the weights over it
    int64_t outRowStride, outHeadStride;
    int64_t queries, keys, rowTiles;
    int heads, vDim;
    float factor;       // from products to powers of two
    float lastKeyBits;  // lastKeyBias in powers of two
    WarpgroupWork work;
};

struct WarpgroupShare {
    int head, firstRow, firstTile, endTile;
    int64_t part;  // -1: all keys
};

template <typename Tile>
__device__ __forceinline__ WarpgroupShare shareOf(int64_t block, const WarpgroupParams& f) {
    const WarpgroupWork& work = f.work;
    const int64_t part = block < work.whole ? -1 : block - work.whole, item = part < 0 ? block : work.whole + part / work.parts;
    const int tiles = static_cast<int>((f.keys + Tile::kKeys - 1) / Tile::kKeys);
    const int index = part < 0 ? 0 : static_cast<int>(part % work.parts), count = part < 0 ? 1 : work.parts;
    return {static_cast<int>(item / f.rowTiles), static_cast<int>(item % f.rowTiles) * Tile::kRows, tiles * index / count,
            tiles * (index + 1) / count, part};
}

// What a block shares. Tiles of bf16 are two boxes side by side, one after the other in memory.
template <typename Tile>
struct WarpgroupMemory {
    unsigned char *queries, *keys, *values;  // keys, values: kStages tiles
    TileBarrier *queriesCame, *keysCame, *valuesCame, *keysRead, *valuesRead;

    __device__ __forceinline__ explicit WarpgroupMemory(unsigned char* raw) {
        queries = raw + (1024 - reinterpret_cast<uintptr_t>(raw) % 1024) % 1024;  // boxes' pieces are exchanged by their address
        keys = queries + Tile::kTileBytes;
        values = keys + Tile::kStages * Tile::kTileBytes;
        queriesCame = reinterpret_cast<TileBarrier*>(values + Tile::kStages * Tile::kTileBytes);
        keysCame = queriesCame + 1;
        valuesCame = keysCame + Tile::kStages;
        keysRead = valuesCame + Tile::kStages;
        valuesRead = keysRead + Tile::kStages;
    }
};

template <typename Tile>
__device__ __forceinline__ void copyTile(unsigned char* to, const TileMap& map, int column, int row, int head, TileBarrier* came) {
    arriveAndExpect(came, Tile::kTileBytes);
    for (int box = 0; box < Tile::kWidth / Tile::kBoxColumns; ++box)
        copyBox(to + box * Tile::kBoxBytes, map, column + box * Tile::kBoxColumns, row, head, came);
}

// One thread has everything copied, from the last tile of keys to the first.
template <typename Tile>
__device__ __forceinline__ void copyTiles(const WarpgroupParams& f, const WarpgroupShare& share, const WarpgroupMemory<Tile>& memory) {
    copyTile<Tile>(memory.queries, f.q, 0, share.firstRow, share.head, memory.queriesCame);
    for (int i = 0; i < share.endTile - share.firstTile; ++i) {
        const int stage = i % Tile::kStages, key = (share.endTile - 1 - i) * Tile::kKeys;
        const uint32_t before = (i / Tile::kStages + 1) & 1;  // the pass in which this stage was read for the last time
        waitFor(memory.keysRead + stage, before);
        copyTile<Tile>(memory.keys + stage * Tile::kTileBytes, f.k, 0, key, share.head, memory.keysCame + stage);
        waitFor(memory.valuesRead + stage, before);
        copyTile<Tile>(memory.values + stage * Tile::kTileBytes, f.v, Tile::kF8 ? key : 0, Tile::kF8 ? 0 : key, share.head,
                       memory.valuesCame + stage);
    }
}

// The rows' new maxima, and weights in place of scores; how much everything before shrinks.
__device__ __forceinline__ void softmaxOfTile(float (&score)[kSumsOfThread], float (&largest)[2], float (&total)[2], float (&shrink)[2],
                                              float factor, float weightBits) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        float most = largest[half];
#pragma unroll
        for (int i = 0; i < kSumsOfThread; i += 4) most = fmaxf(most, fmaxf(score[i + 2 * half], score[i + 2 * half + 1]));
        most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 1));
        most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 2));
        shrink[half] = exp2Fast((largest[half] - most) * factor);
        largest[half] = most;
        float sum = 0.0f;
#pragma unroll
        for (int i = 0; i < kSumsOfThread; i += 4)
#pragma unroll
            for (int j = 0; j < 2; ++j) {
                float& s = score[i + 2 * half + j];
                s = exp2Fast(s * factor - (most * factor - weightBits));
                sum += s;
            }
        total[half] = total[half] * shrink[half] + sum;
    }
}

// Weights as a product's first operand, in the order that values have their keys in.
template <typename Tile>
__device__ __forceinline__ void pack(const float (&w)[kSumsOfThread], uint32_t (&packed)[Tile::kKeys / Tile::kDepth][4]) {
#pragma unroll
    for (int step = 0; step < Tile::kKeys / Tile::kDepth; ++step)
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const int first = Tile::kF8 ? 16 * step + i / 2 * 8 + i % 2 * 2 : 8 * step + 2 * i;
            packed[step][i] = Tile::kF8 ? packF8(w[first], w[first + 1], w[first + 4], w[first + 5]) : packBf16(w[first], w[first + 1]);
        }
}

// A warpgroup's 64 rows: `worker` is 0 or 1.
template <typename Tile>
__device__ __forceinline__ void attend(const WarpgroupParams& f, const WarpgroupShare& share, const WarpgroupMemory<Tile>& memory,
                                       int worker) {
    constexpr int kSteps = Tile::kWidth / Tile::kDepth, kStepsOfBox = kBoxRowBytes / 32, kBothWorkers = 2 * kWarpgroup;
    const float factor = Tile::kF8 ? f.factor * f.scales[share.head] * f.scales[f.heads + share.head] : f.factor;
    const float valueScale = Tile::kF8 ? f.scales[2 * f.heads + share.head] : 1.0f;
    const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp % 4;
    const int count = share.endTile - share.firstTile;
    float out[kSumsOfThread] = {}, score[kSumsOfThread] = {};
    uint32_t weights[Tile::kKeys / Tile::kDepth][4];
    float largest[2] = {-INFINITY, -INFINITY}, total[2] = {}, shrink[2];

    auto beginScores = [&](int i) {
        const unsigned char* queries = memory.queries + worker * 64 * kBoxRowBytes;
        const unsigned char* keys = memory.keys + i % Tile::kStages * Tile::kTileBytes;
        waitFor(memory.keysCame + i % Tile::kStages, i / Tile::kStages & 1);
        beginProducts();
#pragma unroll
        for (int step = 0; step < kSteps; ++step) {
            const int offset = step / kStepsOfBox * Tile::kBoxBytes + step % kStepsOfBox * 32;
            const uint64_t a = operand(queries + offset, 0, 1024), b = operand(keys + offset, 0, 1024);
            if constexpr (Tile::kF8) multiplyRowsF8(score, a, b, step > 0);
            else multiplyRows(score, a, b, step > 0);
        }
        commitProducts();
    };
    auto beginSums = [&](int i) {
        const unsigned char* values = memory.values + i % Tile::kStages * Tile::kTileBytes;
        waitFor(memory.valuesCame + i % Tile::kStages, i / Tile::kStages & 1);
        beginProducts();
#pragma unroll
        for (int step = 0; step < Tile::kKeys / Tile::kDepth; ++step) {
            if constexpr (Tile::kF8) multiplyRowsF8(out, weights[step], operand(values + step * 32, 0, 1024));
            else multiplyColumns(out, weights[step], operand(values + step * 2048, Tile::kBoxBytes, 1024));
        }
        commitProducts();
    };
    auto hasRead = [&](TileBarrier* barrier) {
        if (lane == 0) arrive(barrier);
    };

    waitFor(memory.queriesCame, 0);
    beginScores(0);
    waitForProducts<0>();
    pin(score);
    hasRead(memory.keysRead);
    // Where keys end, and where the last one counts for many: only in the last tile, which comes first.
    const int firstKey = (share.endTile - 1) * Tile::kKeys;
    if (f.keys - firstKey <= Tile::kKeys) {
        const int last = static_cast<int>(f.keys - 1) - firstKey;
        const float lastKeyScore = f.lastKeyBits / factor;
#pragma unroll
        for (int i = 0; i < kSumsOfThread; ++i) {
            const int key = i / 4 * 8 + lane % 4 * 2 + i % 2;
            if (key > last) score[i] = -INFINITY;
            if (key == last) score[i] += lastKeyScore;
        }
    }
    softmaxOfTile(score, largest, total, shrink, factor, Tile::kWeightBits);
    if (worker == 1 && count > 1) passTurn<kBothWorkers>(1);

    // The sums before tile i are waited for where the next round begins: in one stretch of code with the softmax, the
    // compiler would wait first.
    auto finishSums = [&](int i) {
        waitForProducts<0>();
        pin(out);
        pin(weights);
        if (i > 1) hasRead(memory.valuesRead + (i - 2) % Tile::kStages);
#pragma unroll
        for (int j = 0; j < kSumsOfThread; ++j) out[j] *= shrink[j / 2 % 2];
        pack<Tile>(score, weights);
    };
#pragma unroll 1
    for (int i = 1; i < count; ++i) {
        finishSums(i);
        waitForTurn<kBothWorkers>(1 + worker);
        pin(score);
        beginScores(i);
        pin(out);
        beginSums(i - 1);
        if (worker == 0 || i + 1 < count) passTurn<kBothWorkers>(2 - worker);
        waitForProducts<1>();
        pin(score);
        hasRead(memory.keysRead + i % Tile::kStages);
        softmaxOfTile(score, largest, total, shrink, factor, Tile::kWeightBits);
    }
    finishSums(count);
    pin(out);
    beginSums(count - 1);
    waitForProducts<0>();
    pin(out);

#pragma unroll
    for (int half = 0; half < 2; ++half) {
        float sum = total[half];
        sum += __shfl_xor_sync(0xffffffffu, sum, 1);
        sum += __shfl_xor_sync(0xffffffffu, sum, 2);
        const int rowOfTile = worker * 64 + warp * 16 + lane / 4 + 8 * half;
        const int64_t row = share.firstRow + rowOfTile;
        if (row >= f.queries) continue;
        if (share.part >= 0) {
            const int64_t slot = share.part * Tile::kRows + rowOfTile;
            if (lane % 4 == 0) f.stats[slot] = make_float2(largest[half] * factor, sum);
#pragma unroll
            for (int n = 0; n < Tile::kWidth / 8; ++n)
                *reinterpret_cast<float2*>(f.sums + slot * Tile::kWidth + n * 8 + lane % 4 * 2) =
                    make_float2(out[4 * n + 2 * half] * valueScale, out[4 * n + 2 * half + 1] * valueScale);
            continue;
        }
        const float inverse = valueScale / sum;
        uint32_t* const to = static_cast<uint32_t*>(f.out) + (row * f.outRowStride + share.head * f.outHeadStride) / 2;
#pragma unroll
        for (int n = 0; n < Tile::kWidth / 8; ++n) {
            const int column = n * 8 + lane % 4 * 2;
            if (column < f.vDim) to[column / 2] = packBf16(out[4 * n + 2 * half] * inverse, out[4 * n + 2 * half + 1] * inverse);
        }
    }
}

template <typename Tile>
__global__ void __launch_bounds__(Tile::kThreads, 1) warpgroupAttention(const __grid_constant__ WarpgroupParams f) {
    LONGTAKE_SHARED(unsigned char, raw);
    trapWithoutWarpgroups();
    const WarpgroupMemory<Tile> memory(raw);
    if (threadIdx.x == 0) {
        initBarrier(memory.queriesCame, 1);
        for (int stage = 0; stage < Tile::kStages; ++stage) {
            initBarrier(memory.keysCame + stage, 1);
            initBarrier(memory.valuesCame + stage, 1);
            initBarrier(memory.keysRead + stage, 8);  // warps that read
            initBarrier(memory.valuesRead + stage, 8);
        }
        publishBarriers();
    }
    __syncthreads();
    const WarpgroupShare share = shareOf<Tile>(blockIdx.x, f);
    if (threadIdx.x < kWarpgroup) {
        giveRegistersBack<Tile::kLoaderRegisters>();
        if (threadIdx.x == 0) copyTiles(f, share, memory);
    } else {
        takeRegisters<Tile::kWorkerRegisters>();
        attend(f, share, memory, static_cast<int>(threadIdx.x) / kWarpgroup - 1);
    }
}

// A warp for each row that was cut: out = sum_p 2^(m_p - m) sums_p / sum_p 2^(m_p - m) total_p.
__global__ void joinParts(const __grid_constant__ WarpgroupParams f) {
    using Tile = WarpgroupTile<false>;  // sums lie the same way in 8 bits
    const int64_t index = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) / kWarp;
    const int lane = static_cast<int>(threadIdx.x) % kWarp, column = lane * 4;
    const int64_t cut = index / Tile::kRows, item = f.work.whole + cut;
    const int64_t row = item % f.rowTiles * Tile::kRows + index % Tile::kRows;
    if (cut >= f.work.cut || row >= f.queries || column >= f.vDim) return;
    const int64_t first = cut * f.work.parts * Tile::kRows + index % Tile::kRows;
    float most = -INFINITY;
    for (int p = 0; p < f.work.parts; ++p) most = fmaxf(most, f.stats[first + p * Tile::kRows].x);
    float total = 0.0f;
    float4 sum = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    for (int p = 0; p < f.work.parts; ++p) {
        const int64_t slot = first + p * Tile::kRows;
        const float2 stats = f.stats[slot];
        const float4 part = *reinterpret_cast<const float4*>(f.sums + slot * Tile::kWidth + column);
        const float counts = exp2Fast(stats.x - most);
        total += counts * stats.y;
        sum = make_float4(sum.x + counts * part.x, sum.y + counts * part.y, sum.z + counts * part.z, sum.w + counts * part.w);
    }
    const float inverse = 1.0f / total;
    uint32_t* const to = static_cast<uint32_t*>(f.out) + (row * f.outRowStride + item / f.rowTiles * f.outHeadStride + column) / 2;
    to[0] = packBf16(sum.x * inverse, sum.y * inverse);
    to[1] = packBf16(sum.z * inverse, sum.w * inverse);
}

}  // namespace longtake::cuda
