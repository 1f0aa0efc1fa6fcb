// The few Unicode operations that prompts need: checked UTF-8, normal forms, classes of characters.
//
// Thread: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/result.h"

namespace longtake {

// Fails with the offset of the first byte that is not part of well-formed UTF-8 (overlong forms, surrogates and
// values beyond U+10FFFF are not).
Result<std::u32string> decodeUtf8(std::string_view bytes);
std::string encodeUtf8(std::u32string_view text);
void appendUtf8(std::string& out, char32_t character);

std::u32string normalizeNfc(std::u32string_view text);
std::u32string normalizeNfkc(std::u32string_view text);

// U+0080..009F as the bytes of Windows-1252 that they nearly always are; five of them mean nothing there and stay.
char32_t fromWindows1252(char32_t character);

char32_t toLower(char32_t character);  // one to one; characters without a lower case stay
char32_t toUpper(char32_t character);
bool isWhitespace(char32_t character);  // what separates words: White_Space and the separators U+001C..001F
bool isWordPart(char32_t character);    // letters, marks and digits of any script

}  // namespace longtake
