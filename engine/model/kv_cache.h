// What self-attention remembers: one row a token and layer, for the frames of a sliding window.
// An MLA model caches [c | k_rope] (d_c + d_r numbers, normalised latent and unrotated positional key);
// a dense model caches [k | v] (2 dim numbers). The rule of what stays is the same for both:
// the first `sinkFrames` of the take, and the newest frames that fit beside them (engine-spec 4.2).
//
// Owner:  Rollout. The Backend must outlive it.
// Thread: generation thread only.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/model/model_config.h"
#include "engine/tensor.h"

namespace longtake {

class KvCache {
public:
    // windowFrames: capacity in latent frames, sink included. Memory is taken at once; throws std::bad_alloc.
    KvCache(Backend& backend, const DitConfig& model, int windowFrames, int sinkFrames, int64_t tokensPerFrame);

    // Makes room for frames [startFrame, startFrame + frames) and evicts the oldest beyond the sink. Passing the
    // chunk that is already at the end again changes nothing: every pass of a chunk writes the same slots.
    void beginChunk(int64_t startFrame, int frames);
    // Says anew which frames the slots hold, in slot order; what is in the slots is left for the caller to write.
    void assign(const std::vector<int64_t>& frames);
    // Forgets everything; memory stays.
    void clear();

    // The whole buffer of one layer, valid up to liveTokens(): [capacity tokens, rowWidth].
    Tensor rows(int layer) const { return layers_[static_cast<size_t>(layer)]; }
    int64_t rowWidth() const { return rowWidth_; }
    int layers() const { return static_cast<int>(layers_.size()); }

    int liveFrames() const { return static_cast<int>(frames_.size()); }
    int64_t liveTokens() const { return liveFrames() * tokensPerFrame_; }
    int64_t tokensPerFrame() const { return tokensPerFrame_; }
    int capacityFrames() const { return capacity_; }
    int sinkFrames() const { return sink_; }
    // The frame of the take that each slot holds, in slot order: the sink first, then by age.
    const std::vector<int64_t>& frames() const { return frames_; }
    int64_t evictedFrames() const { return evicted_; }

    DType dtype() const { return dtype_; }
    size_t bytes() const;       // allocated, all layers
    size_t liveBytes() const;   // of it, holding something
    size_t denseBytes() const;  // what a dense cache of the same window and number type would take

    // A deep copy of the live rows of one layer in host memory, F32: [live tokens, rowWidth].
    Tensor snapshot(int layer) const;

private:
    void evict(int count);

    Backend& backend_;
    DType dtype_;
    int64_t rowWidth_, denseWidth_, tokensPerFrame_;
    int capacity_, sink_;
    std::vector<Tensor> layers_;
    std::vector<int64_t> frames_;
    int64_t evicted_ = 0;
};

}  // namespace longtake
