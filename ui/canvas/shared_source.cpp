#include "ui/canvas/shared_source.h"

#include <cassert>

namespace longtake {
namespace {

constexpr auto kHandle = VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT;
constexpr uint64_t kSlotAlignment = 4096;

template <typename Function>
Function deviceFunction(VkDevice device, const char* name) {
    return reinterpret_cast<Function>(vkGetDeviceProcAddr(device, name));
}

bool canExport(VkPhysicalDevice physical, VkBufferUsageFlags usage) {
    VkPhysicalDeviceExternalBufferInfo info{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO,
                                            .pNext = nullptr,
                                            .flags = 0,
                                            .usage = usage,
                                            .handleType = kHandle};
    VkExternalBufferProperties properties{};
    properties.sType = VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES;
    vkGetPhysicalDeviceExternalBufferProperties(physical, &info, &properties);
    return properties.externalMemoryProperties.externalMemoryFeatures & VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT;
}

}  // namespace

Result<std::unique_ptr<SharedTimeline>> ExternalTimeline::create(VulkanContext& context) {
    if (!context.facts().sharesSemaphores) {
        return Error{"[Vulkan] " + context.facts().name + " shares no semaphores with other APIs"};
    }
    std::unique_ptr<ExternalTimeline> self(new ExternalTimeline(context));
    VkExportSemaphoreCreateInfo shared{.sType = VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO,
                                       .pNext = nullptr,
                                       .handleTypes = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT};
    VkSemaphoreTypeCreateInfo type{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                   .pNext = &shared,
                                   .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
                                   .initialValue = 0};
    VkSemaphoreCreateInfo info{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type, .flags = 0};
    VkSemaphore semaphore = VK_NULL_HANDLE;
    auto made = context.check(vkCreateSemaphore(context.device(), &info, nullptr, &semaphore), "create shared timeline");
    if (!made) return made.error();
    self->semaphore_ = {context.device(), semaphore};
    return std::unique_ptr<SharedTimeline>(std::move(self));
}

Result<int> ExternalTimeline::exportFd() {
    auto get = deviceFunction<PFN_vkGetSemaphoreFdKHR>(context_.device(), "vkGetSemaphoreFdKHR");
    if (!get) return Error{"[Vulkan] export semaphore: the driver does not have it"};
    VkSemaphoreGetFdInfoKHR info{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_GET_FD_INFO_KHR,
                                 .pNext = nullptr,
                                 .semaphore = semaphore_.get(),
                                 .handleType = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT};
    int fd = -1;
    if (auto ok = context_.check(get(context_.device(), &info, &fd), "export semaphore"); !ok) return ok.error();
    return fd;
}

Result<std::unique_ptr<SharedTimeline>> LocalTimeline::create(VulkanContext& context) {
    std::unique_ptr<LocalTimeline> self(new LocalTimeline(context));
    auto made = context.createTimeline(0);
    if (!made) return made.error();
    self->semaphore_ = std::move(*made);
    return std::unique_ptr<SharedTimeline>(std::move(self));
}

Result<int> LocalTimeline::exportFd() { return Error{"[Vulkan] export semaphore: this timeline belongs to this process alone"}; }

Result<void> LocalTimeline::signal(uint64_t value) {
    VkSemaphoreSignalInfo info{
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, .pNext = nullptr, .semaphore = semaphore_.get(), .value = value};
    return context_.check(vkSignalSemaphore(context_.device(), &info), "signal timeline");
}

Result<std::unique_ptr<SharedSource>> SharedSource::create(VulkanContext& context, PictureSize size, int slotCount, Timelines timelines) {
    assert(!size.empty() && slotCount > 0 && timelines.ready && timelines.released);
    std::unique_ptr<SharedSource> self(new SharedSource(context));
    self->timelines_ = std::move(timelines);
    self->size_ = size;
    uint64_t picture = uint64_t(size.width) * uint64_t(size.height) * 4;
    self->slotBytes_ = (picture + kSlotAlignment - 1) / kSlotAlignment * kSlotAlignment;
    self->releaseValues_.assign(size_t(slotCount), 0);
    if (auto made = self->allocate(); !made) return made.error();
    return self;
}

Result<void> SharedSource::allocate() {
    constexpr VkBufferUsageFlags usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT;
    if (!context_.facts().sharesMemory || !canExport(context_.physical(), usage)) {
        return Error{"[Vulkan] " + context_.facts().name + " shares no memory with other APIs"};
    }
    VkExternalMemoryBufferCreateInfo external{
        .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO, .pNext = nullptr, .handleTypes = kHandle};
    VkBufferCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
    info.pNext = &external;
    info.size = slotBytes_ * releaseValues_.size();
    info.usage = usage;
    VkDevice device = context_.device();
    VkBuffer buffer = VK_NULL_HANDLE;
    auto made = context_.check(vkCreateBuffer(device, &info, nullptr, &buffer), "create shared buffer");
    if (!made) return made;
    buffer_ = {device, buffer};

    VkMemoryRequirements needs{};
    vkGetBufferMemoryRequirements(device, buffer, &needs);
    allocationBytes_ = needs.size;
    int type = context_.memoryType(needs.memoryTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
    if (type < 0) return Error{"[Vulkan] create shared buffer: no device memory can hold it"};
    VkMemoryDedicatedAllocateInfo dedicated{
        .sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO, .pNext = nullptr, .image = VK_NULL_HANDLE, .buffer = buffer};
    VkExportMemoryAllocateInfo exported{
        .sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO, .pNext = &dedicated, .handleTypes = kHandle};
    VkMemoryAllocateInfo allocation{.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                    .pNext = &exported,
                                    .allocationSize = needs.size,
                                    .memoryTypeIndex = uint32_t(type)};
    VkDeviceMemory memory = VK_NULL_HANDLE;
    made = context_.check(vkAllocateMemory(device, &allocation, nullptr, &memory), "allocate shared memory");
    if (!made) return made;
    memory_ = {device, memory};
    return context_.check(vkBindBufferMemory(device, buffer, memory, 0), "bind shared memory");
}

Result<SharedMemory> SharedSource::exportMemory() {
    auto get = deviceFunction<PFN_vkGetMemoryFdKHR>(context_.device(), "vkGetMemoryFdKHR");
    if (!get) return Error{"[Vulkan] export memory: the driver does not have it"};
    VkMemoryGetFdInfoKHR info{
        .sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR, .pNext = nullptr, .memory = memory_.get(), .handleType = kHandle};
    SharedMemory shared{.fd = -1,
                        .allocationBytes = allocationBytes_,
                        .slotBytes = slotBytes_,
                        .slotCount = int(releaseValues_.size()),
                        .size = size_,
                        .dedicated = true,
                        .deviceUuid = context_.facts().uuid};
    if (auto ok = context_.check(get(context_.device(), &info, &shared.fd), "export memory"); !ok) return ok.error();
    return shared;
}

void SharedSource::show(int slot, uint64_t readyValue) {
    assert(slot >= 0 && size_t(slot) < releaseValues_.size());
    slot_ = slot;
    readyValue_ = readyValue;
    ++serial_;
}

void SharedSource::record(VkCommandBuffer commands, VkImage image, TimelinePoint) {
    // The writer's queue is outside of Vulkan: ownership of the slot is taken for the copy and given back.
    VkBufferMemoryBarrier take{.sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER,
                               .pNext = nullptr,
                               .srcAccessMask = 0,
                               .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT,
                               .srcQueueFamilyIndex = VK_QUEUE_FAMILY_EXTERNAL,
                               .dstQueueFamilyIndex = context_.queueFamily(),
                               .buffer = buffer_.get(),
                               .offset = uint64_t(slot_) * slotBytes_,
                               .size = slotBytes_};
    vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0, nullptr, 1, &take, 0, nullptr);
    VkBufferImageCopy region{};
    region.bufferOffset = take.offset;
    region.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
    region.imageExtent = {uint32_t(size_.width), uint32_t(size_.height), 1};
    vkCmdCopyBufferToImage(commands, buffer_.get(), image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &region);

    VkBufferMemoryBarrier give = take;
    give.srcAccessMask = VK_ACCESS_TRANSFER_READ_BIT;
    give.dstAccessMask = 0;
    give.srcQueueFamilyIndex = take.dstQueueFamilyIndex;
    give.dstQueueFamilyIndex = VK_QUEUE_FAMILY_EXTERNAL;
    vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, 0, 0, nullptr, 1, &give, 0,
                         nullptr);
    releaseValues_[size_t(slot_)] = ++lastRelease_;
}

}  // namespace longtake
