// Pictures that a backend writes straight into memory of the display: the other side (Vulkan) allocates a ring of slots and
// two timelines and exports them, this side imports them. Nobody waits on the CPU.
//
// Owner:  whoever imported; the Backend must outlive it.
// Thread: the Backend's.
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "kernels/params.h"

namespace longtake {

// The descriptors are taken over, whether importing works or not.
struct SharedFramesOrigin {
    int memoryFd = -1;
    uint64_t allocationBytes = 0;
    uint64_t slotBytes = 0;  // RGBA8, rows without gaps
    int slotCount = 0;
    int readyFd = -1;     // the writer signals
    int releasedFd = -1;  // the display signals
    std::array<unsigned char, 16> deviceUuid{};
};

// Holds an origin until somebody takes it over; closes the descriptors of one that nobody wanted.
class SharedFramesOffer {
public:
    explicit SharedFramesOffer(const SharedFramesOrigin& origin) : origin_(origin) {}
    ~SharedFramesOffer();
    SharedFramesOffer(SharedFramesOffer&& other) noexcept : origin_(other.take()) {}
    SharedFramesOffer& operator=(SharedFramesOffer other) noexcept {
        std::swap(origin_, other.origin_);
        return *this;
    }
    SharedFramesOrigin take() { return std::exchange(origin_, {}); }

private:
    SharedFramesOrigin origin_;
};

class SharedFrameWriter {
public:
    virtual ~SharedFrameWriter() = default;
    // Queues: wait until the display has released the slot (`releasedValue`; 0: never shown), write the picture, signal.
    // pictures: y and bytesPerPixel are not looked at. Gives the value of `ready` that the display has to wait for.
    // Throws std::invalid_argument when the slot does not exist or is too small.
    virtual uint64_t write(const PicturesParams& pictures, int slot, uint64_t releasedValue) = 0;
};

}  // namespace longtake
