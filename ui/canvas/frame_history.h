// The pictures of a take that are kept in memory, so that scrubbing back needs nobody else.
//
// Owner:  CanvasPlayback.
// Thread: GUI thread only.
#pragma once

#include <list>
#include <unordered_map>
#include <vector>

#include "engine/video/frame_view.h"
#include "ui/canvas/frame_stamp.h"

namespace longtake {

class FrameHistory {
public:
    // 832x480 takes 1.2 MB a frame in RGB: 256 MiB hold 14 s of it, or 150 s at 256x144.
    explicit FrameHistory(size_t maxBytes = size_t(256) << 20) : maxBytes_(maxBytes) {}

    // Copies, tightly packed. Past the limit the frames go that were put in or looked at longest ago; the newest one
    // always stays.
    void put(int64_t index, const FrameView& frame);
    // Borrowed until the next put() or clear(); no pixels when it is not held.
    FrameView find(int64_t index);
    bool holds(int64_t index) const { return byIndex_.contains(index); }
    void clear();

    void setMaxBytes(size_t bytes);
    size_t bytes() const { return bytes_; }

private:
    struct Kept {
        int64_t index = 0;
        PictureSize size;
        PixelFormat format = PixelFormat::Rgb24;
        std::vector<uint8_t> pixels;
    };

    void dropOldest(size_t needed);

    size_t maxBytes_;
    size_t bytes_ = 0;
    std::list<Kept> byUse_;       // latest first
    std::vector<uint8_t> spare_;  // memory of the last dropped frame, for the next one
    std::unordered_map<int64_t, std::list<Kept>::iterator> byIndex_;
};

}  // namespace longtake
