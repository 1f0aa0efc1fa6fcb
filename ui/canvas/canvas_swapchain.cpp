#include "ui/canvas/canvas_swapchain.h"

#include <algorithm>

namespace longtake {
namespace {

// One more than draws under way, so that the semaphore of an acquire is free when its turn comes again.
constexpr size_t kAcquireTurns = 3;

}  // namespace

Result<VkSurfaceFormatKHR> CanvasSwapchain::chooseFormat(VulkanContext& context, VkSurfaceKHR surface) {
    uint32_t count = 0;
    vkGetPhysicalDeviceSurfaceFormatsKHR(context.physical(), surface, &count, nullptr);
    std::vector<VkSurfaceFormatKHR> formats(count);
    auto listed = context.check(vkGetPhysicalDeviceSurfaceFormatsKHR(context.physical(), surface, &count, formats.data()), "list formats");
    if (!listed) return listed.error();
    for (VkFormat wanted : {VK_FORMAT_B8G8R8A8_UNORM, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_A8B8G8R8_UNORM_PACK32}) {
        for (const VkSurfaceFormatKHR& format : formats) {
            if (format.format == wanted && format.colorSpace == VK_COLOR_SPACE_SRGB_NONLINEAR_KHR) return format;
        }
    }
    return Error{"[Vulkan] open the canvas: the screen offers no 8-bit UNORM format"};
}

Result<std::unique_ptr<CanvasSwapchain>> CanvasSwapchain::create(VulkanContext& context, VkSurfaceKHR surface, VkSurfaceFormatKHR format,
                                                                 VkRenderPass pass, PictureSize size, const CanvasSwapchain* previous) {
    std::unique_ptr<CanvasSwapchain> self(new CanvasSwapchain(context));
    VkSurfaceCapabilitiesKHR can{};
    auto asked = context.check(vkGetPhysicalDeviceSurfaceCapabilitiesKHR(context.physical(), surface, &can), "ask for the surface's size");
    if (!asked) return asked.error();
    VkExtent2D extent = can.currentExtent;
    if (extent.width == UINT32_MAX) {
        extent.width = std::clamp(uint32_t(std::max(0, size.width)), can.minImageExtent.width, can.maxImageExtent.width);
        extent.height = std::clamp(uint32_t(std::max(0, size.height)), can.minImageExtent.height, can.maxImageExtent.height);
    }
    if (extent.width == 0 || extent.height == 0) return std::unique_ptr<CanvasSwapchain>();
    self->extent_ = extent;

    uint32_t count = std::max(3u, can.minImageCount);
    if (can.maxImageCount > 0) count = std::min(count, can.maxImageCount);
    bool isOpaque = can.supportedCompositeAlpha & VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR;
    VkSwapchainCreateInfoKHR info{};
    info.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR;
    info.surface = surface;
    info.minImageCount = count;
    info.imageFormat = format.format;
    info.imageColorSpace = format.colorSpace;
    info.imageExtent = extent;
    info.imageArrayLayers = 1;
    info.imageUsage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT;
    info.preTransform = can.currentTransform;
    info.compositeAlpha = isOpaque ? VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR : VK_COMPOSITE_ALPHA_INHERIT_BIT_KHR;
    info.presentMode = VK_PRESENT_MODE_FIFO_KHR;
    info.clipped = VK_TRUE;
    info.oldSwapchain = previous ? previous->swapchain_.get() : VK_NULL_HANDLE;
    VkSwapchainKHR swapchain = VK_NULL_HANDLE;
    auto made = context.check(vkCreateSwapchainKHR(context.device(), &info, nullptr, &swapchain), "create swapchain");
    if (!made) return made.error();
    self->swapchain_ = {context.device(), swapchain};
    if (auto images = self->makeImages(format.format, pass); !images) return images.error();
    return self;
}

Result<void> CanvasSwapchain::makeImages(VkFormat format, VkRenderPass pass) {
    VkDevice device = context_.device();
    uint32_t count = 0;
    vkGetSwapchainImagesKHR(device, swapchain_.get(), &count, nullptr);
    std::vector<VkImage> images(count);
    auto got = context_.check(vkGetSwapchainImagesKHR(device, swapchain_.get(), &count, images.data()), "get images");
    if (!got) return got;
    for (VkImage image : images) {
        Image made;
        VkImageViewCreateInfo viewInfo{};
        viewInfo.sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO;
        viewInfo.image = image;
        viewInfo.viewType = VK_IMAGE_VIEW_TYPE_2D;
        viewInfo.format = format;
        viewInfo.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
        VkImageView view = VK_NULL_HANDLE;
        if (auto ok = context_.check(vkCreateImageView(device, &viewInfo, nullptr, &view), "create view"); !ok) return ok;
        made.view = {device, view};
        VkFramebufferCreateInfo info{.sType = VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
                                     .pNext = nullptr,
                                     .flags = 0,
                                     .renderPass = pass,
                                     .attachmentCount = 1,
                                     .pAttachments = &view,
                                     .width = extent_.width,
                                     .height = extent_.height,
                                     .layers = 1};
        VkFramebuffer framebuffer = VK_NULL_HANDLE;
        auto ok = context_.check(vkCreateFramebuffer(device, &info, nullptr, &framebuffer), "create framebuffer");
        if (!ok) return ok;
        made.framebuffer = {device, framebuffer};
        auto rendered = context_.createSemaphore();
        if (!rendered) return rendered.error();
        made.rendered = std::move(*rendered);
        images_.push_back(std::move(made));
    }
    for (size_t i = 0; i < kAcquireTurns; ++i) {
        auto semaphore = context_.createSemaphore();
        if (!semaphore) return semaphore.error();
        acquired_.push_back(std::move(*semaphore));
    }
    return {};
}

Result<CanvasSwapchain::State> CanvasSwapchain::acquire() {
    size_t turn = (turn_ + 1) % acquired_.size();
    VkResult code = vkAcquireNextImageKHR(context_.device(), swapchain_.get(), 0, acquired_[turn].get(), VK_NULL_HANDLE, &current_);
    if (code == VK_NOT_READY || code == VK_TIMEOUT) return State::NotYet;
    if (code == VK_ERROR_OUT_OF_DATE_KHR) return State::Outdated;
    if (code != VK_SUBOPTIMAL_KHR) {
        if (auto ok = context_.check(code, "acquire an image"); !ok) return ok.error();
    }
    turn_ = turn;
    return State::Ready;
}

Result<CanvasSwapchain::State> CanvasSwapchain::present() {
    VkSemaphore rendered = this->rendered();
    VkSwapchainKHR swapchain = swapchain_.get();
    VkPresentInfoKHR info{.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
                          .pNext = nullptr,
                          .waitSemaphoreCount = 1,
                          .pWaitSemaphores = &rendered,
                          .swapchainCount = 1,
                          .pSwapchains = &swapchain,
                          .pImageIndices = &current_,
                          .pResults = nullptr};
    VkResult code = vkQueuePresentKHR(context_.queue(), &info);
    if (code == VK_ERROR_OUT_OF_DATE_KHR || code == VK_SUBOPTIMAL_KHR) return State::Outdated;
    if (auto ok = context_.check(code, "present"); !ok) return ok.error();
    return State::Ready;
}

}  // namespace longtake
