#include "kernels/cpu/channel_norm.h"

#include <algorithm>

#include "kernels/cpu/hot_loops.h"

namespace longtake::cpu {

namespace {
constexpr int64_t kPixelsPerTask = 256;
constexpr int64_t kPixelsPerStep = 16;  // normed, then activated while still in the nearest cache
}  // namespace

// x / max(|x|, e) * sqrt(C) is x / sqrt(mean(x^2) + e^2 / C) for every |x| that is not within some orders of magnitude
// of e = 1e-12: the two differ by less than float rounding from |x| = 1e-8 on, and both give 0 for 0.
void channelNorm(const ChannelNormParams& p, ThreadPool& pool) {
    const bool bf16 = p.dtype == DType::BF16;
    const size_t pixelBytes = static_cast<size_t>(p.channels) * sizeOf(p.dtype);
    const float eps = 1e-24f / static_cast<float>(p.channels);
    const HotLoops& loops = hotLoops();
    pool.run((p.pixels + kPixelsPerTask - 1) / kPixelsPerTask, [&](int64_t task) {
        const int64_t end = std::min(p.pixels, (task + 1) * kPixelsPerTask);
        for (int64_t first = task * kPixelsPerTask; first < end; first += kPixelsPerStep) {
            const int64_t count = std::min(kPixelsPerStep, end - first);
            const char* x = static_cast<const char*>(p.x) + static_cast<size_t>(first) * pixelBytes;
            char* y = static_cast<char*>(p.y) + static_cast<size_t>(first) * pixelBytes;
            for (int64_t i = 0; i < count; ++i) {
                const size_t offset = static_cast<size_t>(i) * pixelBytes;
                loops.normRow(x + offset, bf16, y + offset, bf16, p.channels, true, eps, p.gain, nullptr, nullptr, nullptr);
            }
            if (p.activation != Activation::None) loops.activateRow(y, bf16, y, bf16, count * p.channels, static_cast<int>(p.activation));
        }
    });
}

}  // namespace longtake::cpu
