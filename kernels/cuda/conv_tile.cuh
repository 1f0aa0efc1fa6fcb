// Convolution as a matrix product that never writes its matrix: a block computes a tile of output pixels by output channels,
// gathering for each tap the channels of the pixels it sees, bf16 with fp32 sums, three stages in shared memory.
//
// Thread: device code.
#pragma once

#include "kernels/cuda/launch.h"
#include "kernels/cuda/numbers.cuh"
#include "kernels/cuda/tensor_core.cuh"

namespace longtake::cuda {

constexpr int kConvThreads = 256;
constexpr int kConvPixels = 128;  // of a tile
constexpr int kConvDepth = 64;    // products of a stage: eight pieces of eight channels
constexpr int kConvStages = 3;

// kOut: output channels of a tile, shared by kAcross of the eight warps; the rest of them share the pixels.
template <int kOutOfTile, int kAcrossWarps>
struct ConvTile {
    static constexpr int kOut = kOutOfTile, kAcross = kAcrossWarps, kDown = kConvThreads / kWarp / kAcross;
    static constexpr int kRowTiles = kConvPixels / kDown / 16, kColumnTiles = kOut / kAcross / 8;
    static constexpr int kStageNumbers = (kConvPixels + kOut) * kConvDepth;
    static constexpr size_t kSharedBytes = sizeof(uint16_t) * kConvStages * kStageNumbers;
    static_assert(kRowTiles >= 1 && kColumnTiles % 2 == 0);
};

struct ConvTileParams {
    ConvParams p;
    ConvWeight w;
    int outHeight, outWidth;
    int64_t pixelStride, rowStride, frameStride;  // of the output
    int pixels, pieces;                           // of the output; of a pixel of the input: eight channels each
    int paddedDepth;  // of a row of the packed weight: taps times channels, filled up to a multiple of kConvDepth
};

__device__ __forceinline__ int convSwizzled(int row, int piece) { return row * kConvDepth + (piece ^ (row & 7)) * 8; }

constexpr int kConvPieces = kConvDepth / 8;                  // of a stage: eight channels each
constexpr int kConvRowsAtOnce = kConvThreads / kConvPieces;  // a thread has the same piece of rows that lie so far apart

// One thread's share of gathering pixels. Places count pieces, so that 32 bits are enough for every map.
struct ConvGather {
    static constexpr int kRowsOfThread = kConvPixels / kConvRowsAtOnce;
    static constexpr int kNowhere = -(1 << 30);  // a pixel beyond the last one: outside the map at every tap
    int piece, row;                              // of the stage
    // Where the kernel's first tap falls, and its place in the map.
    int y[kRowsOfThread], x[kRowsOfThread], place[kRowsOfThread];
    int of, t = 0, i = 0, j = 0;  // piece of the pixel and tap, of the coming stage

