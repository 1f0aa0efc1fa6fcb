// Convolutions of the video models: a packed weight that knows its sizes, and the convolution of a doubled picture.
//
// Owner:  a model's layers. The Backend must outlive them.
// Thread: const after load.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "engine/weight_reader.h"

namespace longtake {

// [out, in, kt, kh, kw] and, when there is one, a bias: plain numbers, before packing.
struct Kernel {
    int64_t out = 0, in = 0;
    int kt = 1, kh = 1, kw = 1;
    std::vector<float> values;
    std::vector<float> bias;

    int64_t taps() const { return int64_t{kt} * kh * kw; }
};

// Size `axis` of a weight, for models whose widths the weights decide; 1 when there is none or it is 0 (reading it then
// fails).
int64_t weightSize(const WeightSource& weights, const std::string& name, int axis);

enum class Bias : uint8_t { No, Yes };
// name.weight [out, in, ...kernel] and name.bias [out].
Kernel readKernel(WeightReader& reader, const std::string& name, int64_t out, int64_t in, const std::vector<int>& kernel, Bias bias);
// Outputs [first, first + rows) alone.
Kernel outputsOf(const Kernel& kernel, int64_t first, int64_t rows);
// The outputs listed, in that order.
Kernel outputsOf(const Kernel& kernel, const std::vector<int64_t>& rows);
// One kernel that does `first` (1x1, no bias), then `second` (one frame).
Kernel joined(const Kernel& first, const Kernel& second);

struct ConvShape {
    int padTop = 0, padBottom = 0, padLeft = 0, padRight = 0;
    int stride = 1, strideT = 1;
    bool accumulate = false;
    Activation activation = Activation::None;
};
constexpr ConvShape kSame{1, 1, 1, 1};  // 3x3, the size stays

// Copies share the weight.
class ConvLayer {
public:
    ConvLayer() = default;
    ConvLayer(Backend& backend, const Kernel& kernel);

    int64_t inChannels() const { return in_; }
    int64_t outChannels() const { return out_; }
    size_t bytes() const { return weight_ ? weight_->bytes() : 0; }

    // x [frames, height, width, in], y [fewer frames, height, width, out].
    void run(Backend& backend, const Tensor& x, Tensor y, const ConvShape& shape) const;
    // Without padding, into frames 0, step, 2 step, ... of y.
    void runInto(Backend& backend, const Tensor& x, Tensor y, int64_t step) const;
    // 3x3, the size stays; rows of y lie rowStride values apart, and frames height * rowStride.
    void runIntoRows(Backend& backend, const Tensor& x, void* y, int64_t rowStride) const;
    const PackedWeight* weight() const { return weight_.get(); }

private:
    int64_t in_ = 0, out_ = 0;
    std::shared_ptr<const PackedWeight> weight_;
};

// A 3x3 convolution of a picture whose rows and columns were doubled, without doubling it: each of the four kinds of
// output pixel sees two by two input pixels, with kernel taps that fall on the same pixel added up (engine-spec 6.6).
class DoublingConv {
public:
    DoublingConv() = default;
    DoublingConv(Backend& backend, const Kernel& kernel);

    int64_t outChannels() const { return phases_.empty() ? 0 : phases_.front().outChannels(); }
    size_t bytes() const;

    // x [frames, height, width, in]; y [..., 2 height, 2 width, out]: frames 0, step, 2 step, ... of it are written.
    void run(Backend& backend, const Tensor& x, Tensor y, int64_t step, Activation activation) const;

private:
    std::vector<ConvLayer> phases_;  // (even, even), (even, odd), (odd, even), (odd, odd): row, column
};

}  // namespace longtake
