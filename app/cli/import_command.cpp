#include <chrono>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/arguments.h"
#include "app/cli/commands.h"
#include "engine/checkpoint/import_model.h"

namespace longtake {
namespace {

class ImportCommand final : public Command {
public:
    void addTo(CLI::App& parser) override {
        parser.add_option("--dit", dit_, "The video transformer: a file, an index of shards or a folder")->required();
        parser.add_option("--text-encoder", textEncoder_, "The UMT5 encoder")->required();
        parser.add_option("--video", video_, "The video decoder: a TAEHV file or the Wan VAE")->required();
        parser.add_option("--tokenizer", tokenizer_, "spiece.model, where the text encoder's file does not carry it");
        parser.add_option("--config", ditConfig_, "The transformer's config.json");
        parser.add_option("--lora", lora_, "An adapter to merge into the transformer");
        parser.add_option("--lora-alpha", loraAlpha_, "Its strength, instead of what its file says");
        parser.add_flag("--not-averaged", notAveraged_, "Take the trained weights where there are averaged ones too");
        parser.add_option("-o,--output", output_, "The new model folder")->required();
        parser.add_option("--name", name_, "What the model is called")->required();
        parser.add_option("--description", description_, "One line about it");
        parser.add_option("--license", license_, "The licence of the weights");
        parser.add_option("--weights", weights_, "keep, bf16 or fp32: what the weights are written in")
            ->check(CLI::IsMember({"keep", "bf16", "fp32"}));
        parser.add_option("--rope-bands", ropeBands_, "high or recomputed: which rotary entries a latent model uses")
            ->check(CLI::IsMember({"high", "recomputed"}));
        parser.add_option("--size", size_, "Default size, such as 832x480");
        parser.add_option("--fps", fps_, "Frames per second")->check(CLI::Range(1, 240));
    }

    CommandResult run(Reporter& reporter) override {
        ImportOptions options{.dit = dit_,
                              .textEncoder = textEncoder_,
                              .video = video_,
                              .tokenizer = tokenizer_,
                              .ditConfig = ditConfig_,
                              .lora = lora_,
                              .loraAlpha = loraAlpha_,
                              .useAveraged = !notAveraged_,
                              .output = output_,
                              .name = name_,
                              .description = description_,
                              .license = license_,
                              .rollout = std::nullopt,
                              .sampler = {},
                              .progress = {}};
        if (weights_ == "bf16") options.precision = WeightPrecision::Bf16;
        if (weights_ == "fp32") options.precision = WeightPrecision::F32;
        if (ropeBands_ == "recomputed") options.ropeBands = RopeBands::Recomputed;
        const Result<PictureSize> size = parsePictureSize(size_);
        if (!size) return usage(size.message());
        options.width = size->width;
        options.height = size->height;
        options.fps = fps_;
        options.progress = [&](const ImportProgress& progress) {
            report(progress, reporter);
            return true;
        };
        const Result<ImportReport> imported = importModel(options);
        if (!imported) return failure(imported.message());
        for (const std::string& line : imported->lines) reporter.text(line);
        reporter.text("wrote " + imported->folder.string() + " (" + humanBytes(imported->bytesWritten) + ")");
        reporter.object(
            {{"event", "done"}, {"folder", imported->folder.string()}, {"bytes", imported->bytesWritten}, {"notes", imported->lines}});
        return done();
    }

private:
    void report(const ImportProgress& progress, Reporter& reporter) {
        const auto now = std::chrono::steady_clock::now();
        if (progress.file == lastFile_ && now - lastReport_ < std::chrono::seconds(5)) return;
        lastReport_ = now;
        lastFile_ = progress.file;
        reporter.note("writing " + progress.file + ": " + humanBytes(progress.done) + " of " + humanBytes(progress.total));
    }

    std::string dit_, textEncoder_, video_, tokenizer_, ditConfig_, lora_, output_, name_, description_, license_;
    std::string weights_ = "keep", ropeBands_ = "high", size_ = "832x480", lastFile_;
    float loraAlpha_ = 0;
    int fps_ = 16;
    bool notAveraged_ = false;
    std::chrono::steady_clock::time_point lastReport_{};
};

}  // namespace

std::unique_ptr<Command> makeImportCommand() { return std::make_unique<ImportCommand>(); }

}  // namespace longtake
