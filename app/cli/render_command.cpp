#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "app/cli/take_run.h"
#include "app/files/file_error.h"
#include "app/media/animation_writer.h"
#include "app/media/contact_sheet.h"
#include "app/media/engine_frame.h"
#include "app/media/exporter.h"
#include "app/media/png_sequence.h"
#include "app/media/video_writer.h"

namespace longtake {
namespace {

class RenderCommand final : public Command {
public:
    void addTo(CLI::App& parser) override;
    CommandResult run(Reporter& reporter) override;

private:
    CommandResult checkOutputs() const;
    CommandResult openOutputs(const TakeSetup& setup);
    Result<std::unique_ptr<ExportSink>> openVideo(const TakeSetup& setup);
    CommandResult finish(TakeSetup& setup, const RunTotals& totals);
    void report(const TakeSetup& setup, const RunTotals& totals, Reporter& reporter) const;

    TakeArguments take_;
    std::string output_, frames_, contactSheet_, saveProject_;
    std::string codec_ = "h264", quality_ = "good", videoSize_, encoderName_;
    std::vector<std::unique_ptr<Exporter>> exporters_;
    std::optional<ContactSheet> sheet_;
};

void RenderCommand::addTo(CLI::App& parser) {
    take_.addTo(parser);
    parser.add_option("-o,--output", output_, "The video: .mp4, .mov, .gif or .webp");
    parser.add_option("--frames", frames_, "A folder for the frames as PNG");
    parser.add_option("--codec", codec_, "h264, h265, av1 or prores");
    parser.add_option("--quality", quality_, "draft, good, best, or 0 to 100");
    parser.add_option("--video-size", videoSize_, "Size of the file, where it is not that of the frames");
    parser.add_option("--contact-sheet", contactSheet_, "Write a PNG with frames of the whole take side by side");
    parser.add_option("--save-project", saveProject_, "Write the take's .longtake file");
}

// What can be known wrong before a model is read.
CommandResult RenderCommand::checkOutputs() const {
    if (output_.empty() && frames_.empty()) return usage("there is no output; give -o FILE.mp4 or --frames DIR");
    constexpr std::array<std::string_view, 4> kEndings{".mp4", ".mov", ".gif", ".webp"};
    const bool known = std::any_of(kEndings.begin(), kEndings.end(), [this](auto e) { return output_.ends_with(e); });
    if (!output_.empty() && !known) {
        return usage("cannot tell the format of " + printable(output_) + "; give a name that ends in .mp4, .mov, .gif or .webp");
    }
    if (const auto codec = parseVideoCodec(codec_); !codec) return usage(codec.message());
    if (const auto quality = parseQuality(quality_); !quality) return usage(quality.message());
    if (!videoSize_.empty()) {
        if (const auto size = parsePictureSize(videoSize_); !size) return usage("--video-size: " + size.message());
    }
    // A take of an hour must not end with a folder that was misspelt.
    for (const std::string& path : {output_, contactSheet_, saveProject_}) {
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

Result<std::unique_ptr<ExportSink>> RenderCommand::openVideo(const TakeSetup& setup) {
    const Project& project = setup.project;
    const PictureSize frames{project.width, project.height};
    const PictureSize size = videoSize_.empty() ? PictureSize{} : *parsePictureSize(videoSize_);
    const Result<FrameRate> rate = parseFrameRate(fixed(project.fps, 3));
    if (!rate) return rate.error();
    if (output_.ends_with(".gif") || output_.ends_with(".webp")) {
        auto writer = AnimationWriter::create(output_, frames,
                                              {.kind = output_.ends_with(".gif") ? AnimationKind::Gif : AnimationKind::Webp,
                                               .quality = *parseQuality(quality_),
                                               .frameRate = *rate,
                                               .size = size});
        if (!writer) return writer.error();
        return std::unique_ptr<ExportSink>(std::move(*writer));
    }
    VideoOptions options;
    options.codec = *parseVideoCodec(codec_);
    options.quality = *parseQuality(quality_);
    options.frameRate = *rate;
    options.size = size;
    options.projectJson = project.toJson();
    auto writer = VideoWriter::create(output_, frames, options);
    if (!writer) return writer.error();
    encoderName_ = (*writer)->encoderName();
    return std::unique_ptr<ExportSink>(std::move(*writer));
}

CommandResult RenderCommand::openOutputs(const TakeSetup& setup) {
    const auto add = [this](std::unique_ptr<ExportSink> sink) {
        ExporterOptions options;
        options.maxWait = std::chrono::milliseconds::max();  // nobody watches: no frame may be dropped
        exporters_.push_back(std::make_unique<Exporter>(std::move(sink), options));
    };
    if (!output_.empty()) {
        auto video = openVideo(setup);
        if (!video) return failure(video.message());
        add(std::move(*video));
    }
    if (!frames_.empty()) {
        auto sequence = PngSequence::create(frames_);
        if (!sequence) {
            for (const auto& exporter : exporters_) exporter->cancel();
            return failure(sequence.message());
        }
        add(std::move(*sequence));
    }
    if (!contactSheet_.empty()) sheet_.emplace(setup.frames, ContactSheetOptions{});
    return done();
}

CommandResult RenderCommand::finish(TakeSetup& setup, const RunTotals& totals) {
    Project& project = setup.project;
    if (totals.chunks > 0) project.chunks = totals.chunks;
    const std::string json = project.toJson();
    for (const auto& exporter : exporters_) {
        exporter->finish([&json](ExportSink& sink) {
            // A project that has grown too large to embed is no reason to lose the video: the first one stays.
            if (auto* video = dynamic_cast<VideoWriter*>(&sink)) (void)video->setProject(json).ok();
        });
    }
    CommandResult wrong;
    for (const auto& exporter : exporters_) {
        if (const auto finished = exporter->wait(); !finished && !wrong) wrong = failure(finished.message());
    }
    if (wrong) return wrong;
    if (sheet_) {
        if (const auto written = sheet_->write(contactSheet_); !written) return failure(written.message());
    }
    if (!saveProject_.empty()) {
        if (const auto saved = project.save(saveProject_); !saved) return failure(saved.message());
    }
    return done();
}

void RenderCommand::report(const TakeSetup& setup, const RunTotals& totals, Reporter& reporter) const {
    const Project& project = setup.project;
    const double seconds = setup.take->clock().secondsOfFrame(totals.frames);
    const uint64_t peak = peakMemoryBytes();
    const std::string target = output_.empty() ? frames_ : output_;
    reporter.text("wrote " + target + ": " + std::to_string(totals.frames) + " frames, " + fixed(seconds, 2) + " s, " +
                  std::to_string(project.width) + "x" + std::to_string(project.height) +
                  (encoderName_.empty() ? "" : ", " + encoderName_) + ", seed " + std::to_string(project.seed));
    reporter.text("made at " + fixed(totals.framesPerSecond(), 1) + " fps (video plays at " + fixed(project.fps, 0) +
                  "), first frame after " + fixed(totals.firstFrameMs + setup.loadMs, 0) + " ms, peak memory " +
                  humanBytes(peak));
    if (!contactSheet_.empty()) reporter.text("contact sheet " + contactSheet_);
    reporter.object({{"event", "done"},
                     {"output", output_},
                     {"frames_folder", frames_},
                     {"contact_sheet", contactSheet_},
                     {"project", saveProject_},
                     {"frames", totals.frames},
                     {"chunks", totals.chunks},
                     {"video_seconds", seconds},
                     {"width", project.width},
                     {"height", project.height},
                     {"seed", project.seed},
                     {"encoder", encoderName_},
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
    if (CommandResult wrong = checkOutputs()) return wrong;
    TakeSetup setup;
    if (CommandResult wrong = prepareTake(take_, reporter, setup)) return wrong;
    if (CommandResult wrong = openOutputs(setup)) return wrong;
    const StopSignal stop;
    std::string problem;
    const Result<RunTotals> totals = runTake(setup, reporter, stop, [&](const Frame8& frame) {
        const FrameView view = viewOf(frame);
        for (const auto& exporter : exporters_) {
            if (exporter->push(view) == PushResult::Closed) return false;
        }
        if (sheet_) {
            if (const auto added = sheet_->add(view); !added) problem = added.message();
        }
        setup.project.frameHashes.push_back(frameHash(frame));
        return problem.empty();
    });
    const bool sinkFailed = totals.ok() && totals->stopped && !stop.asked();
    if (!totals || (totals->stopped && totals->frames == 0 && !sinkFailed)) {
        for (const auto& exporter : exporters_) exporter->cancel();
        for (const auto& exporter : exporters_) (void)exporter->wait().ok();
        return failure(totals ? "stopped before the first frame; nothing is written" : totals.message());
    }
    if (!problem.empty()) return failure(problem);
    if (CommandResult wrong = finish(setup, *totals)) return wrong;
    report(setup, *totals, reporter);
    if (totals->stopped) return failure("stopped before the end; what was made until then is kept");
    return done();
}

}  // namespace

std::unique_ptr<Command> makeRenderCommand() { return std::make_unique<RenderCommand>(); }

}  // namespace longtake
