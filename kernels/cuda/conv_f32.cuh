// Convolution in fp32, for devices without bf16 and for who wants exact numbers: what conv_tile.cuh does, by plain
// multiplications. Weights lie as [tap][channel][output channel], so that a line of them is read as it is multiplied.
//
// Thread: device code.
#pragma once

#include "kernels/cuda/conv_tile.cuh"

namespace longtake::cuda {

// Threads lie kAcrossThreads by the rest of them; each has 8 pixels by 4 output channels.
template <int kAcrossThreads>
struct ConvF32Tile {
    static constexpr int kThreads = 256, kAcross = kAcrossThreads, kDown = kThreads / kAcross;
    static constexpr int kPixels = 8 * kDown, kOut = 4 * kAcross, kDepth = 16;        // of a stage
    static constexpr int kShares = kThreads / kPixels, kOfThread = kDepth / kShares;  // threads gather each a share of a pixel's products
    static constexpr int kStage = (kPixels + kOut) * kDepth;
    static constexpr size_t kSharedBytes = sizeof(float) * 2 * kStage;

    // A line a product; the two halves of a stage change places so that writing meets different banks.
    static __device__ __forceinline__ int pixelPlace(int line, int pixel) { return line * kPixels + (pixel ^ (line >> 3 & 1) << 4); }
};

struct ConvF32Params {
    ConvTileParams c;
    int depth, columns;  // of the packed weight: taps times channels, output channels filled up to fours
};

constexpr int kConvF32Whole = 8;  // products that are read together where they lie in one tap and at 16 bytes

// One thread's share of a stage, on its way from memory.
template <typename Tile, bool kWhole>
struct ConvF32Gather {
    float pixels[Tile::kOfThread];
    float4 weights;
    int y, x, frame, line = 0;  // where the kernel's first tap falls; products so far
    bool counts;

    __device__ __forceinline__ ConvF32Gather(const ConvTileParams& c, int firstPixel) {
        const int pixel = firstPixel + static_cast<int>(threadIdx.x) / Tile::kShares, row = pixel / c.outWidth;
        x = pixel % c.outWidth * c.p.stride - c.p.padLeft;
        y = row % c.outHeight * c.p.stride - c.p.padTop;
        frame = row / c.outHeight * c.p.strideT;
        counts = pixel < c.pixels;
    }
    // The numbers from a product on, null where they are zeros.
    __device__ __forceinline__ const float* at(const ConvTileParams& c, int product) const {
        const int channels = static_cast<int>(c.w.inChannels), tap = product / channels;
        const int atX = x + tap % c.w.kw, atY = y + tap / c.w.kw % c.w.kh, t = tap / (c.w.kw * c.w.kh);
        if (!counts || t >= c.w.kt || atY < 0 || atY >= c.p.height || atX < 0 || atX >= c.p.width) return nullptr;
        return static_cast<const float*>(c.p.x) + ((int64_t{frame + t} * c.p.height + atY) * c.p.width + atX) * channels +
               product % channels;
    }
    __device__ __forceinline__ void fetch(const ConvF32Params& f, int firstOut) {
        const int thread = static_cast<int>(threadIdx.x), first = line + thread % Tile::kShares * Tile::kOfThread;
        constexpr int kStep = kWhole ? kConvF32Whole : 1;
#pragma unroll
        for (int i = 0; i < Tile::kOfThread; i += kStep) {
            const float* from = at(f.c, first + i);
            if constexpr (kWhole) {
                const float4 zeros = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
                const float4 a = from ? fourAt(from) : zeros, b = from ? fourAt(from + 4) : zeros;
                pixels[i] = a.x, pixels[i + 1] = a.y, pixels[i + 2] = a.z, pixels[i + 3] = a.w;
                pixels[i + 4] = b.x, pixels[i + 5] = b.y, pixels[i + 6] = b.z, pixels[i + 7] = b.w;
            } else {
                pixels[i] = from ? *from : 0.0f;
            }
        }
        const int out = firstOut + thread % Tile::kAcross * 4, product = line + thread / Tile::kAcross;
        weights = thread < Tile::kAcross * Tile::kDepth && product < f.depth && out < f.columns
                      ? fourAt(static_cast<const float*>(f.c.w.data) + int64_t{product} * f.columns + out)
                      : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        line += Tile::kDepth;
    }
    __device__ __forceinline__ void put(float* stage) const {
        const int thread = static_cast<int>(threadIdx.x);
#pragma unroll
        for (int i = 0; i < Tile::kOfThread; ++i)
            stage[Tile::pixelPlace(thread % Tile::kShares * Tile::kOfThread + i, thread / Tile::kShares)] = pixels[i];
        if (thread < Tile::kAcross * Tile::kDepth) *reinterpret_cast<float4*>(stage + Tile::kPixels * Tile::kDepth + thread * 4) = weights;
    }
};

template <typename Tile, bool kWhole>
__global__ void __launch_bounds__(Tile::kThreads) convF32(ConvF32Params f) {
    const ConvTileParams& c = f.c;
    LONGTAKE_SHARED(float, shared);
    const int across = static_cast<int>(threadIdx.x) % Tile::kAcross, down = static_cast<int>(threadIdx.x) / Tile::kAcross;
    const int outTiles = static_cast<int>((c.w.outChannels + Tile::kOut - 1) / Tile::kOut);
    const int firstPixel = static_cast<int>(blockIdx.x) / outTiles * Tile::kPixels;
    const int firstOut = static_cast<int>(blockIdx.x) % outTiles * Tile::kOut;
    const int steps = (f.depth + Tile::kDepth - 1) / Tile::kDepth;

    ConvF32Gather<Tile, kWhole> gather(c, firstPixel);
    gather.fetch(f, firstOut);
    gather.put(shared);
    __syncthreads();
    float sum[8][4] = {};
    for (int step = 0; step < steps; ++step) {
        if (step + 1 < steps) gather.fetch(f, firstOut);
        const float* pixels = shared + step % 2 * Tile::kStage;
        const float* weights = pixels + Tile::kPixels * Tile::kDepth;
#pragma unroll
        for (int line = 0; line < Tile::kDepth; ++line) {
            const float4 w = fourAt(weights + line * Tile::kOut + across * 4);
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const float4 four = fourAt(pixels + Tile::pixelPlace(line, down * 8 + half * 4));
                addProducts(sum[4 * half], four.x, w);
                addProducts(sum[4 * half + 1], four.y, w);
                addProducts(sum[4 * half + 2], four.z, w);
                addProducts(sum[4 * half + 3], four.w, w);
            }
        }
        if (step + 1 < steps) gather.put(shared + (step + 1) % 2 * Tile::kStage);
        __syncthreads();
    }

#pragma unroll
    for (int i = 0; i < 8; ++i) {
        const int pixel = firstPixel + down * 8 + i;
        if (pixel >= c.pixels) continue;
        const int row = pixel / c.outWidth;
        float* y = static_cast<float*>(c.p.y) + row / c.outHeight * c.frameStride + row % c.outHeight * c.rowStride +
                   pixel % c.outWidth * c.pixelStride;
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            const int channel = firstOut + across * 4 + j;
            if (channel >= c.w.outChannels) continue;
            float value = sum[i][j] + (c.w.bias ? c.w.bias[channel] : 0.0f);
            if (c.p.accumulate) value += y[channel];
            y[channel] = activated(value, c.p.activation);
        }
    }
}

}  // namespace longtake::cuda
