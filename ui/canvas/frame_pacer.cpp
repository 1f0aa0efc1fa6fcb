#include "ui/canvas/frame_pacer.h"

#include <algorithm>
#include <cmath>

namespace longtake {
namespace {

// A frame due within this time is shown now instead of a whole refresh late: at 60 Hz the frames of a 16 fps video
// fall on quarters of a refresh, and this keeps the exact hits away from the edge.
constexpr double kDueTolerance = 0.002;
constexpr double kBurstSilence = 0.08;
constexpr double kLongestGap = 20;
constexpr double kGapWeight = 0.4;

}  // namespace

void FramePacer::submit(FrameStamp stamp, double now) {
    auto place = std::lower_bound(frames_.begin(), frames_.end(), stamp.seconds,
                                  [](const Entry& entry, double seconds) { return entry.stamp.seconds < seconds; });
    if (place != frames_.end() && place->stamp.index == stamp.index) return;
    if (frames_.empty()) {
        position_ = furthest_ = stamp.seconds;
        clock_ = now;
    }
    bool newest = place == frames_.end();
    if (newest) noteArrival(now);
    frames_.insert(place, {.stamp = stamp, .arrived = now, .shown = false});
}

void FramePacer::clear() {
    bool playing = playing_;
    *this = FramePacer(options_);
    playing_ = playing;
}

void FramePacer::noteArrival(double now) {
    double end = frames_.empty() ? position_ : endOf(frames_.back());
    bool burstBegins = frames_.empty() || now - lastArrival_ > kBurstSilence;
    lastArrival_ = now;
    if (!burstBegins) return;
    double gap = now - burstStart_;
    double supplied = end - burstEnd_;
    if (burstCounts_ && gap > 0 && gap < kLongestGap && supplied > 0) {
        double weight = gapSeconds_ > 0 ? kGapWeight : 1;
        gapSeconds_ += weight * (gap - gapSeconds_);
        suppliedSeconds_ += weight * (supplied - suppliedSeconds_);
        adaptRate(gapSeconds_, suppliedSeconds_);
    }
    burstStart_ = now;
    burstEnd_ = end;
    burstCounts_ = playing_;
}

// Chooses the rate at which, when the next chunk comes, just the margin is left.
void FramePacer::adaptRate(double averageGap, double supplied) {
    double left = frames_.empty() ? 0 : std::max(0.0, endOf(frames_.back()) - position_);
    double rate = (left + supplied - options_.marginSeconds) / averageGap;
    rate_ = std::clamp(rate, std::min(1.0, options_.slowestRate), 1.0);
}

size_t FramePacer::entryAt(double position) const {
    // Backwards a frame ends where forwards it begins.
    double early = speed_ > 0 ? kDueTolerance * velocity() : -1e-9;
    auto after = std::upper_bound(frames_.begin(), frames_.end(), position + early,
                                  [](double at, const Entry& entry) { return at < entry.stamp.seconds; });
    return after == frames_.begin() ? 0 : size_t(after - frames_.begin()) - 1;
}

void FramePacer::runClock(double now) {
    double passed = std::max(0.0, now - clock_);
    clock_ = std::max(clock_, now);
    if (playing_ && !frames_.empty()) {
        double limit = speed_ > 1 ? std::max(position_, livePosition(now)) : endOf(frames_.back());
        if (starved_) passed = 0;  // a frame that ends a hold gets its whole time
        position_ = std::clamp(position_ + passed * velocity(), frames_.front().stamp.seconds, limit);
        bool starved = speed_ == 1 && position_ >= limit && !ended_;
        if (starved && !starved_) ++underruns_;
        starved_ = starved;
        if (speed_ > 1 && position_ >= limit) speed_ = 1;
    }
    if (!playing_ || speed_ != 1 || !wantsFrames()) burstCounts_ = false;
}

std::optional<FrameStamp> FramePacer::advance(double now) {
    runClock(now);
    if (frames_.empty()) return std::nullopt;

    size_t at = entryAt(position_);
    // Time for which no frame exists (dropped ones) is not waited for.
    if (playing_ && speed_ > 0 && at + 1 < frames_.size() && position_ >= endOf(frames_[at]) - 1e-9) {
        ++at;
        position_ = std::max(position_, frames_[at].stamp.seconds);
    }
    Entry& entry = frames_[at];
    if (current_ && current_->index == entry.stamp.index) return std::nullopt;
    current_ = entry.stamp;
    latencySeconds_ = entry.shown ? 0 : clock_ - entry.arrived;
    entry.shown = true;
    furthest_ = std::max(furthest_, endOf(entry));
    return current_;
}

std::optional<double> FramePacer::nextChange() const {
    if (frames_.empty()) return std::nullopt;
    size_t at = entryAt(position_);
    if (!current_ || current_->index != frames_[at].stamp.index) return clock_;
    if (!playing_) return std::nullopt;
    // Not more pictures a second than at speed 1: the rest is passed over.
    const double least = std::abs(speed_) > 1 ? options_.frameSeconds : 0;
    if (speed_ < 0) {
        if (isAtStart()) return std::nullopt;
        return clock_ + std::max((position_ - frames_[at].stamp.seconds) / -speed_, least);
    }
    bool isLast = at + 1 >= frames_.size();
    if (isLast && (starved_ || ended_)) return std::nullopt;
    double due = isLast ? endOf(frames_[at]) : std::min(frames_[at + 1].stamp.seconds, endOf(frames_[at]));
    return clock_ + std::max((due - position_) / velocity(), least);
}

void FramePacer::setPlaying(bool playing, double now) {
    if (playing == playing_) return;
    runClock(now);
    playing_ = playing;
    starved_ = false;
    burstCounts_ = false;
    if (!playing) speed_ = 1;
}

void FramePacer::setSpeed(double speed, double now) {
    if (speed == speed_) return;
    runClock(now);
    speed_ = speed;
    starved_ = false;
    rate_ = 1;
}

void FramePacer::moveTo(double position, double now) {
    clock_ = std::max(clock_, now);
    if (frames_.empty()) return;
    position_ = std::clamp(position, frames_.front().stamp.seconds, frames_.back().stamp.seconds);
    starved_ = false;
    rate_ = 1;
}

void FramePacer::seek(double seconds, double now) { moveTo(seconds, now); }

void FramePacer::step(int frames, double now) {
    if (frames_.empty()) return;
    int64_t at = int64_t(entryAt(position_)) + frames;
    at = std::clamp<int64_t>(at, 0, int64_t(frames_.size()) - 1);
    moveTo(frames_[size_t(at)].stamp.seconds, now);
}

// With what is still to come known, there is enough left to last until then; else it is the newest.
double FramePacer::livePosition(double now) const {
    double untilNext = gapSeconds_ > 0 ? std::clamp(burstStart_ + gapSeconds_ - now, 0.0, options_.aheadSeconds) : 0;
    return endOf(frames_.back()) - std::max(untilNext, options_.frameSeconds);
}

void FramePacer::goLive(double now) {
    if (frames_.empty()) return;
    speed_ = 1;
    moveTo(livePosition(now), now);
}

double FramePacer::aheadSeconds() const {
    return frames_.empty() ? 0 : std::max(0.0, endOf(frames_.back()) - std::max(furthest_, position_));
}

double FramePacer::behindSeconds() const { return frames_.empty() ? 0 : std::max(0.0, frames_.back().stamp.seconds - position_); }

}  // namespace longtake
