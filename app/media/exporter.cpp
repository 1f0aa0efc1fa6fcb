#include "app/media/exporter.h"

#include <sys/resource.h>
#include <unistd.h>

namespace longtake {

// On Linux niceness is a thread's own.
void giveWay() {
    constexpr int kNiceness = 10;
    (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness);
}

Exporter::Exporter(std::unique_ptr<ExportSink> sink, ExporterOptions options)
    : path_(sink->path()), options_(std::move(options)), sink_(std::move(sink)), thread_([this] { run(); }) {}

Exporter::~Exporter() {
    {
        const std::lock_guard lock(mutex_);
        if (order_ == Order::None) order_ = Order::Abandon;
    }
    hasWork_.notify_all();
    hasRoom_.notify_all();
    thread_.join();
}

PushResult Exporter::push(const FrameView& frame) {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return queue_.size() < options_.queueFrames || order_ != Order::None || isOver(progress_.state); };
    if (!ready()) {
        if (options_.maxWait == std::chrono::milliseconds::max()) {
            hasRoom_.wait(lock, ready);
        } else {
            hasRoom_.wait_for(lock, options_.maxWait, ready);
        }
    }
    if (order_ != Order::None || isOver(progress_.state)) return PushResult::Closed;
    if (queue_.size() >= options_.queueFrames) {
        ++progress_.refused;
        return PushResult::Full;
    }
    OwnedFrame copy;
    if (!spare_.empty()) {
        copy = std::move(spare_.back());
        spare_.pop_back();
    }
    lock.unlock();  // only this producer adds, so the place stays free while the pixels are copied
    copy.assign(frame);
    lock.lock();
    if (order_ != Order::None || isOver(progress_.state)) return PushResult::Closed;
    queue_.push_back(std::move(copy));
    ++progress_.accepted;
    lock.unlock();
    hasWork_.notify_one();
    return PushResult::Accepted;
}

void Exporter::finish(std::function<void(ExportSink&)> atEnd) {
    {
        const std::lock_guard lock(mutex_);
        if (order_ != Order::None || isOver(progress_.state)) return;
        order_ = Order::Finish;
        atEnd_ = std::move(atEnd);
        progress_.state = ExportState::Finishing;
    }
    hasWork_.notify_all();
    hasRoom_.notify_all();
}

void Exporter::cancel() {
    {
        const std::lock_guard lock(mutex_);
        order_ = Order::Cancel;
    }
    hasWork_.notify_all();
    hasRoom_.notify_all();
}

Result<void> Exporter::wait() {
    std::unique_lock lock(mutex_);
    over_.wait(lock, [this] { return isOver(progress_.state); });
    if (progress_.state == ExportState::Done) return {};
    return Error{progress_.error};
}

ExportProgress Exporter::progress() const {
    const std::lock_guard lock(mutex_);
    return progress_;
}

void Exporter::run() {
    if (options_.givesWay) giveWay();
    OwnedFrame frame;
    while (true) {
        Order order = Order::None;
        {
            std::unique_lock lock(mutex_);
            hasWork_.wait(lock, [this] { return !queue_.empty() || order_ != Order::None; });
            order = order_;
            const bool writes = !queue_.empty() && (order == Order::None || order == Order::Finish);
            if (writes) {
                frame = std::move(queue_.front());
                queue_.pop_front();
                order = Order::None;
            }
        }
        if (order != Order::None) return end(order);
        if (!writeOne(frame)) return;
    }
}

bool Exporter::writeOne(OwnedFrame& frame) {
    hasRoom_.notify_one();
    const Result<void> written = sink_->write(frame.view());
    if (!written) {
        setState(ExportState::Failed, written.message());
        return false;
    }
    {
        const std::lock_guard lock(mutex_);
        ++progress_.written;
        spare_.push_back(std::move(frame));
    }
    if (options_.onProgress) options_.onProgress();
    return true;
}

void Exporter::end(Order order) {
    if (order == Order::Finish) {
        if (atEnd_) atEnd_(*sink_);
        const Result<void> finished = sink_->finish();
        if (finished) return setState(ExportState::Done);
        return setState(ExportState::Failed, finished.message());
    }
    if (order == Order::Cancel) {
        sink_->cancel();
        return setState(ExportState::Cancelled, "the export of " + path_ + " was cancelled; nothing is kept");
    }
    setState(ExportState::Failed, "the export of " + path_ + " was not finished");
}

void Exporter::setState(ExportState state, const std::string& error) {
    {
        const std::lock_guard lock(mutex_);
        progress_.state = state;
        progress_.error = error;
        queue_.clear();
        spare_.clear();
    }
    hasRoom_.notify_all();
    over_.notify_all();
    if (options_.onProgress) options_.onProgress();
}

}  // namespace longtake
