// Number types of tensors, their sizes, and the 16-bit conversions.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace longtake {

enum class DType : uint8_t { F64, F32, F16, BF16, F8E4M3, F8E5M2, I64, I32, I16, I8, U8, Bool };

constexpr size_t sizeOf(DType dtype) {
    switch (dtype) {
        case DType::F64:
        case DType::I64: return 8;
        case DType::F32:
        case DType::I32: return 4;
        case DType::F16:
        case DType::BF16:
        case DType::I16: return 2;
        default: return 1;
    }
}

// The safetensors spelling: "F32", "BF16", "F8_E4M3", ...
std::string_view nameOf(DType dtype);

// Round to nearest even; NaN stays NaN.
inline uint16_t bf16FromFloat(float value) {
    uint32_t bits = std::bit_cast<uint32_t>(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);
    return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

inline float floatFromBf16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

inline constexpr float kLargestF8E4M3 = 448.0f;

float floatFromF16(uint16_t bits);
uint16_t f16FromFloat(float value);    // round to nearest even, overflow to infinity
float floatFromF8E4M3(uint8_t bits);   // the "fn" form: no infinities, 0x7f and 0xff are NaN
uint8_t f8E4M3FromFloat(float value);  // round to nearest even, at most the largest; NaN stays NaN
float floatFromF8E5M2(uint8_t bits);

}  // namespace longtake
