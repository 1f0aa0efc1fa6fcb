#include <stdlib.h>

#include <chrono>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "app/cli/take_run.h"
#include "app/media/encoders.h"
#include "app/media/video_writer.h"
#include "engine/video/frame_view.h"

namespace longtake {
namespace {

struct EncodeFigure {
    std::string encoder;
    double framesPerSecond = 0;
    uint64_t bytes = 0;
};

class TemporaryFolder {
public:
    TemporaryFolder() {
        std::error_code failure;
        std::string name = (std::filesystem::temp_directory_path(failure) / "longtake-bench-XXXXXX").string();
        if (!failure && ::mkdtemp(name.data()) != nullptr) path_ = name;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

// All frames through one encoder, the finishing of the file included.
Result<EncodeFigure> measureEncoder(const EncoderInfo& info, const std::vector<OwnedFrame>& frames, const std::filesystem::path& folder) {
    const char* ending = info.codec == VideoCodec::Prores ? ".mov" : ".mp4";
    const std::string path = (folder / (info.name + ending)).string();
    VideoOptions options;
    options.codec = info.codec;
    options.encoder = info.name;
    const auto start = std::chrono::steady_clock::now();
    auto writer = VideoWriter::create(path, frames.front().view().size(), options);
    if (!writer) return writer.error();
    for (const OwnedFrame& frame : frames) {
        if (const auto written = (*writer)->write(frame.view()); !written) return written.error();
    }
    if (const auto finished = (*writer)->finish(); !finished) return finished.error();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    return EncodeFigure{info.name, static_cast<double>(frames.size()) / taken.count(), std::filesystem::file_size(path)};
}

class BenchCommand final : public Command {
public:
    void addTo(CLI::App& parser) override {
        take_.addTo(parser);
        parser.add_flag("--no-encoders", noEncoders_, "Measure the generation only");
    }

    CommandResult run(Reporter& reporter) override {
        if (take_.prompt.empty() && take_.project.empty()) take_.prompt = "a calm sea at dawn";
        if (!take_.seconds) take_.seconds = 8;
        TakeSetup setup;
        if (CommandResult wrong = prepareTake(take_, reporter, setup)) return wrong;
        const StopSignal stop;
        std::vector<OwnedFrame> frames;
        const Result<RunTotals> totals = runTake(setup, reporter, stop, [&](const Frame8& frame) {
            if (frames.size() < kEncodedFrames) frames.emplace_back(viewOf(frame));
            return true;
        });
        if (!totals) return failure(totals.message());
        if (totals->stopped) return failure("stopped before the end; nothing is measured");
        printGeneration(setup, *totals, reporter);
        if (!noEncoders_) return printEncoders(frames, reporter);
        return done();
    }

private:
    static constexpr size_t kEncodedFrames = 96;

    void printGeneration(const TakeSetup& setup, const RunTotals& totals, Reporter& reporter) const;
    CommandResult printEncoders(const std::vector<OwnedFrame>& frames, Reporter& reporter) const;

    TakeArguments take_;
    bool noEncoders_ = false;
};

void BenchCommand::printGeneration(const TakeSetup& setup, const RunTotals& totals, Reporter& reporter) const {
    const Project& project = setup.project;
    const double chunks = static_cast<double>(totals.chunks);
    const auto perChunk = [&](double ms) { return fixed(ms / chunks, 1) + " ms"; };
    reporter.text(setup.model->config().name + ", " + std::to_string(project.width) + "x" + std::to_string(project.height) + ", " +
                  std::to_string(project.sampler.steps.size()) + " steps, on " + setup.backend->description() + "\n" +
                  tableText({{"generation", fixed(totals.framesPerSecond(), 1) + " fps"},
                             {"plays at", fixed(project.fps, 0) + " fps"},
                             {"model loaded in", fixed(setup.loadMs, 0) + " ms"},
                             {"first frame after", fixed(totals.firstFrameMs, 0) + " ms"},
                             {"a chunk: denoise", perChunk(totals.denoiseMs)},
                             {"a chunk: clean pass", perChunk(totals.cleanPassMs)},
                             {"a chunk: re-cache", perChunk(totals.recacheMs)},
                             {"a chunk: decode", perChunk(totals.decodeMs)},
                             {"cache", humanBytes(setup.take->cache().bytes())},
                             {"dense cache", humanBytes(setup.take->cache().denseBytes())},
                             {"peak memory", humanBytes(peakMemoryBytes())}}));
    reporter.object({{"event", "bench"},
                     {"model", setup.model->config().name},
                     {"backend", setup.backend->description()},
                     {"width", project.width},
                     {"height", project.height},
                     {"frames", totals.frames},
                     {"fps", totals.framesPerSecond()},
                     {"load_ms", setup.loadMs},
                     {"first_frame_ms", totals.firstFrameMs},
                     {"denoise_ms", totals.denoiseMs / chunks},
                     {"clean_pass_ms", totals.cleanPassMs / chunks},
                     {"recache_ms", totals.recacheMs / chunks},
                     {"decode_ms", totals.decodeMs / chunks},
                     {"cache_bytes", setup.take->cache().bytes()},
                     {"dense_cache_bytes", setup.take->cache().denseBytes()},
                     {"peak_memory_bytes", peakMemoryBytes()}});
}

CommandResult BenchCommand::printEncoders(const std::vector<OwnedFrame>& frames, Reporter& reporter) const {
    const TemporaryFolder folder;
    if (folder.path().empty()) return failure("cannot make a temporary folder; set TMPDIR to one that can be written");
    std::vector<std::vector<std::string>> rows{{"encoder", "fps", "size"}};
    for (const EncoderInfo& info : availableEncoders()) {
        const Result<EncodeFigure> figure = measureEncoder(info, frames, folder.path());
        if (!figure) return failure(figure.message());
        rows.push_back({figure->encoder, fixed(figure->framesPerSecond, 1), humanBytes(figure->bytes)});
        reporter.object({{"event", "encoder"}, {"encoder", figure->encoder}, {"fps", figure->framesPerSecond}, {"bytes", figure->bytes}});
    }
    reporter.text("encoding " + std::to_string(frames.size()) + " frames\n" + tableText(rows));
    return done();
}

}  // namespace

std::unique_ptr<Command> makeBenchCommand() { return std::make_unique<BenchCommand>(); }

}  // namespace longtake
