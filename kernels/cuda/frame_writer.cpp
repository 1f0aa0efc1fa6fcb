#include "kernels/cuda/frame_writer.h"

#include <unistd.h>

#include <stdexcept>
#include <string>

#include "kernels/cuda/cuda_error.h"

namespace longtake::cuda {

namespace {

// A descriptor that is closed unless CUDA has taken it over.
class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }
    void given() { fd_ = -1; }

private:
    int fd_;
};

class FrameWriter final : public SharedFrameWriter {
public:
    explicit FrameWriter(const LaunchContext& context) : context_(context) {}
    ~FrameWriter() override {
        (void)cudaStreamSynchronize(context_.stream);
        if (slots_) (void)cudaFree(slots_);
        for (cudaExternalSemaphore_t semaphore : {ready_, released_})
            if (semaphore) (void)cudaDestroyExternalSemaphore(semaphore);
        if (memory_) (void)cudaDestroyExternalMemory(memory_);
    }

    void import(const SharedFramesOrigin& origin, Descriptor& memory, Descriptor& ready, Descriptor& released) {
        cudaExternalMemoryHandleDesc description = {};
        description.type = cudaExternalMemoryHandleTypeOpaqueFd;
        description.handle.fd = memory.get();
        description.size = origin.allocationBytes;
        description.flags = cudaExternalMemoryDedicated;
        check(cudaImportExternalMemory(&memory_, &description), "shared frames");
        memory.given();
        cudaExternalMemoryBufferDesc buffer = {};
        buffer.size = origin.slotBytes * static_cast<uint64_t>(origin.slotCount);
        check(cudaExternalMemoryGetMappedBuffer(&slots_, memory_, &buffer), "shared frames");
        ready_ = semaphore(ready);
        released_ = semaphore(released);
        slotBytes_ = origin.slotBytes;
        slotCount_ = origin.slotCount;
    }

    uint64_t write(const PicturesParams& pictures, int slot, uint64_t releasedValue) override {
        if (slot < 0 || slot >= slotCount_ || static_cast<uint64_t>(pictures.pixels) * 4 > slotBytes_)
            throw std::invalid_argument("[shared frames] the picture does not fit slot " + std::to_string(slot) + " of " +
                                        std::to_string(slotCount_));
        if (releasedValue > 0) {
            cudaExternalSemaphoreWaitParams wait = {};
            wait.params.fence.value = releasedValue;
            check(cudaWaitExternalSemaphoresAsync(&released_, &wait, 1, context_.stream), "shared frames");
        }
        PicturesParams p = pictures;
        p.bytesPerPixel = 4;
        p.y = static_cast<uint8_t*>(slots_) + static_cast<uint64_t>(slot) * slotBytes_;
        launchPictures(p, context_);
        cudaExternalSemaphoreSignalParams signal = {};
        signal.params.fence.value = ++last_;
        check(cudaSignalExternalSemaphoresAsync(&ready_, &signal, 1, context_.stream), "shared frames");
        return last_;
    }

private:
    static cudaExternalSemaphore_t semaphore(Descriptor& from) {
        cudaExternalSemaphoreHandleDesc description = {};
        description.type = cudaExternalSemaphoreHandleTypeTimelineSemaphoreFd;
        description.handle.fd = from.get();
        cudaExternalSemaphore_t semaphore = nullptr;
        check(cudaImportExternalSemaphore(&semaphore, &description), "shared frames");
        from.given();
        return semaphore;
    }

    LaunchContext context_;
    cudaExternalMemory_t memory_ = nullptr;
    cudaExternalSemaphore_t ready_ = nullptr, released_ = nullptr;
    void* slots_ = nullptr;
    uint64_t slotBytes_ = 0, last_ = 0;
    int slotCount_ = 0;
};

}  // namespace

Result<std::unique_ptr<SharedFrameWriter>> makeFrameWriter(const SharedFramesOrigin& origin, const std::array<unsigned char, 16>& uuid,
                                                           const LaunchContext& context) {
    Descriptor memory(origin.memoryFd), ready(origin.readyFd), released(origin.releasedFd);
    if (origin.deviceUuid != uuid) return Error{"the display is on another GPU"};
    if (origin.slotCount < 1 || origin.slotBytes * static_cast<uint64_t>(origin.slotCount) > origin.allocationBytes)
        return Error{"the display shares less memory than its frames need"};
    auto writer = std::make_unique<FrameWriter>(context);
    try {
        writer->import(origin, memory, ready, released);
    } catch (const std::exception& failure) {
        return Error{std::string("the display's memory cannot be imported (") + failure.what() + ")"};
    }
    return std::unique_ptr<SharedFrameWriter>(std::move(writer));
}

}  // namespace longtake::cuda
