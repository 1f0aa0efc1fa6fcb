// From latents to pictures and back, as a stream: whoever decodes or encodes keeps what the past left behind.
//
//   auto decoder = makeVideoDecoder(VideoKind::Taehv, weights, backend);
//   decoder->decodeRgb8(latents, [&](Frame8 frame) { ... });   // chunk after chunk; reset() only for a new video
//
// The frames do not depend on how the latents are split into calls, and a prompt change is no reason to reset.
//
// Owner:  Model or Rollout. The Backend must outlive it; the weights need not.
// Thread: generation thread only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/model/model_config.h"
#include "engine/result.h"
#include "engine/tensor.h"
#include "engine/video/frame_view.h"
#include "engine/weight_source.h"

namespace longtake {

using FrameSink = std::function<void(Frame8)>;
// A frame that is still on its way from the device: there once it is finished.
struct LaterFrame {
    Frame8 frame;
    std::vector<std::shared_ptr<HostCopy>> copies;

    bool ready() const {
        return std::all_of(copies.begin(), copies.end(), [](const auto& copy) { return copy->ready(); });
    }
    void finish() {
        for (const auto& copy : copies) copy->finish();
    }
};
using LaterFrames = std::deque<LaterFrame>;
// Sees each picture while it still lies in the backend's memory, as the parameters that show it without y; once for every
// frame, in the same order and before it.
using PictureTap = std::function<void(const PicturesParams& picture)>;

// What a stream remembers, as a deep copy: stateBytes() of memory.
struct VideoState {
    std::vector<Tensor> maps;
    int64_t seen = 0;  // latents decoded, or pictures encoded
};

// For tests: called with a layer's name and its output [frames, height, width, channels], compute type, backend memory.
using LayerObserver = std::function<void(const std::string& layer, const Tensor& map)>;

class VideoDecoder {
public:
    virtual ~VideoDecoder() = default;

    virtual int64_t latentChannels() const = 0;
    virtual int64_t pixelsPerLatent() const = 0;  // in a row or a column: 8
    virtual int64_t framesPerLatent() const = 0;  // after the first latent of a stream: 4
    // Frames that the next `latents` latents give; the first latent of a stream gives one.
    virtual int64_t framesOf(int64_t latents) const = 0;

    // A decoder of the same weights, which both keep alive, for a stream of its own.
    virtual std::unique_ptr<VideoDecoder> beside() const = 0;

    virtual void reset() = 0;  // a new video begins
    // latents [n, C, h, w], F32, backend memory, normalised as the transformer's. Throws std::invalid_argument when they
    // do not fit the model, or the size changes within a stream.
    virtual Tensor decode(const Tensor& latents) = 0;  // [frames, 3, H, W], F32, host memory, 0 ... 1
    // The same as 8-bit pictures, each handed out as soon as it is done. If the sink throws, reset or restore.
    virtual void decodeRgb8(const Tensor& latents, const FrameSink& sink) = 0;
    // The same without waiting: everything is queued, frames are added in order. The latents are read by what is queued.
    virtual void decodeLater(const Tensor& latents, LaterFrames& frames) = 0;
    virtual void setPictureTap(PictureTap tap) = 0;  // empty: none
    virtual void setNv12(bool wanted) = 0;           // frames come with NV12 too, converted where the pictures lie

    virtual VideoState snapshot() const = 0;
    virtual void restore(const VideoState& state) = 0;

    virtual size_t stateBytes() const = 0;    // what the stream remembers; 0 before the first latent
    virtual size_t scratchBytes() const = 0;  // working memory, kept between calls
    virtual size_t weightBytes() const = 0;   // shared with those beside it
};

class VideoEncoder {
public:
    virtual ~VideoEncoder() = default;

    virtual int64_t latentChannels() const = 0;
    virtual int64_t pixelsPerLatent() const = 0;

    virtual void reset() = 0;
    // frames [m, 3, H, W], F32, host memory, 0 ... 1. Gives the latents that are complete: [n, C, h, w], F32, host memory,
    // normalised; n may be 0. Throws std::invalid_argument on frames that do not fit.
    virtual Tensor encode(const Tensor& frames) = 0;
    // The end of the video: what the last pictures still give. A new video may begin afterwards.
    virtual Tensor finish() = 0;

    virtual size_t stateBytes() const = 0;
    virtual size_t weightBytes() const = 0;
};

// Every width is read from the weights' shapes. Fails with one line that names the first weight that is missing,
// has the wrong shape (both are given), or belongs to no layer.
Result<std::unique_ptr<VideoDecoder>> makeVideoDecoder(VideoKind kind, const WeightSource& weights, Backend& backend);
Result<std::unique_ptr<VideoEncoder>> makeVideoEncoder(VideoKind kind, const WeightSource& weights, Backend& backend);

}  // namespace longtake
