#include "ui/canvas/staging_source.h"

#include <cstring>

namespace longtake {
namespace {

constexpr uint64_t kLongestWaitNs = 2'000'000'000;

// One word a pixel: reads one byte past a pixel, which is why the row's last one is written by itself.
void widenRow(const uint8_t* rgb, uint8_t* rgba, int width) {
    for (int x = 0; x + 1 < width; ++x) {
        uint32_t word;
        std::memcpy(&word, rgb + 3 * x, 4);
        word |= 0xff000000u;
        std::memcpy(rgba + 4 * x, &word, 4);
    }
    const uint8_t* last = rgb + 3 * (width - 1);
    uint8_t* out = rgba + 4 * (width - 1);
    out[0] = last[0];
    out[1] = last[1];
    out[2] = last[2];
    out[3] = 0xff;
}

}  // namespace

Result<void> StagingSource::upload(const FrameView& frame) {
    if (frame.empty()) return Error{"[canvas] upload: the frame has no pixels"};
    Slot& slot = slots_[(current_ + 1) % slots_.size()];
    if (slot.busyUntil.timeline != VK_NULL_HANDLE) {
        VkSemaphoreWaitInfo wait{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
                                 .pNext = nullptr,
                                 .flags = 0,
                                 .semaphoreCount = 1,
                                 .pSemaphores = &slot.busyUntil.timeline,
                                 .pValues = &slot.busyUntil.value};
        auto free = context_.check(vkWaitSemaphores(context_.device(), &wait, kLongestWaitNs), "wait for an upload");
        if (!free) return free;
        slot.busyUntil = {};
    }
    VkDeviceSize bytes = VkDeviceSize(frame.width) * VkDeviceSize(frame.height) * 4;
    if (slot.buffer.bytes < bytes) {
        auto made = context_.createBuffer(bytes, VK_BUFFER_USAGE_TRANSFER_SRC_BIT, MemoryUse::Upload);
        if (!made) return made.error();
        slot.buffer = std::move(*made);
    }
    size_t row = size_t(frame.width) * 4;
    for (int y = 0; y < frame.height; ++y) {
        const uint8_t* from = frame.data + y * frame.stride;
        uint8_t* to = slot.buffer.mapped + size_t(y) * row;
        if (frame.format == PixelFormat::Rgba) {
            std::memcpy(to, from, row);
        } else {
            widenRow(from, to, frame.width);
        }
    }
    context_.flush(slot.buffer);
    current_ = (current_ + 1) % slots_.size();
    size_ = frame.size();
    ++serial_;
    return {};
}

void StagingSource::record(VkCommandBuffer commands, VkImage image, TimelinePoint done) {
    Slot& slot = slots_[current_];
    VkBufferImageCopy region{};
    region.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
    region.imageExtent = {uint32_t(size_.width), uint32_t(size_.height), 1};
    vkCmdCopyBufferToImage(commands, slot.buffer.buffer.get(), image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &region);
    slot.busyUntil = done;
}

}  // namespace longtake
