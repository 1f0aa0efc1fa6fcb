// Device memory in stream order from a pool that gives nothing back to the driver: once a take is warm, no chunk costs
// a driver allocation. A block freed while kernels still use it is reused only behind them on the same stream.
//
// Owner:  CudaBackend, together with every block that is still alive.
// Thread: allocate() and freeing from any thread.
#pragma once

#include <cuda_runtime_api.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace longtake::cuda {

class DeviceMemory : public std::enable_shared_from_this<DeviceMemory> {
public:
    // Makes the stream that memory is ordered on. The device must be current.
    static std::shared_ptr<DeviceMemory> create(int device);
    // Memory of the same pool, in the order of another stream.
    std::shared_ptr<DeviceMemory> onAnotherStream() const;
    ~DeviceMemory();
    DeviceMemory(const DeviceMemory&) = delete;
    DeviceMemory& operator=(const DeviceMemory&) = delete;

    // 256-byte aligned, never null. Throws std::bad_alloc; nothing is lost then. Throws std::logic_error while recording.
    std::shared_ptr<void> allocate(size_t bytes);
    size_t liveBytes() const { return pool_->live.load(); }  // of all streams
    size_t freeBytes() const;                                // of the driver, and what the pool holds unused

    cudaStream_t stream() const { return stream_; }
    // Between these nothing may be allocated: a recording keeps addresses.
    void setRecording(bool recording);
    bool recording() const { return recording_; }

private:
    struct Pool {
        cudaMemPool_t handle = nullptr;
        std::atomic<size_t> live = 0;
        ~Pool();
    };

    explicit DeviceMemory(std::shared_ptr<Pool> pool);
    void giveBack(void* block);

    std::shared_ptr<Pool> pool_;
    cudaStream_t stream_ = nullptr;
    std::atomic<bool> recording_ = false;
    std::mutex mutex_;
    std::vector<void*> freedLater_;  // given up while recording: a graph must not hold their freeing
};

}  // namespace longtake::cuda
