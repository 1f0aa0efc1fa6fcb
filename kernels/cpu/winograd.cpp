#include "kernels/cpu/winograd.h"

#include <algorithm>

#include "kernels/cpu/hot_loops.h"
#include "kernels/cpu/onednn.h"

namespace longtake::cpu {

namespace {

// Transformed tiles and their products stay in the second-level cache, beside a part of the kernels.
constexpr int64_t kBlockBytes = 256 << 10;
constexpr int64_t kTileUnit = 6, kMostTiles = 192;

int64_t tilesAtOnce(int64_t in, int64_t columns) {
    const int64_t tileBytes = kWinogradProducts * (in + columns) * static_cast<int64_t>(sizeof(float));
    return std::clamp(kBlockBytes / tileBytes / kTileUnit * kTileUnit, 8 * kTileUnit, kMostTiles);
}

// G g G^T of one 3x3 kernel.
void transformed(const float* g, float* u) {
    float rows[4][3];
    for (int c = 0; c < 3; ++c) {
        const float a = g[c], b = g[3 + c], d = g[6 + c];
        rows[0][c] = a;
        rows[1][c] = (a + b + d) / 2;
        rows[2][c] = (a - b + d) / 2;
        rows[3][c] = d;
    }
    for (int r = 0; r < 4; ++r) {
        const float a = rows[r][0], b = rows[r][1], d = rows[r][2];
        u[4 * r] = a;
        u[4 * r + 1] = (a + b + d) / 2;
        u[4 * r + 2] = (a - b + d) / 2;
        u[4 * r + 3] = d;
    }
}

}  // namespace

bool WinogradWeight::suits(int64_t inChannels, int kh, int kw, const ConvParams& p) {
    return p.dtype == DType::F32 && p.stride == 1 && kh == 3 && kw == 3 && inChannels % kLanes == 0;
}

WinogradWeight::WinogradWeight(const float* w, const float* bias, int64_t out, int64_t in, int kt)
    : out_(out), in_(in), columns_(roundUp(out, hotLoops().registerFloats)), kt_(kt),
      kernels_(static_cast<size_t>(kt * kWinogradProducts * in * columns_)), bias_(static_cast<size_t>(columns_)) {
    if (bias) std::copy(bias, bias + out, bias_.begin());
    for (int64_t o = 0; o < out; ++o)
        for (int64_t i = 0; i < in; ++i)
            for (int64_t f = 0; f < kt; ++f) {
                float u[kWinogradProducts];
                transformed(w + ((o * in + i) * kt + f) * 9, u);
                for (int64_t k = 0; k < kWinogradProducts; ++k)
                    kernels_[static_cast<size_t>(((f * kWinogradProducts + k) * in + i) * columns_ + o)] = u[k];
            }
}

void WinogradWeight::run(const ConvParams& p, ThreadPool& pool) const {
    WinogradBlock whole;
    whole.height = p.height;
    whole.width = p.width;
    whole.in = in_;
    whole.out = out_;
    whole.columns = columns_;
    whole.frames = kt_;
    whole.padTop = p.padTop;
    whole.padLeft = p.padLeft;
    whole.outHeight = p.height + p.padTop + p.padBottom - 2;
    whole.outWidth = p.width + p.padLeft + p.padRight - 2;
    whole.kernels = kernels_.data();
    whole.bias = bias_.data();
    whole.accumulate = p.accumulate;
    whole.activation = static_cast<int>(p.activation);
    whole.pixelStride = p.yPixelStride ? p.yPixelStride : out_;
    whole.rowStride = p.yRowStride ? p.yRowStride : whole.outWidth * whole.pixelStride;
    const int64_t frameStride = p.yFrameStride ? p.yFrameStride : whole.outHeight * whole.rowStride;

    const int64_t tiles = ((whole.outHeight + 1) / 2) * ((whole.outWidth + 1) / 2);
    const int64_t step = tilesAtOnce(in_, columns_), blocks = (tiles + step - 1) / step;
    const int64_t outFrames = (p.frames - kt_) / p.strideT + 1;
    const auto scratchBytes = static_cast<size_t>(winogradScratchFloats(step, in_, columns_)) * sizeof(float);
    pool.run(outFrames * blocks, [&](int64_t task) {
        const int64_t frame = task / blocks;
        WinogradBlock block = whole;
        block.firstTile = task % blocks * step;
        block.tiles = std::min(step, tiles - block.firstTile);
        block.x = static_cast<const float*>(p.x) + frame * p.strideT * p.height * p.width * in_;
        block.y = static_cast<float*>(p.y) + frame * frameStride;
        block.scratch = static_cast<float*>(threadScratch(Scratch::Tile, scratchBytes));
        hotLoops().winograd(block);
    });
}

}  // namespace longtake::cpu
