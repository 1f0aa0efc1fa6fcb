// One number of a weight of any float type, as a float.
//
// Thread: pure functions.
#pragma once

#include <stdexcept>
#include <string>

#include "kernels/dtype.h"

namespace longtake {

// Throws std::invalid_argument on types that are not numbers with a point.
inline float numberAt(const void* data, DType dtype, int64_t index) {
    switch (dtype) {
        case DType::F64: return static_cast<float>(static_cast<const double*>(data)[index]);
        case DType::F32: return static_cast<const float*>(data)[index];
        case DType::F16: return floatFromF16(static_cast<const uint16_t*>(data)[index]);
        case DType::BF16: return floatFromBf16(static_cast<const uint16_t*>(data)[index]);
        case DType::F8E4M3: return floatFromF8E4M3(static_cast<const uint8_t*>(data)[index]);
        case DType::F8E5M2: return floatFromF8E5M2(static_cast<const uint8_t*>(data)[index]);
        default: throw std::invalid_argument("[weights] a weight must be of a float type, got " + std::string(nameOf(dtype)));
    }
}

}  // namespace longtake
