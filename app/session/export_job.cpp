#include "app/session/export_job.h"

#include <algorithm>
#include <limits>

#include "app/media/video_writer.h"

namespace longtake {

namespace {

constexpr int kPollMs = 50;
constexpr auto kPushWait = std::chrono::milliseconds(50);

}  // namespace

ExportJob::ExportJob(std::shared_ptr<FrameStore> frames, std::unique_ptr<ExportSink> sink, ExportSpan span,
                     std::function<void()> onProgress)
    : frames_(std::move(frames)), span_(span), end_(span.last ? *span.last + 1 : std::numeric_limits<int64_t>::max()),
      exporter_(std::move(sink), {.maxWait = kPushWait, .givesWay = true, .onProgress = std::move(onProgress)}),
      thread_([this] { run(); }) {}

ExportJob::~ExportJob() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
}

void ExportJob::finish(std::string projectJson) {
    {
        const std::lock_guard lock(mutex_);
        projectJson_ = std::move(projectJson);
    }
    end_ = std::min(end_.load(), frames_->frames());
}

void ExportJob::cancel() {
    stop_ = true;
    exporter_.cancel();
}

Result<void> ExportJob::wait() {
    if (thread_.joinable()) thread_.join();
    return exporter_.wait();
}

double ExportJob::share() const {
    if (!span_.last) return 0;
    return static_cast<double>(progress().written) / static_cast<double>(std::max<int64_t>(1, *span_.last - span_.first + 1));
}

bool ExportJob::pushFrame(const Frame8& frame) {
    const FrameView view{.data = frame.rgb.data(), .width = frame.width, .height = frame.height, .stride = ptrdiff_t{3} * frame.width};
    while (!stop_) {
        const PushResult result = exporter_.push(view);
        if (result != PushResult::Full) return result == PushResult::Accepted;
    }
    return false;
}

void ExportJob::run() {
    giveWay();
    for (int64_t index = span_.first; index < end_ && !stop_;) {
        if (!frames_->waitFor(index, kPollMs)) {
            if (frames_->isClosed()) break;
            continue;
        }
        const std::optional<Frame8> frame = frames_->read(index);
        if (!frame) {
            // So far behind that the store has forgotten it: the film goes on with what is there.
            index = std::max(index + 1, frames_->firstFrame());
            continue;
        }
        if (!pushFrame(*frame)) return;
        ++index;
    }
    if (stop_) return;
    exporter_.finish([this](ExportSink& sink) {
        const std::lock_guard lock(mutex_);
        auto* video = dynamic_cast<VideoWriter*>(&sink);
        // A project that does not fit is left out; the one embedded at the start stays.
        if (video && !projectJson_.empty()) (void)video->setProject(projectJson_);
    });
}

}  // namespace longtake
