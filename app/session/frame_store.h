// FrameStore: the pictures of one take on disk, so that any of it can be looked at again and exported afterwards.
//
// A file without a name, gone when the store goes or the program dies. Bounded: beyond `maxBytes` the oldest frames
// make room.
//
// Owner:  shared by the session, the canvas' scrubbing and exports.
// Thread: append() and close() from one thread; everything else from any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/result.h"
#include "engine/video/video_codec.h"

namespace longtake {

struct FrameStoreOptions {
    std::string folder;  // empty: the system's temporary folder
    int64_t maxBytes = int64_t{8} << 30;
};

class FrameStore {
public:
    static Result<std::shared_ptr<FrameStore>> create(int width, int height, const FrameStoreOptions& options = {});
    ~FrameStore();
    FrameStore(const FrameStore&) = delete;
    FrameStore& operator=(const FrameStore&) = delete;

    // The next frame. Fails when the disk is full; the store then keeps what it has and takes no more.
    Result<void> append(const Frame8& frame);
    // No more will come.
    void close();

    int64_t firstFrame() const;  // the oldest that is still there
    int64_t frames() const;      // one past the newest
    bool isClosed() const;
    std::optional<Frame8> read(int64_t index) const;
    // Waits until frame `index` is there, the store is closed, or the time is over. True when the frame is there.
    bool waitFor(int64_t index, int milliseconds) const;

    int width() const { return width_; }
    int height() const { return height_; }

private:
    FrameStore(int file, int width, int height, int64_t capacity) : file_(file), width_(width), height_(height), capacity_(capacity) {}
    int64_t frameBytes() const { return int64_t{3} * width_ * height_; }

    const int file_;
    const int width_, height_;
    const int64_t capacity_;  // frames
    mutable std::mutex mutex_;
    mutable std::condition_variable grew_;
    int64_t frames_ = 0;
    bool closed_ = false;
};

}  // namespace longtake
