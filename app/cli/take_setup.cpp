#include "app/cli/take_setup.h"

#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <thread>

#include "app/media/picture_file.h"
#include "app/media/png_file.h"
#include "app/project/model_fingerprint.h"
#include "app/project/model_folders.h"
#include "kernels/devices.h"

namespace longtake {
namespace {

Result<std::string> chooseModel(const TakeArguments& arguments, const Project& project) {
    if (!arguments.model.empty()) return resolveModelFolder(arguments.model);
    std::error_code ignored;
    if (!project.model.path.empty() && std::filesystem::is_directory(project.model.path, ignored)) {
        return resolveModelFolder(project.model.path);
    }
    if (project.model.path.empty()) return resolveModelFolder({});
    // Moved to another machine: the folder's name is what models are known by.
    const std::string name = std::filesystem::path(project.model.path).filename().string();
    Result<std::string> found = resolveModelFolder(name);
    if (found) return found;
    return Error{"the project's model " + project.model.name + " is not in " + project.model.path + "; give its folder with --model"};
}

CommandResult loadModel(const TakeArguments& arguments, bool hasProject, Reporter& reporter, TakeSetup& setup) {
    Project& project = setup.project;
    const Result<std::string> folder = chooseModel(arguments, project);
    if (!folder) return failure(folder.message());
    BackendChoice wanted{
        .device = arguments.device, .threads = arguments.threads.value_or(project.threads), .f8Products = arguments.f8Products};
    if (!arguments.precision.empty()) {
        wanted.precision = *parsePrecision(arguments.precision);
    } else if (hasProject) {
        wanted.precision = project.precision;
    }
    const auto start = std::chrono::steady_clock::now();
    Result<std::unique_ptr<Backend>> backend = makeBackend(wanted);
    if (!backend) return failure(backend.message());
    setup.backend = std::move(*backend);
    Result<std::unique_ptr<Model>> model = Model::load(*folder, *setup.backend);
    if (!model) return failure(model.message());
    setup.model = std::move(*model);
    setup.loadMs = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();

    const Precision used = setup.backend->computeType() == DType::BF16 ? Precision::Bf16 : Precision::Fp32;
    if (used != wanted.precision && (hasProject || !arguments.precision.empty())) {
        reporter.note("this device has no bf16 products: the take is made in fp32 and its frames can differ");
    }
    const unsigned atOnce = std::thread::hardware_concurrency();
    if (setup.backend->name() == "cpu" && atOnce > 0 && setup.backend->threads() > static_cast<int>(atOnce)) {
        reporter.note("this machine runs " + std::to_string(atOnce) + " threads at once: more make the take slower");
    }
    project.precision = used;
    project.threads = arguments.threads.value_or(project.threads);
    const Result<std::string> fingerprint = modelFingerprint(*folder);
    if (!fingerprint) return failure(fingerprint.message());
    if (!project.model.fingerprint.empty() && project.model.fingerprint != *fingerprint) {
        reporter.note("the model in " + *folder + " is not the one the project was made with: its frames can differ");
    }
    project.model = {setup.model->config().name, *folder, *fingerprint};
    return done();
}

// Project and options over the model's own settings.
CommandResult chooseSettings(const TakeArguments& arguments, bool hasProject, TakeSetup& setup) {
    Project& project = setup.project;
    const ModelConfig& config = setup.model->config();
    if (!hasProject) {
        project.sampler = config.sampler;
        project.rollout = config.rollout;
    }
    project.fps = config.fps;
    if (!arguments.seed.empty()) project.seed = *parseSeed(arguments.seed);
    if (arguments.steps) project.sampler.steps = Sampler::evenSteps(*arguments.steps);
    if (arguments.shift) project.sampler.shift = static_cast<float>(*arguments.shift);
    if (arguments.window) project.rollout.windowFrames = *arguments.window;
    if (arguments.sink) project.rollout.sinkFrames = *arguments.sink;
    if (!arguments.size.empty()) {
        const PictureSize size = *parsePictureSize(arguments.size);
        project.width = size.width;
        project.height = size.height;
    }
    if (project.width == 0) project.width = config.width;
    if (project.height == 0) project.height = config.height;
    if (const auto valid = setup.model->checkSize(project.width, project.height); !valid) return usage(valid.message());
    if (const auto valid = validate(project.sampler); !valid) return usage(valid.message());
    if (const auto valid = validate(project.rollout); !valid) return usage(valid.message());
    return done();
}

// What of the request will not be seen in the video.
void notePrompts(const TakeSetup& setup, Reporter& reporter) {
    int64_t late = 0;
    for (const PromptSegment& segment : setup.project.timeline.segments()) {
        if (segment.firstChunk >= setup.chunks) {
            ++late;
            continue;
        }
        const Result<int64_t> dropped = setup.model->droppedTokens(segment.text);
        if (!dropped || *dropped == 0) continue;
        reporter.note("the prompt at chunk " + std::to_string(segment.firstChunk) + " is longer than the model reads: its last " +
                      std::to_string(*dropped) + " tokens are left out");
    }
    if (late == 0) return;
    const std::string prompts = late == 1 ? "its last prompt begins" : "its last " + std::to_string(late) + " prompts begin";
    reporter.note("the take ends before " + prompts + "; make it longer with --seconds");
}

}  // namespace

CommandResult prepareTake(const TakeArguments& arguments, Reporter& reporter, TakeSetup& setup) {
    if (const auto valid = arguments.check(); !valid) return usage(valid.message());
    const bool hasProject = !arguments.project.empty();
    if (hasProject) {
        Result<Project> project = loadAnyProject(arguments.project);
        if (!project) return failure(project.message());
        setup.project = std::move(*project);
        setup.recordedHashes = std::move(setup.project.frameHashes);
        setup.project.frameHashes.clear();
        setup.project.events.clear();
    }
    if (CommandResult wrong = loadModel(arguments, hasProject, reporter, setup)) return wrong;
    if (CommandResult wrong = chooseSettings(arguments, hasProject, setup)) return wrong;
    Project& project = setup.project;
    const ChunkClock clock = setup.model->clock(project.rollout.chunkFrames);
    if (!arguments.prompt.empty()) {
        Result<PromptTimeline> timeline = arguments.timeline(clock);
        if (!timeline) return usage(timeline.message());
        project.timeline = std::move(*timeline);
    }
    if (project.timeline.empty()) return usage("the project has no prompt yet; give --prompt TEXT");

    setup.frames = project.chunks > 0 ? clock.firstFrameOf(project.chunks) : std::llround(kDefaultSeconds * clock.fps);
    if (!setup.recordedHashes.empty()) setup.frames = static_cast<int64_t>(setup.recordedHashes.size());
    if (arguments.seconds) setup.frames = std::max<int64_t>(1, std::llround(*arguments.seconds * clock.fps));
    setup.chunks = clock.chunkOfFrame(setup.frames - 1) + 1;
    project.chunks = setup.chunks;
    notePrompts(setup, reporter);

    if (!arguments.image.empty()) {
        project.startImage = std::filesystem::absolute(arguments.image).string();
        project.startPicture.clear();
    }
    TakeOptions options{.width = project.width,
                        .height = project.height,
                        .seed = project.seed,
                        .window = project.rollout,
                        .sampler = project.sampler,
                        .maxFrames = setup.chunks * project.rollout.chunkFrames,
                        .start = startPictureFrom(project.startImage, project.startPicture),
                        .decoding = Decoding::Beside};
    Result<std::unique_ptr<Take>> take = Take::create(*setup.model, options);
    if (!take) return failure(take.message());
    setup.take = std::move(*take);
    if (const auto& picture = setup.take->options().start.picture) {
        const Result<std::string> png = encodePng(viewOf(*picture));
        if (!png) return failure(png.message());
        project.startPicture = *png;
    }
    setup.take->setTimeline(project.timeline);
    return done();
}

uint64_t peakMemoryBytes() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace longtake
