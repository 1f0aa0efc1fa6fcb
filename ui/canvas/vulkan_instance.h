// A Vulkan instance without any window, for the renderer in tests and benches (the studio's comes from Qt).
//
// Owner:  whoever draws offscreen; outlives the VulkanContext made from it.
// Thread: onMessage may be called from any thread that calls Vulkan.
#pragma once

#include <vulkan/vulkan.h>

#include <functional>
#include <memory>
#include <string>

#include "engine/result.h"

namespace longtake {

struct VulkanInstanceOptions {
    bool validate = false;                                      // asks for the Khronos layer, and fails where it is not installed
    std::function<void(const std::string& message)> onMessage;  // warnings and errors of the layers
};

class VulkanInstance {
public:
    static Result<std::unique_ptr<VulkanInstance>> create(VulkanInstanceOptions options = {});
    ~VulkanInstance();
    VulkanInstance(const VulkanInstance&) = delete;
    VulkanInstance& operator=(const VulkanInstance&) = delete;

    VkInstance get() const { return instance_; }

private:
    VulkanInstance() = default;

    VulkanInstanceOptions options_;
    VkInstance instance_ = VK_NULL_HANDLE;
    VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
};

}  // namespace longtake
