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
    int64_t pixels;
    int paddedDepth;  // of a row of the packed weight: taps times channels, filled up to a multiple of kConvDepth
};

__device__ __forceinline__ int convSwizzled(int row, int piece) { return row * kConvDepth + (piece ^ (row & 7)) * 8; }

// One thread's share of gathering pixels: the same eight channels' place in every stage, of some rows of the tile.
struct ConvGather {
    static constexpr int kRowsOfThread = kConvPixels * (kConvDepth / 8) / kConvThreads;
    int piece, row;                                                // of the stage; rows are kConvThreads / 8 apart
    int frame[kRowsOfThread], y[kRowsOfThread], x[kRowsOfThread];  // where the kernel's first tap falls; frame < 0: no such pixel
    int channel, t = 0, i = 0, j = 0;                              // of the coming stage

    __device__ __forceinline__ ConvGather(const ConvTileParams& c, int64_t firstPixel) {
        piece = static_cast<int>(threadIdx.x) % (kConvDepth / 8);
        row = static_cast<int>(threadIdx.x) / (kConvDepth / 8);
#pragma unroll
        for (int r = 0; r < kRowsOfThread; ++r) {
            const int64_t pixel = firstPixel + row + r * (kConvThreads / (kConvDepth / 8));
            const int64_t line = pixel / c.outWidth;
            x[r] = static_cast<int>(pixel % c.outWidth) * c.p.stride - c.p.padLeft;
            y[r] = static_cast<int>(line % c.outHeight) * c.p.stride - c.p.padTop;
            frame[r] = pixel < c.pixels ? static_cast<int>(line / c.outHeight) * c.p.strideT : -1;
        }
        channel = piece * 8;
        settle(c.w);
    }
    // Carries channels beyond the last one into the next tap.
    __device__ __forceinline__ void settle(const ConvWeight& w) {
        while (channel >= w.inChannels) {
            channel -= static_cast<int>(w.inChannels);
            if (++j < w.kw) continue;
            j = 0;
            if (++i < w.kh) continue;
            i = 0;
            ++t;
        }
    }
    __device__ __forceinline__ void load(const ConvTileParams& c, uint16_t* stage) {
        const uint16_t* from = static_cast<const uint16_t*>(c.p.x);
#pragma unroll
        for (int r = 0; r < kRowsOfThread; ++r) {
            const int atY = y[r] + i, atX = x[r] + j;
            const bool counts = frame[r] >= 0 && t < c.w.kt && atY >= 0 && atY < c.p.height && atX >= 0 && atX < c.p.width;
            const int64_t at = ((int64_t{frame[r] + t} * c.p.height + atY) * c.p.width + atX) * c.w.inChannels + channel;
            copyAsync(stage + convSwizzled(row + r * (kConvThreads / (kConvDepth / 8)), piece), from + (counts ? at : 0), counts);
        }
        channel += kConvDepth;
        settle(c.w);
    }
};

template <int kOut>
__device__ __forceinline__ void loadConvWeight(const ConvTileParams& c, uint16_t* stage, int firstOut, int step) {
    const uint16_t* from = static_cast<const uint16_t*>(c.w.data);
    for (int i = static_cast<int>(threadIdx.x); i < kOut * (kConvDepth / 8); i += kConvThreads) {
        const int row = i / (kConvDepth / 8), piece = i % (kConvDepth / 8);
        const bool counts = firstOut + row < c.w.outChannels;
        copyAsync(stage + convSwizzled(row, piece),
                  from + (counts ? int64_t{firstOut + row} * c.paddedDepth + step * kConvDepth + piece * 8 : 0), counts);
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
    const int64_t firstPixel = int64_t{blockIdx.x} / outTiles * kConvPixels;
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
            const int64_t pixel = firstPixel + (down * Tile::kRowTiles + m) * 16 + lane / 4 + half * 8;
            if (pixel >= c.pixels) continue;
            const int64_t line = pixel / c.outWidth;
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
