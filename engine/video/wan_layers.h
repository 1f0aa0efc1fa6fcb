// Layers of the Wan video autoencoder (engine-spec 6.2): causal in time, each keeping the frames its kernel will still see.
//
// Owner:  WanVaeDecoder or WanVaeEncoder. The Backend must outlive them.
// Thread: one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/scratch.h"
#include "engine/video/conv_layer.h"

namespace longtake {

// What a pass hands from layer to layer. A map in flight lives in one of two buffers; `other` takes the one that is free.
class WanPass {
public:
    WanPass(Backend& backend_, Scratch& scratch_, bool firstCall) : backend(backend_), scratch(scratch_), isFirst(firstCall) {}

    Tensor other(const Shape& shape);
    Tensor padded(const Shape& shape) { return scratch.take(2, backend.computeType(), shape); }  // with room for past frames
    Tensor inner(const Shape& shape) { return scratch.take(3, backend.computeType(), shape); }

    Backend& backend;
    Scratch& scratch;
    const bool isFirst;  // of the stream: no temporal resampling

private:
    size_t turn_ = 0;
};

// A vector of one gain per channel. `ones` trailing axes of size 1 follow in the file.
class WanNorm {
public:
    WanNorm() = default;
    WanNorm(Backend& backend, WeightReader& reader, const std::string& name, int64_t channels, int ones);
    void run(Backend& backend, const Tensor& x, Tensor y, Activation activation) const;
    size_t bytes() const { return gain_.empty() ? 0 : gain_.bytes(); }

private:
    Tensor gain_;
};

// A convolution over the present and the frames before it.
class CausalConv {
public:
    CausalConv() = default;
    CausalConv(Backend& backend, const Kernel& kernel) : kept_(kernel.kt - 1), conv_(backend, kernel) {}

    int64_t kept() const { return kept_; }  // past frames it sees
    const ConvLayer& layer() const { return conv_; }
    // maps [kept + frames, ...]: fills the first `kept` from the past and remembers the last ones.
    void fillPast(Backend& backend, Tensor maps);
    void run(Backend& backend, Tensor maps, Tensor y, const ConvShape& shape);

    Tensor past;  // [kept, height, width, in], or empty before the first frame: zeros

private:
    int64_t kept_ = 0;
    ConvLayer conv_;
};

class WanLayer {
public:
    virtual ~WanLayer() = default;
    virtual Tensor run(const Tensor& x, WanPass& pass) = 0;  // [frames, height, width, channels]
    // What it remembers; a copy shares it and the weights until it is given another.
    virtual std::vector<Tensor*> state() { return {}; }
    virtual std::unique_ptr<WanLayer> copy() const = 0;
    virtual size_t bytes() const = 0;
    virtual int64_t outChannels() const = 0;
};
using WanLayers = std::vector<std::unique_ptr<WanLayer>>;
WanLayers copyOf(const WanLayers& layers);
// What all of them remember of the stream.
std::vector<Tensor*> statesOf(std::initializer_list<const WanLayers*> layers);

// Layers prefix.0, prefix.1, ... as long as there are any, each of the kind that its weights' names tell.
enum class Resampling : uint8_t { Up, Down };
WanLayers readWanLayers(const WeightSource& weights, WeightReader& reader, Backend& backend, const std::string& prefix, int64_t channels,
                        Resampling resampling);
// prefix.0, .1, .2: residual block, attention over each picture, residual block.
WanLayers readWanMiddle(WeightReader& reader, Backend& backend, const std::string& prefix, int64_t channels);

// Norm, SiLU and a causal 3x3x3 convolution: the last layer.
class WanHead final : public WanLayer {
public:
    WanHead(Backend& backend, WeightReader& reader, const std::string& prefix, int64_t channels, int64_t outChannels);
    Tensor run(const Tensor& x, WanPass& pass) override;
    std::vector<Tensor*> state() override { return {&conv_.past}; }
    std::unique_ptr<WanLayer> copy() const override { return std::make_unique<WanHead>(*this); }
    size_t bytes() const override { return norm_.bytes() + conv_.layer().bytes(); }
    int64_t outChannels() const override { return conv_.layer().outChannels(); }

private:
    WanNorm norm_;
    CausalConv conv_;
};

}  // namespace longtake
