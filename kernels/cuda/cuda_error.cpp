#include "kernels/cuda/cuda_error.h"

#include <new>

namespace longtake::cuda {

void check(cudaError_t status, const char* operation) {
    if (status == cudaSuccess) return;
    (void)cudaGetLastError();  // an error that is not sticky must not meet the next call
    if (status == cudaErrorMemoryAllocation) throw std::bad_alloc();
    throw CudaError(operation, cudaGetErrorString(status));
}

}  // namespace longtake::cuda
