#include "kernels/cpu/picture_maps.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

#include "kernels/nv12.h"

namespace longtake::cpu {

namespace {

constexpr int64_t kPixelsPerTask = 4096;

// Added to a number of 0 to 2^22 it leaves that number's nearest whole one in the low bits.
constexpr float kRound = 12582912.0f;

uint8_t shown(float value, float scale, float offset) {
    const float scaled = (value * scale + offset) * 255.0f;
    const float inside = scaled > 0.0f ? std::min(scaled, 255.0f) : 0.0f;
    return static_cast<uint8_t>(std::bit_cast<uint32_t>(inside + kRound));
}

template <typename Load>
void picturesOf(const PicturesParams& p, ThreadPool& pool, Load load) {
    pool.run((p.pixels + kPixelsPerTask - 1) / kPixelsPerTask, [&](int64_t task) {
        const int64_t end = std::min(p.pixels, (task + 1) * kPixelsPerTask);
        for (int64_t i = task * kPixelsPerTask; i < end; ++i) {
            uint8_t* to = p.y + i * p.bytesPerPixel;
            for (int64_t c = 0; c < 3; ++c) to[c] = shown(load(3 * i + c), p.scale, p.offset);
            if (p.bytesPerPixel == 4) to[3] = 255;
        }
    });
}

// Two lines of the picture a task.
template <typename Load>
void nv12Of(const Nv12Params& p, ThreadPool& pool, Load load) {
    const auto level = [](float value) { return static_cast<uint8_t>(std::bit_cast<uint32_t>(value + kRound)); };
    pool.run(p.height / 2, [&](int64_t pair) {
        const auto colour = [&](int64_t line, int64_t column) {
            const int64_t at = 3 * (line * p.width + column);
            return Rgb{shownPart(load(at), p.scale, p.offset), shownPart(load(at + 1), p.scale, p.offset),
                       shownPart(load(at + 2), p.scale, p.offset)};
        };
        uint8_t* differences = p.y + (p.height + pair) * p.width;
        for (int64_t x = 0; x < p.width; x += 2) {
            Rgb around[2][3];
            for (int64_t row = 0; row < 2; ++row) {
                for (int64_t column = 0; column < 3; ++column)
                    around[row][column] = colour(2 * pair + row, std::max<int64_t>(x + column - 1, 0));
                for (int64_t column = 0; column < 2; ++column)
                    p.y[(2 * pair + row) * p.width + x + column] = level(lumaLevel(around[row][1 + column]));
            }
            const Rgb sample = chromaSample(around);
            differences[x] = level(blueLevel(sample));
            differences[x + 1] = level(redLevel(sample));
        }
    });
}

}  // namespace

void planesToMap(const PlanesParams& p, ThreadPool& pool) {
    const int64_t pixels = p.height * p.width;
    pool.run(p.frames * p.height, [&](int64_t line) {
        const int64_t frame = line / p.height, row = line % p.height;
        for (int64_t c = 0; c < p.channels; ++c) {
            const float scale = p.scale ? p.scale[c] : 1.0f, offset = p.offset ? p.offset[c] : 0.0f;
            const float* from = p.x + (frame * p.channels + c) * pixels + row * p.width;
            for (int64_t x = 0; x < p.width; ++x) {
                const float value = (p.limit > 0.0f ? p.limit * std::tanh(from[x] / p.limit) : from[x]) * scale + offset;
                const int64_t to = (line * p.width + x) * p.channels + c;
                if (p.dtype == DType::BF16) static_cast<uint16_t*>(p.y)[to] = bf16FromFloat(value);
                else static_cast<float*>(p.y)[to] = value;
            }
        }
    });
}

void pictures(const PicturesParams& p, ThreadPool& pool) {
    if (p.dtype == DType::BF16) picturesOf(p, pool, [x = static_cast<const uint16_t*>(p.x)](int64_t i) { return floatFromBf16(x[i]); });
    else picturesOf(p, pool, [x = static_cast<const float*>(p.x)](int64_t i) { return x[i]; });
}

void nv12(const Nv12Params& p, ThreadPool& pool) {
    if (p.width % 2 || p.height % 2) throw std::invalid_argument("[nv12] both sides must be even");
    if (p.dtype == DType::BF16) nv12Of(p, pool, [x = static_cast<const uint16_t*>(p.x)](int64_t i) { return floatFromBf16(x[i]); });
    else nv12Of(p, pool, [x = static_cast<const float*>(p.x)](int64_t i) { return x[i]; });
}

}  // namespace longtake::cpu
