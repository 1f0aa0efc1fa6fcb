#include "ui/canvas/vulkan_context.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace longtake {
namespace {

int preference(VkPhysicalDeviceType type) {
    switch (type) {
        case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU: return 4;
        case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU: return 3;
        case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU: return 2;
        case VK_PHYSICAL_DEVICE_TYPE_CPU: return 1;
        default: return 0;
    }
}

std::vector<VkExtensionProperties> extensionsOf(VkPhysicalDevice device) {
    uint32_t count = 0;
    vkEnumerateDeviceExtensionProperties(device, nullptr, &count, nullptr);
    std::vector<VkExtensionProperties> extensions(count);
    vkEnumerateDeviceExtensionProperties(device, nullptr, &count, extensions.data());
    return extensions;
}

bool contains(const std::vector<VkExtensionProperties>& extensions, const char* name) {
    return std::any_of(extensions.begin(), extensions.end(),
                       [&](const auto& extension) { return std::strcmp(extension.extensionName, name) == 0; });
}

bool hasTimelines(VkPhysicalDevice device) {
    VkPhysicalDeviceTimelineSemaphoreFeatures timeline{
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES, .pNext = nullptr, .timelineSemaphore = 0};
    VkPhysicalDeviceFeatures2 features{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &timeline, .features = {}};
    vkGetPhysicalDeviceFeatures2(device, &features);
    return timeline.timelineSemaphore == VK_TRUE;
}

// A family that draws, and presents when there is a surface; -1: none.
int familyOf(VkPhysicalDevice device, VkSurfaceKHR surface) {
    uint32_t count = 0;
    vkGetPhysicalDeviceQueueFamilyProperties(device, &count, nullptr);
    std::vector<VkQueueFamilyProperties> families(count);
    vkGetPhysicalDeviceQueueFamilyProperties(device, &count, families.data());
    for (uint32_t i = 0; i < count; ++i) {
        if (!(families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT)) continue;
        VkBool32 presents = VK_TRUE;
        if (surface != VK_NULL_HANDLE) vkGetPhysicalDeviceSurfaceSupportKHR(device, i, surface, &presents);
        if (presents) return int(i);
    }
    return -1;
}

}  // namespace

bool hasGraphicsCard(VkInstance instance) {
    uint32_t count = 0;
    vkEnumeratePhysicalDevices(instance, &count, nullptr);
    std::vector<VkPhysicalDevice> devices(count);
    vkEnumeratePhysicalDevices(instance, &count, devices.data());
    return std::any_of(devices.begin(), devices.end(), [](VkPhysicalDevice device) {
        VkPhysicalDeviceProperties properties{};
        vkGetPhysicalDeviceProperties(device, &properties);
        bool isCard = properties.deviceType != VK_PHYSICAL_DEVICE_TYPE_CPU && properties.deviceType != VK_PHYSICAL_DEVICE_TYPE_OTHER;
        return isCard && properties.apiVersion >= VK_API_VERSION_1_2 && familyOf(device, VK_NULL_HANDLE) >= 0 && hasTimelines(device);
    });
}

Result<std::unique_ptr<VulkanContext>> VulkanContext::create(VkInstance instance, VkSurfaceKHR surface) {
    std::unique_ptr<VulkanContext> self(new VulkanContext);
    self->instance_ = instance;
    if (auto chosen = self->choosePhysical(surface); !chosen) return chosen.error();
    if (auto made = self->createDevice(surface != VK_NULL_HANDLE); !made) return made.error();
    return self;
}

VulkanContext::~VulkanContext() {
    if (device_ == VK_NULL_HANDLE) return;
    vkDeviceWaitIdle(device_);
    vkDestroyDevice(device_, nullptr);
}

Result<void> VulkanContext::choosePhysical(VkSurfaceKHR surface) {
    uint32_t count = 0;
    vkEnumeratePhysicalDevices(instance_, &count, nullptr);
    std::vector<VkPhysicalDevice> devices(count);
    vkEnumeratePhysicalDevices(instance_, &count, devices.data());

    int best = -1;
    for (VkPhysicalDevice device : devices) {
        VkPhysicalDeviceIDProperties id{};
        id.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES;
        VkPhysicalDeviceProperties2 properties{};
        properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
        properties.pNext = &id;
        vkGetPhysicalDeviceProperties2(device, &properties);
        int family = familyOf(device, surface);
        if (properties.properties.apiVersion < VK_API_VERSION_1_2 || family < 0 || !hasTimelines(device)) continue;
        auto extensions = extensionsOf(device);
        if (surface != VK_NULL_HANDLE && !contains(extensions, VK_KHR_SWAPCHAIN_EXTENSION_NAME)) continue;
        int rank = preference(properties.properties.deviceType);
        if (rank <= best) continue;
        best = rank;
        physical_ = device;
        queueFamily_ = uint32_t(family);
        facts_ = {.name = properties.properties.deviceName,
                  .uuid = {},
                  .isSoftware = properties.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU,
                  .sharesMemory = contains(extensions, VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME),
                  .sharesSemaphores = contains(extensions, VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME)};
        std::copy_n(id.deviceUUID, VK_UUID_SIZE, facts_.uuid.begin());
    }
    if (best < 0) {
        return Error{"[Vulkan] none of " + std::to_string(count) + " devices has Vulkan 1.2 with timeline semaphores" +
                     (surface != VK_NULL_HANDLE ? " and can show on this screen" : "") + ": update the graphics driver"};
    }
    vkGetPhysicalDeviceMemoryProperties(physical_, &memory_);
    return {};
}

