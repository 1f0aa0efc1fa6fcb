// Failures of the CUDA libraries as exceptions that name the operation: "[attention] an illegal memory access ...".
//
// Thread: plain functions.
#pragma once

#include <cuda_runtime_api.h>

#include <stdexcept>

namespace longtake::cuda {

class CudaError : public std::runtime_error {
public:
    CudaError(const char* operation, const char* what) : std::runtime_error(std::string("[") + operation + "] " + what) {}
};

// Throws std::bad_alloc when the device is out of memory (it stays usable), CudaError on any other failure.
void check(cudaError_t status, const char* operation);

}  // namespace longtake::cuda
