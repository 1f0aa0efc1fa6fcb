// One Vulkan device with one queue that draws (and presents, where there is a surface), and memory on it.
//
// Owner:  CanvasWindow, or whoever draws offscreen. The instance must outlive it; everything made from it must not.
// Thread: one thread at a time.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "engine/result.h"
#include "ui/canvas/vk_handle.h"

namespace longtake {

struct DeviceFacts {
    std::string name;
    std::array<uint8_t, VK_UUID_SIZE> uuid{};  // what CUDA devices are matched by
    bool isSoftware = false;                   // drawing takes the CPU's time
    bool sharesMemory = false;                 // external memory as file descriptors
    bool sharesSemaphores = false;
};

enum class MemoryUse { Device, Upload, Readback };

struct VulkanBuffer {
    VkMemoryOwner memory;  // released after the buffer
    VkBufferOwner buffer;
    VkDeviceSize bytes = 0;
    uint8_t* mapped = nullptr;  // not for MemoryUse::Device
    bool coherent = true;       // otherwise flush after writing, invalidate before reading
};

struct VulkanImage {
    VkMemoryOwner memory;
    VkImageOwner image;
    VkImageViewOwner view;
    VkExtent2D extent{};
};

class VulkanContext {
public:
    // The best device that has Vulkan 1.2 with timeline semaphores; with a surface, one that can present to it.
    static Result<std::unique_ptr<VulkanContext>> create(VkInstance instance, VkSurfaceKHR surface = VK_NULL_HANDLE);
    ~VulkanContext();
    VulkanContext(const VulkanContext&) = delete;
    VulkanContext& operator=(const VulkanContext&) = delete;

    VkInstance instance() const { return instance_; }
    VkPhysicalDevice physical() const { return physical_; }
    VkDevice device() const { return device_; }
    VkQueue queue() const { return queue_; }
    uint32_t queueFamily() const { return queueFamily_; }
    const DeviceFacts& facts() const { return facts_; }

    Result<VulkanBuffer> createBuffer(VkDeviceSize bytes, VkBufferUsageFlags usage, MemoryUse use);
    Result<VulkanImage> createImage(VkExtent2D extent, VkFormat format, VkImageUsageFlags usage);
    Result<VkSemaphoreOwner> createSemaphore();
    Result<VkSemaphoreOwner> createTimeline(uint64_t value);
    void flush(const VulkanBuffer& buffer);
    void invalidate(const VulkanBuffer& buffer);
    // The first allowed type with these properties; -1: none.
    int memoryType(uint32_t allowed, VkMemoryPropertyFlags properties) const;

    // An error that names the operation, unless the code is VK_SUCCESS. Remembers that the device was lost.
    Result<void> check(VkResult code, const char* operation);
    bool isLost() const { return lost_; }

private:
    VulkanContext() = default;

    Result<void> choosePhysical(VkSurfaceKHR surface);
    Result<void> createDevice(bool presents);

    VkInstance instance_ = VK_NULL_HANDLE;
    VkPhysicalDevice physical_ = VK_NULL_HANDLE;
    VkDevice device_ = VK_NULL_HANDLE;
    VkQueue queue_ = VK_NULL_HANDLE;
    uint32_t queueFamily_ = 0;
    VkPhysicalDeviceMemoryProperties memory_{};
    DeviceFacts facts_;
    bool lost_ = false;
};

// Whether some device that could draw the canvas is more than the CPU.
bool hasGraphicsCard(VkInstance instance);

}  // namespace longtake
