#include "engine/checkpoint/encoding.h"

#include <array>
#include <cassert>
#include <cstring>

namespace longtake {

namespace {

constexpr std::array<EncodingInfo, 22> kEncodings = {{
    {"F64", 1, 8, DType::F64},
    {"F32", 1, 4, DType::F32},
    {"F16", 1, 2, DType::F16},
    {"BF16", 1, 2, DType::BF16},
    {"F8_E4M3", 1, 1, DType::F8E4M3},
    {"F8_E5M2", 1, 1, DType::F8E5M2},
    {"I64", 1, 8, DType::I64},
    {"I32", 1, 4, DType::I32},
    {"I16", 1, 2, DType::I16},
    {"I8", 1, 1, DType::I8},
    {"U8", 1, 1, DType::U8},
    {"BOOL", 1, 1, DType::Bool},
    {"Q4_0", 32, 18, {}},
    {"Q4_1", 32, 20, {}},
    {"Q5_0", 32, 22, {}},
    {"Q5_1", 32, 24, {}},
    {"Q8_0", 32, 34, {}},
    {"Q2_K", 256, 84, {}},
    {"Q3_K", 256, 110, {}},
    {"Q4_K", 256, 144, {}},
    {"Q5_K", 256, 176, {}},
    {"Q6_K", 256, 210, {}},
}};

float halfAt(const uint8_t* bytes) {
    uint16_t bits;
    std::memcpy(&bits, bytes, sizeof bits);
    return floatFromF16(bits);
}

uint32_t wordAt(const uint8_t* bytes) {
    uint32_t word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

template <typename Stored, typename Convert>
void each(const uint8_t* from, std::span<float> to, Convert convert) {
    for (size_t i = 0; i < to.size(); ++i) {
        Stored value;
        std::memcpy(&value, from + i * sizeof(Stored), sizeof(Stored));
        to[i] = convert(value);
    }
}

// The small blocks: [d] [m] [fifth bits] 16 bytes of nibbles; low nibbles are elements 0-15, high ones 16-31.
struct NibbleForm {
    bool hasMinimum;
    bool hasFifthBit;
};

void nibbleBlock(NibbleForm form, const uint8_t* block, float* out) {
    const float scale = halfAt(block);
    block += 2;
    float minimum = 0;
    if (form.hasMinimum) {
        minimum = halfAt(block);
        block += 2;
    }
    uint32_t fifth = 0;
    if (form.hasFifthBit) {
        fifth = wordAt(block);
        block += 4;
    }
    const int centre = form.hasMinimum ? 0 : form.hasFifthBit ? 16 : 8;
    for (int i = 0; i < 32; ++i) {
        const int nibble = i < 16 ? block[i] & 15 : block[i - 16] >> 4;
        const int code = nibble | (form.hasFifthBit ? static_cast<int>((fifth >> i) & 1) << 4 : 0);
        out[i] = scale * static_cast<float>(code - centre) + minimum;
    }
}

void q80Block(const uint8_t* block, float* out) {
    const float scale = halfAt(block);
    for (int i = 0; i < 32; ++i) out[i] = scale * static_cast<float>(static_cast<int8_t>(block[2 + i]));
}

void q2kBlock(const uint8_t* block, float* out) {
    const uint8_t* scales = block;
    const uint8_t* codes = block + 16;
    const float d = halfAt(block + 80);
    const float dmin = halfAt(block + 82);
    for (int i = 0; i < 256; ++i) {
        const int half = i / 128, lane = i % 128 / 32, column = i % 32;
        const int code = (codes[half * 32 + column] >> (2 * lane)) & 3;
        const uint8_t scale = scales[i / 16];
        out[i] = d * static_cast<float>(scale & 15) * static_cast<float>(code) - dmin * static_cast<float>(scale >> 4);
    }
}

void q3kBlock(const uint8_t* block, float* out) {
    const uint8_t* high = block;
    const uint8_t* codes = block + 32;
    const uint8_t* packed = block + 96;
    const float d = halfAt(block + 108);
    for (int i = 0; i < 256; ++i) {
        const int half = i / 128, lane = i % 128 / 32, column = i % 32;
        const int low = (codes[half * 32 + column] >> (2 * lane)) & 3;
        const int bit = (high[column] >> (half * 4 + lane)) & 1;
        const int k = i / 16;
        const int nibble = k < 8 ? packed[k] & 15 : packed[k - 8] >> 4;
        const int scale = (nibble | (((packed[8 + k % 4] >> (2 * (k / 4))) & 3) << 4)) - 32;
        out[i] = d * static_cast<float>(scale) * static_cast<float>(low - (bit ? 0 : 4));
    }
}

struct ScaleAndMinimum {
    int scale, minimum;
};

// Eight 6-bit scales and minima in 12 bytes, shared by Q4_K and Q5_K.
ScaleAndMinimum sixBits(const uint8_t* b, int k) {
    if (k < 4) return {b[k] & 63, b[k + 4] & 63};
    return {(b[k + 4] & 15) | ((b[k - 4] >> 6) << 4), (b[k + 4] >> 4) | ((b[k] >> 6) << 4)};
}

void q45kBlock(bool hasFifthBit, const uint8_t* block, float* out) {
    const float d = halfAt(block);
    const float dmin = halfAt(block + 2);
    const uint8_t* scales = block + 4;
    const uint8_t* fifth = block + 16;
    const uint8_t* codes = block + (hasFifthBit ? 48 : 16);
    for (int i = 0; i < 256; ++i) {
        const int k = i / 32, column = i % 32;
        const uint8_t byte = codes[k / 2 * 32 + column];
        int code = k % 2 ? byte >> 4 : byte & 15;
        if (hasFifthBit) code |= ((fifth[column] >> k) & 1) << 4;
        const auto [scale, minimum] = sixBits(scales, k);
        out[i] = d * static_cast<float>(scale) * static_cast<float>(code) - dmin * static_cast<float>(minimum);
    }
}

void q6kBlock(const uint8_t* block, float* out) {
    const uint8_t* low = block;
    const uint8_t* high = block + 128;
    const uint8_t* scales = block + 192;
    const float d = halfAt(block + 208);
    for (int i = 0; i < 256; ++i) {
        const int half = i / 128, lane = i % 128 / 32, column = i % 32;
        const uint8_t byte = low[half * 64 + lane % 2 * 32 + column];
        const int nibble = lane < 2 ? byte & 15 : byte >> 4;
        const int code = nibble | (((high[half * 32 + column] >> (2 * lane)) & 3) << 4);
        const int scale = static_cast<int8_t>(scales[i / 16]);
        out[i] = d * static_cast<float>(scale) * static_cast<float>(code - 32);
    }
}

void decodeBlock(Encoding encoding, const uint8_t* block, float* out) {
    switch (encoding) {
        case Encoding::Q4_0: return nibbleBlock({.hasMinimum = false, .hasFifthBit = false}, block, out);
        case Encoding::Q4_1: return nibbleBlock({.hasMinimum = true, .hasFifthBit = false}, block, out);
        case Encoding::Q5_0: return nibbleBlock({.hasMinimum = false, .hasFifthBit = true}, block, out);
        case Encoding::Q5_1: return nibbleBlock({.hasMinimum = true, .hasFifthBit = true}, block, out);
        case Encoding::Q8_0: return q80Block(block, out);
        case Encoding::Q2K: return q2kBlock(block, out);
        case Encoding::Q3K: return q3kBlock(block, out);
        case Encoding::Q4K: return q45kBlock(false, block, out);
        case Encoding::Q5K: return q45kBlock(true, block, out);
        case Encoding::Q6K: return q6kBlock(block, out);
        default: assert(false);
    }
}

}  // namespace

const EncodingInfo& infoOf(Encoding encoding) { return kEncodings[static_cast<size_t>(encoding)]; }

Encoding encodingOf(DType dtype) {
    for (size_t i = 0; i < kEncodings.size(); ++i)
        if (kEncodings[i].native == dtype) return static_cast<Encoding>(i);
    assert(false);
    return Encoding::F32;
}

std::optional<Encoding> encodingNamed(std::string_view safetensorsName) {
    for (size_t i = 0; i < kEncodings.size(); ++i)
        if (kEncodings[i].native && kEncodings[i].name == safetensorsName) return static_cast<Encoding>(i);
    return {};
}

std::optional<Encoding> encodingOfGgmlType(uint32_t type) {
    switch (type) {
        case 0: return Encoding::F32;
        case 1: return Encoding::F16;
        case 2: return Encoding::Q4_0;
        case 3: return Encoding::Q4_1;
        case 6: return Encoding::Q5_0;
        case 7: return Encoding::Q5_1;
        case 8: return Encoding::Q8_0;
        case 10: return Encoding::Q2K;
        case 11: return Encoding::Q3K;
        case 12: return Encoding::Q4K;
        case 13: return Encoding::Q5K;
        case 14: return Encoding::Q6K;
        case 24: return Encoding::I8;
        case 25: return Encoding::I16;
        case 26: return Encoding::I32;
        case 27: return Encoding::I64;
        case 28: return Encoding::F64;
        case 30: return Encoding::BF16;
        default: return {};
    }
}

void decode(Encoding encoding, std::span<const std::byte> bytes, std::span<float> elements) {
    const EncodingInfo& info = infoOf(encoding);
    assert(elements.size() % static_cast<size_t>(info.blockElements) == 0);
    assert(bytes.size() == elements.size() / static_cast<size_t>(info.blockElements) * static_cast<size_t>(info.blockBytes));
    const auto* from = reinterpret_cast<const uint8_t*>(bytes.data());
    switch (encoding) {
        case Encoding::F64: return each<double>(from, elements, [](double v) { return static_cast<float>(v); });
        case Encoding::F32:
            if (!elements.empty()) std::memcpy(elements.data(), from, elements.size_bytes());
            return;
        case Encoding::F16: return each<uint16_t>(from, elements, floatFromF16);
        case Encoding::BF16: return each<uint16_t>(from, elements, floatFromBf16);
        case Encoding::F8E4M3: {
            // A text encoder has billions of these; the conversion itself is slow.
            static const std::array<float, 256> table = [] {
                std::array<float, 256> values{};
                for (size_t i = 0; i < values.size(); ++i) values[i] = floatFromF8E4M3(static_cast<uint8_t>(i));
                return values;
            }();
            return each<uint8_t>(from, elements, [](uint8_t v) { return table[v]; });
        }
        case Encoding::F8E5M2: return each<uint8_t>(from, elements, floatFromF8E5M2);
        case Encoding::I64: return each<int64_t>(from, elements, [](int64_t v) { return static_cast<float>(v); });
        case Encoding::I32: return each<int32_t>(from, elements, [](int32_t v) { return static_cast<float>(v); });
        case Encoding::I16: return each<int16_t>(from, elements, [](int16_t v) { return static_cast<float>(v); });
        case Encoding::I8: return each<int8_t>(from, elements, [](int8_t v) { return static_cast<float>(v); });
        case Encoding::U8: return each<uint8_t>(from, elements, [](uint8_t v) { return static_cast<float>(v); });
        case Encoding::Bool: return each<uint8_t>(from, elements, [](uint8_t v) { return v ? 1.0f : 0.0f; });
        default: break;
    }
    for (size_t done = 0; done < elements.size(); done += static_cast<size_t>(info.blockElements)) {
        decodeBlock(encoding, from, elements.data() + done);
        from += info.blockBytes;
    }
}

void encode(DType dtype, std::span<const float> elements, std::span<std::byte> bytes) {
    assert(bytes.size() == elements.size() * sizeOf(dtype));
    if (elements.empty()) return;
    if (dtype == DType::F32) {
        std::memcpy(bytes.data(), elements.data(), bytes.size());
        return;
    }
    assert(dtype == DType::F16 || dtype == DType::BF16);
    for (size_t i = 0; i < elements.size(); ++i) {
        const uint16_t bits = dtype == DType::F16 ? f16FromFloat(elements[i]) : bf16FromFloat(elements[i]);
        std::memcpy(bytes.data() + 2 * i, &bits, 2);
    }
}

}  // namespace longtake
