// How numbers lie in a checkpoint file: the engine's number types and the block-quantised ones of GGUF.
//
// Thread: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "kernels/dtype.h"

namespace longtake {

enum class Encoding : uint8_t {
    F64,
    F32,
    F16,
    BF16,
    F8E4M3,
    F8E5M2,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
};

struct EncodingInfo {
    std::string_view name;  // "F32", "F8_E4M3", "Q4_K", ...
    int64_t blockElements;  // 1 for plain numbers
    int64_t blockBytes;
    std::optional<DType> native;  // empty: has no DType and is dequantised to F32
};

const EncodingInfo& infoOf(Encoding encoding);
Encoding encodingOf(DType dtype);
std::optional<Encoding> encodingNamed(std::string_view safetensorsName);
std::optional<Encoding> encodingOfGgmlType(uint32_t type);

// elements.size() numbers from the front of `bytes`, which holds exactly as many whole blocks as that needs.
// Integers and F64 are rounded to float.
void decode(Encoding encoding, std::span<const std::byte> bytes, std::span<float> elements);

// To F32, F16 or BF16, rounding to nearest even. `bytes` holds elements.size() numbers.
void encode(DType dtype, std::span<const float> elements, std::span<std::byte> bytes);

}  // namespace longtake
