// Makes a take chunk by chunk: denoises each chunk against the cache, writes the clean chunk into it, and follows
// the prompt timeline at chunk boundaries. Chunk k's noise depends on (seed, k, step) alone.
//
//   while (!stopped) { auto chunk = rollout.next(stop); ... chunk->latents ... }
//
// Rollouts beside each other may make their chunks together, in passes that read every weight once for all of them.
//
// Owner:  Take or a test. Dit, Backend and the prompt source must outlive it.
// Thread: generation thread only.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/model/causal_dit.h"
#include "engine/rollout/pass_recorder.h"
#include "engine/rollout/prompt_timeline.h"
#include "engine/rollout/sampler.h"

namespace longtake {

struct RolloutOptions {
    RolloutConfig window;
    SamplerConfig sampler;
    uint64_t seed = 0;
    int64_t latentHeight = 0, latentWidth = 0;
    // Shared with other rollouts of the same model that run in turn; null: its own.
    std::shared_ptr<DitWorkspace> workspace;
    int64_t maxFrames = 0;  // capacity when window.windowFrames is 0 (everything is kept)
};

struct DenoiseProgress {
    int64_t chunk = 0;
    int step = 0;   // passes done
    int steps = 0;  // passes in all, the clean one included
    bool recaching = false;
};

struct RolloutChunk {
    int64_t index = 0;
    int64_t firstFrame = 0;  // latent frame
    Tensor latents;          // [chunkFrames, channels, height, width], F32, backend memory, valid until the next chunk
    bool recached = false;
    double denoiseMs = 0, cleanPassMs = 0, recacheMs = 0;  // of a pass made together: this one's part
};

// Gives the text encoder's rows of a prompt: [rows, textDim] F32 host memory. Called once a prompt, and kept.
using TextRows = std::function<Result<Tensor>(const std::string& prompt)>;
// Called after each pass; return false to stop, which next() reports as "stopped".
using PassCallback = std::function<bool(const DenoiseProgress&)>;

class Rollout {
public:
    // Fails when the options cannot work with the model; throws std::bad_alloc when memory is short.
    static Result<std::unique_ptr<Rollout>> create(const CausalDit& dit, Backend& backend, RolloutOptions options, TextRows text);

    // Takes effect from the next chunk on.
    void setTimeline(PromptTimeline timeline) { timeline_ = std::move(timeline); }
    const PromptTimeline& timeline() const { return timeline_; }

    // The next chunk. Fails when there is no prompt, a prompt cannot be encoded, or the callback stopped it:
    // then the chunk counts as not begun, and calling again makes the same chunk.
    Result<RolloutChunk> next(const PassCallback& afterPass = {});
    // The next chunk of each: together where canJoin() says so of all and the first, and when that is stopped none counts as
    // begun; else one after the other.
    static Result<std::vector<RolloutChunk>> nextTogether(std::span<Rollout* const> rollouts, const PassCallback& afterPass = {});
    // Same model, working memory, sizes, steps, and chunk to make.
    bool canJoin(const Rollout& other) const;

    // Starts over at chunk 0 with another seed; memory stays.
    void restart(uint64_t seed);

    // The next chunk from clean latents in place of generated ones (a start picture): [chunkFrames, channels, h, w], F32,
    // host memory. They are written into the cache as a made chunk's are.
    Result<RolloutChunk> prefill(const Tensor& latents);

    int64_t nextChunk() const { return nextChunk_; }
    const KvCache& cache() const { return cache_; }
    const RolloutOptions& options() const { return options_; }
    const std::shared_ptr<DitWorkspace>& workspace() const { return workspace_; }
    size_t workingBytes() const;  // activations and latents; the cache not included

    // Replaces the generated noise, for parity with a reference: (chunk, step, destination [count] host memory).
    std::function<void(int64_t chunk, int step, float* noise, int64_t count)> noiseOverride;
    // Sees x0 after each step in host memory, for tests.
    std::function<void(int64_t chunk, int step, const Tensor& x0)> observeClean;

private:
    Rollout(const CausalDit& dit, Backend& backend, RolloutOptions options, TextRows text);

    using Group = std::span<Rollout* const>;

    int passes() const { return static_cast<int>(sampler_.steps().size()) + 1; }
    Result<RolloutChunk> begin();
    Result<void> choosePrompt(int64_t chunk);
    Result<const Tensor*> encoded(const std::string& prompt);
    bool recacheIfDue(RolloutChunk& chunk, const PassCallback& afterPass);
    void recache();
    // These run the first one's steps for all.
    static bool denoise(Group group, const PassCallback& afterPass);
    static void writeClean(Group group);
    static void forward(Group group, const Tensor& (*latents)(const Rollout&), float timestep, int firstSlot, bool wantsOutput);
    void runPass(std::span<const DitPass> takes, std::vector<uint64_t> prompts, float timestep);
    bool isSteady(size_t rollouts) const;
    void renoise(size_t step);
    void fillNoise(int64_t chunk, int step);
    void remember(const Tensor& latents);

    const CausalDit& dit_;
    Backend& backend_;
    RolloutOptions options_;
    TextRows text_;
    Sampler sampler_;
    PromptTimeline timeline_;
    KvCache cache_;
    std::shared_ptr<DitWorkspace> workspace_;
    PassRecorder recorder_;

    std::vector<PromptShare> promptShares_;  // what prompt_ was made of
    std::vector<std::string> promptTexts_;
    PromptContext prompt_;
    uint64_t promptNumber_ = 0;                             // another one for every prompt_ of any rollout
    std::vector<uint64_t> recordedPrompts_;                 // what the recordings were made with, of the whole group
    std::deque<std::pair<std::string, Tensor>> encodings_;  // newest last, bounded

    Tensor noisy_, clean_, flow_, noise_;  // [chunkFrames, channels, h, w]
    Tensor history_;                       // clean latents of the newest frames, oldest first: [capacity, channels, h, w]
    int64_t rememberedFrames_ = 0;         // of history_, the frames that hold something
    int64_t nextChunk_ = 0;
    int64_t recachedFor_ = -1;
};

}  // namespace longtake
