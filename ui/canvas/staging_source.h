// Pictures from the CPU's memory, through buffers that both sides see.
//
// Owner:  CanvasWindow, or a test. The context must outlive it.
// Thread: the renderer's.
#pragma once

#include <array>

#include "ui/canvas/frame_source.h"
#include "ui/canvas/vulkan_context.h"

namespace longtake {

class StagingSource final : public FrameSource {
public:
    explicit StagingSource(VulkanContext& context) : context_(context) {}

    // Copies the picture (RGB is widened to RGBA here). Waits only if the GPU still reads the buffer of three pictures
    // ago.
    Result<void> upload(const FrameView& frame);

    PictureSize size() const override { return size_; }
    uint64_t serial() const override { return serial_; }
    void record(VkCommandBuffer commands, VkImage image, TimelinePoint done) override;

private:
    struct Slot {
        VulkanBuffer buffer;
        TimelinePoint busyUntil;
    };

    VulkanContext& context_;
    std::array<Slot, 3> slots_;
    size_t current_ = 0;
    PictureSize size_;
    uint64_t serial_ = 0;
};

}  // namespace longtake
