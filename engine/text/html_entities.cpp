#include "engine/text/html_entities.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "engine/text/unicode.h"

namespace longtake {

namespace {

struct Entity {
    std::string_view name;  // with its semicolon where it has one
    std::string_view meaning;
};

constexpr Entity kEntities[] = {
#include "engine/text/html_entities.inc"
};

// Names in capitals whose character has no single capital.
constexpr Entity kCapitals[] = {{"FFILIG;", "FFI"}, {"FFLIG;", "FF"}, {"FFLLIG;", "FFL"},   {"FILIG;", "FI"},
                                {"FLLIG;", "FL"},   {"SZLIG;", "SS"}, {"NAPOS;", "\u02bcN"}};

constexpr size_t kLongestName = 32;       // of HTML's list, without the semicolon
constexpr size_t kLongestPlainName = 24;  // of decodeHtmlEntities

bool isDigit(char32_t c) { return c >= U'0' && c <= U'9'; }
bool isLetter(char32_t c) { return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z'); }

int hexValue(char32_t c) {
    if (isDigit(c)) return static_cast<int>(c - U'0');
    if (c >= U'a' && c <= U'f') return static_cast<int>(c - U'a') + 10;
    if (c >= U'A' && c <= U'F') return static_cast<int>(c - U'A') + 10;
    return -1;
}

std::optional<std::u32string> meaningOf(std::string_view name) {
    const auto* found = std::lower_bound(std::begin(kEntities), std::end(kEntities), name,
                                         [](const Entity& entity, std::string_view key) { return entity.name < key; });
    if (found == std::end(kEntities) || found->name != name) return std::nullopt;
    return *decodeUtf8(found->meaning);
}

// The longest name without a semicolon at the front of `name`, e.g. "amp" of "ampere". Names have two letters at least.
std::optional<size_t> longestPrefix(std::string_view name) {
    for (size_t length = name.size(); length-- > 2;) {
        if (meaningOf(name.substr(0, length))) return length;
    }
    return std::nullopt;
}

// What the number of a numeric reference stands for, by the HTML standard; empty where it stands for nothing.
std::u32string meaningOf(char32_t number) {
    if (number == 0 || number > 0x10FFFF || (number >= 0xD800 && number <= 0xDFFF)) return U"\uFFFD";
    if (number >= 0x80 && number <= 0x9F) return {fromWindows1252(number)};
    const bool control = number < 0x20 && number != 0x09 && number != 0x0A && number != 0x0C && number != 0x0D;
    const bool noCharacter = (number >= 0xFDD0 && number <= 0xFDEF) || (number & 0xFFFE) == 0xFFFE;
    if (control || number == 0x7F || noCharacter) return {};
    return {number};
}

// One reference found at the front of a text, and how many characters it takes up.
struct Reference {
    std::u32string meaning;
    size_t length = 0;
    bool semicolon = false;
};

std::optional<Reference> numericReference(std::u32string_view text) {  // starts with "&#"
    size_t at = 2;
    const bool hex = at < text.size() && (text[at] == U'x' || text[at] == U'X');
    if (hex) ++at;
    const size_t first = at;
    char32_t number = 0;
    for (; at < text.size() && (hex ? hexValue(text[at]) >= 0 : isDigit(text[at])); ++at) {
        number = std::min<char32_t>(number * (hex ? 16 : 10) + static_cast<char32_t>(hexValue(text[at])), 0x110000);
    }
    if (at == first) return std::nullopt;
    const bool semicolon = at < text.size() && text[at] == U';';
    return Reference{meaningOf(number), at + (semicolon ? 1 : 0), semicolon};
}

std::optional<Reference> namedReference(std::u32string_view text) {  // starts with "&"
    std::string name;
    size_t at = 1;
    const auto ends = [](char32_t c) { return c == U'\t' || c == U'\n' || c == U'\f' || c == U' ' || c == U'<' || c == U'&' || c == U'#'; };
    for (; at < text.size() && at <= kLongestName && !ends(text[at]) && text[at] != U';'; ++at) {
        name.push_back(text[at] < 0x80 ? static_cast<char>(text[at]) : '\x7f');  // no name holds it
    }
    if (name.empty()) return std::nullopt;
    if (at < text.size() && text[at] == U';') {
        name.push_back(';');
        ++at;
    }
    if (auto meaning = meaningOf(name)) return Reference{std::move(*meaning), at, true};
    const std::optional<size_t> prefix = longestPrefix(name);
    if (!prefix) return Reference{std::u32string(text.substr(0, at)), at, false};
    std::u32string meaning = *meaningOf(std::string_view(name).substr(0, *prefix));
    meaning.append(text.substr(1 + *prefix, at - 1 - *prefix));
    return Reference{std::move(meaning), at, false};
}

std::optional<std::u32string> meaningInCapitals(std::string_view name) {  // with its semicolon
    for (const Entity& entity : kCapitals) {
        if (entity.name == name) return *decodeUtf8(entity.meaning);
    }
    std::string small(name);
    for (char& c : small) {
        if (c >= 'a' && c <= 'z') return std::nullopt;
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    std::optional<std::u32string> meaning = meaningOf(small);
    if (!meaning || longestPrefix(name)) return std::nullopt;  // "&LTDOT;" may be "<DOT;"
    for (char32_t& character : *meaning) character = toUpper(character);
    return meaning;
}

std::optional<Reference> plainReference(std::u32string_view text) {  // starts with "&"
    const bool numeric = text.size() > 1 && text[1] == U'#';
    std::string name;
    size_t at = numeric ? 2 : 1;
    for (; at < text.size() && (isDigit(text[at]) || isLetter(text[at])); ++at) name.push_back(static_cast<char>(text[at]));
    if (name.empty() || name.size() > kLongestPlainName || at == text.size() || text[at] != U';') return std::nullopt;
    if (numeric) {
        std::optional<Reference> reference = numericReference(text);
        // A number that stands for the semicolon itself stays as it is.
        if (!reference || !reference->semicolon || reference->meaning == U";") return std::nullopt;
        return reference;
    }
    name.push_back(';');
    std::optional<std::u32string> meaning = meaningOf(name);
    if (!meaning) meaning = meaningInCapitals(name);
    if (!meaning) return std::nullopt;
    return Reference{std::move(*meaning), at + 1, true};
}

template <typename Find>
std::u32string replaceReferences(std::u32string_view text, Find find) {
    std::u32string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        std::optional<Reference> reference;
        if (text[at] == U'&') reference = find(text.substr(at));
        if (reference) {
            out += reference->meaning;
            at += reference->length;
        } else {
            out.push_back(text[at++]);
        }
    }
    return out;
}

}  // namespace

std::u32string unescapeHtml(std::u32string_view text) {
    return replaceReferences(
        text, [](std::u32string_view rest) { return rest.size() > 1 && rest[1] == U'#' ? numericReference(rest) : namedReference(rest); });
}

std::u32string decodeHtmlEntities(std::u32string_view text) { return replaceReferences(text, plainReference); }

}  // namespace longtake
