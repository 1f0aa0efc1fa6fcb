#include "engine/video/conv_layer.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace longtake {

int64_t weightSize(const WeightSource& weights, const std::string& name, int axis) {
    if (!weights.has(name)) return 1;
    const Result<Tensor> tensor = weights.tensor(name);
    return tensor && tensor->shape().rank() > axis ? std::max<int64_t>(tensor->shape()[axis], 1) : 1;
}

Kernel readKernel(WeightReader& reader, const std::string& name, int64_t out, int64_t in, const std::vector<int>& kernel, Bias bias) {
    std::vector<int64_t> shape{out, in};
    shape.insert(shape.end(), kernel.begin(), kernel.end());
    Kernel read{.out = out, .in = in, .kw = kernel.back(), .values = {}, .bias = {}};
    if (kernel.size() >= 2) read.kh = kernel[kernel.size() - 2];
    if (kernel.size() >= 3) read.kt = kernel[kernel.size() - 3];
    read.values = reader.floats(name + ".weight", Shape(std::move(shape)));
    if (bias == Bias::Yes) read.bias = reader.floats(name + ".bias", {out});
    return read;
}

Kernel outputsOf(const Kernel& kernel, const std::vector<int64_t>& rows) {
    Kernel part = kernel;
    part.out = static_cast<int64_t>(rows.size());
    part.values.clear();
    part.bias.clear();
    const int64_t length = kernel.in * kernel.taps();
    for (const int64_t row : rows) {
        assert(row >= 0 && row < kernel.out);
        const auto from = kernel.values.begin() + row * length;
        part.values.insert(part.values.end(), from, from + length);
        if (!kernel.bias.empty()) part.bias.push_back(kernel.bias[static_cast<size_t>(row)]);
    }
    return part;
}

Kernel outputsOf(const Kernel& kernel, int64_t first, int64_t rows) {
    std::vector<int64_t> chosen(static_cast<size_t>(rows));
    std::iota(chosen.begin(), chosen.end(), first);
    return outputsOf(kernel, chosen);
}

Kernel joined(const Kernel& first, const Kernel& second) {
    assert(first.taps() == 1 && first.bias.empty() && first.out == second.in);
    Kernel both = second;
    both.in = first.in;
    const auto taps = static_cast<size_t>(second.taps());
    const auto in = static_cast<size_t>(first.in), middle = static_cast<size_t>(second.in);
    both.values.assign(static_cast<size_t>(second.out) * in * taps, 0.0f);
    std::vector<double> row(in * taps);
    for (size_t o = 0; o < static_cast<size_t>(second.out); ++o) {
        std::fill(row.begin(), row.end(), 0.0);
        for (size_t m = 0; m < middle; ++m) {
            const float* after = &second.values[(o * middle + m) * taps];
            for (size_t i = 0; i < in; ++i) {
                const double before = first.values[m * in + i];
                for (size_t t = 0; t < taps; ++t) row[i * taps + t] += before * after[t];
            }
        }
        for (size_t i = 0; i < row.size(); ++i) both.values[o * in * taps + i] = static_cast<float>(row[i]);
    }
    return both;
}

ConvLayer::ConvLayer(Backend& backend, const Kernel& kernel)
    : in_(kernel.in), out_(kernel.out),
      weight_(backend.packConv(kernel.values.data(), DType::F32, kernel.bias.empty() ? nullptr : kernel.bias.data(), kernel.out, kernel.in,
                               kernel.kt, kernel.kh, kernel.kw)) {}

void ConvLayer::run(Backend& backend, const Tensor& x, Tensor y, const ConvShape& shape) const {
    assert(x.shape()[3] == in_ && y.shape()[3] == out_ && x.dtype() == y.dtype());
    backend.conv({.x = x.data(),
                  .y = y.data(),
                  .dtype = x.dtype(),
                  .frames = x.shape()[0],
                  .height = x.shape()[1],
                  .width = x.shape()[2],
                  .padTop = shape.padTop,
                  .padBottom = shape.padBottom,
                  .padLeft = shape.padLeft,
                  .padRight = shape.padRight,
                  .stride = shape.stride,
                  .strideT = shape.strideT,
                  .weight = weight_.get(),
                  .accumulate = shape.accumulate,
                  .activation = shape.activation});
}

