// Host memory that the device can reach directly, in between of every copy: the caller's memory is free again when a
// call returns, and the device need not be waited for.
//
// Owner:  CudaBackend. Uses the stream it was given.
// Thread: one at a time.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <functional>

namespace longtake::cuda {

class Staging {
public:
    explicit Staging(cudaStream_t stream) : stream_(stream) {}
    ~Staging();
    Staging(const Staging&) = delete;
    Staging& operator=(const Staging&) = delete;

    // Writes `count` bytes from `offset` on of what is uploaded into `to`.
    using Fill = std::function<void(void* to, size_t offset, size_t count)>;
    // Pieces are multiples of 64 bytes, but for the last one.
    void upload(void* device, size_t bytes, const Fill& fill);
    void upload(void* device, const void* host, size_t bytes);
    // Waits for the stream.
    void download(void* host, const void* device, size_t bytes);

private:
    static constexpr size_t kSlotBytes = 8 << 20;
    struct Slot {
        unsigned char* memory = nullptr;
        cudaEvent_t done = nullptr;
        size_t used = 0;
    };

    Slot& slot(size_t index);
    Slot& room(size_t bytes);

    cudaStream_t stream_;
    std::array<Slot, 4> slots_;  // two of uploads in turn, two of downloads
    size_t current_ = 0;
};

}  // namespace longtake::cuda
