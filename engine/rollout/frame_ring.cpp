#include "engine/rollout/frame_ring.h"

#include <algorithm>

namespace longtake {

FrameRing::FrameRing(size_t capacity, WhenFull whenFull) : capacity_(std::max<size_t>(capacity, 1)), whenFull_(whenFull) {}

bool FrameRing::push(RingFrame frame) {
    std::unique_lock lock(mutex_);
    if (whenFull_ == WhenFull::Block) {
        const uint64_t epoch = epoch_;
        hasRoom_.wait(lock, [&] { return stopped_ || epoch != epoch_ || frames_.size() < capacity_; });
        if (epoch != epoch_) return false;
    }
    if (stopped_) return false;
    while (frames_.size() >= capacity_) {
        frames_.pop_front();
        ++dropped_;
    }
    frames_.push_back(std::move(frame));
    lock.unlock();
    hasFrame_.notify_one();
    return true;
}

std::optional<RingFrame> FrameRing::pop() {
    std::optional<RingFrame> frame;
    {
        const std::lock_guard lock(mutex_);
        if (frames_.empty()) return frame;
        frame = std::move(frames_.front());
        frames_.pop_front();
    }
    hasRoom_.notify_one();
    return frame;
}

std::optional<RingFrame> FrameRing::popWait() {
    std::optional<RingFrame> frame;
    {
        std::unique_lock lock(mutex_);
        hasFrame_.wait(lock, [&] { return stopped_ || !frames_.empty(); });
        if (frames_.empty()) return frame;
        frame = std::move(frames_.front());
        frames_.pop_front();
    }
    hasRoom_.notify_one();
    return frame;
}

void FrameRing::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    hasRoom_.notify_all();
    hasFrame_.notify_all();
}

void FrameRing::reset() {
    {
        const std::lock_guard lock(mutex_);
        frames_.clear();
        dropped_ = 0;
        stopped_ = false;
        ++epoch_;
    }
    hasRoom_.notify_all();
}

void FrameRing::resize(size_t capacity) {
    {
        const std::lock_guard lock(mutex_);
        capacity_ = std::max<size_t>(capacity, 1);
    }
    hasRoom_.notify_all();
}

size_t FrameRing::size() const {
    const std::lock_guard lock(mutex_);
    return frames_.size();
}

size_t FrameRing::room() const {
    const std::lock_guard lock(mutex_);
    return stopped_ || frames_.size() >= capacity_ ? 0 : capacity_ - frames_.size();
}

int64_t FrameRing::dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
}

}  // namespace longtake
