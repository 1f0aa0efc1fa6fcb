// Owners for what Vulkan hands out: destroyed on the device it came from, moved but never copied.
//
// Thread: as the handle.
#pragma once

#include <vulkan/vulkan.h>

#include <utility>

namespace longtake {

template <typename Handle, auto Destroy>
class VkHandle {
public:
    VkHandle() = default;
    VkHandle(VkDevice device, Handle handle) : device_(device), handle_(handle) {}
    VkHandle(VkHandle&& other) noexcept : device_(other.device_), handle_(std::exchange(other.handle_, Handle(VK_NULL_HANDLE))) {}
    VkHandle& operator=(VkHandle&& other) noexcept {
        if (this != &other) {
            reset();
            device_ = other.device_;
            handle_ = std::exchange(other.handle_, Handle(VK_NULL_HANDLE));
        }
        return *this;
    }
    ~VkHandle() { reset(); }

    void reset() {
        if (handle_ != VK_NULL_HANDLE) Destroy(device_, std::exchange(handle_, Handle(VK_NULL_HANDLE)), nullptr);
    }
    Handle get() const { return handle_; }
    explicit operator bool() const { return handle_ != VK_NULL_HANDLE; }

private:
    VkDevice device_ = VK_NULL_HANDLE;
    Handle handle_ = VK_NULL_HANDLE;
};

using VkBufferOwner = VkHandle<VkBuffer, vkDestroyBuffer>;
using VkCommandPoolOwner = VkHandle<VkCommandPool, vkDestroyCommandPool>;
using VkDescriptorPoolOwner = VkHandle<VkDescriptorPool, vkDestroyDescriptorPool>;
using VkFramebufferOwner = VkHandle<VkFramebuffer, vkDestroyFramebuffer>;
using VkImageOwner = VkHandle<VkImage, vkDestroyImage>;
using VkImageViewOwner = VkHandle<VkImageView, vkDestroyImageView>;
using VkMemoryOwner = VkHandle<VkDeviceMemory, vkFreeMemory>;
using VkPipelineLayoutOwner = VkHandle<VkPipelineLayout, vkDestroyPipelineLayout>;
using VkPipelineOwner = VkHandle<VkPipeline, vkDestroyPipeline>;
using VkRenderPassOwner = VkHandle<VkRenderPass, vkDestroyRenderPass>;
using VkSamplerOwner = VkHandle<VkSampler, vkDestroySampler>;
using VkSemaphoreOwner = VkHandle<VkSemaphore, vkDestroySemaphore>;
using VkSetLayoutOwner = VkHandle<VkDescriptorSetLayout, vkDestroyDescriptorSetLayout>;
using VkShaderOwner = VkHandle<VkShaderModule, vkDestroyShaderModule>;
using VkSwapchainOwner = VkHandle<VkSwapchainKHR, vkDestroySwapchainKHR>;

}  // namespace longtake
