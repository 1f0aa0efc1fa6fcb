// The images of a window's surface, and their turns: acquire, draw, present.
//
// Owner:  CanvasWindow. Context, surface and render pass must outlive it.
// Thread: GUI thread only.
#pragma once

#include <memory>
#include <vector>

#include "engine/video/frame_view.h"
#include "ui/canvas/frame_stamp.h"
#include "ui/canvas/vulkan_context.h"

namespace longtake {

class CanvasSwapchain {
public:
    // A UNORM format: frames are display-referred, and an SRGB one would convert them a second time.
    static Result<VkSurfaceFormatKHR> chooseFormat(VulkanContext& context, VkSurfaceKHR surface);

    // size: of the window in device pixels, for surfaces that do not say theirs. `previous` is given up but must live
    // until this returns. A surface without area gives null.
    static Result<std::unique_ptr<CanvasSwapchain>> create(VulkanContext& context, VkSurfaceKHR surface, VkSurfaceFormatKHR format,
                                                           VkRenderPass pass, PictureSize size, const CanvasSwapchain* previous);

    enum class State { Ready, NotYet, Outdated };
    // Never waits: NotYet while the screen still holds all images.
    Result<State> acquire();
    // Outdated: shown or not, make another swapchain before the next acquire.
    Result<State> present();

    VkExtent2D extent() const { return extent_; }
    // Of the acquired image.
    VkFramebuffer framebuffer() const { return images_[current_].framebuffer.get(); }
    VkSemaphore acquired() const { return acquired_[turn_].get(); }
    VkSemaphore rendered() const { return images_[current_].rendered.get(); }

private:
    struct Image {
        VkImageViewOwner view;
        VkFramebufferOwner framebuffer;
        VkSemaphoreOwner rendered;  // one per image: the presentation engine may still wait for the others'
    };

    explicit CanvasSwapchain(VulkanContext& context) : context_(context) {}
    Result<void> makeImages(VkFormat format, VkRenderPass pass);

    VulkanContext& context_;
    VkSwapchainOwner swapchain_;
    VkExtent2D extent_{};
    std::vector<VkSemaphoreOwner> acquired_;
    std::vector<Image> images_;
    size_t turn_ = 0;
    uint32_t current_ = 0;
};

}  // namespace longtake
