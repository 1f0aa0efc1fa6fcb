#include "engine/model/model_config.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace longtake {

namespace {

using nlohmann::json;

// Far above any model, far below what overflows an index.
constexpr int kMaxDimension = 1 << 20;
constexpr int kMaxLayers = 4096;
constexpr float kLeastShift = 0.01f, kMostShift = 1000.0f;
constexpr float kMostContextNoise = 1000.0f;

// Reads fields of one object and remembers the first thing that is wrong.
class Fields {
public:
    Fields(const json& object, std::string path, std::string& failure) : object_(object), path_(std::move(path)), failure_(failure) {}

    void integer(const char* key, int& out, int low, int high) {
        if (const json* value = find(key, true)) {
            if (!value->is_number_integer() || value->get<int64_t>() < low || value->get<int64_t>() > high)
                fail(key, "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
            else out = value->get<int>();
        }
    }
    void optionalInteger(const char* key, int& out, int low, int high) {
        if (find(key, false)) integer(key, out, low, high);
    }
    void optionalNumber(const char* key, float& out, float low, float high) {
        const json* value = find(key, false);
        if (!value) return;
        if (!value->is_number() || !(value->get<double>() >= low && value->get<double>() <= high))
            fail(key, "must be a number from " + std::to_string(low) + " to " + std::to_string(high));
        else out = value->get<float>();
    }
    void text(const char* key, std::string& out) {
        if (const json* value = find(key, true)) {
            if (value->is_string()) out = value->get<std::string>();
            else fail(key, "must be a text");
        }
    }
    void optionalText(const char* key, std::string& out) {
        if (find(key, false)) text(key, out);
    }
    // A file of the model folder: a plain name, so that a model cannot point outside of its folder.
    void file(const char* key, std::string& out) {
        text(key, out);
        if (out.find('/') != std::string::npos || out == ".." || out.empty())
            fail(key, "must be the plain name of a file in the model folder");
    }
    void optionalTexts(const char* key, std::vector<std::string>& out) {
        const json* value = find(key, false);
        if (!value) return;
        if (!value->is_array()) return fail(key, "must be a list of texts");
        for (const json& item : *value) {
            if (!item.is_string()) return fail(key, "must be a list of texts");
            out.push_back(item.get<std::string>());
        }
    }
    template <typename Enum>
    void choice(const char* key, Enum& out, std::initializer_list<std::pair<const char*, Enum>> options, bool required) {
        const json* value = find(key, required);
        if (!value) return;
        std::string list;
        for (const auto& [name, option] : options) {
            if (value->is_string() && value->get<std::string>() == name) {
                out = option;
                return;
            }
            list += (list.empty() ? "\"" : " or \"") + std::string(name) + "\"";
        }
        fail(key, "must be " + list);
    }
    const json* find(const char* key, bool required) {
        const auto it = object_.find(key);
        if (it != object_.end()) return &*it;
        if (required) fail(key, "is missing");
        return nullptr;
    }
    void fail(const std::string& key, const std::string& what) {
        if (failure_.empty()) failure_ = "\"" + path_ + key + "\" " + what;
    }

private:
    const json& object_;
    std::string path_;
    std::string& failure_;
};

const json& section(const json& root, const char* key, std::string& failure) {
    static const json empty = json::object();
    const auto it = root.find(key);
    if (it != root.end() && it->is_object()) return *it;
    if (failure.empty()) failure = "\"" + std::string(key) + "\" is missing";
    return empty;
}

void readPatch(Fields& fields, DitConfig& dit) {
    const json* patch = fields.find("patch_size", true);
    if (!patch) return;
    const bool whole = patch->is_array() && patch->size() == 3 && std::all_of(patch->begin(), patch->end(), [](const json& v) {
                           return v.is_number_integer() && v.get<int64_t>() >= 1 && v.get<int64_t>() <= 16;
                       });
    if (!whole || patch->at(0).get<int>() != 1) return fields.fail("patch_size", "must be [1, height, width] with sizes from 1 to 16");
    dit.patchH = patch->at(1).get<int>();
    dit.patchW = patch->at(2).get<int>();
}

void readDit(const json& object, DitConfig& dit, std::string& failure) {
    Fields fields(object, "dit.", failure);
    fields.file("weights", dit.weights);
    fields.choice("attention", dit.attention, {{"mla", AttentionKind::Mla}, {"dense", AttentionKind::Dense}}, true);
    fields.integer("dim", dit.dim, 2, kMaxDimension);
    fields.integer("ffn_dim", dit.ffnDim, 1, kMaxDimension);
    fields.integer("num_heads", dit.numHeads, 1, 4096);
    fields.integer("num_layers", dit.numLayers, 1, kMaxLayers);
    fields.integer("freq_dim", dit.freqDim, 2, kMaxDimension);
    fields.integer("text_dim", dit.textDim, 1, kMaxDimension);
    fields.integer("text_len", dit.textLen, 1, 65536);
    fields.integer("in_dim", dit.inDim, 1, 4096);
    fields.integer("out_dim", dit.outDim, 1, 4096);
    readPatch(fields, dit);
    fields.choice("predicts", dit.predicts, {{"flow", Prediction::Flow}, {"clean", Prediction::Clean}}, false);
    fields.optionalInteger("position_features", dit.positionFeatures, 0, 64);
    fields.optionalNumber("eps", dit.eps, 0.0f, 1.0f);
    if (dit.attention != AttentionKind::Mla) return;
    Fields mla(section(object, "mla", failure), "dit.mla.", failure);
    mla.integer("d_c", dit.mla.dC, 1, kMaxDimension);
    mla.integer("d_cq", dit.mla.dCq, 1, kMaxDimension);
    mla.integer("d_nope", dit.mla.dNope, 1, kMaxDimension);
    mla.integer("d_r", dit.mla.dR, 2, kMaxDimension);
    mla.integer("d_v", dit.mla.dV, 1, kMaxDimension);
    mla.optionalNumber("eps", dit.mla.eps, 0.0f, 1.0f);
    mla.choice("rope_bands", dit.mla.bands, {{"high", RopeBands::High}, {"recomputed", RopeBands::Recomputed}}, false);
}

void readText(const json& object, TextConfig& text, std::string& failure) {
    Fields fields(object, "text_encoder.", failure);
    fields.file("weights", text.weights);
    fields.file("tokenizer", text.tokenizer);
    fields.integer("vocab", text.vocab, 4, 1 << 24);
    fields.integer("dim", text.dim, 1, kMaxDimension);
    fields.integer("dim_attn", text.dimAttn, 1, kMaxDimension);
    fields.integer("dim_ffn", text.dimFfn, 1, kMaxDimension);
    fields.integer("num_heads", text.numHeads, 1, 4096);
    fields.integer("num_layers", text.numLayers, 1, kMaxLayers);
    fields.optionalInteger("num_buckets", text.numBuckets, 4, 65536);
    fields.optionalInteger("max_distance", text.maxDistance, 2, 1 << 20);
}

void readSampler(const json& object, SamplerConfig& sampler, std::string& failure) {
    Fields fields(object, "sampler.", failure);
    fields.choice("kind", sampler.kind, {{"consistency", SamplerKind::Consistency}, {"euler", SamplerKind::Euler}}, false);
    fields.optionalNumber("shift", sampler.shift, kLeastShift, kMostShift);
    const json* steps = fields.find("steps", false);
    if (!steps) return;
    sampler.steps.clear();
    if (!steps->is_array()) return fields.fail("steps", "must be a list of whole numbers");
    for (const json& step : *steps) {
        if (!step.is_number_integer() || step.get<int64_t>() < 1 || step.get<int64_t>() > 1000)
            return fields.fail("steps", "must hold whole numbers from 1 to 1000");
        sampler.steps.push_back(step.get<int>());
    }
}

void readRollout(const json& object, RolloutConfig& rollout, std::string& failure) {
    Fields fields(object, "rollout.", failure);
    fields.optionalInteger("chunk_frames", rollout.chunkFrames, 1, 1024);
    fields.optionalInteger("window_frames", rollout.windowFrames, 0, kMostWindowFrames);
    fields.optionalInteger("sink_frames", rollout.sinkFrames, 0, kMostWindowFrames);
    fields.optionalNumber("context_noise", rollout.contextNoise, 0.0f, kMostContextNoise);
    fields.choice("positions", rollout.positions, {{"window", Positions::Window}, {"absolute", Positions::Absolute}}, false);
    fields.choice("sink_at_recache", rollout.sinkAtRecache, {{"kept", SinkAtRecache::Kept}, {"renewed", SinkAtRecache::Renewed}}, false);
}

}  // namespace

Result<void> validate(const DitConfig& c) {
    if (c.dim % c.numHeads != 0) return Error{"\"dit.dim\" must be a multiple of \"dit.num_heads\""};
    if (c.headDim() % 2 != 0 && c.attention == AttentionKind::Dense) return Error{"\"dit.dim\" / \"dit.num_heads\" must be even"};
    if (c.freqDim % 2 != 0) return Error{"\"dit.freq_dim\" must be even"};
    if (c.attention == AttentionKind::Mla) {
        if (c.mla.dR % 2 != 0) return Error{"\"dit.mla.d_r\" must be even: rotation works on pairs"};
        if (c.mla.bands == RopeBands::High && c.mla.dR > c.headDim())
            return Error{"\"dit.mla.d_r\" must not exceed the head's width: its bands come from the head's table"};
    }
    return {};
}

Result<void> validate(const RolloutConfig& c) {
    if (c.chunkFrames < 1) return Error{"a chunk needs at least one latent frame"};
    if (c.sinkFrames < 0 || c.sinkFrames > c.chunkFrames)
        return Error{"the sink (" + std::to_string(c.sinkFrames) + " frames) must fit into the first chunk (" +
                     std::to_string(c.chunkFrames) + " frames)"};
    if (c.windowFrames != 0 && c.windowFrames < c.sinkFrames + c.chunkFrames)
        return Error{"the window (" + std::to_string(c.windowFrames) + " frames) must hold the sink and the current chunk: at least " +
                     std::to_string(c.sinkFrames + c.chunkFrames)};
    if (!(c.contextNoise >= 0 && c.contextNoise <= kMostContextNoise)) return Error{"the context noise must lie from 0 to 1000"};
    return {};
}

Result<void> validate(const SamplerConfig& c) {
    if (c.steps.empty()) return Error{"the sampler needs at least one step"};
    for (size_t i = 0; i < c.steps.size(); ++i) {
        if (c.steps[i] < 1 || c.steps[i] > 1000) return Error{"sampler steps must lie from 1 to 1000"};
        if (i && c.steps[i] >= c.steps[i - 1]) return Error{"sampler steps must fall"};
    }
    if (!(c.shift >= kLeastShift && c.shift <= kMostShift)) return Error{"the sampler's shift must lie from 0.01 to 1000"};
    return {};
}

Result<ModelConfig> ModelConfig::parse(const std::string& text, const std::string& origin) {
    const json root = json::parse(text, nullptr, false);
    if (root.is_discarded() || !root.is_object()) return Error{origin + ": not JSON; a model folder needs a valid model.json"};
    std::string failure;
    ModelConfig config;
    Fields fields(root, "", failure);
    std::string format;
    int version = 0;
    fields.text("format", format);
    if (failure.empty() && format != "longtake-model") fields.fail("format", "must be \"longtake-model\"");
    fields.integer("version", version, 1, 1);
    fields.text("name", config.name);
    fields.optionalText("description", config.description);
    fields.optionalText("license", config.license);
    fields.optionalTexts("examples", config.examples);
    readDit(section(root, "dit", failure), config.dit, failure);
    readText(section(root, "text_encoder", failure), config.text, failure);
    Fields video(section(root, "video", failure), "video.", failure);
    video.choice("kind", config.video.kind, {{"taehv", VideoKind::Taehv}, {"wan_vae", VideoKind::WanVae}}, true);
    video.file("weights", config.video.weights);
    video.optionalInteger("latent_channels", config.video.latentChannels, 1, 4096);
    if (root.contains("sampler")) readSampler(section(root, "sampler", failure), config.sampler, failure);
    if (root.contains("rollout")) readRollout(section(root, "rollout", failure), config.rollout, failure);
    if (root.contains("defaults")) {
        Fields defaults(section(root, "defaults", failure), "defaults.", failure);
        defaults.optionalInteger("width", config.width, 16, 16384);
        defaults.optionalInteger("height", config.height, 16, 16384);
        defaults.optionalInteger("fps", config.fps, 1, 240);
    }
    if (root.contains("knows")) {
        Fields knows(section(root, "knows", failure), "knows.", failure);
        knows.optionalTexts("places", config.knows.places);
        knows.optionalTexts("times", config.knows.times);
        knows.optionalTexts("weather", config.knows.weather);
        knows.optionalTexts("cameras", config.knows.cameras);
        knows.optionalTexts("things", config.knows.things);
        knows.optionalTexts("vocabulary", config.knows.vocabulary);
    }
    for (const Result<void>& check :
         {failure.empty() ? validate(config.dit) : Result<void>(), validate(config.rollout), validate(config.sampler)})
        if (failure.empty() && !check.ok()) failure = check.message();
    if (failure.empty() && config.text.dim != config.dit.textDim) failure = "\"text_encoder.dim\" and \"dit.text_dim\" must agree";
    if (failure.empty() && config.video.latentChannels != config.dit.outDim)
        failure = "\"video.latent_channels\" and \"dit.out_dim\" must agree";
    if (!failure.empty()) return Error{origin + ": " + failure};
    return config;
}

}  // namespace longtake
