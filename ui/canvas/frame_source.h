// Where the renderer gets the picture from: memory of the CPU, or memory that another API on the GPU writes.
//
// Owner:  whoever draws; must outlive the renderer's last draw with it.
// Thread: the renderer's.
#pragma once

#include <vector>

#include "engine/result.h"
#include "engine/video/frame_view.h"
#include "ui/canvas/frame_stamp.h"
#include "ui/canvas/vk_handle.h"

namespace longtake {

struct TimelinePoint {
    VkSemaphore timeline = VK_NULL_HANDLE;
    uint64_t value = 0;
};

class FrameSource {
public:
    virtual ~FrameSource() = default;

    virtual PictureSize size() const = 0;  // of the current picture; empty before the first
    virtual uint64_t serial() const = 0;   // another number for every picture; the renderer copies when it changes

    // Records the copy of the current picture into `image` (RGBA8, TRANSFER_DST_OPTIMAL), with what barriers its own
    // memory needs. `done` is reached when the copy has been made.
    virtual void record(VkCommandBuffer commands, VkImage image, TimelinePoint done) = 0;

    // What a submission with such a copy has to wait for, at the transfer stage, and what it signals besides `done`.
    virtual std::vector<TimelinePoint> waitPoints() const { return {}; }
    virtual std::vector<TimelinePoint> signalPoints() const { return {}; }
};

}  // namespace longtake
