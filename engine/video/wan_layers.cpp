#include "engine/video/wan_layers.h"

#include <cmath>

#include "engine/rows.h"
#include "engine/video/maps.h"

namespace longtake {

namespace {

const std::vector<int> kCube{3, 3, 3};

Shape withFrames(const Shape& shape, int64_t frames, int64_t channels) { return mapShape(frames, shape[1], shape[2], channels); }

ConvShape added() {
    ConvShape shape = kSame;
    shape.accumulate = true;
    return shape;
}

class ResidualBlock final : public WanLayer {
public:
    ResidualBlock(WeightReader& reader, Backend& backend, const std::string& name, int64_t in, int64_t out)
        : firstNorm_(backend, reader, name + ".residual.0.gamma", in, 3),
          first_(backend, readKernel(reader, name + ".residual.2", out, in, kCube, Bias::Yes)),
          secondNorm_(backend, reader, name + ".residual.3.gamma", out, 3),
          second_(backend, readKernel(reader, name + ".residual.6", out, out, kCube, Bias::Yes)) {
        if (in != out) shortcut_ = ConvLayer(backend, readKernel(reader, name + ".shortcut", out, in, {1, 1, 1}, Bias::Yes));
    }

    Tensor run(const Tensor& x, WanPass& pass) override {
        Backend& backend = pass.backend;
        const int64_t frames = x.shape()[0], in = x.shape()[3], out = outChannels();
        Tensor maps = pass.padded(withFrames(x.shape(), first_.kept() + frames, in));
        firstNorm_.run(backend, x, maps.slice(first_.kept(), frames), Activation::Silu);
        Tensor inner = pass.inner(withFrames(x.shape(), frames, out));
        first_.run(backend, maps, inner, kSame);

        Tensor sum = x;
        if (shortcut_.outChannels()) {
            sum = pass.other(withFrames(x.shape(), frames, out));
            shortcut_.run(backend, x, sum, {});
        }
        maps = pass.padded(withFrames(x.shape(), second_.kept() + frames, out));
        secondNorm_.run(backend, inner, maps.slice(second_.kept(), frames), Activation::Silu);
        second_.run(backend, maps, sum, added());
        return sum;
    }
    std::vector<Tensor*> state() override { return {&first_.past, &second_.past}; }
    std::unique_ptr<WanLayer> copy() const override { return std::make_unique<ResidualBlock>(*this); }
    size_t bytes() const override {
        return firstNorm_.bytes() + secondNorm_.bytes() + first_.layer().bytes() + second_.layer().bytes() + shortcut_.bytes();
    }
    int64_t outChannels() const override { return first_.layer().outChannels(); }

private:
    WanNorm firstNorm_;
    CausalConv first_;
    WanNorm secondNorm_;
    CausalConv second_;
    ConvLayer shortcut_;
};

// One head as wide as the map, over the pixels of one picture.
class PictureAttention final : public WanLayer {
public:
    PictureAttention(WeightReader& reader, Backend& backend, const std::string& name, int64_t channels)
        : norm_(backend, reader, name + ".norm.gamma", channels, 2),
          inputs_(backend, readKernel(reader, name + ".to_qkv", 3 * channels, channels, {1, 1}, Bias::Yes)),
          output_(backend, readKernel(reader, name + ".proj", channels, channels, {1, 1}, Bias::Yes)) {}

