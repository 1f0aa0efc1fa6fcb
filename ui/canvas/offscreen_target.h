// A picture to draw into instead of a window, and the way back into memory: for tests, benches and stills.
//
// Owner:  whoever draws. Context and renderer must outlive it.
// Thread: the renderer's.
#pragma once

#include "ui/canvas/vulkan_context.h"

namespace longtake {

class OffscreenTarget {
public:
    static constexpr VkFormat kFormat = VK_FORMAT_R8G8B8A8_UNORM;
    static constexpr VkImageLayout kLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;

    // pass: of a CanvasRenderer made for kFormat and kLayout.
    static Result<OffscreenTarget> create(VulkanContext& context, VkRenderPass pass, VkExtent2D extent);

    VkFramebuffer framebuffer() const { return framebuffer_.get(); }
    VkExtent2D extent() const { return image_.extent; }

    void recordReadback(VkCommandBuffer commands) const;
    // Valid after a draw with this target as `readback` has finished.
    const uint8_t* pixels(VulkanContext& context);  // [height, width, RGBA]

private:
    VulkanImage image_;
    VkFramebufferOwner framebuffer_;
    VulkanBuffer readback_;
};

}  // namespace longtake
