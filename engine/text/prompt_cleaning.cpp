#include "engine/text/prompt_cleaning.h"

#include <set>

#include "engine/text/html_entities.h"
#include "engine/text/unicode.h"

namespace longtake {

namespace {

struct Ligature {
    char32_t character;
    std::u32string_view letters;
};

constexpr Ligature kLigatures[] = {{0x0132, U"IJ"},      {0x0133, U"ij"},      {0x0149, U"\u02BCn"}, {0x01F1, U"DZ"},      {0x01F2, U"Dz"},
                                   {0x01F3, U"dz"},      {0x01C4, U"D\u017D"}, {0x01C5, U"D\u017E"}, {0x01C6, U"d\u017E"}, {0x01C7, U"LJ"},
                                   {0x01C8, U"Lj"},      {0x01C9, U"lj"},      {0x01CA, U"NJ"},      {0x01CB, U"Nj"},      {0x01CC, U"nj"},
                                   {0xFB00, U"ff"},      {0xFB01, U"fi"},      {0xFB02, U"fl"},      {0xFB03, U"ffi"},     {0xFB04, U"ffl"},
                                   {0xFB05, U"\u017Ft"}, {0xFB06, U"st"}};

std::u32string_view lettersOf(char32_t c) {
    for (const Ligature& ligature : kLigatures) {
        if (ligature.character == c) return ligature.letters;
    }
    return {};
}

char32_t straightQuote(char32_t c) {
    if (c >= 0x201C && c <= 0x201F) return U'"';
    if (c == 0x02BC || (c >= 0x2018 && c <= 0x201B)) return U'\'';
    return c;
}

bool isRemovedControl(char32_t c) {
    return c <= 0x08 || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || (c >= 0x206A && c <= 0x206F) || c == 0xFEFF ||
           (c >= 0xFFF9 && c <= 0xFFFC);
}

// Steps 3 to 6, which look at one character at a time. A later step sees what an earlier one wrote.
void appendRepaired(std::u32string& out, char32_t c) {
    c = fromWindows1252(c);
    std::u32string letters(lettersOf(c));
    if (letters.empty()) letters = c == 0x3000 ? U" " : std::u32string(1, c);
    for (char32_t letter : letters) {
        std::u32string narrow(1, letter);
        if (letter >= 0xFF01 && letter <= 0xFFEF) narrow = normalizeNfkc(narrow);
        for (char32_t part : narrow) out.push_back(straightQuote(part));
    }
}

// Step 7.
std::u32string withUnixLineBreaks(std::u32string_view text) {
    std::u32string out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        const char32_t c = text[i];
        if (c == U'\r' && i + 1 < text.size() && text[i + 1] == U'\n') continue;
        out.push_back(c == U'\r' || c == 0x2028 || c == 0x2029 || c == 0x85 ? U'\n' : c);
    }
    return out;
}

// The length of a terminal escape, ESC [ digits or ; letter, at the front; 0 when there is none.
size_t escapeLength(std::u32string_view text) {
    if (text.size() < 3 || text[0] != 0x1B || text[1] != U'[') return 0;
    size_t at = 2;
    while (at < text.size() && ((text[at] >= U'0' && text[at] <= U'9') || text[at] == U';')) ++at;
    if (at == text.size()) return 0;
    const char32_t c = text[at];
    return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z') ? at + 1 : 0;
}

// Steps 9 and 10.
std::u32string withoutControls(std::u32string_view text) {
    std::u32string plain;
    for (size_t at = 0; at < text.size();) {
        if (const size_t length = escapeLength(text.substr(at))) {
            at += length;
        } else {
            plain.push_back(text[at++]);
        }
    }
    std::erase_if(plain, isRemovedControl);
    return plain;
}

enum class Entities { Decoded, Kept };

// Step 8 is absent: well-formed UTF-8 holds no surrogates.
std::u32string repairedOnce(std::u32string_view line, Entities entities) {
    const std::u32string decoded = entities == Entities::Decoded ? decodeHtmlEntities(line) : std::u32string(line);
    std::u32string out;
    out.reserve(decoded.size());
    for (char32_t c : decoded) appendRepaired(out, c);
    return normalizeNfc(withoutControls(withUnixLineBreaks(out)));
}

// Line by line, each to its fixed point. Every step but the decoding of nested entities is done after one round,
// and each further round shortens the text, so this ends.
std::u32string repaired(std::u32string_view text) {
    std::u32string out;
    Entities entities = Entities::Decoded;
    for (size_t start = 0; start < text.size();) {
        const size_t lineBreak = text.find(U'\n', start);
        const size_t end = lineBreak == std::u32string_view::npos ? text.size() : lineBreak + 1;
        std::u32string line(text.substr(start, end - start));
        if (line.find(U'<') != std::u32string::npos) entities = Entities::Kept;
        for (std::u32string next = repairedOnce(line, entities); next != line; next = repairedOnce(line, entities)) {
            line = std::move(next);
        }
        out += line;
        start = end;
    }
    return out;
}

std::u32string withSingleSpaces(std::u32string_view text) {
    std::u32string out;
    bool space = false;
    for (char32_t c : text) {
        if (isWhitespace(c)) {
            space = !out.empty();
            continue;
        }
        if (space) out.push_back(U' ');
        space = false;
        out.push_back(c);
    }
    return out;
}

bool isApostrophe(char32_t c) { return c == U'\'' || c == 0x2019; }

std::vector<std::u32string> wordsOf(std::u32string_view text) {
    std::vector<std::u32string> out;
    std::u32string word;
    for (size_t i = 0; i <= text.size(); ++i) {
        const char32_t c = i < text.size() ? text[i] : U' ';
        const bool inside = !word.empty() && i + 1 < text.size() && isWordPart(text[i + 1]);
        if (isWordPart(c)) {
            word.push_back(c);
        } else if (isApostrophe(c) && inside) {
            word.push_back(U'\'');
        } else if (!word.empty()) {
            out.push_back(std::move(word));
            word.clear();
        }
    }
    return out;
}

std::u32string lowered(std::u32string_view word) {
    std::u32string out;
    for (char32_t c : word) out.push_back(toLower(c));
    if (out.size() > 2 && out.ends_with(U"'s")) out.resize(out.size() - 2);
    return out;
}

}  // namespace