    Tensor run(const Tensor& x, WanPass& pass) override {
        Backend& backend = pass.backend;
        const int64_t frames = x.shape()[0], pixels = x.shape()[1] * x.shape()[2], channels = x.shape()[3];
        Tensor seen = pass.padded(x.shape());
        norm_.run(backend, x, seen, Activation::None);
        Tensor inputs = pass.inner(withFrames(x.shape(), frames, 3 * channels));
        inputs_.run(backend, seen, inputs, {});
        for (int64_t f = 0; f < frames; ++f) {
            const Rows all = rowsOf(inputs, f * pixels, pixels);
            backend.attention({.dtype = x.dtype(),
                               .q = columns(all, 0, channels).data,
                               .k = columns(all, channels, channels).data,
                               .v = columns(all, 2 * channels, channels).data,
                               .out = rowsOf(seen, f * pixels, pixels).data,
                               .qRowStride = 3 * channels,
                               .kRowStride = 3 * channels,
                               .vRowStride = 3 * channels,
                               .outRowStride = channels,
                               .queries = pixels,
                               .keys = pixels,
                               .heads = 1,
                               .qkDim = channels,
                               .vDim = channels,
                               .scale = 1.0f / std::sqrt(static_cast<float>(channels))});
        }
        ConvShape addition;
        addition.accumulate = true;
        output_.run(backend, seen, x, addition);
        return x;
    }
    std::unique_ptr<WanLayer> copy() const override { return std::make_unique<PictureAttention>(*this); }
    size_t bytes() const override { return norm_.bytes() + inputs_.bytes() + output_.bytes(); }
    int64_t outChannels() const override { return output_.outChannels(); }

private:
    WanNorm norm_;
    ConvLayer inputs_, output_;
};

// Doubles rows and columns and, from the second call of a stream on, frames.
class Upsampler final : public WanLayer {
public:
    Upsampler(const WeightSource& weights, WeightReader& reader, Backend& backend, const std::string& name, int64_t channels)
        : picture_(backend, readKernel(reader, name + ".resample.1", weightSize(weights, name + ".resample.1.weight", 0), channels, {3, 3},
                                       Bias::Yes)) {
        if (!weights.has(name + ".time_conv.weight")) return;
        const Kernel both = readKernel(reader, name + ".time_conv", 2 * channels, channels, {3, 1, 1}, Bias::Yes);
        earlier_ = CausalConv(backend, outputsOf(both, 0, channels));
        later_ = ConvLayer(backend, outputsOf(both, channels, channels));
    }

    Tensor run(const Tensor& x, WanPass& pass) override {
        Backend& backend = pass.backend;
        Tensor frames = x;
        if (earlier_.kept() && !pass.isFirst) {
            const int64_t count = x.shape()[0], channels = x.shape()[3];
            Tensor maps = pass.padded(withFrames(x.shape(), earlier_.kept() + count, channels));
            copyMap(backend, x, maps.slice(earlier_.kept(), count));
            earlier_.fillPast(backend, maps);
            frames = pass.other(withFrames(x.shape(), 2 * count, channels));
            earlier_.layer().runInto(backend, maps, frames, 2);
            later_.runInto(backend, maps, frames.slice(1, 2 * count - 1), 2);
        }
        Tensor out = pass.other(mapShape(frames.shape()[0], 2 * x.shape()[1], 2 * x.shape()[2], outChannels()));
        picture_.run(backend, frames, out, 1, Activation::None);
        return out;
    }
    std::vector<Tensor*> state() override { return earlier_.kept() ? std::vector<Tensor*>{&earlier_.past} : std::vector<Tensor*>{}; }
    std::unique_ptr<WanLayer> copy() const override { return std::make_unique<Upsampler>(*this); }
    size_t bytes() const override { return picture_.bytes() + earlier_.layer().bytes() + later_.bytes(); }
    int64_t outChannels() const override { return picture_.outChannels(); }

private:
    CausalConv earlier_;  // of the two frames that one becomes
    ConvLayer later_;
    DoublingConv picture_;
};

// Halves rows and columns and, from the second call of a stream on, frames.
class Downsampler final : public WanLayer {
public:
    Downsampler(const WeightSource& weights, WeightReader& reader, Backend& backend, const std::string& name, int64_t channels)
        : picture_(backend, readKernel(reader, name + ".resample.1", channels, channels, {3, 3}, Bias::Yes)) {
        if (weights.has(name + ".time_conv.weight"))
            time_ = ConvLayer(backend, readKernel(reader, name + ".time_conv", channels, channels, {3, 1, 1}, Bias::Yes));
    }