Result<void> VulkanContext::createDevice(bool presents) {
    std::vector<const char*> extensions;
    if (presents) extensions.push_back(VK_KHR_SWAPCHAIN_EXTENSION_NAME);
    if (facts_.sharesMemory) extensions.push_back(VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME);
    if (facts_.sharesSemaphores) extensions.push_back(VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME);

    VkPhysicalDeviceTimelineSemaphoreFeatures timeline{
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES, .pNext = nullptr, .timelineSemaphore = VK_TRUE};
    float priority = 1;
    VkDeviceQueueCreateInfo queue{.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                  .pNext = nullptr,
                                  .flags = 0,
                                  .queueFamilyIndex = queueFamily_,
                                  .queueCount = 1,
                                  .pQueuePriorities = &priority};
    VkDeviceCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
    info.pNext = &timeline;
    info.queueCreateInfoCount = 1;
    info.pQueueCreateInfos = &queue;
    info.enabledExtensionCount = uint32_t(extensions.size());
    info.ppEnabledExtensionNames = extensions.data();
    VkResult made = vkCreateDevice(physical_, &info, nullptr, &device_);
    if (made != VK_SUCCESS) device_ = VK_NULL_HANDLE;
    if (auto ok = check(made, ("open device " + facts_.name).c_str()); !ok) return ok;
    vkGetDeviceQueue(device_, queueFamily_, 0, &queue_);
    return {};
}

int VulkanContext::memoryType(uint32_t allowed, VkMemoryPropertyFlags properties) const {
    for (uint32_t i = 0; i < memory_.memoryTypeCount; ++i) {
        bool has = (memory_.memoryTypes[i].propertyFlags & properties) == properties;
        if ((allowed & (1u << i)) && has) return int(i);
    }
    return -1;
}

