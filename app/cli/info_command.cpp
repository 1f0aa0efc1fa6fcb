#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/arguments.h"
#include "app/cli/commands.h"
#include "app/project/model_fingerprint.h"
#include "app/project/model_folders.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/rollout/model.h"
#include "kernels/devices.h"

namespace longtake {
namespace {

struct CacheFigures {
    uint64_t bytes = 0;       // counted from the allocation where it was made
    uint64_t denseBytes = 0;  // of the same window and number type
    int64_t tokensPerFrame = 0;
    int frames = 0;
    bool counted = false;
};

Result<int64_t> parametersIn(const std::string& file) {
    const Result<Checkpoint> weights = Checkpoint::open(file);
    if (!weights) return weights.error();
    int64_t count = 0;
    for (const std::string& name : weights->names()) {
        const Result<TensorInfo> info = weights->info(name);
        if (!info) return info.error();
        count += info->shape.count();
    }
    return count;
}

// Really takes the cache's memory and counts it, unless it would not fit.
CacheFigures measureCache(Backend& backend, const DitConfig& dit, int64_t tokensPerFrame, const RolloutConfig& rollout) {
    CacheFigures figures;
    figures.tokensPerFrame = tokensPerFrame;
    figures.frames = rollout.windowFrames;
    const auto bytesOf = [&](int width) {
        return static_cast<uint64_t>(rollout.windowFrames * tokensPerFrame * width * dit.numLayers) * sizeOf(backend.computeType());
    };
    figures.bytes = bytesOf(dit.cacheWidth());
    figures.denseBytes = bytesOf(dit.denseCacheWidth());
    if (figures.bytes > backend.freeBytes() / 2 || rollout.windowFrames == 0) return figures;
    const size_t before = backend.allocatedBytes();
    const KvCache cache(backend, dit, rollout.windowFrames, rollout.sinkFrames, figures.tokensPerFrame);
    figures.bytes = backend.allocatedBytes() - before;
    figures.counted = true;
    return figures;
}

class InfoCommand final : public Command {
public:
    void addTo(CLI::App& parser) override {
        parser.add_option("model", modelName_, "A model folder, or the name of an installed model");
        parser.add_option("--size", size_, "Size to plan the memory for");
        parser.add_option("--window", window_, "Latent frames the model sees")->check(CLI::Range(1, 100'000));
        parser.add_option("--precision", precision_, "fp32 or bf16");
        parser.add_option("--device", device_, "What computes: cpu, cuda or cuda:N");
        parser.add_flag("--config-only", configOnly_, "Read model.json alone: dimensions and cache, no weights needed");
    }

    CommandResult run(Reporter& reporter) override {
        BackendChoice wanted{.device = device_};
        if (!precision_.empty()) {
            const Result<Precision> precision = parsePrecision(precision_);
            if (!precision) return usage("--precision: " + precision.message());
            wanted.precision = *precision;
        }
        Result<PictureSize> size = PictureSize{};
        if (!size_.empty()) {
            size = parsePictureSize(size_);
            if (!size) return usage("--size: " + size.message());
        }
        const Result<std::string> folder = resolveModelFolder(modelName_);
        if (!folder) return failure(folder.message());
        if (const Result<int> device = parseDevice(device_); !device) return usage("--device: " + device.message());
        const Result<std::unique_ptr<Backend>> made = makeBackend(wanted);
        if (!made) return failure(made.message());
        const std::unique_ptr<Backend>& backend = *made;
        if (configOnly_) return describeConfig(*folder, *size, *backend, reporter);
        const Result<std::unique_ptr<Model>> model = Model::load(*folder, *backend);
        if (!model) return failure(model.message());
        const ModelConfig& config = (*model)->config();
        if (size_.empty()) size = PictureSize{config.width, config.height};
        if (const auto valid = (*model)->checkSize(size->width, size->height); !valid) return usage(valid.message());
        RolloutConfig rollout = config.rollout;
        if (window_ > 0) rollout.windowFrames = window_;
        if (const auto valid = validate(rollout); !valid) return usage(valid.message());
        return describe(**model, *size, rollout, reporter);
    }

private:
    CommandResult describe(const Model& model, PictureSize size, const RolloutConfig& rollout, Reporter& reporter) const;
    CommandResult describeConfig(const std::string& folder, PictureSize size, Backend& backend, Reporter& reporter) const;

    std::string modelName_, size_, precision_, device_ = "cpu";
    int window_ = 0;
    bool configOnly_ = false;
};

std::string parameterText(int64_t count) {
    const auto value = static_cast<double>(count);
    if (count >= 1'000'000'000) return fixed(value / 1e9, 2) + " billion";
    return fixed(value / 1e6, 2) + " million";
}

using Table = std::vector<std::vector<std::string>>;

Table dimensionTable(const DitConfig& dit) {
    Table rows{{"layers", std::to_string(dit.numLayers)},
               {"width", std::to_string(dit.dim)},
               {"heads", std::to_string(dit.numHeads) + " x " + std::to_string(dit.headDim())},
               {"feed-forward", std::to_string(dit.ffnDim)},
               {"text", std::to_string(dit.textLen) + " x " + std::to_string(dit.textDim)}};
    if (dit.attention == AttentionKind::Mla) {
        rows.push_back({"d_c, d_r", std::to_string(dit.mla.dC) + ", " + std::to_string(dit.mla.dR)});
        rows.push_back(
            {"d_cq, d_nope, d_v", std::to_string(dit.mla.dCq) + ", " + std::to_string(dit.mla.dNope) + ", " + std::to_string(dit.mla.dV)});
    }
    return rows;
}

Table cacheTable(const DitConfig& dit, const CacheFigures& cache, size_t number) {
    const auto numbers = [&](int width) {
        return std::to_string(width) + " numbers, " + std::to_string(static_cast<size_t>(width) * number) + " B";
    };
    return {{"", "this model", "dense"},
            {"a token and layer", numbers(dit.cacheWidth()), numbers(dit.denseCacheWidth())},
            {"window of " + std::to_string(cache.frames) + " frames", humanBytes(cache.bytes), humanBytes(cache.denseBytes)}};
}

double savingOf(const DitConfig& dit) { return 100.0 * (1.0 - static_cast<double>(dit.cacheWidth()) / dit.denseCacheWidth()); }

std::string dimensionText(const DitConfig& dit) {
    const char* attention = dit.attention == AttentionKind::Mla ? "latent (MLA)" : "dense";
    return std::string("attention: ") + attention + "\n" + tableText(dimensionTable(dit)) + "\n";
}

std::string cacheText(const DitConfig& dit, const CacheFigures& cache, PictureSize size, size_t number) {
    return "cache at " + std::to_string(size.width) + "x" + std::to_string(size.height) + ", " + std::to_string(cache.tokensPerFrame) +
           " tokens a frame" + (cache.counted ? ", counted from its allocation" : ", computed") + "\n" +
           tableText(cacheTable(dit, cache, number)) + "saving: " + fixed(savingOf(dit), 1) + " %\n";
}

nlohmann::json cacheJson(const DitConfig& dit, const CacheFigures& cache, size_t number) {
    return {{"values_per_token_layer", dit.cacheWidth()},
            {"dense_values_per_token_layer", dit.denseCacheWidth()},
            {"bytes_per_token_layer", static_cast<size_t>(dit.cacheWidth()) * number},
            {"dense_bytes_per_token_layer", static_cast<size_t>(dit.denseCacheWidth()) * number},
            {"bytes", cache.bytes},
            {"dense_bytes", cache.denseBytes},
            {"counted", cache.counted},
            {"tokens_per_frame", cache.tokensPerFrame},
            {"window_frames", cache.frames},
            {"saving_percent", savingOf(dit)}};
}

Table planTable(const MemoryPlan& plan) {
    return {{"transformer", humanBytes(plan.weights)},
            {"text encoder", humanBytes(plan.textEncoder)},
            {"video decoder", humanBytes(plan.videoDecoder + plan.videoStream)},
            {"cache", humanBytes(plan.cache)},
            {"working memory", humanBytes(plan.working)},
            {"total", humanBytes(plan.total())},
            {"free now", humanBytes(plan.available)}};
}

CommandResult InfoCommand::describe(const Model& model, PictureSize size, const RolloutConfig& rollout, Reporter& reporter) const {
    const ModelConfig& config = model.config();
    const DitConfig& dit = config.dit;
    const Result<int64_t> text = parametersIn((model.folder() / config.text.weights).string());
    if (!text) return failure(text.message());
    const Result<int64_t> video = parametersIn((model.folder() / config.video.weights).string());
    if (!video) return failure(video.message());
    const Result<std::string> fingerprint = modelFingerprint(model.folder().string());
    if (!fingerprint) return failure(fingerprint.message());
    const int64_t tokens = size.height / model.heightStep() * (size.width / model.widthStep());
    const CacheFigures cache = measureCache(model.backend(), dit, tokens, rollout);
    const MemoryPlan plan = model.plan(size.width, size.height, rollout);
    const size_t number = sizeOf(model.backend().computeType());

    reporter.text(config.name + (config.description.empty() ? "" : ": " + config.description));
    reporter.text("runs on " + model.backend().description() + "\n");
    reporter.text("parameters: " + parameterText(model.dit().parameters()) + " transformer, " + parameterText(*text) + " text encoder, " +
                  parameterText(*video) + " video");
    reporter.text(dimensionText(dit) + cacheText(dit, cache, size, number));
    reporter.text("memory for a take of " + std::to_string(size.width) + "x" + std::to_string(size.height) + "\n" +
                  tableText(planTable(plan)) + (plan.fits() ? "it fits" : "it does not fit: choose a smaller size or window"));
    reporter.object({{"event", "info"},
                     {"name", config.name},
                     {"folder", model.folder().string()},
                     {"fingerprint", *fingerprint},
                     {"attention", dit.attention == AttentionKind::Mla ? "mla" : "dense"},
                     {"parameters", {{"dit", model.dit().parameters()}, {"text", *text}, {"video", *video}}},
                     {"layers", dit.numLayers},
                     {"dim", dit.dim},
                     {"heads", dit.numHeads},
                     {"ffn_dim", dit.ffnDim},
                     {"d_c", dit.mla.dC},
                     {"d_r", dit.mla.dR},
                     {"width", size.width},
                     {"height", size.height},
                     {"cache", cacheJson(dit, cache, number)},
                     {"memory",
                      {{"weights", plan.weights},
                       {"text_encoder", plan.textEncoder},
                       {"video_decoder", plan.videoDecoder + plan.videoStream},
                       {"cache", plan.cache},
                       {"working", plan.working},
                       {"total", plan.total()},
                       {"available", plan.available},
                       {"fits", plan.fits()}}}});
    return done();
}

CommandResult InfoCommand::describeConfig(const std::string& folder, PictureSize size, Backend& backend, Reporter& reporter) const {
    const Result<ModelConfig> config = Model::readConfig(folder);
    if (!config) return failure(config.message());
    const DitConfig& dit = config->dit;
    RolloutConfig rollout = config->rollout;
    if (window_ > 0) rollout.windowFrames = window_;
    if (const auto valid = validate(rollout); !valid) return usage(valid.message());
    if (size == PictureSize{}) size = {config->width, config->height};
    constexpr int kPixelsPerLatent = 8;  // of every video decoder there is
    const int64_t tokens =
        static_cast<int64_t>(size.height / (kPixelsPerLatent * dit.patchH)) * (size.width / (kPixelsPerLatent * dit.patchW));
    const CacheFigures cache = measureCache(backend, dit, tokens, rollout);
    const size_t number = sizeOf(backend.computeType());
    reporter.text(config->name + (config->description.empty() ? "" : ": " + config->description) + "\n");
    reporter.text(dimensionText(dit) + cacheText(dit, cache, size, number));
    reporter.object({{"event", "info"},
                     {"name", config->name},
                     {"folder", folder},
                     {"layers", dit.numLayers},
                     {"cache", cacheJson(dit, cache, number)}});
    return done();
}

}  // namespace

std::unique_ptr<Command> makeInfoCommand() { return std::make_unique<InfoCommand>(); }

}  // namespace longtake
