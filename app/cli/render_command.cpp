#include <filesystem>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "app/cli/take_outputs.h"
#include "app/cli/take_run.h"
#include "app/files/file_error.h"

namespace longtake {
namespace {

class RenderCommand final : public Command {
public:
    void addTo(CLI::App& parser) override;
    CommandResult run(Reporter& reporter) override;

private:
    CommandResult checkOutputs() const;
    OutputChoice choiceOf(int take) const { return takes_ == 1 ? choice_ : choice_.numbered(static_cast<size_t>(take)); }
    CommandResult openTakes(TakeSetup& setup);
    void chooseConversion(const TakeSetup& setup, const std::vector<Take*>& takes, Reporter& reporter) const;
    CommandResult finishOutputs(const TakeSetup& setup, const std::vector<RunTotals>& totals, const StopSignal& stop, Reporter& reporter);
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
    parser.add_option("--takes", takes_, "So many takes at once, of seeds that follow: out-1.mp4, out-2.mp4 ...")
        ->check(CLI::Range(1, 1000));
}

CommandResult RenderCommand::checkOutputs() const {
    if (CommandResult wrong = choice_.check()) return wrong;
    for (const std::string& path : {choice_.output, choice_.contactSheet}) {
        std::error_code ignored;
        if (!take_.image.empty() && std::filesystem::equivalent(path, take_.image, ignored)) {
            return usage(printable(path) + " is the picture of --image, which would be written over; give the output another name");
        }
    }
    for (int i = 0; takes_ > 1 && i < takes_; ++i) {
        if (CommandResult wrong = choiceOf(i).check()) return wrong;
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
        if (!take)
            return failure("take " + std::to_string(i + 1) + " of " + std::to_string(takes_) + ": " + take.message() + ", or fewer takes");
        (*take)->setTimeline(setup.project.timeline);
        more_.push_back(std::move(*take));
    }
    for (int i = 0; i < takes_; ++i) {
        if (CommandResult wrong = open(choiceOf(i), setup.project.seed + static_cast<uint64_t>(i))) return wrong;
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
    reporter.text("wrote " + printable(target) + ": " + std::to_string(totals.frames) + (totals.frames == 1 ? " frame, " : " frames, ") +
                  fixed(seconds, 2) + " s, " + std::to_string(project.width) + "x" + std::to_string(project.height) +
                  (outputs.encoderName().empty() ? "" : ", " + outputs.encoderName()) + ", seed " + std::to_string(project.seed));
    reporter.text("made at " + fixed(totals.framesPerSecond(), 1) + " fps (video plays at " + fixed(project.fps, 0) +
                  "), first frame after " + fixed(totals.firstFrameMs + setup.loadMs, 0) + " ms, peak memory " + humanBytes(peak));
    if (!choice.contactSheet.empty()) reporter.text("contact sheet " + printable(choice.contactSheet));
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

// Also of a run that ended early: what was made until then is kept.
CommandResult RenderCommand::finishOutputs(const TakeSetup& setup, const std::vector<RunTotals>& totals, const StopSignal& stop,
                                           Reporter& reporter) {
    const RunTotals& run = totals.front();
    const bool sinkFailed = run.stopped && !stop.asked();  // finish() knows why
    const bool endedEarly = run.stopped || !run.problem.empty();
    CommandResult wrong;  // of the first take whose files went wrong: those of the others are finished all the same
    bool kept = false;
    for (size_t i = 0; i < outputs_.size(); ++i) {
        if (endedEarly && !sinkFailed && totals[i].frames == 0) {
            outputs_[i]->cancel();
            continue;
        }
        CommandResult mine = outputs_[i]->finish(totals[i]);
        if (!mine) report(setup, *outputs_[i], totals[i], reporter);
        kept = kept || !mine;
        if (mine && !wrong) wrong = std::move(mine);
    }
    if (wrong || !endedEarly) return wrong;
    const std::string why = run.problem.empty() ? "stopped before the end" : run.problem;
    return failure(why + (kept ? "; what was made until then is kept" : "; no frame was made until then, and nothing is written"));
}

CommandResult RenderCommand::run(Reporter& reporter) {
    if (const auto valid = take_.check(); !valid) return usage(valid.message());
    if (CommandResult wrong = checkOutputs()) return wrong;
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
    const std::vector<RunTotals> totals =
        runTakes(setup, takes, reporter, stop, [this](size_t take, const Frame8& frame) { return outputs_[take]->push(frame); });
    more_.clear();
    if (CommandResult wrong = finishOutputs(setup, totals, stop, reporter)) return wrong;
    if (takes_ > 1) {
        int64_t frames = 0;
        for (const RunTotals& take : totals) frames += take.frames;
        reporter.text(std::to_string(takes_) + " takes at " + fixed(static_cast<double>(frames) * 1000 / totals.front().wallMs, 1) +
                      " fps together");
    }
    return done();
}

}  // namespace

std::unique_ptr<Command> makeRenderCommand() { return std::make_unique<RenderCommand>(); }

}  // namespace longtake
