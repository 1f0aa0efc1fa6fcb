#include "kernels/cuda/device_memory.h"

#include <limits>
#include <new>
#include <stdexcept>

#include "kernels/cuda/cuda_error.h"

namespace longtake::cuda {

std::shared_ptr<DeviceMemory> DeviceMemory::create(int device) {
    auto pool = std::make_shared<Pool>();
    cudaMemPoolProps properties = {};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.handleTypes = cudaMemHandleTypeNone;
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = device;
    check(cudaMemPoolCreate(&pool->handle, &properties), "memory");
    uint64_t keepAll = std::numeric_limits<uint64_t>::max();
    check(cudaMemPoolSetAttribute(pool->handle, cudaMemPoolAttrReleaseThreshold, &keepAll), "memory");
    return std::shared_ptr<DeviceMemory>(new DeviceMemory(std::move(pool)));
}

std::shared_ptr<DeviceMemory> DeviceMemory::onAnotherStream() const { return std::shared_ptr<DeviceMemory>(new DeviceMemory(pool_)); }

DeviceMemory::DeviceMemory(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "memory");
}

DeviceMemory::Pool::~Pool() {
    if (handle) (void)cudaMemPoolDestroy(handle);
}

DeviceMemory::~DeviceMemory() {
    (void)cudaStreamSynchronize(stream_);
    (void)cudaStreamDestroy(stream_);
}

std::shared_ptr<void> DeviceMemory::allocate(size_t bytes) {
    if (recording_) throw std::logic_error("[memory] nothing can be allocated while a pass is recorded");
    const size_t rounded = (bytes + 256) / 256 * 256;
    void* block = nullptr;
    cudaError_t status = cudaMallocFromPoolAsync(&block, rounded, pool_->handle, stream_);
    if (status == cudaErrorMemoryAllocation) {
        // What the pool holds may lie in pieces that do not fit: give them back and ask once more.
        (void)cudaGetLastError();
        check(cudaStreamSynchronize(stream_), "memory");
        check(cudaMemPoolTrimTo(pool_->handle, 0), "memory");
        status = cudaMallocFromPoolAsync(&block, rounded, pool_->handle, stream_);
    }
    check(status, "memory");
    pool_->live.fetch_add(rounded);
    return {block, [self = shared_from_this(), rounded](void* p) {
                self->giveBack(p);
                self->pool_->live.fetch_sub(rounded);
            }};
}

void DeviceMemory::giveBack(void* block) {
    const std::lock_guard lock(mutex_);
    if (recording_) freedLater_.push_back(block);
    else (void)cudaFreeAsync(block, stream_);
}

void DeviceMemory::setRecording(bool recording) {
    const std::lock_guard lock(mutex_);
    recording_ = recording;
    if (recording) return;
    for (void* block : freedLater_) (void)cudaFreeAsync(block, stream_);
    freedLater_.clear();
}

size_t DeviceMemory::freeBytes() const {
    size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "memory");
    uint64_t reserved = 0, used = 0;
    check(cudaMemPoolGetAttribute(pool_->handle, cudaMemPoolAttrReservedMemCurrent, &reserved), "memory");
    check(cudaMemPoolGetAttribute(pool_->handle, cudaMemPoolAttrUsedMemCurrent, &used), "memory");
    return free + (reserved > used ? static_cast<size_t>(reserved - used) : 0);
}

}  // namespace longtake::cuda
