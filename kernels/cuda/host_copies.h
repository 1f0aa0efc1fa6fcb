// Copies to the host that nobody waits for: on a stream of their own, behind what the other stream holds when they are
// asked for, into pinned memory that is kept for the next ones.
//
// Owner:  CudaBackend, together with every copy that is still alive.
// Thread: one at a time.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>
#include <vector>

#include "kernels/backend.h"

namespace longtake::cuda {

class HostCopies : public std::enable_shared_from_this<HostCopies> {
public:
    // Makes the stream. The device must be current.
    static std::shared_ptr<HostCopies> create();
    ~HostCopies();
    HostCopies(const HostCopies&) = delete;
    HostCopies& operator=(const HostCopies&) = delete;

    std::unique_ptr<HostCopy> start(void* host, const void* device, size_t bytes, cudaStream_t after);
    // The stream goes on when that copy has read its source.
    static void holdBack(cudaStream_t stream, const HostCopy& copy);

private:
    class Copy;
    struct Slot {
        unsigned char* memory = nullptr;
        size_t bytes = 0;
        cudaEvent_t asked = nullptr, done = nullptr;
        bool used = false;
        ~Slot();
    };

    HostCopies() = default;
    Slot& freeSlot(size_t bytes);

    cudaStream_t stream_ = nullptr;
    std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace longtake::cuda
