#include "engine/text/sentencepiece_check.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "engine/text/unicode.h"

namespace longtake {

namespace {

constexpr size_t kMaxFileBytes = size_t{64} << 20;  // the largest in use has 5 MB
constexpr size_t kMaxPieces = size_t{1} << 20;
constexpr size_t kMaxPieceBytes = 1024;
constexpr float kMaxScore = 1e6f;
constexpr int kMaxNestedKeys = 32;  // the library keeps that many matches of one position
constexpr int kMaxKeyBytes = 256;

const Error kNotAModel{"not a SentencePiece model, or damaged; copy or download it again"};

Error damaged(const std::string& what) { return Error{what + ": the file is damaged; copy or download it again"}; }

// Protobuf's wire format: a field is a number, a kind, and for kind 2 its bytes.
struct Field {
    uint64_t number = 0;
    unsigned kind = 0;
    uint64_t value = 0;      // kinds 0, 1, 5
    std::string_view bytes;  // kind 2
    std::string_view whole;  // the field as it stands in the message
};

class FieldReader {
public:
    explicit FieldReader(std::string_view message) : rest_(message) {}

    bool atEnd() const { return rest_.empty(); }
    std::optional<Field> next() {
        const std::string_view start = rest_;
        const std::optional<uint64_t> tag = varint();
        if (!tag || *tag >> 3 == 0 || *tag >> 3 > 0x1FFFFFFF) return std::nullopt;
        Field field{.number = *tag >> 3, .kind = static_cast<unsigned>(*tag & 7), .bytes = {}, .whole = {}};
        if (!readValue(field)) return std::nullopt;
        field.whole = start.substr(0, start.size() - rest_.size());
        return field;
    }

private:
    bool readValue(Field& field) {
        if (field.kind == 1 || field.kind == 5) return fixed(field.kind == 1 ? 8 : 4, field.value);
        if (field.kind != 0 && field.kind != 2) return false;
        const std::optional<uint64_t> number = varint();
        if (!number) return false;
        field.value = *number;
        if (field.kind == 0) return true;
        if (*number > rest_.size()) return false;
        field.bytes = rest_.substr(0, *number);
        rest_.remove_prefix(*number);
        return true;
    }

    std::optional<uint64_t> varint() {
        uint64_t value = 0;
        for (unsigned i = 0; i < 10 && i < rest_.size(); ++i) {
            const auto byte = static_cast<unsigned char>(rest_[i]);
            value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
            if (byte & 0x80) continue;
            rest_.remove_prefix(i + 1);
            return value;
        }
        return std::nullopt;
    }

    bool fixed(size_t size, uint64_t& value) {
        if (rest_.size() < size) return false;
        for (size_t i = 0; i < size; ++i) value |= static_cast<uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
        rest_.remove_prefix(size);
        return true;
    }

    std::string_view rest_;
};

Result<void> checkPiece(std::string_view message, size_t index) {
    const std::string name = "piece " + std::to_string(index);
    std::string_view text;
    for (FieldReader reader(message); !reader.atEnd();) {
        const std::optional<Field> field = reader.next();
        if (!field) return damaged(name);
        if (field->number == 1 && field->kind == 2) text = field->bytes;
        if (field->number == 2 && field->kind == 5) {
            const float score = std::bit_cast<float>(static_cast<uint32_t>(field->value));
            if (!(std::abs(score) <= kMaxScore)) return damaged(name + " has no usable score");
        }
        if (field->number == 3 && field->kind == 0 && (field->value < 1 || field->value > 6)) return damaged(name + " is of no known type");
    }
    if (text.empty() || text.size() > kMaxPieceBytes || text.find('\0') != std::string_view::npos || !decodeUtf8(text).ok())
        return damaged(name + " is no text");
    return {};
}

Result<void> checkTrainer(std::string_view message) {
    for (FieldReader reader(message); !reader.atEnd();) {
        const std::optional<Field> field = reader.next();
        if (!field) return damaged("trainer settings");
        if (field->number == 3 && field->kind == 0 && field->value != 1)
            return Error{"it is not a Unigram model, which is the only kind the text encoder uses; choose the encoder's own spiece.model"};
    }
    return {};
}

// The trie of the normaliser's table (engine-spec 2.2), walked completely: every place that any text can lead to
// has to be inside it. Subtries may be shared, so what was walked is remembered.
class TrieCheck {
public:
    TrieCheck(std::string_view trie, std::string_view replacements) : replacements_(replacements), units_(trie.size() / 4) {
        std::memcpy(units_.data(), trie.data(), units_.size() * 4);
        leavesBelow_.assign(units_.size(), kUnknown);
    }

