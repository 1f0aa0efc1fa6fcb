#include "kernels/cuda/staging.h"

#include <algorithm>
#include <cstring>

#include "kernels/cuda/cuda_error.h"

namespace longtake::cuda {

namespace {

constexpr size_t kUnit = 64;
constexpr size_t kUploads = 2;

}  // namespace

Staging::~Staging() {
    (void)cudaStreamSynchronize(stream_);
    for (Slot& slot : slots_) {
        if (slot.memory) (void)cudaFreeHost(slot.memory);
        if (slot.done) (void)cudaEventDestroy(slot.done);
    }
}

Staging::Slot& Staging::slot(size_t index) {
    Slot& slot = slots_[index];
    if (!slot.done) check(cudaEventCreateWithFlags(&slot.done, cudaEventDisableTiming), "copy");
    if (!slot.memory) check(cudaMallocHost(reinterpret_cast<void**>(&slot.memory), kSlotBytes), "copy");
    return slot;
}

// The current slot when something fits behind what it holds, else the other one once its copies are done.
Staging::Slot& Staging::room(size_t bytes) {
    Slot& now = slot(current_);
    if (now.used == 0 || now.used + std::min(bytes, kUnit) <= kSlotBytes) return now;
    check(cudaEventRecord(now.done, stream_), "copy");
    current_ = 1 - current_;
    Slot& next = slot(current_);
    if (next.used) check(cudaEventSynchronize(next.done), "copy");
    next.used = 0;
    return next;
}

void Staging::upload(void* device, size_t bytes, const Fill& fill) {
    for (size_t done = 0; done < bytes;) {
        Slot& slot = room(bytes - done);
        const size_t count = std::min(bytes - done, kSlotBytes - slot.used);
        unsigned char* from = slot.memory + slot.used;
        fill(from, done, count);
        check(cudaMemcpyAsync(static_cast<unsigned char*>(device) + done, from, count, cudaMemcpyHostToDevice, stream_), "copy");
        slot.used += (count + kUnit - 1) / kUnit * kUnit;
        done += count;
    }
}

void Staging::upload(void* device, const void* host, size_t bytes) {
    upload(device, bytes,
           [host](void* to, size_t offset, size_t count) { std::memcpy(to, static_cast<const unsigned char*>(host) + offset, count); });
}

// While one piece is copied out of its slot the next one is on its way into the other.
void Staging::download(void* host, const void* device, size_t bytes) {
    const size_t pieces = (bytes + kSlotBytes - 1) / kSlotBytes;
    auto sizeOf = [&](size_t piece) { return std::min(kSlotBytes, bytes - piece * kSlotBytes); };
    auto request = [&](size_t piece) {
        Slot& to = slot(kUploads + piece % 2);
        check(cudaMemcpyAsync(to.memory, static_cast<const unsigned char*>(device) + piece * kSlotBytes, sizeOf(piece),
                              cudaMemcpyDeviceToHost, stream_),
              "copy");
        check(cudaEventRecord(to.done, stream_), "copy");
    };
    if (pieces) request(0);
    for (size_t piece = 0; piece < pieces; ++piece) {
        if (piece + 1 < pieces) request(piece + 1);
        const Slot& from = slot(kUploads + piece % 2);
        check(cudaEventSynchronize(from.done), "copy");
        std::memcpy(static_cast<unsigned char*>(host) + piece * kSlotBytes, from.memory, sizeOf(piece));
    }
}

}  // namespace longtake::cuda