Result<std::string> cleanPrompt(std::string_view prompt) {
    if (prompt.size() > kMaxPromptBytes) {
        return Error{"prompt: " + std::to_string(prompt.size()) + " bytes are too long; shorten it to " + std::to_string(kMaxPromptBytes) +
                     " bytes or less"};
    }
    const Result<std::u32string> text = decodeUtf8(prompt);
    if (!text) return Error{"prompt: " + text.message() + "; save or type the text as UTF-8"};
    const std::u32string unescaped = unescapeHtml(unescapeHtml(repaired(*text)));
    std::string cleaned = encodeUtf8(withSingleSpaces(unescaped));
    if (cleaned.empty()) return Error{"prompt: it is empty; describe what the video shows"};
    return cleaned;
}

std::vector<std::string> unknownWords(std::string_view prompt, std::span<const std::string> vocabulary) {
    std::set<std::u32string> seen;
    for (const std::string& entry : vocabulary) {
        const Result<std::u32string> text = decodeUtf8(entry);
        if (!text) continue;
        for (const std::u32string& word : wordsOf(*text)) seen.insert(lowered(word));
    }
    std::vector<std::string> out;
    const Result<std::u32string> text = decodeUtf8(prompt);
    if (!text) return out;
    for (const std::u32string& word : wordsOf(normalizeNfc(*text))) {
        if (seen.insert(lowered(word)).second) out.push_back(encodeUtf8(word));
    }
    return out;
}

}  // namespace longtake