    bool passes() { return !units_.empty() && walk(0, 0) >= 0; }

private:
    static constexpr int8_t kUnknown = -1, kOpen = -2;

    static uint32_t offset(uint32_t unit) { return (unit >> 10) << ((unit & 0x200u) >> 6); }

    // The most keys that end on one way down from this unit, itself included; negative when something is wrong.
    int walk(uint32_t at, int depth) {
        if (depth > kMaxKeyBytes || leavesBelow_[at] == kOpen) return -1;
        if (leavesBelow_[at] != kUnknown) return leavesBelow_[at];
        leavesBelow_[at] = kOpen;
        const uint32_t unit = units_[at];
        const uint32_t base = at ^ offset(unit);
        if ((base | 0xFFu) >= units_.size()) return -1;
        const bool leaf = (unit >> 8 & 1u) != 0;
        if (leaf && !isReplacement(units_[base] & 0x7FFFFFFFu)) return -1;
        int deepest = 0;
        for (uint32_t byte = 1; byte <= 0xFF; ++byte) {
            if ((units_[base ^ byte] & 0x800000FFu) != byte) continue;
            const int below = walk(base ^ byte, depth + 1);
            if (below < 0) return -1;
            deepest = std::max(deepest, below);
        }
        deepest += leaf ? 1 : 0;
        if (deepest > kMaxNestedKeys) return -1;
        leavesBelow_[at] = static_cast<int8_t>(deepest);
        return deepest;
    }

    bool isReplacement(uint32_t start) const { return start < replacements_.size() && (start == 0 || replacements_[start - 1] == '\0'); }

    std::string_view replacements_;
    std::vector<uint32_t> units_;
    std::vector<int8_t> leavesBelow_;
};

Result<void> checkCharsMap(std::string_view map) {
    if (map.empty()) return {};
    const Error error = damaged("normalisation table");
    uint32_t trieBytes = 0;
    if (map.size() < 4) return error;
    std::memcpy(&trieBytes, map.data(), 4);
    map.remove_prefix(4);
    if (trieBytes == 0 || trieBytes % 4 != 0 || trieBytes >= map.size()) return error;
    const std::string_view replacements = map.substr(trieBytes);
    if (replacements.back() != '\0' || !decodeUtf8(replacements).ok()) return error;
    if (!TrieCheck(map.substr(0, trieBytes), replacements).passes()) return error;
    return {};
}

Result<void> checkNormalizer(std::string_view message) {
    bool seen = false;
    for (FieldReader reader(message); !reader.atEnd();) {
        const std::optional<Field> field = reader.next();
        if (!field) return damaged("normaliser settings");
        if (field->number != 2) continue;
        if (field->kind != 2 || std::exchange(seen, true)) return damaged("normaliser settings");
        if (Result<void> result = checkCharsMap(field->bytes); !result) return result;
    }
    return {};
}

}  // namespace

Result<std::string> checkedSentencePieceModel(std::string_view bytes) {
    if (bytes.empty()) return Error{"the file is empty; copy or download it again"};
    if (bytes.size() > kMaxFileBytes) return kNotAModel;
    std::string out;
    out.reserve(bytes.size());
    size_t pieces = 0, trainers = 0, normalizers = 0;
    for (FieldReader reader(bytes); !reader.atEnd();) {
        const std::optional<Field> field = reader.next();
        if (!field) return kNotAModel;
        if (field->number > 3) continue;  // self-tests, the way back to text, extensions: not used here
        if (field->kind != 2) return kNotAModel;
        Result<void> result;
        if (field->number == 1) result = checkPiece(field->bytes, pieces++);
        if (field->number == 2) result = checkTrainer(field->bytes), ++trainers;
        if (field->number == 3) result = checkNormalizer(field->bytes), ++normalizers;
        if (!result) return result.error();
        if (pieces > kMaxPieces || trainers > 1 || normalizers > 1) return kNotAModel;
        out.append(field->whole);
    }
    // A whole file has both kinds of settings behind its pieces; without them its end is missing.
    if (pieces == 0 || trainers == 0 || normalizers == 0) return kNotAModel;
    return out;
}

}  // namespace longtake