Result<VulkanBuffer> VulkanContext::createBuffer(VkDeviceSize bytes, VkBufferUsageFlags usage, MemoryUse use) {
    VulkanBuffer made;
    made.bytes = bytes;
    VkBufferCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
    info.size = bytes;
    info.usage = usage;
    VkBuffer buffer = VK_NULL_HANDLE;
    if (auto ok = check(vkCreateBuffer(device_, &info, nullptr, &buffer), "create buffer"); !ok) return ok.error();
    made.buffer = {device_, buffer};

    VkMemoryRequirements needs{};
    vkGetBufferMemoryRequirements(device_, buffer, &needs);
    const VkMemoryPropertyFlags visible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
    const VkMemoryPropertyFlags coherent = VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    int type = -1;
    if (use == MemoryUse::Device) type = memoryType(needs.memoryTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
    if (use == MemoryUse::Readback) type = memoryType(needs.memoryTypeBits, visible | VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
    if (use != MemoryUse::Device && type < 0) type = memoryType(needs.memoryTypeBits, visible | coherent);
    if (type < 0) return Error{"[Vulkan] create buffer: the device has no memory of the kind it needs"};
    made.coherent = memory_.memoryTypes[type].propertyFlags & coherent;

    VkMemoryAllocateInfo allocate{
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .pNext = nullptr, .allocationSize = needs.size, .memoryTypeIndex = uint32_t(type)};
    VkDeviceMemory memory = VK_NULL_HANDLE;
    if (auto ok = check(vkAllocateMemory(device_, &allocate, nullptr, &memory), "allocate buffer memory"); !ok) {
        return ok.error();
    }
    made.memory = {device_, memory};
    if (auto ok = check(vkBindBufferMemory(device_, buffer, memory, 0), "bind buffer memory"); !ok) return ok.error();
    if (use != MemoryUse::Device) {
        void* mapped = nullptr;
        if (auto ok = check(vkMapMemory(device_, memory, 0, VK_WHOLE_SIZE, 0, &mapped), "map buffer"); !ok) {
            return ok.error();
        }
        made.mapped = static_cast<uint8_t*>(mapped);
    }
    return made;
}

Result<VulkanImage> VulkanContext::createImage(VkExtent2D extent, VkFormat format, VkImageUsageFlags usage) {
    VulkanImage made;
    made.extent = extent;
    VkImageCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO;
    info.imageType = VK_IMAGE_TYPE_2D;
    info.format = format;
    info.extent = {extent.width, extent.height, 1};
    info.mipLevels = 1;
    info.arrayLayers = 1;
    info.samples = VK_SAMPLE_COUNT_1_BIT;
    info.tiling = VK_IMAGE_TILING_OPTIMAL;
    info.usage = usage;
    VkImage image = VK_NULL_HANDLE;
    if (auto ok = check(vkCreateImage(device_, &info, nullptr, &image), "create image"); !ok) return ok.error();
    made.image = {device_, image};

    VkMemoryRequirements needs{};
    vkGetImageMemoryRequirements(device_, image, &needs);
    int type = memoryType(needs.memoryTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
    if (type < 0) type = memoryType(needs.memoryTypeBits, 0);
    if (type < 0) return Error{"[Vulkan] create image: the device has no memory for it"};
    VkMemoryAllocateInfo allocate{
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .pNext = nullptr, .allocationSize = needs.size, .memoryTypeIndex = uint32_t(type)};
    VkDeviceMemory memory = VK_NULL_HANDLE;
    if (auto ok = check(vkAllocateMemory(device_, &allocate, nullptr, &memory), "allocate image memory"); !ok) {
        return ok.error();
    }
    made.memory = {device_, memory};
    if (auto ok = check(vkBindImageMemory(device_, image, memory, 0), "bind image memory"); !ok) return ok.error();

    VkImageViewCreateInfo viewInfo{};
    viewInfo.sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO;
    viewInfo.image = image;
    viewInfo.viewType = VK_IMAGE_VIEW_TYPE_2D;
    viewInfo.format = format;
    viewInfo.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
    VkImageView view = VK_NULL_HANDLE;
    if (auto ok = check(vkCreateImageView(device_, &viewInfo, nullptr, &view), "create image view"); !ok) {
        return ok.error();
    }
    made.view = {device_, view};
    return made;
}

Result<VkSemaphoreOwner> VulkanContext::createSemaphore() {
    VkSemaphoreCreateInfo info{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = nullptr, .flags = 0};
    VkSemaphore semaphore = VK_NULL_HANDLE;
    if (auto ok = check(vkCreateSemaphore(device_, &info, nullptr, &semaphore), "create semaphore"); !ok) {
        return ok.error();
    }
    return VkSemaphoreOwner(device_, semaphore);
}

Result<VkSemaphoreOwner> VulkanContext::createTimeline(uint64_t value) {
    VkSemaphoreTypeCreateInfo type{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                   .pNext = nullptr,
                                   .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
                                   .initialValue = value};
    VkSemaphoreCreateInfo info{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type, .flags = 0};
    VkSemaphore semaphore = VK_NULL_HANDLE;
    if (auto ok = check(vkCreateSemaphore(device_, &info, nullptr, &semaphore), "create timeline"); !ok) {
        return ok.error();
    }
    return VkSemaphoreOwner(device_, semaphore);
}

void VulkanContext::flush(const VulkanBuffer& buffer) {
    if (buffer.coherent) return;
    VkMappedMemoryRange range{.sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
                              .pNext = nullptr,
                              .memory = buffer.memory.get(),
                              .offset = 0,
                              .size = VK_WHOLE_SIZE};
    (void)check(vkFlushMappedMemoryRanges(device_, 1, &range), "flush buffer");
}

void VulkanContext::invalidate(const VulkanBuffer& buffer) {
    if (buffer.coherent) return;
    VkMappedMemoryRange range{.sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
                              .pNext = nullptr,
                              .memory = buffer.memory.get(),
                              .offset = 0,
                              .size = VK_WHOLE_SIZE};
    (void)check(vkInvalidateMappedMemoryRanges(device_, 1, &range), "invalidate buffer");
}

Result<void> VulkanContext::check(VkResult code, const char* operation) {
    if (code == VK_SUCCESS) return {};
    std::string reason = "code " + std::to_string(code);
    if (code == VK_ERROR_DEVICE_LOST) {
        lost_ = true;
        reason = "the graphics device was lost";
    }
    if (code == VK_ERROR_OUT_OF_DEVICE_MEMORY) reason = "out of graphics memory: close other programs that use it";
    if (code == VK_ERROR_OUT_OF_HOST_MEMORY) reason = "out of memory: close other programs";
    return Error{std::string("[Vulkan] ") + operation + ": " + reason};
}

}  // namespace longtake
