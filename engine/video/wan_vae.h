// The Wan video autoencoder (engine-spec 6): causal 3-D convolutions, one latent per call, persistent memory.
//
// Owner:  as VideoDecoder and VideoEncoder.
// Thread: generation thread only.
#pragma once

#include <array>
#include <vector>

#include "engine/scratch.h"
#include "engine/video/maps.h"
#include "engine/video/video_codec.h"
#include "engine/video/wan_layers.h"

namespace longtake {

// z = normalised * std + mean per channel (engine-spec 6.1).
extern const std::array<float, 16> kWanLatentMean;
extern const std::array<float, 16> kWanLatentStd;

class WanVaeDecoder final : public VideoDecoder {
public:
    static Result<std::unique_ptr<WanVaeDecoder>> load(const WeightSource& weights, Backend& backend);

    int64_t latentChannels() const override { return latent_.inChannels(); }
    int64_t pixelsPerLatent() const override { return pixelsPerLatent_; }
    int64_t framesPerLatent() const override { return framesPerLatent_; }
    int64_t framesOf(int64_t latents) const override;
    std::unique_ptr<VideoDecoder> beside() const override { return std::unique_ptr<VideoDecoder>(new WanVaeDecoder(*this)); }

    void reset() override;
    Tensor decode(const Tensor& latents) override;
    void decodeRgb8(const Tensor& latents, const FrameSink& sink) override;
    void decodeLater(const Tensor& latents, LaterFrames& frames) override;
    void setPictureTap(PictureTap tap) override { reader_.setTap(std::move(tap)); }
    void setNv12(bool wanted) override { reader_.setNv12(wanted); }
    // In the reference's range -1 ... 1, not clamped.
    Tensor decodeRaw(const Tensor& latents);  // [frames, 3, H, W], F32, host memory

    VideoState snapshot() const override;
    void restore(const VideoState& state) override;

    size_t stateBytes() const override;
    size_t scratchBytes() const override { return scratch_.bytes() + reader_.bytes(); }
    size_t weightBytes() const override;
    // "conv1", "middle", "upsamples.N".
    void setObserver(LayerObserver observer) { observer_ = std::move(observer); }

private:
    using PictureSink = std::function<void(const Tensor& pictures)>;  // [frames, H, W, 3]

    WanVaeDecoder(const WeightSource& weights, WeightReader& reader, Backend& backend);
    WanVaeDecoder(const WanVaeDecoder& other);  // its weights alone
    void check(const Tensor& latents) const;
    void run(const Tensor& latents, const PictureSink& sink);
    Tensor planes(const Tensor& latents, const std::function<float(float, int64_t)>& change);
    std::vector<Tensor*> state() const;
    void observe(const std::string& layer, const Tensor& map) const;

    Backend& backend_;
    Scratch scratch_;
    PictureReader reader_;
    Tensor latentStd_, latentMean_;  // [channels]
    ConvLayer latent_;               // the reference's top-level conv2
    CausalConv input_;
    WanLayers middle_, upsamples_;
    std::unique_ptr<WanHead> head_;
    int64_t pixelsPerLatent_ = 1, framesPerLatent_ = 1;
    int64_t seen_ = 0;
    LayerObserver observer_;
};

class WanVaeEncoder final : public VideoEncoder {
public:
    static Result<std::unique_ptr<WanVaeEncoder>> load(const WeightSource& weights, Backend& backend);

    int64_t latentChannels() const override { return moments_.outChannels() / 2; }
    int64_t pixelsPerLatent() const override { return pixelsPerLatent_; }
    void reset() override;
    // The first picture of a stream gives a latent, then every four.
    Tensor encode(const Tensor& frames) override;
    Tensor finish() override;  // pictures that make no whole latent are left out, as the reference does
    size_t stateBytes() const override;
    size_t weightBytes() const override;

private:
    WanVaeEncoder(const WeightSource& weights, WeightReader& reader, Backend& backend);
    void encodeGroup(int64_t frames, float* latent);
    std::vector<Tensor*> state() const;

    Backend& backend_;
    Scratch scratch_;
    CausalConv input_;
    WanLayers downsamples_, middle_;
    std::unique_ptr<WanHead> head_;
    ConvLayer moments_;  // the reference's top-level conv1: means, then log-variances
    int64_t pixelsPerLatent_ = 1, framesPerLatent_ = 1;
    std::vector<float> waiting_;
    Shape picture_;
    int64_t seen_ = 0;
};

}  // namespace longtake
