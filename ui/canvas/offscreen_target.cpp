#include "ui/canvas/offscreen_target.h"

namespace longtake {

Result<OffscreenTarget> OffscreenTarget::create(VulkanContext& context, VkRenderPass pass, VkExtent2D extent) {
    OffscreenTarget self;
    auto image = context.createImage(extent, kFormat, VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT);
    if (!image) return image.error();
    self.image_ = std::move(*image);
    VkImageView view = self.image_.view.get();
    VkFramebufferCreateInfo info{.sType = VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
                                 .pNext = nullptr,
                                 .flags = 0,
                                 .renderPass = pass,
                                 .attachmentCount = 1,
                                 .pAttachments = &view,
                                 .width = extent.width,
                                 .height = extent.height,
                                 .layers = 1};
    VkFramebuffer framebuffer = VK_NULL_HANDLE;
    auto made = context.check(vkCreateFramebuffer(context.device(), &info, nullptr, &framebuffer), "create target");
    if (!made) return made.error();
    self.framebuffer_ = {context.device(), framebuffer};
    auto buffer =
        context.createBuffer(VkDeviceSize(extent.width) * extent.height * 4, VK_BUFFER_USAGE_TRANSFER_DST_BIT, MemoryUse::Readback);
    if (!buffer) return buffer.error();
    self.readback_ = std::move(*buffer);
    return self;
}

void OffscreenTarget::recordReadback(VkCommandBuffer commands) const {
    VkBufferImageCopy region{};
    region.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
    region.imageExtent = {image_.extent.width, image_.extent.height, 1};
    vkCmdCopyImageToBuffer(commands, image_.image.get(), kLayout, readback_.buffer.get(), 1, &region);
    VkBufferMemoryBarrier toHost{.sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER,
                                 .pNext = nullptr,
                                 .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                 .dstAccessMask = VK_ACCESS_HOST_READ_BIT,
                                 .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                 .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                 .buffer = readback_.buffer.get(),
                                 .offset = 0,
                                 .size = VK_WHOLE_SIZE};
    vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 0, nullptr, 1, &toHost, 0, nullptr);
}

const uint8_t* OffscreenTarget::pixels(VulkanContext& context) {
    context.invalidate(readback_);
    return readback_.mapped;
}

}  // namespace longtake
