// What the emulated machine is like, for tests that want it otherwise.
//
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "kernels/cuda/emulation/include/cuda_runtime_api.h"

namespace longtake::emulation {

struct Machine {
    int devices = 1;
    int architecture = 90;                 // 90 for 9.0
    size_t deviceBytes = size_t{8} << 30;  // what allocations may take in all
    size_t saidFreeBytes = 0;              // what is said to be free; 0: what is
    cudaError_t startUp = cudaSuccess;     // what every first question answers
    int driver = 13000;
    bool hasKernels = true;
    bool libraryHasProducts = true;  // false: the matrix library declines everything
};
// Changes hold until the next ones; set before a backend is made.
Machine& machine();

// The call of that name fails once, after `after` calls that do not: failOnce("cudaMemcpyAsync", cudaErrorLaunchFailure, 2).
void failOnce(const std::string& call, cudaError_t with, int after = 0);

size_t liveDeviceBytes();
int64_t launches();     // kernels run so far, those of graphs included
int64_t allocations();  // of device memory so far
int64_t graphLaunches();
int64_t declinedProducts();  // by the matrix library, so far

// Queues work behind what the stream has to do already; fails where a launch would.
cudaError_t enqueue(cudaStream_t stream, std::function<void()> work);
cudaError_t enqueueKernel(cudaStream_t stream, dim3 grid, dim3 block, size_t sharedBytes, std::function<void()> thread);

}  // namespace longtake::emulation
