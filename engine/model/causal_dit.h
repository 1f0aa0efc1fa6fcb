// The causal diffusion transformer: Wan-type blocks whose self-attention sees a cached window (engine-spec 3).
//
// Owner:  Model. The Backend must outlive it.
// Thread: const after load; a workspace belongs to one pass at a time.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "engine/model/kv_cache.h"
#include "engine/model/model_config.h"
#include "engine/model/place_table.h"
#include "engine/model/self_attention.h"
#include "engine/weight_source.h"

namespace longtake {

// Cross-attention's keys and values of one prompt, for all layers. All padding rows of the text are equal, so one
// key with weight ln(their number) stands for them (engine-spec 3.7).
struct PromptContext {
    std::vector<Tensor> keys, values;  // per layer [rows, dim], compute type
    int64_t rows = 0;
    float lastKeyBias = 0.0f;

    size_t bytes() const;
};

// Modulation of every layer for one set of timesteps. A group is one latent frame, or all frames when they agree.
struct Modulation {
    int64_t groups = 0;
    Tensor layers;  // [layers, groups, 6, dim]: shift, scale, gate of self-attention, then of the feed-forward part
    Tensor head;    // [groups, 2, dim]: shift, scale
};

// Working memory of a pass, and what is kept between passes: rotary tables and modulations.
class DitWorkspace {
public:
    DitWorkspace(const DitConfig& config, Backend& backend)
        : scratch(backend), rope(config, backend), places(config.positionFeatures, backend) {}
    size_t bytes() const { return scratch.bytes(); }

    Scratch scratch;
    RopeTable rope;
    PlaceTable places;
    std::map<std::vector<float>, Modulation> modulations;
};

struct DitPass {
    Tensor latents;                    // [frames, inDim, height, width], F32, backend memory
    std::span<const float> timesteps;  // one per frame, 0 ... 1000
    const PromptContext* prompt = nullptr;
    KvCache* cache = nullptr;
    int firstSlot = 0;         // cache slot of the first frame; the pass writes its slots and sees all live ones
    Tensor* output = nullptr;  // [frames, outDim, height, width], F32; null: only the cache is written
    const PassObserver* observer = nullptr;
};

class CausalDit {
public:
    // Fails with the name of the first weight that is missing, mis-shaped or unknown.
    static Result<std::unique_ptr<CausalDit>> load(const DitConfig& config, Positions positions, const WeightSource& weights,
                                                   Backend& backend, MlaForm form = MlaForm::Automatic);
    ~CausalDit();

    const DitConfig& config() const { return config_; }
    int64_t tokensPerFrame(int64_t height, int64_t width) const { return height / config_.patchH * (width / config_.patchW); }
    size_t weightBytes() const;
    // Working memory of a pass over `tokens` that sees `held` tokens; the largest buffers, to within some percent.
    size_t workingBytes(int64_t tokens, int64_t held) const;
    int64_t parameters() const { return parameters_; }

    // text: [rows, textDim] F32 host memory, the real rows of the encoder's output (the rest of textLen is zero).
    PromptContext encodePrompt(const Tensor& text, DitWorkspace& workspace, const PassObserver* observer = nullptr) const;

    // The output is what config().predicts says: the flow, noise - x0, or x0 itself. Throws std::invalid_argument on shapes
    // that do not fit.
    void forward(const DitPass& pass, DitWorkspace& workspace) const { forward({&pass, 1}, workspace); }
    // Passes of several takes at once: every weight is read once for all. All alike in shapes, timesteps (one for all
    // frames), slots and frames held; each has its own latents, prompt and cache. No observer.
    void forward(std::span<const DitPass> takes, DitWorkspace& workspace) const;

private:
    struct Block;
    CausalDit(const DitConfig& config, Positions positions, Backend& backend);

    void loadWeights(WeightReader& reader, MlaForm form);
    const Modulation& modulation(std::span<const float> timesteps, DitWorkspace& workspace, const PassObserver* observer) const;
    void checkPasses(std::span<const DitPass> takes) const;
    void runBlock(size_t layer, std::span<const DitPass> takes, const Rows& x, const Modulation& modulation, DitWorkspace& workspace) const;
    void runCrossAttention(const Block& block, size_t layer, std::span<const DitPass> takes, const Rows& x, DitWorkspace& workspace) const;
    void runFeedForward(const Block& block, size_t layer, const DitPass& pass, const Rows& x, const PerGroup mu[6],
                        DitWorkspace& workspace) const;
    void observeProduct(const DitPass& pass, const char* name, size_t layer, const Rows& in, const PackedWeight& weight,
                        DitWorkspace& workspace) const;
    void runHead(std::span<const DitPass> takes, const Rows& x, const Modulation& modulation, DitWorkspace& workspace) const;

    DitConfig config_;
    Positions positions_;
    Backend& backend_;
    int64_t parameters_ = 0;
    std::unique_ptr<PackedWeight> place_;  // null: tokens are not told where in the picture they lie
    std::unique_ptr<PackedWeight> patch_, text0_, text2_, time0_, time2_, timeProjection_, head_;
    Tensor headModulation_;  // [2, dim]
    std::vector<std::unique_ptr<Block>> blocks_;
};

}  // namespace longtake
