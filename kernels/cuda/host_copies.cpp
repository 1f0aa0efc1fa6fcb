#include "kernels/cuda/host_copies.h"

#include <algorithm>
#include <cstring>

#include "kernels/cuda/cuda_error.h"

namespace longtake::cuda {

class HostCopies::Copy final : public HostCopy {
public:
    Copy(std::shared_ptr<HostCopies> owner, Slot& slot, void* host, size_t bytes)
        : owner_(std::move(owner)), slot_(&slot), host_(host), bytes_(bytes) {}
    // Given up: the memory may be used again only when the device no longer writes it.
    ~Copy() override {
        if (!slot_) return;
        (void)cudaEventSynchronize(slot_->done);
        slot_->used = false;
    }

    bool ready() const override {
        if (!slot_ || cudaEventQuery(slot_->done) != cudaErrorNotReady) return true;
        (void)cudaGetLastError();  // "not ready" must not meet the next launch
        return false;
    }
    void finish() override {
        if (!slot_) return;
        check(cudaEventSynchronize(slot_->done), "copy");
        std::memcpy(host_, slot_->memory, bytes_);
        slot_->used = false;
        slot_ = nullptr;
    }
    void holdBack(cudaStream_t stream) const {
        if (slot_) check(cudaStreamWaitEvent(stream, slot_->done, 0), "copy");
    }

private:
    std::shared_ptr<HostCopies> owner_;
    Slot* slot_;  // null once the numbers are there
    void* host_;
    size_t bytes_;
};

HostCopies::Slot::~Slot() {
    if (memory) (void)cudaFreeHost(memory);
    for (cudaEvent_t event : {asked, done})
        if (event) (void)cudaEventDestroy(event);
}

std::shared_ptr<HostCopies> HostCopies::create() {
    std::shared_ptr<HostCopies> copies(new HostCopies);
    check(cudaStreamCreateWithFlags(&copies->stream_, cudaStreamNonBlocking), "copy");
    return copies;
}

HostCopies::~HostCopies() {
    if (!stream_) return;
    (void)cudaStreamSynchronize(stream_);
    (void)cudaStreamDestroy(stream_);
}

HostCopies::Slot& HostCopies::freeSlot(size_t bytes) {
    const auto fits = [bytes](const std::unique_ptr<Slot>& slot) { return !slot->used && slot->bytes >= bytes; };
    if (const auto found = std::find_if(slots_.begin(), slots_.end(), fits); found != slots_.end()) return **found;
    auto slot = std::make_unique<Slot>();
    check(cudaMallocHost(reinterpret_cast<void**>(&slot->memory), bytes), "copy");
    slot->bytes = bytes;
    for (cudaEvent_t* event : {&slot->asked, &slot->done}) check(cudaEventCreateWithFlags(event, cudaEventDisableTiming), "copy");
    slots_.push_back(std::move(slot));
    return *slots_.back();
}

std::unique_ptr<HostCopy> HostCopies::start(void* host, const void* device, size_t bytes, cudaStream_t after) {
    Slot& slot = freeSlot(bytes);
    check(cudaEventRecord(slot.asked, after), "copy");
    check(cudaStreamWaitEvent(stream_, slot.asked, 0), "copy");
    check(cudaMemcpyAsync(slot.memory, device, bytes, cudaMemcpyDeviceToHost, stream_), "copy");
    check(cudaEventRecord(slot.done, stream_), "copy");
    slot.used = true;
    return std::make_unique<Copy>(shared_from_this(), slot, host, bytes);
}

void HostCopies::holdBack(cudaStream_t stream, const HostCopy& copy) { dynamic_cast<const Copy&>(copy).holdBack(stream); }

}  // namespace longtake::cuda
