#include "app/cli/take_outputs.h"

#include <algorithm>
#include <array>

#include "app/files/atomic_file.h"
#include "app/files/file_error.h"
#include "app/media/animation_writer.h"
#include "app/media/png_sequence.h"
#include "app/media/video_writer.h"

namespace longtake {

namespace {

// Where a path leads to, through links and dots, whether or not there is something yet.
std::filesystem::path resolved(const std::string& path) {
    std::error_code failure;
    const std::filesystem::path found = std::filesystem::weakly_canonical(std::filesystem::absolute(path), failure);
    if (failure) return path;
    return found.has_filename() ? found : found.parent_path();  // a folder's name may end with a slash
}

}  // namespace

CommandResult OutputChoice::check() const {
    if (output.empty() && frames.empty()) return usage("there is no output; give -o FILE.mp4 or --frames DIR");
    constexpr std::array<std::string_view, 4> kEndings{".mp4", ".mov", ".gif", ".webp"};
    const bool known = std::any_of(kEndings.begin(), kEndings.end(), [this](auto ending) { return output.ends_with(ending); });
    if (!output.empty() && !known) {
        return usage("cannot tell the format of " + printable(output) + "; give a name that ends in .mp4, .mov, .gif or .webp");
    }
    if (!contactSheet.empty() && !contactSheet.ends_with(".png")) {
        return usage("--contact-sheet " + printable(contactSheet) + ": a contact sheet is a PNG; give a name that ends in .png");
    }
    if (!saveProject.empty() && !saveProject.ends_with(".longtake")) {
        return usage("--save-project " + printable(saveProject) + ": give a name that ends in .longtake");
    }
    if (const auto valid = parseVideoCodec(codec); !valid) return usage(valid.message());
    if (const auto valid = parseQuality(quality); !valid) return usage(valid.message());
    if (!videoSize.empty()) {
        if (const auto size = parsePictureSize(videoSize); !size) return usage("--video-size: " + size.message());
    }
    for (const std::string& path : {output, contactSheet, saveProject}) {
        if (path.empty()) continue;
        if (!frames.empty() && resolved(path) == resolved(frames)) {
            return usage("--frames " + printable(frames) + ": another output has that name; give each a name of its own");
        }
        if (const auto place = checkPlace(path); !place) return failure(place.message());
    }
    return done();
}

OutputChoice OutputChoice::numbered(size_t take) const {
    OutputChoice out = *this;
    while (out.frames.size() > 1 && out.frames.ends_with('/')) out.frames.pop_back();
    const std::string number = "-" + std::to_string(take + 1);
    for (std::string* path : {&out.output, &out.contactSheet, &out.saveProject}) {
        if (path->empty()) continue;
        const std::filesystem::path given = *path;
        *path = (given.parent_path() / (given.stem().string() + number + given.extension().string())).string();
    }
    if (!out.frames.empty()) out.frames += number;
    return out;
}

Result<std::unique_ptr<ExportSink>> TakeOutputs::openVideo() {
    const Project& project = project_;
    const PictureSize frames{project.width, project.height};
    const PictureSize size = choice_.videoSize.empty() ? PictureSize{} : *parsePictureSize(choice_.videoSize);
    const Result<FrameRate> rate = parseFrameRate(fixed(project.fps, 3));
    if (!rate) return rate.error();
    if (choice_.output.ends_with(".gif") || choice_.output.ends_with(".webp")) {
        auto writer = AnimationWriter::create(choice_.output, frames,
                                              {.kind = choice_.output.ends_with(".gif") ? AnimationKind::Gif : AnimationKind::Webp,
                                               .quality = *parseQuality(choice_.quality),
                                               .frameRate = *rate,
                                               .size = size});
        if (!writer) return writer.error();
        return std::unique_ptr<ExportSink>(std::move(*writer));
    }
    VideoOptions options;
    options.codec = *parseVideoCodec(choice_.codec);
    options.quality = *parseQuality(choice_.quality);
    options.frameRate = *rate;
    options.size = size;
    options.projectJson = project.toJson();
    auto writer = VideoWriter::create(choice_.output, frames, options);
    if (!writer) return writer.error();
    encoderName_ = (*writer)->encoderName();
    takesNv12_ = (*writer)->takesNv12();
    return std::unique_ptr<ExportSink>(std::move(*writer));
}

CommandResult TakeOutputs::open(int64_t frames) {
    const auto add = [this](std::unique_ptr<ExportSink> sink) {
        ExporterOptions options;
        options.maxWait = std::chrono::milliseconds::max();  // nobody watches: no frame may be dropped
        exporters_.push_back(std::make_unique<Exporter>(std::move(sink), options));
    };
    if (!choice_.output.empty()) {
        auto video = openVideo();
        if (!video) return failure(video.message());
        add(std::move(*video));
    }
    if (!choice_.frames.empty()) {
        auto sequence = PngSequence::create(choice_.frames);
        if (!sequence) {
            for (const auto& exporter : exporters_) exporter->cancel();
            return failure(sequence.message());
        }
        add(std::move(*sequence));
    }
    if (!choice_.contactSheet.empty()) sheet_.emplace(frames, ContactSheetOptions{});
    return done();
}

CommandResult TakeOutputs::finish(const RunTotals& totals) {
    Project& project = project_;
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
    if (!problem_.empty()) return failure(problem_);
    if (sheet_) {
        if (const auto written = sheet_->write(choice_.contactSheet); !written) return failure(written.message());
    }
    if (!choice_.saveProject.empty()) {
        if (const auto saved = project.save(choice_.saveProject); !saved) return failure(saved.message());
    }
    return done();
}

bool TakeOutputs::push(const Frame8& frame) {
    const FrameView view = viewOf(frame);
    for (const auto& exporter : exporters_) {
        const bool asNv12 = takesNv12_ && exporter == exporters_.front();
        if (exporter->push(asNv12 ? encoderViewOf(frame) : view) == PushResult::Closed) return false;
    }
    if (sheet_) {
        if (const auto added = sheet_->add(view); !added) problem_ = added.message();
    }
    project_.frameHashes.push_back(frameHash(frame));
    return problem_.empty();
}

void TakeOutputs::cancel() {
    for (const auto& exporter : exporters_) exporter->cancel();
    for (const auto& exporter : exporters_) (void)exporter->wait().ok();
}

}  // namespace longtake
