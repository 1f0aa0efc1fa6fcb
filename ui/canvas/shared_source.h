// Pictures that another API (CUDA) writes straight into GPU memory: this side allocates a ring of slots and two
// timelines and exports them, the other side imports them. Neither waits on the CPU.
//
// Owner:  CanvasWindow, or a test. The context must outlive it.
// Thread: the renderer's. The other side writes from any thread, by these rules:
//
//     wait until `released` has reached releaseValue(slot)   (0: never shown)
//     write RGBA8, rows tightly packed, at slot * slotBytes
//     signal `ready` with a value larger than all before; hand (slot, value) to show()
#pragma once

#include <array>
#include <memory>

#include "ui/canvas/frame_source.h"
#include "ui/canvas/vulkan_context.h"

namespace longtake {

// A timeline semaphore that may be shared. On a device without external semaphores (lavapipe) only the local kind
// exists, which this process signals itself.
class SharedTimeline {
public:
    virtual ~SharedTimeline() = default;
    virtual VkSemaphore semaphore() const = 0;
    // A new file descriptor, owned by the caller (the importing API takes it over).
    virtual Result<int> exportFd() = 0;
};

class ExternalTimeline final : public SharedTimeline {
public:
    static Result<std::unique_ptr<SharedTimeline>> create(VulkanContext& context);
    VkSemaphore semaphore() const override { return semaphore_.get(); }
    Result<int> exportFd() override;

private:
    explicit ExternalTimeline(VulkanContext& context) : context_(context) {}
    VulkanContext& context_;
    VkSemaphoreOwner semaphore_;
};

class LocalTimeline final : public SharedTimeline {
public:
    static Result<std::unique_ptr<SharedTimeline>> create(VulkanContext& context);
    VkSemaphore semaphore() const override { return semaphore_.get(); }
    Result<int> exportFd() override;
    Result<void> signal(uint64_t value);  // from the CPU

private:
    explicit LocalTimeline(VulkanContext& context) : context_(context) {}
    VulkanContext& context_;
    VkSemaphoreOwner semaphore_;
};

// What the other API needs to import the memory. The semaphores' descriptors come from exportFd() of each.
struct SharedMemory {
    int fd = -1;  // owned by the receiver; the importing API takes it over
    uint64_t allocationBytes = 0;
    uint64_t slotBytes = 0;
    int slotCount = 0;
    PictureSize size;
    bool dedicated = true;
    std::array<uint8_t, VK_UUID_SIZE> deviceUuid{};
};

class SharedSource final : public FrameSource {
public:
    struct Timelines {
        std::unique_ptr<SharedTimeline> ready;     // the writer signals
        std::unique_ptr<SharedTimeline> released;  // the renderer signals
    };

    // Fails where the device cannot export memory; the staging path is for that.
    static Result<std::unique_ptr<SharedSource>> create(VulkanContext& context, PictureSize size, int slotCount, Timelines timelines);

    Result<SharedMemory> exportMemory();
    SharedTimeline& ready() { return *timelines_.ready; }
    SharedTimeline& released() { return *timelines_.released; }

    // The picture in that slot is next; the GPU waits until `ready` has reached the value.
    void show(int slot, uint64_t readyValue);
    uint64_t releaseValue(int slot) const { return releaseValues_[size_t(slot)]; }

    PictureSize size() const override { return serial_ ? size_ : PictureSize{}; }
    uint64_t serial() const override { return serial_; }
    void record(VkCommandBuffer commands, VkImage image, TimelinePoint done) override;
    std::vector<TimelinePoint> waitPoints() const override { return {{timelines_.ready->semaphore(), readyValue_}}; }
    std::vector<TimelinePoint> signalPoints() const override { return {{timelines_.released->semaphore(), lastRelease_}}; }

private:
    explicit SharedSource(VulkanContext& context) : context_(context) {}
    Result<void> allocate();

    VulkanContext& context_;
    VkMemoryOwner memory_;
    VkBufferOwner buffer_;
    Timelines timelines_;
    PictureSize size_;
    uint64_t slotBytes_ = 0;
    uint64_t allocationBytes_ = 0;
    std::vector<uint64_t> releaseValues_;
    int slot_ = 0;
    uint64_t readyValue_ = 0;
    uint64_t lastRelease_ = 0;
    uint64_t serial_ = 0;
};

}  // namespace longtake
