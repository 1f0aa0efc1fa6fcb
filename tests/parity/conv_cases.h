// Convolutions of every kind that the decoders and encoders use, in odd sizes.
#pragma once

#include <cstdint>
#include <string>

#include "kernels/params.h"

namespace longtake {

struct ConvCase {
    int64_t frames, height, width, in, out;
    int kt, kh, kw;
    int top, bottom, left, right;
    int stride = 1, strideT = 1;
    bool bias = true, accumulate = false;
    Activation activation = Activation::None;

    int64_t outFrames() const { return (frames - kt) / strideT + 1; }
    int64_t outHeight() const { return (height + top + bottom - kh) / stride + 1; }
    int64_t outWidth() const { return (width + left + right - kw) / stride + 1; }
    int64_t outCount() const { return outFrames() * outHeight() * outWidth() * out; }
    std::string name() const {
        auto text = [](int64_t value) { return std::to_string(value); };
        return text(frames) + "x" + text(height) + "x" + text(width) + " " + text(in) + " to " + text(out) + " kernel " + text(kt) + "x" +
               text(kh) + "x" + text(kw);
    }
    ConvParams params(const void* x, void* y, DType dtype, const PackedWeight* weight) const {
        return {.x = x,
                .y = y,
                .dtype = dtype,
                .frames = frames,
                .height = height,
                .width = width,
                .padTop = top,
                .padBottom = bottom,
                .padLeft = left,
                .padRight = right,
                .stride = stride,
                .strideT = strideT,
                .weight = weight,
                .accumulate = accumulate,
                .activation = activation};
    }
};

inline constexpr ConvCase kConvCases[] = {
    {1, 5, 7, 3, 4, 1, 3, 3, 1, 1, 1, 1},
    {2, 18, 32, 16, 96, 1, 3, 3, 1, 1, 1, 1, 1, 1, true, false, Activation::Relu},
    {2, 61, 47, 20, 12, 1, 3, 3, 1, 1, 1, 1, 1, 1, false},
    {3, 72, 128, 48, 48, 1, 3, 3, 1, 1, 1, 1, 1, 1, true, true, Activation::Relu},
    {4, 40, 52, 48, 48, 2, 3, 3, 1, 1, 1, 1, 1, 1, true, false, Activation::Relu},
    {3, 9, 11, 8, 20, 2, 3, 3, 1, 1, 1, 1, 1, 1, false},
    {5, 33, 30, 24, 40, 3, 3, 3, 1, 1, 1, 1, 1, 1, true, false, Activation::Silu},
    {5, 60, 50, 32, 64, 3, 3, 3, 1, 1, 1, 1, 1, 1, true, true},
    {6, 7, 5, 16, 32, 3, 1, 1, 0, 0, 0, 0, 1, 2},
    {4, 64, 80, 32, 64, 3, 1, 1, 0, 0, 0, 0},
    {2, 50, 51, 20, 60, 1, 1, 1, 0, 0, 0, 0},
    {2, 41, 38, 12, 16, 1, 3, 3, 0, 1, 0, 1, 2},
    {2, 120, 96, 16, 16, 1, 3, 3, 1, 1, 1, 1, 2, 1, false},
    {1, 100, 150, 32, 3, 1, 3, 3, 1, 1, 1, 1},
    {2, 100, 152, 32, 3, 1, 3, 3, 1, 1, 1, 1},
    {4, 50, 64, 20, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1, true, true, Activation::Silu},
    {2, 33, 64, 16, 2, 1, 2, 2, 1, 0, 0, 1, 1, 1, false},
    {1, 64, 64, 16, 4, 1, 3, 3, 0, 1, 0, 1, 2},
    {2, 45, 64, 48, 32, 1, 2, 2, 1, 0, 1, 0},
    {2, 45, 64, 48, 32, 1, 2, 2, 0, 1, 0, 1, 1, 1, true, false, Activation::GeluTanh},
    {1, 1, 1, 5, 7, 1, 3, 3, 1, 1, 1, 1},
    {2, 3, 200, 64, 192, 1, 3, 3, 2, 2, 2, 2},
    {2, 40, 64, 24, 6, 1, 3, 3, 1, 1, 1, 1},
    {4, 21, 27, 32, 6, 2, 3, 3, 1, 0, 0, 2, 1, 2, true, true, Activation::Relu},
    {2, 19, 22, 16, 21, 1, 3, 3, 1, 1, 1, 1, 1, 1, true, true, Activation::Silu},
    {1, 1, 2, 16, 23, 1, 3, 3, 1, 1, 1, 1, 1, 1, true, true, Activation::Relu},
};

}  // namespace longtake
