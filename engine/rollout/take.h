// One continuous take: a rollout, the decoder behind it, and the numbering of its frames.
//
//   auto take = Take::create(model, options);
//   (*take)->setTimeline(timeline);
//   while (...) (*take)->next([&](Frame8 frame) { ... }, afterPass);
//
// Owner:  the session or the command line. The Model must outlive it.
// Thread: generation thread only.
#pragma once

#include "engine/rollout/cache_view.h"
#include "engine/rollout/chunk_clock.h"
#include "engine/rollout/decode_stage.h"
#include "engine/rollout/model.h"
#include "engine/rollout/rollout.h"
#include "engine/rollout/start_picture.h"

namespace longtake {

// Beside: where the device can, a chunk is decoded beside the next one, and its frames come with later calls.
enum class Decoding : uint8_t { WithItsChunk, Beside };

struct TakeOptions {
    int64_t width = 0, height = 0;  // pixels; 0: the model's own
    uint64_t seed = 0;
    RolloutConfig window;
    SamplerConfig sampler;
    int64_t maxFrames = 0;  // latent frames, only where the window is unlimited
    StartPicture start;     // becomes chunk 0; none: everything is generated
    Decoding decoding = Decoding::WithItsChunk;

    // What the model was made for.
    static TakeOptions of(const ModelConfig& config);
};

struct TakeChunk {
    int64_t index = 0;
    int64_t firstFrame = 0;  // video frame
    int frames = 0;          // those that are still to come included
    bool recached = false;
    double denoiseMs = 0;  // of a start picture: its encoding
    double cleanPassMs = 0, recacheMs = 0;
    double decodeMs = 0;  // that were waited for, those of the chunk before included

    double totalMs() const { return denoiseMs + cleanPassMs + recacheMs + decodeMs; }
};

using NumberedFrameSink = std::function<void(size_t take, Frame8 frame)>;

class Take {
public:
    // Fails when the size does not fit the model or memory is short, naming what would; when the start picture cannot be
    // read, or the model cannot encode one.
    // beside: a take of the same model that never runs at the same time by itself; they share their working memory, and
    // a start picture is encoded once.
    static Result<std::unique_ptr<Take>> create(const Model& model, const TakeOptions& options, const Take* beside = nullptr);

    void setTimeline(PromptTimeline timeline) { rollout_->setTimeline(std::move(timeline)); }
    // The next chunk; frames are handed out in order. "stopped" when the callback said so: no frame of it was handed out.
    Result<TakeChunk> next(const FrameSink& frames, const PassCallback& afterPass = {});
    // The next chunk of each, as next() makes it; those that can are made in shared passes. Frames come with the number of
    // their take. Best called with no more takes than joinedTakes().
    static Result<std::vector<TakeChunk>> nextTogether(std::span<Take* const> takes, const NumberedFrameSink& frames,
                                                       const PassCallback& afterPass = {});
    // How many such takes share a pass to its advantage: beyond, only memory grows.
    int64_t joinedTakes() const;
    // The frames that are still to come, with Decoding::Beside.
    void finish(const FrameSink& frames) { decode_.finish(frames); }
    int64_t framesToCome() const { return decode_.waiting(); }
    void restart(uint64_t seed);
    void setPictureTap(PictureTap tap) { decode_.decoder().setPictureTap(std::move(tap)); }
    void setNv12(bool wanted) { decode_.decoder().setNv12(wanted); }

    const TakeOptions& options() const { return options_; }
    int64_t nextChunk() const { return rollout_->nextChunk(); }
    const ChunkClock& clock() const { return clock_; }
    const KvCache& cache() const { return rollout_->cache(); }
    CacheView cacheView() const;
    // Everything the take holds: cache, activations, latents, its decoder's stream. The model's weights are not its own.
    size_t bytes() const;

private:
    Take(const TakeOptions& options, std::unique_ptr<Rollout> rollout, DecodeStage decode, const ChunkClock& clock);
    bool beginsLike(const TakeOptions& other) const;  // with the same picture, encoded in the same way
    bool beginsWithPicture() const { return start_ && rollout_->nextChunk() == 0; }
    Result<RolloutChunk> encodePicture(const PassCallback& afterPass);
    TakeChunk decode(const RolloutChunk& made, const FrameSink& frames);

    TakeOptions options_;
    std::unique_ptr<Rollout> rollout_;
    DecodeStage decode_;
    ChunkClock clock_;
    std::vector<int64_t> recaches_;
    std::shared_ptr<EncodedStart> start_;  // null: it begins with a prompt alone
};

}  // namespace longtake
