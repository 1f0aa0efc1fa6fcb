// FrameRing: the bounded queue of finished frames between who makes them and who shows them.
//
// Owner:  the session.
// Thread: push() from one thread, pop() from another; everything else from any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "engine/video/video_codec.h"

namespace longtake {

// Where a frame lies in memory that the display shares with the backend (kernels/shared_frames.h).
struct SharedPlace {
    int64_t ring = 0;  // which memory: the number that whoever shared it gave
    int slot = 0;
    uint64_t ready = 0;  // what the writer's timeline has reached when the picture is there
};

// A frame and its place.
struct RingFrame {
    Frame8 picture;
    int64_t index = 0;                  // video frame of the take
    int64_t take = 0;                   // which take of the session
    std::optional<SharedPlace> shared;  // the same picture
};

class FrameRing {
public:
    enum class WhenFull {
        Block,       // push() waits: nothing is lost
        DropOldest,  // the oldest frame goes: the newest is always there
    };

    // capacity: frames, at least one.
    FrameRing(size_t capacity, WhenFull whenFull);
    FrameRing(const FrameRing&) = delete;
    FrameRing& operator=(const FrameRing&) = delete;

    // False when the ring was stopped, before or while waiting: the frame is dropped.
    bool push(RingFrame frame);
    // The oldest frame; none when there is none now.
    std::optional<RingFrame> pop();
    // Waits for a frame; none once the ring is stopped and empty.
    std::optional<RingFrame> popWait();

    // Wakes everybody who waits; nothing is taken any more, what is in the ring can still be read.
    void stop();
    // Forgets the frames and takes new ones again, also after stop().
    void reset();
    // Another capacity; frames beyond it stay until they are read.
    void resize(size_t capacity);

    size_t size() const;
    size_t room() const;  // frames that push() would take at once without waiting or dropping
    int64_t dropped() const;

private:
    mutable std::mutex mutex_;
    std::condition_variable hasRoom_, hasFrame_;
    std::deque<RingFrame> frames_;
    size_t capacity_;
    const WhenFull whenFull_;
    uint64_t epoch_ = 0;  // counts reset(): a push that waited across one belongs to the past
    int64_t dropped_ = 0;
    bool stopped_ = false;
};

}  // namespace longtake