    __device__ __forceinline__ ConvGather(const ConvTileParams& c, int firstPixel) {
        piece = static_cast<int>(threadIdx.x) % kConvPieces;
        row = static_cast<int>(threadIdx.x) / kConvPieces;
#pragma unroll
        for (int r = 0; r < kRowsOfThread; ++r) {
            const int pixel = firstPixel + row + r * kConvRowsAtOnce, line = pixel / c.outWidth;
            x[r] = pixel % c.outWidth * c.p.stride - c.p.padLeft;
            y[r] = line % c.outHeight * c.p.stride - c.p.padTop;
            const int frame = line / c.outHeight * c.p.strideT;
            place[r] = ((frame * static_cast<int>(c.p.height) + y[r]) * static_cast<int>(c.p.width) + x[r]) * c.pieces;
            if (pixel >= c.pixels) y[r] = kNowhere;
        }
        of = piece;
        settle(c);
    }
    // Carries pieces beyond the pixel's last one into the next tap.
    __device__ __forceinline__ void settle(const ConvTileParams& c) {
        while (of >= c.pieces) {
            of -= c.pieces;
            if (++j < c.w.kw) continue;
            j = 0;
            if (++i < c.w.kh) continue;
            i = 0;
            ++t;
        }
    }
    __device__ __forceinline__ void load(const ConvTileParams& c, uint16_t* stage) {
        const uint16_t* from = static_cast<const uint16_t*>(c.p.x);
        const unsigned height = t < c.w.kt ? static_cast<unsigned>(c.p.height) : 0, width = static_cast<unsigned>(c.p.width);
        const int tap = ((t * static_cast<int>(c.p.height) + i) * static_cast<int>(c.p.width) + j) * c.pieces + of;
#pragma unroll
        for (int r = 0; r < kRowsOfThread; ++r) {
            const bool counts = static_cast<unsigned>(y[r] + i) < height && static_cast<unsigned>(x[r] + j) < width;
            copyAsyncReused(stage + convSwizzled(row + r * kConvRowsAtOnce, piece), from + (counts ? int64_t{place[r] + tap} * 8 : 0),
                            counts);
        }
        of += kConvPieces;
        settle(c);
    }
};

template <int kOut>
__device__ __forceinline__ void loadConvWeight(const ConvTileParams& c, uint16_t* stage, int firstOut, int step) {
    const uint16_t* from = static_cast<const uint16_t*>(c.w.data);
    const int piece = static_cast<int>(threadIdx.x) % kConvPieces, first = static_cast<int>(threadIdx.x) / kConvPieces;
    const int piecesOfRow = c.paddedDepth / 8, place = (firstOut + first) * piecesOfRow + step * kConvPieces + piece;
#pragma unroll
    for (int r = 0; r < (kOut + kConvRowsAtOnce - 1) / kConvRowsAtOnce; ++r) {
        const int row = first + r * kConvRowsAtOnce;
        if (kOut % kConvRowsAtOnce != 0 && row >= kOut) break;
        const bool counts = firstOut + row < c.w.outChannels;
        copyAsync(stage + convSwizzled(row, piece), from + (counts ? int64_t{place + r * kConvRowsAtOnce * piecesOfRow} * 8 : 0), counts);
    }
}

__device__ __forceinline__ void storeConv(const ConvTileParams& c, int64_t offset, int channel, float first, float second) {
    uint16_t* y = static_cast<uint16_t*>(c.p.y) + offset + channel;
    const bool two = channel + 1 < c.w.outChannels;
    if (c.w.bias) {
        first += c.w.bias[channel];
        if (two) second += c.w.bias[channel + 1];
    }
    const bool pair = two && reinterpret_cast<uintptr_t>(y) % 4 == 0;
    if (c.p.accumulate) {
        first += __uint_as_float(static_cast<uint32_t>(y[0]) << 16);
        if (two) second += __uint_as_float(static_cast<uint32_t>(y[1]) << 16);
    }
    const uint32_t both = packBf16(activated(first, c.p.activation), activated(second, c.p.activation));
    if (pair) {
        *reinterpret_cast<uint32_t*>(y) = both;
        return;
    }
    y[0] = static_cast<uint16_t>(both & 0xffffu);
    if (two) y[1] = static_cast<uint16_t>(both >> 16);
}

template <typename Tile>
__global__ void __launch_bounds__(kConvThreads, 2) convTiles(ConvTileParams c) {
    LONGTAKE_SHARED(uint16_t, shared);
    const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
    const int down = warp / Tile::kAcross, across = warp % Tile::kAcross;
    const int outTiles = static_cast<int>((c.w.outChannels + Tile::kOut - 1) / Tile::kOut);
    const int firstPixel = static_cast<int>(blockIdx.x) / outTiles * kConvPixels;
    const int firstOut = static_cast<int>(blockIdx.x) % outTiles * Tile::kOut;
    const int steps = c.paddedDepth / kConvDepth;

    ConvGather gather(c, firstPixel);
    auto load = [&](int step) {
        if (step < steps) {
            uint16_t* stage = shared + step % kConvStages * Tile::kStageNumbers;
            gather.load(c, stage);
            loadConvWeight<Tile::kOut>(c, stage + kConvPixels * kConvDepth, firstOut, step);
        }
        copyCommit();
    };
    for (int step = 0; step < kConvStages - 1; ++step) load(step);

    float sum[Tile::kRowTiles][Tile::kColumnTiles][4] = {};
    for (int step = 0; step < steps; ++step) {
        copyWait<kConvStages - 2>();
        __syncthreads();  // the stage is there for all, and all have done with the one that is filled next
        load(step + kConvStages - 1);
        const uint16_t* pixels = shared + step % kConvStages * Tile::kStageNumbers;
        const uint16_t* weights = pixels + kConvPixels * kConvDepth;
#pragma unroll
        for (int part = 0; part < kConvDepth / 16; ++part) {
            uint32_t a[Tile::kRowTiles][4];
#pragma unroll
            for (int m = 0; m < Tile::kRowTiles; ++m)
                loadMatrices(a[m], pixels + convSwizzled((down * Tile::kRowTiles + m) * 16 + lane % 16, 2 * part + lane / 16));
#pragma unroll
            for (int n = 0; n < Tile::kColumnTiles; n += 2) {
                uint32_t b[4];
                loadMatrices(
                    b, weights + convSwizzled((across * Tile::kColumnTiles + n) * 8 + lane / 16 * 8 + lane % 8, 2 * part + lane / 8 % 2));
#pragma unroll
                for (int m = 0; m < Tile::kRowTiles; ++m) {
                    multiplyAdd(sum[m][n], a[m], b[0], b[1]);
                    multiplyAdd(sum[m][n + 1], a[m], b[2], b[3]);
                }
            }
        }
    }

#pragma unroll
    for (int m = 0; m < Tile::kRowTiles; ++m)
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int pixel = firstPixel + (down * Tile::kRowTiles + m) * 16 + lane / 4 + half * 8;
            if (pixel >= c.pixels) continue;
            const int line = pixel / c.outWidth;
            const int64_t offset =
                line / c.outHeight * c.frameStride + line % c.outHeight * c.rowStride + pixel % c.outWidth * c.pixelStride;
#pragma unroll
            for (int n = 0; n < Tile::kColumnTiles; ++n) {
                const int channel = firstOut + (across * Tile::kColumnTiles + n) * 8 + lane % 4 * 2;
                if (channel < c.w.outChannels) storeConv(c, offset, channel, sum[m][n][2 * half], sum[m][n][2 * half + 1]);
            }
        }
}

}  // namespace longtake::cuda
