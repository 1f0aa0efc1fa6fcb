#include "engine/text/unicode.h"

#include <utf8proc.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <new>

namespace longtake {

namespace {

// The bytes of one well-formed character at the front, or 0.
size_t wellFormedLength(std::string_view bytes) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    const size_t length = lead >= 0xC2 && lead <= 0xDF ? 2 : lead >= 0xE0 && lead <= 0xEF ? 3 : lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
    if (length == 0 || bytes.size() < length) return 0;
    for (size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
    }
    const unsigned char second = byte(1);
    if (lead == 0xE0 && second < 0xA0) return 0;  // overlong
    if (lead == 0xED && second > 0x9F) return 0;  // surrogates
    if (lead == 0xF0 && second < 0x90) return 0;  // overlong
    if (lead == 0xF4 && second > 0x8F) return 0;  // beyond U+10FFFF
    return length;
}

// The callers' text has been through decodeUtf8 or holds no surrogates, so the library has nothing to refuse.
std::u32string mapped(std::u32string_view text, int options) {
    const std::string bytes = encodeUtf8(text);
    utf8proc_uint8_t* out = nullptr;
    const utf8proc_ssize_t length =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(bytes.data()), static_cast<utf8proc_ssize_t>(bytes.size()), &out,
                     static_cast<utf8proc_option_t>(options));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(out, std::free);
    if (length == UTF8PROC_ERROR_NOMEM) throw std::bad_alloc();
    if (length < 0) return std::u32string(text);
    Result<std::u32string> decoded = decodeUtf8({reinterpret_cast<const char*>(out), static_cast<size_t>(length)});
    return decoded ? std::move(*decoded) : std::u32string(text);
}

}  // namespace

Result<std::u32string> decodeUtf8(std::string_view bytes) {
    std::u32string out;
    out.reserve(bytes.size());
    for (size_t at = 0; at < bytes.size();) {
        const size_t length = wellFormedLength(bytes.substr(at));
        if (length == 0) return Error{"byte " + std::to_string(at) + " is not UTF-8"};
        auto character = static_cast<char32_t>(static_cast<unsigned char>(bytes[at]));
        if (length > 1) character &= 0xFFu >> (length + 1);
        for (size_t i = 1; i < length; ++i) character = character << 6 | (static_cast<unsigned char>(bytes[at + i]) & 0x3Fu);
        out.push_back(character);
        at += length;
    }
    return out;
}

void appendUtf8(std::string& out, char32_t character) {
    const auto put = [&](char32_t value) { out.push_back(static_cast<char>(static_cast<unsigned char>(value))); };
    if (character < 0x80) {
        put(character);
    } else if (character < 0x800) {
        put(0xC0 | character >> 6);
        put(0x80 | (character & 0x3F));
    } else if (character < 0x10000) {
        put(0xE0 | character >> 12);
        put(0x80 | (character >> 6 & 0x3F));
        put(0x80 | (character & 0x3F));
    } else {
        put(0xF0 | character >> 18);
        put(0x80 | (character >> 12 & 0x3F));
        put(0x80 | (character >> 6 & 0x3F));
        put(0x80 | (character & 0x3F));
    }
}

std::string encodeUtf8(std::u32string_view text) {
    std::string out;
    out.reserve(text.size());
    for (char32_t character : text) appendUtf8(out, character);
    return out;
}

std::u32string normalizeNfc(std::u32string_view text) { return mapped(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE); }

std::u32string normalizeNfkc(std::u32string_view text) { return mapped(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT); }

char32_t fromWindows1252(char32_t character) {
    constexpr std::array<char32_t, 32> kMeaning = {0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
                                                   0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
                                                   0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
    return character >= 0x80 && character <= 0x9F ? kMeaning[character - 0x80] : character;
}

char32_t toLower(char32_t character) { return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(character))); }

char32_t toUpper(char32_t character) { return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(character))); }

bool isWhitespace(char32_t character) {
    if (character <= 0x20) return (character >= 0x09 && character <= 0x0D) || character >= 0x1C;
    if (character < 0x1680) return character == 0x85 || character == 0xA0;
    return character == 0x1680 || (character >= 0x2000 && character <= 0x200A) || character == 0x2028 || character == 0x2029 ||
           character == 0x202F || character == 0x205F || character == 0x3000;
}

bool isWordPart(char32_t character) {
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(character))) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_MC:
        case UTF8PROC_CATEGORY_ME:
        case UTF8PROC_CATEGORY_ND:
        case UTF8PROC_CATEGORY_NL:
        case UTF8PROC_CATEGORY_NO: return true;
        default: return false;
    }
}

}  // namespace longtake