    Tensor run(const Tensor& x, WanPass& pass) override {
        Backend& backend = pass.backend;
        const int64_t frames = x.shape()[0], channels = x.shape()[3];
        const ConvShape halved{.padBottom = 1, .padRight = 1, .stride = 2};
        const Shape small = mapShape(frames, x.shape()[1] / 2, x.shape()[2] / 2, channels);
        if (!time_.outChannels()) {
            Tensor out = pass.other(small);
            picture_.run(backend, x, out, halved);
            return out;
        }
        Tensor maps = pass.padded(withFrames(small, 1 + frames, channels));  // the last picture of the call before comes first
        picture_.run(backend, x, maps.slice(1, frames), halved);
        const bool isFirst = past_.empty();
        if (isFirst) past_ = zeroMap(backend, withFrames(small, 1, channels));
        else copyMap(backend, past_, maps.slice(0, 1));
        copyMap(backend, maps.slice(frames, 1), past_);
        Tensor out = pass.other(withFrames(small, isFirst ? frames : frames / 2, channels));
        if (isFirst) copyMap(backend, maps.slice(1, frames), out);
        else time_.run(backend, maps, out, {.strideT = 2});
        return out;
    }
    std::vector<Tensor*> state() override { return time_.outChannels() ? std::vector<Tensor*>{&past_} : std::vector<Tensor*>{}; }
    std::unique_ptr<WanLayer> copy() const override { return std::make_unique<Downsampler>(*this); }
    size_t bytes() const override { return picture_.bytes() + time_.bytes(); }
    int64_t outChannels() const override { return picture_.outChannels(); }

private:
    ConvLayer picture_, time_;
    Tensor past_;
};

}  // namespace

Tensor WanPass::other(const Shape& shape) {
    turn_ = 1 - turn_;
    return scratch.take(turn_, backend.computeType(), shape);
}

WanNorm::WanNorm(Backend& backend, WeightReader& reader, const std::string& name, int64_t channels, int ones) {
    std::vector<int64_t> shape{channels};
    shape.insert(shape.end(), static_cast<size_t>(ones), 1);
    gain_ = uploadFloats(backend, reader.floats(name, Shape(std::move(shape))));
}

void WanNorm::run(Backend& backend, const Tensor& x, Tensor y, Activation activation) const {
    const int64_t channels = x.shape()[3];
    backend.channelNorm({.x = x.data(),
                         .y = y.data(),
                         .dtype = x.dtype(),
                         .pixels = x.count() / channels,
                         .channels = channels,
                         .gain = gain_.as<float>(),
                         .activation = activation});
}

void CausalConv::fillPast(Backend& backend, Tensor maps) {
    const Shape& shape = maps.shape();
    if (past.empty()) past = zeroMap(backend, withFrames(shape, kept_, shape[3]));
    copyMap(backend, past, maps.slice(0, kept_));
    copyMap(backend, maps.slice(shape[0] - kept_, kept_), past);
}

void CausalConv::run(Backend& backend, Tensor maps, Tensor y, const ConvShape& shape) {
    fillPast(backend, maps);
    conv_.run(backend, maps, y, shape);
}

WanLayers copyOf(const WanLayers& layers) {
    WanLayers copies;
    for (const auto& layer : layers) copies.push_back(layer->copy());
    return copies;
}

std::vector<Tensor*> statesOf(std::initializer_list<const WanLayers*> layers) {
    std::vector<Tensor*> all;
    for (const WanLayers* some : layers)
        for (const auto& layer : *some)
            for (Tensor* map : layer->state()) all.push_back(map);
    return all;
}

WanLayers readWanLayers(const WeightSource& weights, WeightReader& reader, Backend& backend, const std::string& prefix, int64_t channels,
                        Resampling resampling) {
    WanLayers layers;
    for (int index = 0;; ++index) {
        const std::string name = prefix + "." + std::to_string(index);
        if (weights.has(name + ".residual.0.gamma")) {
            const int64_t out = weightSize(weights, name + ".residual.2.weight", 0);
            layers.push_back(std::make_unique<ResidualBlock>(reader, backend, name, channels, out));
        } else if (weights.has(name + ".resample.1.weight")) {
            if (resampling == Resampling::Up) layers.push_back(std::make_unique<Upsampler>(weights, reader, backend, name, channels));
            else layers.push_back(std::make_unique<Downsampler>(weights, reader, backend, name, channels));
        } else {
            return layers;
        }
        channels = layers.back()->outChannels();
    }
}

WanLayers readWanMiddle(WeightReader& reader, Backend& backend, const std::string& prefix, int64_t channels) {
    WanLayers layers;
    layers.push_back(std::make_unique<ResidualBlock>(reader, backend, prefix + ".0", channels, channels));
    layers.push_back(std::make_unique<PictureAttention>(reader, backend, prefix + ".1", channels));
    layers.push_back(std::make_unique<ResidualBlock>(reader, backend, prefix + ".2", channels, channels));
    return layers;
}

WanHead::WanHead(Backend& backend, WeightReader& reader, const std::string& prefix, int64_t channels, int64_t outChannels)
    : norm_(backend, reader, prefix + ".0.gamma", channels, 3),
      conv_(backend, readKernel(reader, prefix + ".2", outChannels, channels, kCube, Bias::Yes)) {}

Tensor WanHead::run(const Tensor& x, WanPass& pass) {
    const int64_t frames = x.shape()[0];
    Tensor maps = pass.padded(withFrames(x.shape(), conv_.kept() + frames, x.shape()[3]));
    norm_.run(pass.backend, x, maps.slice(conv_.kept(), frames), Activation::Silu);
    Tensor out = pass.other(withFrames(x.shape(), frames, outChannels()));
    conv_.run(pass.backend, maps, out, kSame);
    return out;
}

}  // namespace longtake
