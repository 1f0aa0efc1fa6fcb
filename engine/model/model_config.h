// Every dimension of a model, as its folder's model.json states it. Nothing in the engine is hard-coded to one model.
//
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/result.h"

namespace longtake {

enum class AttentionKind : uint8_t { Dense, Mla };

// Which entries of the rotary table the d_r positional numbers use (videomla.md, "RoPE on 32 dims").
enum class RopeBands : uint8_t {
    High,        // the highest-frequency entries of each axis of the full head's table
    Recomputed,  // a table computed for d_r numbers
};

struct MlaConfig {
    int dC = 0;     // content latent, shared by keys and values; cached
    int dCq = 0;    // query latent; never cached
    int dNope = 0;  // per head, not rotated
    int dR = 0;     // per head for queries, one shared key; rotated
    int dV = 0;     // per head
    float eps = 1e-6f;
    RopeBands bands = RopeBands::High;
};

// What the head of the transformer says of noisy latents. A token of a small model holds many numbers for its width: to
// say the flow it would have to carry all their noise from its input to its output; clean latents are less to say.
enum class Prediction : uint8_t { Flow, Clean };

struct DitConfig {
    std::string weights;  // file in the model folder
    AttentionKind attention = AttentionKind::Dense;
    int dim = 0, ffnDim = 0, numHeads = 0, numLayers = 0;
    int freqDim = 0;  // sinusoid of the timestep
    int textDim = 0, textLen = 0;
    int inDim = 0, outDim = 0;
    int patchH = 2, patchW = 2;
    Prediction predicts = Prediction::Flow;
    int positionFeatures = 0;  // cosines of each of a token's height and width that are added to it; 0: none
    float eps = 1e-6f;
    MlaConfig mla;  // attention == Mla

    int headDim() const { return dim / numHeads; }
    // Numbers cached for one token in one layer, and what a dense cache of this width would hold.
    int cacheWidth() const { return attention == AttentionKind::Mla ? mla.dC + mla.dR : 2 * dim; }
    int denseCacheWidth() const { return 2 * dim; }
};

struct TextConfig {
    std::string weights, tokenizer;
    int vocab = 0, dim = 0, dimAttn = 0, dimFfn = 0, numHeads = 0, numLayers = 0, numBuckets = 32, maxDistance = 128;
};

enum class VideoKind : uint8_t { Taehv, WanVae };

struct VideoConfig {
    VideoKind kind = VideoKind::Taehv;
    std::string weights;
    int latentChannels = 16;
};

enum class SamplerKind : uint8_t {
    Consistency,  // jump to x0, mix in fresh noise (engine-spec 5); for distilled models
    Euler,        // follow the flow; for undistilled models
};

struct SamplerConfig {
    SamplerKind kind = SamplerKind::Consistency;
    std::vector<int> steps = {1000, 750, 500, 250};  // indices into the 1000-entry table, falling
    float shift = 5.0f;

    bool operator==(const SamplerConfig&) const = default;
};

enum class Positions : uint8_t {
    Window,    // frames of the window are numbered from 0, the sink being 0: a rollout has no length limit
    Absolute,  // frames keep their number in the take
};

// What a re-cache makes of the sink once the window has moved away from it (engine-spec 4.4, global_sink): it stays
// as it was written under its own prompt, or the oldest frames remembered take its place.
enum class SinkAtRecache { Kept, Renewed };

constexpr int kMostWindowFrames = 1 << 20;  // 70 hours

struct RolloutConfig {
    int chunkFrames = 3;   // latent frames made at once
    int windowFrames = 7;  // all frames held, sink and current chunk included; 0: everything since the start
    int sinkFrames = 1;    // first frames of the take, never evicted; at most chunkFrames
    Positions positions = Positions::Window;
    float contextNoise = 0.0f;  // timestep of the pass that writes the clean chunk
    SinkAtRecache sinkAtRecache = SinkAtRecache::Kept;

    bool operator==(const RolloutConfig&) const = default;
};

struct ModelKnowledge {  // for hints; empty for models that know everything
    std::vector<std::string> places, times, weather, cameras, things, vocabulary;
};

struct ModelConfig {
    std::string name, description, license;
    ModelKnowledge knows;
    std::vector<std::string> examples;
    DitConfig dit;
    TextConfig text;
    VideoConfig video;
    SamplerConfig sampler;
    RolloutConfig rollout;
    int width = 832, height = 480, fps = 16;

    // Parses and validates the text of a model.json; `origin` names the file in messages.
    static Result<ModelConfig> parse(const std::string& json, const std::string& origin);
};

// One line that names the field when something cannot work, e.g. a sink larger than a chunk.
Result<void> validate(const DitConfig&);
Result<void> validate(const RolloutConfig&);
Result<void> validate(const SamplerConfig&);

}  // namespace longtake