void ConvLayer::runInto(Backend& backend, const Tensor& x, Tensor y, int64_t step) const {
    const int64_t frameSize = y.shape()[1] * y.shape()[2] * y.shape()[3];
    backend.conv({.x = x.data(),
                  .y = y.data(),
                  .dtype = x.dtype(),
                  .frames = x.shape()[0],
                  .height = x.shape()[1],
                  .width = x.shape()[2],
                  .weight = weight_.get(),
                  .yFrameStride = step * frameSize});
}

void ConvLayer::runIntoRows(Backend& backend, const Tensor& x, void* y, int64_t rowStride) const {
    const int64_t height = x.shape()[1];
    backend.conv({.x = x.data(),
                  .y = y,
                  .dtype = x.dtype(),
                  .frames = x.shape()[0],
                  .height = height,
                  .width = x.shape()[2],
                  .padTop = kSame.padTop,
                  .padBottom = kSame.padBottom,
                  .padLeft = kSame.padLeft,
                  .padRight = kSame.padRight,
                  .weight = weight_.get(),
                  .yRowStride = rowStride,
                  .yFrameStride = height * rowStride});
}

namespace {

// Taps of a row of three that fall on the first and the second of the two pixels that an even or odd place sees.
constexpr int kPixelOfTap[2][3] = {{0, 1, 1}, {0, 0, 1}};

Kernel phaseOf(const Kernel& kernel, int oddRow, int oddColumn) {
    Kernel phase{.out = kernel.out, .in = kernel.in, .kt = 1, .kh = 2, .kw = 2, .values = {}, .bias = kernel.bias};
    phase.values.assign(static_cast<size_t>(kernel.out * kernel.in * 4), 0.0f);
    for (size_t filter = 0; filter < static_cast<size_t>(kernel.out * kernel.in); ++filter) {
        for (int i = 0; i < 3; ++i) {
            for (int j = 0; j < 3; ++j) {
                const size_t to = filter * 4 + static_cast<size_t>(kPixelOfTap[oddRow][i] * 2 + kPixelOfTap[oddColumn][j]);
                phase.values[to] += kernel.values[filter * 9 + static_cast<size_t>(i * 3 + j)];
            }
        }
    }
    return phase;
}

}  // namespace

DoublingConv::DoublingConv(Backend& backend, const Kernel& kernel) {
    assert(kernel.kt == 1 && kernel.kh == 3 && kernel.kw == 3);
    for (int row : {0, 1})
        for (int column : {0, 1}) phases_.emplace_back(backend, phaseOf(kernel, row, column));
}

size_t DoublingConv::bytes() const {
    size_t total = 0;
    for (const ConvLayer& phase : phases_) total += phase.bytes();
    return total;
}

void DoublingConv::run(Backend& backend, const Tensor& x, Tensor y, int64_t step, Activation activation) const {
    const int64_t channels = outChannels(), width = x.shape()[2], height = x.shape()[1];
    assert(y.shape()[1] == 2 * height && y.shape()[2] == 2 * width && y.shape()[3] == channels);
    const int64_t row = 2 * width * channels;
    for (int phase = 0; phase < 4; ++phase) {
        const int oddRow = phase / 2, oddColumn = phase % 2;
        char* first = y.as<char>() + static_cast<size_t>(oddRow * row + oddColumn * channels) * sizeOf(y.dtype());
        backend.conv({.x = x.data(),
                      .y = first,
                      .dtype = x.dtype(),
                      .frames = x.shape()[0],
                      .height = height,
                      .width = width,
                      .padTop = 1 - oddRow,
                      .padBottom = oddRow,
                      .padLeft = 1 - oddColumn,
                      .padRight = oddColumn,
                      .weight = phases_[static_cast<size_t>(phase)].weight(),
                      .activation = activation,
                      .yPixelStride = 2 * channels,
                      .yRowStride = 2 * row,
                      .yFrameStride = step * 2 * height * row});
    }
}

}  // namespace longtake
