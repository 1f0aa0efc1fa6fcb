#include "ui/canvas/frame_history.h"

#include <cstring>
#include <utility>

namespace longtake {

void FrameHistory::put(int64_t index, const FrameView& frame) {
    if (auto known = byIndex_.find(index); known != byIndex_.end()) {
        bytes_ -= known->second->pixels.size();
        byUse_.erase(known->second);
        byIndex_.erase(known);
    }
    size_t row = size_t(frame.width) * size_t(bytesPerPixel(frame.format));
    size_t total = row * size_t(frame.height);
    dropOldest(total);
    Kept kept{.index = index, .size = frame.size(), .format = frame.format, .pixels = std::exchange(spare_, {})};
    kept.pixels.resize(total);
    for (int y = 0; y < frame.height; ++y) {
        std::memcpy(kept.pixels.data() + size_t(y) * row, frame.data + y * frame.stride, row);
    }
    bytes_ += total;
    byUse_.push_front(std::move(kept));
    byIndex_[index] = byUse_.begin();
}

FrameView FrameHistory::find(int64_t index) {
    auto found = byIndex_.find(index);
    if (found == byIndex_.end()) return {};
    byUse_.splice(byUse_.begin(), byUse_, found->second);
    const Kept& kept = *found->second;
    return {.data = kept.pixels.data(),
            .width = kept.size.width,
            .height = kept.size.height,
            .stride = ptrdiff_t(kept.size.width) * bytesPerPixel(kept.format),
            .format = kept.format};
}

void FrameHistory::clear() {
    byUse_.clear();
    byIndex_.clear();
    bytes_ = 0;
}

void FrameHistory::setMaxBytes(size_t bytes) {
    maxBytes_ = bytes;
    dropOldest(0);
}

void FrameHistory::dropOldest(size_t needed) {
    while (!byUse_.empty() && bytes_ + needed > maxBytes_) {
        Kept& oldest = byUse_.back();
        bytes_ -= oldest.pixels.size();
        byIndex_.erase(oldest.index);
        spare_ = std::move(oldest.pixels);
        byUse_.pop_back();
    }
}

}  // namespace longtake
