// Reads little-endian values from a span and never past its end.
//
// Thread: a value of one reader.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace longtake {

static_assert(std::endian::native == std::endian::little, "checkpoint files are little-endian and read as they are");

class ByteReader {
public:
    explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

    size_t position() const { return position_; }
    size_t left() const { return bytes_.size() - position_; }

    // False, and nothing consumed, when too few bytes are left.
    template <typename T>
    bool read(T& value) {
        static_assert(std::is_arithmetic_v<T>);
        if (left() < sizeof(T)) return false;
        std::memcpy(&value, bytes_.data() + position_, sizeof(T));
        position_ += sizeof(T);
        return true;
    }

    bool take(uint64_t count, std::span<const std::byte>& out) {
        if (count > left()) return false;
        out = bytes_.subspan(position_, static_cast<size_t>(count));
        position_ += static_cast<size_t>(count);
        return true;
    }

    bool text(uint64_t count, std::string_view& out) {
        std::span<const std::byte> taken;
        if (!take(count, taken)) return false;
        out = {reinterpret_cast<const char*>(taken.data()), taken.size()};
        return true;
    }

    bool skip(uint64_t count) {
        if (count > left()) return false;
        position_ += static_cast<size_t>(count);
        return true;
    }

    bool seek(uint64_t position) {
        if (position > bytes_.size()) return false;
        position_ = static_cast<size_t>(position);
        return true;
    }

private:
    std::span<const std::byte> bytes_;
    size_t position_ = 0;
};

}  // namespace longtake
