// The tiny video autoencoder (engine-spec 7): per-frame convolutions and memory blocks, growth in time by 1x1 kernels.
// Its outermost convolutions may take a patch of pixels for one pixel of many channels, as those for Wan 2.2 do: their
// channels are colour, row and column in the patch, the last fastest.
//
// Owner:  as VideoDecoder and VideoEncoder.
// Thread: generation thread only.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "engine/scratch.h"
#include "engine/video/maps.h"
#include "engine/video/memory_stage.h"
#include "engine/video/video_codec.h"

namespace longtake {

// Pixels in a row of a patch whose pixels are `channels` numbers, at most 16; 1 where that cannot be.
inline int64_t taehvPatch(int64_t channels) {
    for (int64_t side = 2; side <= 16; ++side)
        if (3 * side * side == channels) return side;
    return 1;
}

struct TaehvOptions {
    // New frames per frame at each stage; 0: what the kernel was made for. Of a larger kernel the last rows are used.
    std::array<int64_t, 3> growth{0, 0, 0};
};

class TaehvDecoder final : public VideoDecoder {
public:
    static Result<std::unique_ptr<TaehvDecoder>> load(const WeightSource& weights, Backend& backend, const TaehvOptions& options = {});

    int64_t latentChannels() const override { return input_.inChannels(); }
    int64_t pixelsPerLatent() const override { return 8 * patch(); }
    int64_t framesPerLatent() const override { return framesPerLatent_; }
    int64_t framesOf(int64_t latents) const override;
    std::unique_ptr<VideoDecoder> beside() const override { return std::unique_ptr<VideoDecoder>(new TaehvDecoder(*this)); }

    void reset() override;
    Tensor decode(const Tensor& latents) override;
    void decodeRgb8(const Tensor& latents, const FrameSink& sink) override;
    void decodeLater(const Tensor& latents, LaterFrames& frames) override;
    void setPictureTap(PictureTap tap) override { reader_.setTap(std::move(tap)); }
    void setNv12(bool wanted) override { reader_.setNv12(wanted); }
    // All frames, the first ones of a stream too, which decode() leaves out; not clamped.
    Tensor decodeRaw(const Tensor& latents);  // [framesPerLatent * n, 3, H, W], F32, host memory

    VideoState snapshot() const override;
    void restore(const VideoState& state) override;

    size_t stateBytes() const override;
    size_t scratchBytes() const override { return scratch_.bytes() + reader_.bytes(); }
    size_t weightBytes() const override;
    // Layer N of the reference: the output of each growth layer, "decoder.7", "decoder.13", "decoder.19".
    void setObserver(LayerObserver observer) { observer_ = std::move(observer); }

private:
    struct Stage {
        MemoryStage memory;
        int64_t growth = 1;
        std::vector<ConvLayer> grow;    // one new frame each; for the observer, the rest of the time `out` holds them
        std::vector<DoublingConv> out;  // growth, doubling and the convolution after it, one new frame each
    };
    using PictureSink = std::function<void(const Tensor& pictures)>;  // [frames, H, W, 3]

    TaehvDecoder(const WeightSource& weights, WeightReader& reader, Backend& backend, const TaehvOptions& options);
    TaehvDecoder(const TaehvDecoder& other);  // its weights alone
    Stage makeStage(const WeightSource& weights, WeightReader& reader, int firstIndex, int64_t width, int64_t growth) const;
    void check(const Tensor& latents) const;
    int64_t latentsAtOnce(int64_t height, int64_t width) const;
    void run(const Tensor& latents, int64_t skippedFrames, const PictureSink& sink);
    void runGroup(const Tensor& latents, int64_t skippedFrames, const PictureSink& sink);
    void grow(const Stage& stage, const Tensor& from, Tensor to, Activation activation) const;
    void paint(const Tensor& last, Tensor pictures) const;
    void observeGrowth(const Stage& stage, size_t index, const Tensor& from) const;
    Tensor planes(const Tensor& latents, int64_t skippedFrames, bool clamped);
    int64_t patch() const { return static_cast<int64_t>(output_.size()); }
    // Of all frames that latents give, those before the first of the stream.
    int64_t skippedFrames(int64_t latents) const { return latents * framesPerLatent_ - framesOf(latents); }

    Backend& backend_;
    Scratch scratch_;
    PictureReader reader_;
    ConvLayer input_;
    std::vector<Stage> stages_;
    std::vector<ConvLayer> output_;  // one for each row of a patch
    int64_t framesPerLatent_ = 1;
    int64_t seen_ = 0;
    LayerObserver observer_;
};

class TaehvEncoder final : public VideoEncoder {
public:
    static Result<std::unique_ptr<TaehvEncoder>> load(const WeightSource& weights, Backend& backend);

    int64_t latentChannels() const override { return output_.outChannels(); }
    int64_t pixelsPerLatent() const override { return 8 * patch_; }
    void reset() override;
    Tensor encode(const Tensor& frames) override;
    Tensor finish() override;  // the last picture is repeated until a latent is complete
    size_t stateBytes() const override;
    size_t weightBytes() const override;

private:
    struct Stage {
        ConvLayer pool, shrink;
        int64_t framesPerFrame = 1;
        MemoryStage memory;
    };

    TaehvEncoder(const WeightSource& weights, WeightReader& reader, Backend& backend);
    void encodeGroup(float* latent);

    Backend& backend_;
    Scratch scratch_;
    ConvLayer input_;
    std::vector<Stage> stages_;
    ConvLayer output_;
    int64_t framesPerLatent_ = 1;
    int64_t patch_ = 1;           // pixels in a row of one
    std::vector<float> waiting_;  // planes of the pictures since the last latent
    Shape picture_;               // [3, H, W] of the stream
};

}  // namespace longtake
