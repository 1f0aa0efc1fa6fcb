#include "ui/canvas/canvas_playback.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <vector>

namespace longtake {
namespace {

constexpr double kFpsWindow = 2;

}  // namespace

CanvasPlayback::CanvasPlayback(QObject* parent) : QObject(parent) {
    timer_.setSingleShot(true);
    timer_.setTimerType(Qt::PreciseTimer);
    connect(&timer_, &QTimer::timeout, this, &CanvasPlayback::wake);
}

double CanvasPlayback::now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void CanvasPlayback::submit(const FrameView& frame, FrameStamp stamp) {
    if (frame.empty()) return;
    history_.put(stamp.index, frame);
    note(stamp);
}

void CanvasPlayback::submitShared(SharedPicture picture, FrameStamp stamp) {
    std::erase_if(shared_, [&](const auto& entry) { return entry.second.slot == picture.slot; });
    shared_[stamp.index] = picture;
    note(stamp);
}

void CanvasPlayback::dropShared() { shared_.clear(); }

void CanvasPlayback::note(FrameStamp stamp) {
    pacer_.submit(stamp, now());
    if (stamp.index == missing_) choose(stamp);
    noteWants();
    if (!followsRefresh_ || !isPlaying()) wake();  // a paused screen does not tick
}

// Handing slots back may bring the next picture: nobody is called while the map is looked through.
void CanvasPlayback::freeSlotsBefore(int64_t index) {
    std::vector<int> freed;
    std::erase_if(shared_, [&](const auto& entry) {
        if (entry.first >= index) return false;
        freed.push_back(entry.second.slot);
        return true;
    });
    for (int slot : freed) emit slotFreed(slot);
}

void CanvasPlayback::clear() {
    pacer_.clear();
    history_.clear();
    freeSlotsBefore(std::numeric_limits<int64_t>::max());
    shownAt_.clear();
    drawn_ = {};
    missing_ = -1;
    presented_ = true;
    ++serial_;
    timer_.stop();
    noteWants();
    emit changed();
}

void CanvasPlayback::setPlaying(bool playing) {
    pacer_.setPlaying(playing, now());
    wake();
}

void CanvasPlayback::setSpeed(double speed) {
    pacer_.setSpeed(speed, now());
    wake();
}

void CanvasPlayback::seek(double seconds) {
    pacer_.seek(seconds, now());
    wake();
}

void CanvasPlayback::step(int frames) {
    pacer_.step(frames, now());
    wake();
}

void CanvasPlayback::goLive() {
    pacer_.goLive(now());
    wake();
}

PlaybackFigures CanvasPlayback::figures() const {
    PlaybackFigures figures{.latencySeconds = pacer_.latencySeconds(),
                            .behindSeconds = pacer_.behindSeconds(),
                            .rate = pacer_.rate(),
                            .underruns = pacer_.underruns(),
                            .isStarved = pacer_.isStarved()};
    bool isRecent = shownAt_.size() > 1 && now() - shownAt_.back() < kFpsWindow;
    if (isRecent) figures.displayFps = double(shownAt_.size() - 1) / (shownAt_.back() - shownAt_.front());
    return figures;
}

FrameView CanvasPlayback::picture() { return serial_ ? history_.find(drawn_.index) : FrameView{}; }

std::optional<SharedPicture> CanvasPlayback::sharedPicture() const {
    auto found = shared_.find(drawn_.index);
    if (serial_ == 0 || found == shared_.end()) return std::nullopt;
    return found->second;
}

void CanvasPlayback::setFollowsRefresh(bool follows) {
    if (follows == followsRefresh_) return;
    followsRefresh_ = follows;
    wake();
}

void CanvasPlayback::wake() { tick(now()); }

void CanvasPlayback::tick(double refreshTime) {
    const double before = pacer_.speed();
    if (auto frame = pacer_.advance(refreshTime)) choose(*frame);
    if (pacer_.isPlaying() && pacer_.speed() < 0 && pacer_.isAtStart()) pacer_.setPlaying(false, refreshTime);
    noteWants();
    schedule();
    if (pacer_.speed() != before) emit speedChanged();
}

void CanvasPlayback::choose(FrameStamp stamp) {
    if (!holds(stamp.index)) {
        missing_ = stamp.index;
        emit frameNeeded(stamp.index);
        return;
    }
    missing_ = -1;
    drawn_ = stamp;
    ++serial_;
    presented_ = false;
    freeSlotsBefore(stamp.index);
    emit changed();
}

void CanvasPlayback::schedule() {
    timer_.stop();
    if (followsRefresh_) return;
    if (auto due = pacer_.nextChange()) {
        // Milliseconds up: the pacer takes a frame a little early, but a wake-up before that would be for nothing.
        timer_.start(std::max(0, int(std::ceil((*due - now()) * 1000))));
    }
}

void CanvasPlayback::notePresented() {
    if (presented_) return;
    presented_ = true;
    double at = now();
    shownAt_.push_back(at);
    while (shownAt_.size() > 2 && at - shownAt_.front() > kFpsWindow) shownAt_.pop_front();
    emit frameShown(drawn_.index, drawn_.seconds);
}

void CanvasPlayback::noteWants() {
    bool wants = pacer_.wantsFrames();
    if (wants == wanted_) return;
    wanted_ = wants;
    emit wantsFramesChanged(wants);
}

}  // namespace longtake
