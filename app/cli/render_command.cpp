#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "app/cli/take_outputs.h"
#include "app/cli/take_run.h"
#include "app/files/file_error.h"
#include "app/media/video_options.h"

namespace longtake {
namespace {

class RenderCommand final : public Command {
public:
    void addTo(CLI::App& parser) override;
    CommandResult run(Reporter& reporter) override;

private:
    CommandResult checkOutputs(const OutputChoice& choice) const;
    CommandResult openTakes(TakeSetup& setup);
    void chooseConversion(const TakeSetup& setup, const std::vector<Take*>& takes, Reporter& reporter) const;
    void report(const TakeSetup& setup, const TakeOutputs& outputs, const RunTotals& totals, Reporter& reporter) const;

    TakeArguments take_;
    OutputChoice choice_;
    int takes_ = 1;
    std::vector<std::unique_ptr<Take>> more_;  // beside the one of the setup
    std::vector<std::unique_ptr<TakeOutputs>> outputs_;
};

void RenderCommand::addTo(CLI::App& parser) {
    take_.addTo(parser);
    parser.add_option("-o,--output", choice_.output, "The video: .mp4, .mov, .gif or .webp");
    parser.add_option("--frames", choice_.frames, "A folder for the frames as PNG");
    parser.add_option("--codec", choice_.codec, "h264, h265, av1 or prores");
    parser.add_option("--quality", choice_.quality, "draft, good, best, or 0 to 100");
    parser.add_option("--video-size", choice_.videoSize, "Size of the file, where it is not that of the frames");
    parser.add_option("--contact-sheet", choice_.contactSheet, "Write a PNG with frames of the whole take side by side");
    parser.add_option("--save-project", choice_.saveProject, "Write the take's .longtake file");
    parser.add_option("--takes", takes_, "So many takes at once, of seeds that follow: out-1.mp4, out-2.mp4 ...")->check(CLI::Range(1, 1000));
}

// What can be known wrong before a model is read.
CommandResult RenderCommand::checkOutputs(const OutputChoice& choice) const {
    if (choice.output.empty() && choice.frames.empty()) return usage("there is no output; give -o FILE.mp4 or --frames DIR");
    constexpr std::array<std::string_view, 4> kEndings{".mp4", ".mov", ".gif", ".webp"};
    const bool known = std::any_of(kEndings.begin(), kEndings.end(), [&choice](auto e) { return choice.output.ends_with(e); });
    if (!choice.output.empty() && !known) {
        return usage("cannot tell the format of " + printable(choice.output) + "; give a name that ends in .mp4, .mov, .gif or .webp");
    }
    if (const auto codec = parseVideoCodec(choice.codec); !codec) return usage(codec.message());
    if (const auto quality = parseQuality(choice.quality); !quality) return usage(quality.message());
    if (!choice.videoSize.empty()) {
        if (const auto size = parsePictureSize(choice.videoSize); !size) return usage("--video-size: " + size.message());
    }
    // A take of an hour must not end with a folder that was misspelt.
    for (const std::string& path : {choice.output, choice.contactSheet, choice.saveProject}) {
        const std::filesystem::path folder = std::filesystem::path(path).parent_path();
        std::error_code ignored;
        if (!folder.empty() && !std::filesystem::is_directory(folder, ignored)) {
            const bool exists = std::filesystem::exists(folder, ignored);
            return failure(fileError("write", path, exists ? ENOTDIR : ENOENT).message);
        }
        if (!path.empty() && std::filesystem::is_directory(path, ignored)) {
            return failure(fileError("write", path, EISDIR).message);
        }
    }
    return done();
}

// Takes of one model share its weights and their working memory; each has its own cache, decoder and files.
CommandResult RenderCommand::openTakes(TakeSetup& setup) {
    const auto open = [this, &setup](const OutputChoice& choice, uint64_t seed) {
        Project project = setup.project;
        project.seed = seed;
        outputs_.push_back(std::make_unique<TakeOutputs>(choice, std::move(project)));
        return outputs_.back()->open(setup.frames);
    };
    for (int i = 1; i < takes_; ++i) {
        TakeOptions options = setup.take->options();
        options.seed += static_cast<uint64_t>(i);
        Result<std::unique_ptr<Take>> take = Take::create(*setup.model, options, setup.take.get());
        if (!take) return failure("take " + std::to_string(i + 1) + " of " + std::to_string(takes_) + ": " + take.message() + ", or fewer takes");
        (*take)->setTimeline(setup.project.timeline);
        more_.push_back(std::move(*take));
    }
    for (int i = 0; i < takes_; ++i) {
        const OutputChoice choice = takes_ == 1 ? choice_ : choice_.numbered(static_cast<size_t>(i));
        if (CommandResult wrong = open(choice, setup.project.seed + static_cast<uint64_t>(i))) return wrong;
    }
    return done();
}

// A GPU makes what its own encoder takes; everywhere else the exporter's thread converts.
void RenderCommand::chooseConversion(const TakeSetup& setup, const std::vector<Take*>& takes, Reporter& reporter) const {
    const TakeOutputs& first = *outputs_.front();
    if (setup.backend->name() == "cpu" || first.encoderName().empty()) return;
    const bool onGpu = first.takesNv12();
    for (Take* take : takes) take->setNv12(onGpu);
    reporter.note(onGpu ? "pictures for " + first.encoderName() + " are converted on the GPU"
                        : "pictures for " + first.encoderName() + " are converted by the processor: " +
                              (choice_.videoSize.empty() ? "no encoder of the GPU opens" : "they change their size"));
}

void RenderCommand::report(const TakeSetup& setup, const TakeOutputs& outputs, const RunTotals& totals, Reporter& reporter) const {
    const Project& project = outputs.project();
    const OutputChoice& choice = outputs.choice();
    const double seconds = setup.take->clock().secondsOfFrame(totals.frames);
    const uint64_t peak = peakMemoryBytes();
    const std::string target = choice.output.empty() ? choice.frames : choice.output;
    reporter.text("wrote " + target + ": " + std::to_string(totals.frames) + " frames, " + fixed(seconds, 2) + " s, " +
                  std::to_string(project.width) + "x" + std::to_string(project.height) +
                  (outputs.encoderName().empty() ? "" : ", " + outputs.encoderName()) + ", seed " + std::to_string(project.seed));
    reporter.text("made at " + fixed(totals.framesPerSecond(), 1) + " fps (video plays at " + fixed(project.fps, 0) +
                  "), first frame after " + fixed(totals.firstFrameMs + setup.loadMs, 0) + " ms, peak memory " +
                  humanBytes(peak));
    if (!choice.contactSheet.empty()) reporter.text("contact sheet " + choice.contactSheet);
    reporter.object({{"event", "done"},
                     {"output", choice.output},
                     {"frames_folder", choice.frames},
                     {"contact_sheet", choice.contactSheet},
                     {"project", choice.saveProject},
                     {"frames", totals.frames},
                     {"chunks", totals.chunks},
                     {"video_seconds", seconds},
                     {"width", project.width},
                     {"height", project.height},
                     {"seed", project.seed},
                     {"takes", takes_},
                     {"encoder", outputs.encoderName()},
                     {"fps", totals.framesPerSecond()},
                     {"load_ms", setup.loadMs},
                     {"first_frame_ms", totals.firstFrameMs},
                     {"denoise_ms", totals.denoiseMs},
                     {"clean_pass_ms", totals.cleanPassMs},
                     {"recache_ms", totals.recacheMs},
                     {"decode_ms", totals.decodeMs},
                     {"peak_memory_bytes", peak}});
}

CommandResult RenderCommand::run(Reporter& reporter) {
    if (const auto valid = take_.check(); !valid) return usage(valid.message());
    if (CommandResult wrong = checkOutputs(choice_)) return wrong;
    TakeSetup setup;
    if (CommandResult wrong = prepareTake(take_, reporter, setup)) return wrong;
    if (CommandResult wrong = openTakes(setup)) {
        for (const auto& outputs : outputs_) outputs->cancel();
        more_.clear();  // before the model that they were made of
        return wrong;
    }
    std::vector<Take*> takes{setup.take.get()};
    for (const auto& take : more_) takes.push_back(take.get());
    chooseConversion(setup, takes, reporter);
    const StopSignal stop;
    const Result<std::vector<RunTotals>> totals =
        runTakes(setup, takes, reporter, stop, [this](size_t take, const Frame8& frame) { return outputs_[take]->push(frame); });
    const bool stopped = totals.ok() && totals->front().stopped;
    const bool sinkFailed = stopped && !stop.asked();
    more_.clear();
    if (!totals || (stopped && totals->back().frames == 0 && !sinkFailed)) {
        for (const auto& outputs : outputs_) outputs->cancel();
        return failure(totals ? "stopped before the first frame; nothing is written" : totals.message());
    }
    for (size_t i = 0; i < outputs_.size(); ++i) {
        if (!outputs_[i]->problem().empty()) return failure(outputs_[i]->problem());
        if (CommandResult wrong = outputs_[i]->finish((*totals)[i])) return wrong;
        report(setup, *outputs_[i], (*totals)[i], reporter);
    }
    if (takes_ > 1) {
        int64_t frames = 0;
        for (const RunTotals& take : *totals) frames += take.frames;
        reporter.text(std::to_string(takes_) + " takes at " + fixed(static_cast<double>(frames) * 1000 / totals->front().wallMs, 1) + " fps together");
    }
    if (stopped) return failure("stopped before the end; what was made until then is kept");
    return done();
}

}  // namespace

std::unique_ptr<Command> makeRenderCommand() { return std::make_unique<RenderCommand>(); }

}  // namespace longtake
