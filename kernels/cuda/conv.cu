// Convolution on the device: which kernel serves which shape, and the layout of weights that it wants.
#include <cstring>
#include <stdexcept>

#include "kernels/cuda/conv_f32.cuh"
#include "kernels/cuda/conv_tile.cuh"
#include "kernels/cuda/launch.h"

namespace longtake::cuda {

namespace {

int64_t taps(const ConvWeight& w) { return int64_t{w.kt} * w.kh * w.kw; }
int64_t numbers(const ConvWeight& w) { return w.outChannels * w.inChannels * taps(w); }
int64_t paddedDepth(const ConvWeight& w) { return (taps(w) * w.inChannels + kConvDepth - 1) / kConvDepth * kConvDepth; }

// Weights in bf16 whose input channels can be read eight at a time lie as [out][tap][channel], rows filled up with zeros, other
// weights in bf16 as they come, in F32, for the plain kernel; weights in F32 as [tap][channel][out], rows filled up to fours.
bool liesForTiles(const ConvWeight& w) { return w.dtype == DType::BF16 && w.inChannels % 8 == 0; }
bool liesForF32(const ConvWeight& w) { return w.dtype == DType::F32; }
int64_t f32Columns(const ConvWeight& w) { return (w.outChannels + 3) / 4 * 4; }

template <typename Tile>
void launchTiles(const ConvTileParams& c, const LaunchContext& context) {
    const int64_t tiles = int64_t{(c.pixels + kConvPixels - 1) / kConvPixels} * ((c.w.outChannels + Tile::kOut - 1) / Tile::kOut);
    launch("conv", convTiles<Tile>, dim3(static_cast<unsigned>(tiles)), dim3(kConvThreads), Tile::kSharedBytes, context.stream, c);
}

template <typename Tile>
void launchF32(const ConvTileParams& c, bool aligned, const LaunchContext& context) {
    const ConvF32Params f{c, static_cast<int>(taps(c.w) * c.w.inChannels), static_cast<int>(f32Columns(c.w))};
    const int64_t tiles = int64_t{(c.pixels + Tile::kPixels - 1) / Tile::kPixels} * ((c.w.outChannels + Tile::kOut - 1) / Tile::kOut);
    launch("conv", aligned && c.w.inChannels % kConvF32Whole == 0 ? convF32<Tile, true> : convF32<Tile, false>,
           dim3(static_cast<unsigned>(tiles)), dim3(Tile::kThreads), Tile::kSharedBytes, context.stream, f);
}

}  // namespace

size_t convWeightBytes(const ConvWeight& sizes) {
    if (liesForTiles(sizes)) return static_cast<size_t>(sizes.outChannels * paddedDepth(sizes)) * sizeof(uint16_t);
    if (liesForF32(sizes)) return static_cast<size_t>(taps(sizes) * sizes.inChannels * f32Columns(sizes)) * sizeof(float);
    return static_cast<size_t>(numbers(sizes)) * sizeof(float);
}

void packConvWeight(const float* w, const ConvWeight& sizes, void* packed) {
    if (!liesForTiles(sizes) && !liesForF32(sizes)) {
        std::memcpy(packed, w, convWeightBytes(sizes));
        return;
    }
    const int64_t depth = paddedDepth(sizes), columns = f32Columns(sizes), count = taps(sizes);
    std::memset(packed, 0, convWeightBytes(sizes));
    for (int64_t out = 0; out < sizes.outChannels; ++out)
        for (int64_t c = 0; c < sizes.inChannels; ++c)
            for (int64_t tap = 0; tap < count; ++tap) {
                const float number = w[(out * sizes.inChannels + c) * count + tap];
                const int64_t line = tap * sizes.inChannels + c;
                if (liesForF32(sizes)) static_cast<float*>(packed)[line * columns + out] = number;
                else static_cast<uint16_t*>(packed)[out * depth + line] = bf16FromFloat(number);
            }
}

size_t convWorkspaceBytes(const ConvParams&, const ConvWeight&, const DeviceTraits&) { return 0; }

void launchConv(const ConvParams& p, const ConvWeight& w, const LaunchContext& context) {
    if (!liesForTiles(w) && !liesForF32(w)) return launchPlainConv(p, w, context);
    const ConvSizes s = sizesOf(p, w);
    if (p.dtype != w.dtype) throw std::invalid_argument("[conv] maps and weights differ in type");
    constexpr int64_t kMostPixels = 1 << 30, kMostPieces = 1 << 30;  // a map of 16 GB
    const int64_t pixels = s.outFrames * s.outHeight * s.outWidth;
    if (pixels > kMostPixels || p.frames * p.height * p.width * (w.inChannels / 8) > kMostPieces)
        throw std::invalid_argument("[conv] the maps are too large");
    const bool aligned = reinterpret_cast<uintptr_t>(p.x) % 16 == 0;
    if (liesForTiles(w) && !aligned) throw std::invalid_argument("[conv] reads bf16 maps at addresses that 16 divides");
    const ConvTileParams c{.p = p,
                           .w = w,
                           .outHeight = static_cast<int>(s.outHeight),
                           .outWidth = static_cast<int>(s.outWidth),
                           .pixelStride = s.pixelStride,
                           .rowStride = s.rowStride,
                           .frameStride = s.frameStride,
                           .pixels = static_cast<int>(pixels),
                           .pieces = static_cast<int>(w.inChannels / 8),
                           .paddedDepth = static_cast<int>(paddedDepth(w))};
    if (c.pixels == 0) return;
    if (liesForF32(w)) {
        const bool narrow = (w.outChannels + 31) / 32 % 2 != 0;  // a tile of 64 would have 32 to waste
        return narrow ? launchF32<ConvF32Tile<8>>(c, aligned, context) : launchF32<ConvF32Tile<16>>(c, aligned, context);
    }
    // The tile that leaves the fewest channels of its last one unused; 96 and 192 are the Wan decoder's.
    const auto unused = [&](int64_t tile) { return (w.outChannels + tile - 1) / tile * tile - w.outChannels; };
    if (w.outChannels <= 16) launchTiles<ConvTile<16, 1>>(c, context);
    else if (unused(128) <= unused(96) && unused(128) <= unused(64)) launchTiles<ConvTile<128, 4>>(c, context);
    else if (unused(96) <= unused(64)) launchTiles<ConvTile<96, 2>>(c, context);
    else launchTiles<ConvTile<64, 2>>(c, context);
}

}  // namespace longtake::cuda
