#include "ui/canvas/vulkan_instance.h"

namespace longtake {
namespace {

VKAPI_ATTR VkBool32 VKAPI_CALL report(VkDebugUtilsMessageSeverityFlagBitsEXT, VkDebugUtilsMessageTypeFlagsEXT,
                                      const VkDebugUtilsMessengerCallbackDataEXT* data, void* user) {
    const auto& options = *static_cast<const VulkanInstanceOptions*>(user);
    if (options.onMessage && data->pMessage) options.onMessage(data->pMessage);
    return VK_FALSE;
}

}  // namespace

Result<std::unique_ptr<VulkanInstance>> VulkanInstance::create(VulkanInstanceOptions options) {
    std::unique_ptr<VulkanInstance> self(new VulkanInstance);
    self->options_ = std::move(options);
    bool listen = self->options_.validate;

    const char* layer = "VK_LAYER_KHRONOS_validation";
    const char* extension = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
    VkApplicationInfo application{.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                  .pNext = nullptr,
                                  .pApplicationName = "longtake",
                                  .applicationVersion = 1,
                                  .pEngineName = "longtake",
                                  .engineVersion = 1,
                                  .apiVersion = VK_API_VERSION_1_2};
    VkDebugUtilsMessengerCreateInfoEXT messenger{
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .pNext = nullptr,
        .flags = 0,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
                       VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
        .pfnUserCallback = report,
        .pUserData = &self->options_};
    VkInstanceCreateInfo info{.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                              .pNext = listen ? &messenger : nullptr,
                              .flags = 0,
                              .pApplicationInfo = &application,
                              .enabledLayerCount = listen ? 1u : 0u,
                              .ppEnabledLayerNames = &layer,
                              .enabledExtensionCount = listen ? 1u : 0u,
                              .ppEnabledExtensionNames = &extension};
    VkResult made = vkCreateInstance(&info, nullptr, &self->instance_);
    if (made != VK_SUCCESS) {
        self->instance_ = VK_NULL_HANDLE;
        return Error{
            "[Vulkan] no instance (code " + std::to_string(made) + "): " +
            (made == VK_ERROR_LAYER_NOT_PRESENT ? "install the Khronos validation layer or do not ask for it" : "install a Vulkan driver")};
    }
    if (listen) {
        auto create =
            reinterpret_cast<PFN_vkCreateDebugUtilsMessengerEXT>(vkGetInstanceProcAddr(self->instance_, "vkCreateDebugUtilsMessengerEXT"));
        if (create) create(self->instance_, &messenger, nullptr, &self->messenger_);
    }
    return self;
}

VulkanInstance::~VulkanInstance() {
    if (messenger_ != VK_NULL_HANDLE) {
        auto destroy =
            reinterpret_cast<PFN_vkDestroyDebugUtilsMessengerEXT>(vkGetInstanceProcAddr(instance_, "vkDestroyDebugUtilsMessengerEXT"));
        if (destroy) destroy(instance_, messenger_, nullptr);
    }
    if (instance_ != VK_NULL_HANDLE) vkDestroyInstance(instance_, nullptr);
}

}  // namespace longtake
