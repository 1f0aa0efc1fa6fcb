#include "engine/checkpoint/model_json.h"

#include <nlohmann/json.hpp>

namespace longtake {

namespace {

using Json = nlohmann::ordered_json;

// A float as the shortest decimal that means it: 1e-06, not 9.999999974752427e-07.
double shortest(float value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.7g", static_cast<double>(value));
    return std::strtod(text, nullptr);
}

Json ditJson(const DitConfig& dit) {
    Json json = {{"weights", dit.weights},
                 {"attention", dit.attention == AttentionKind::Mla ? "mla" : "dense"},
                 {"dim", dit.dim},
                 {"ffn_dim", dit.ffnDim},
                 {"num_heads", dit.numHeads},
                 {"num_layers", dit.numLayers},
                 {"freq_dim", dit.freqDim},
                 {"text_dim", dit.textDim},
                 {"text_len", dit.textLen},
                 {"in_dim", dit.inDim},
                 {"out_dim", dit.outDim},
                 {"patch_size", {1, dit.patchH, dit.patchW}},
                 {"eps", shortest(dit.eps)}};
    if (dit.predicts == Prediction::Clean) json["predicts"] = "clean";
    if (dit.positionFeatures > 0) json["position_features"] = dit.positionFeatures;
    if (dit.attention != AttentionKind::Mla) return json;
    const MlaConfig& mla = dit.mla;
    json["mla"] = {{"d_c", mla.dC},
                   {"d_cq", mla.dCq},
                   {"d_nope", mla.dNope},
                   {"d_r", mla.dR},
                   {"d_v", mla.dV},
                   {"eps", shortest(mla.eps)},
                   {"rope_bands", mla.bands == RopeBands::High ? "high" : "recomputed"}};
    return json;
}

Json textJson(const TextConfig& text) {
    return {
        {"weights", text.weights},        {"tokenizer", text.tokenizer},     {"vocab", text.vocab},        {"dim", text.dim},
        {"dim_attn", text.dimAttn},       {"dim_ffn", text.dimFfn},          {"num_heads", text.numHeads}, {"num_layers", text.numLayers},
        {"num_buckets", text.numBuckets}, {"max_distance", text.maxDistance}};
}

}  // namespace

std::string modelJson(const ModelConfig& config) {
    Json json = {{"format", "longtake-model"}, {"version", 1}, {"name", config.name}};
    if (!config.description.empty()) json["description"] = config.description;
    if (!config.license.empty()) json["license"] = config.license;
    const ModelKnowledge& knows = config.knows;
    if (!knows.vocabulary.empty() || !knows.places.empty())
        json["knows"] = {{"places", knows.places},   {"times", knows.times},   {"weather", knows.weather},
                         {"cameras", knows.cameras}, {"things", knows.things}, {"vocabulary", knows.vocabulary}};
    if (!config.examples.empty()) json["examples"] = config.examples;
    json["dit"] = ditJson(config.dit);
    json["text_encoder"] = textJson(config.text);
    json["video"] = {{"kind", config.video.kind == VideoKind::Taehv ? "taehv" : "wan_vae"},
                     {"weights", config.video.weights},
                     {"latent_channels", config.video.latentChannels}};
    json["sampler"] = {{"kind", config.sampler.kind == SamplerKind::Consistency ? "consistency" : "euler"},
                       {"steps", config.sampler.steps},
                       {"shift", shortest(config.sampler.shift)}};
    const RolloutConfig& rollout = config.rollout;
    json["rollout"] = {{"chunk_frames", rollout.chunkFrames},
                       {"window_frames", rollout.windowFrames},
                       {"sink_frames", rollout.sinkFrames},
                       {"positions", rollout.positions == Positions::Window ? "window" : "absolute"},
                       {"sink_at_recache", rollout.sinkAtRecache == SinkAtRecache::Kept ? "kept" : "renewed"},
                       {"context_noise", shortest(rollout.contextNoise)}};
    json["defaults"] = {{"width", config.width}, {"height", config.height}, {"fps", config.fps}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace longtake
