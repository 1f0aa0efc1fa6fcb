#include "engine/checkpoint/safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "engine/checkpoint/byte_reader.h"

namespace longtake {

namespace {

using Json = nlohmann::json;

constexpr uint64_t kLongestHeader = 100'000'000;
constexpr size_t kLongestShardIndex = 64'000'000;

// Takes the header apart as it is parsed, so that memory follows the tensors accepted, not what the text
// nests.
//   depth 1: {"name": ..., "__metadata__": ...}   depth 2: {"dtype", "shape", "data_offsets"}   depth 3:
//   [numbers]
class HeaderParser final : public nlohmann::json_sax<Json> {
public:
    SafetensorsHeader header;
    std::string problem;

    bool start_object(std::size_t) override {
        if (depth_ == 0) return enter();
        if (depth_ == 1) {
            inMetadata_ = key_ == "__metadata__";
            tensor_ = {};
            tensor_.name = inMetadata_ ? "" : key_;
            hasType_ = hasShape_ = hasOffsets_ = false;
            return enter();
        }
        return fail("the header nests deeper than a safetensors header does");
    }

    bool end_object() override {
        --depth_;
        if (depth_ != 1) return true;
        if (inMetadata_) {
            inMetadata_ = false;
            return true;
        }
        return finishTensor();
    }

    bool key(string_t& name) override {
        if (name.size() > kLongestName) return fail("a name in the header is longer than 4096 bytes");
        if (depth_ == 1) {
            if (!names_.insert(name).second) return fail("tensor " + inQuotes(name) + " is listed twice");
            if (names_.size() > kMostTensors) return fail("the header lists more than a million tensors");
        }
        key_ = name;
        return true;
    }

    bool string(string_t& value) override {
        if (depth_ == 2 && inMetadata_) {
            header.metadata[key_] = value;
            return true;
        }
        if (depth_ != 2 || key_ != "dtype" || hasType_) return unexpected();
        const auto encoding = encodingNamed(value);
        if (!encoding) return fail("tensor " + inQuotes(tensor_.name) + " has the unknown number type " + inQuotes(value));
        tensor_.encoding = *encoding;
        hasType_ = true;
        return true;
    }

    bool start_array(std::size_t) override {
        if (depth_ != 2 || inMetadata_) return unexpected();
        const bool isShape = key_ == "shape" && !hasShape_;
        const bool isOffsets = key_ == "data_offsets" && !hasOffsets_;
        if (!isShape && !isOffsets) return unexpected();
        numbers_.clear();
        return enter();
    }

    bool end_array() override {
        --depth_;
        if (key_ == "shape") {
            std::vector<int64_t> sizes(numbers_.begin(), numbers_.end());
            tensor_.shape = Shape(std::move(sizes));
            hasShape_ = true;
            return true;
        }
        if (numbers_.size() != 2) return fail("tensor " + inQuotes(tensor_.name) + " needs two data_offsets");
        tensor_.begin = numbers_[0];
        tensor_.end = numbers_[1];
        return hasOffsets_ = true;
    }

    bool number_unsigned(number_unsigned_t value) override {
        if (depth_ != 3) return unexpected();
        if (numbers_.size() >= kMostDimensions) return fail("tensor " + inQuotes(tensor_.name) + " has more than 8 dimensions");
        if (value > static_cast<uint64_t>(INT64_MAX))
            return fail("tensor " + inQuotes(tensor_.name) + " has a size or offset beyond 63 bits");
        numbers_.push_back(value);
        return true;
    }

    bool null() override { return unexpected(); }
    bool boolean(bool) override { return unexpected(); }
    bool number_integer(number_integer_t) override { return unexpected(); }
    bool number_float(number_float_t, const string_t&) override { return unexpected(); }
    bool binary(binary_t&) override { return unexpected(); }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        return fail("the header is not valid JSON at byte " + std::to_string(position));
    }

private:
    bool enter() {
        ++depth_;
        return true;
    }
    bool fail(std::string what) {
        if (problem.empty()) problem = std::move(what);
        return false;
    }
    bool unexpected() { return fail("the header has an unexpected value at " + inQuotes(key_)); }

    bool finishTensor() {
        if (!hasType_ || !hasShape_ || !hasOffsets_)
            return fail("tensor " + inQuotes(tensor_.name) + " lacks dtype, shape or data_offsets");
        header.tensors.push_back(std::move(tensor_));
        return true;
    }

    int depth_ = 0;
    bool inMetadata_ = false, hasType_ = false, hasShape_ = false, hasOffsets_ = false;
    std::string key_;
    StoredTensor tensor_;
    std::vector<uint64_t> numbers_;
    std::unordered_set<std::string> names_;
};

// Keeps the strings of "weight_map" and lets everything else pass.
class ShardIndexParser final : public nlohmann::json_sax<Json> {
public:
    std::map<std::string, std::string> files;
    std::string problem;

    bool start_object(std::size_t) override {
        if (depth_ == 1) inMap_ = key_ == "weight_map";
        return enter();
    }
    bool end_object() override {
        if (--depth_ == 1) inMap_ = false;
        return true;
    }
    bool start_array(std::size_t) override { return enter(); }
    bool end_array() override {
        --depth_;
        return true;
    }
    bool key(string_t& name) override {
        key_ = name;
        return name.size() <= kLongestName || fail("a name is longer than 4096 bytes");
    }
    bool string(string_t& value) override {
        if (depth_ != 2 || !inMap_) return true;
        if (value.empty() || value.front() == '.' || value.find_first_of({"/\\\0", 3}) != std::string::npos)
            return fail("shard " + inQuotes(value) + " is not a plain file name; shards lie in the same folder");
        if (files.size() >= kMostTensors) return fail("lists more than a million tensors");
        if (!files.emplace(key_, value).second) return fail("tensor " + inQuotes(key_) + " is listed twice");
        return true;
    }
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        return fail("is not valid JSON at byte " + std::to_string(position));
    }

private:
    bool enter() { return ++depth_ <= 16 || fail("nests too deeply for an index of shards"); }
    bool fail(std::string what) {
        if (problem.empty()) problem = std::move(what);
        return false;
    }

    int depth_ = 0;
    bool inMap_ = false;
    std::string key_;
};

// Offsets relative to the data become offsets in the file; sizes must agree and the ranges tile the data.
Result<void> placeTensors(const MappedFile& file, uint64_t dataBegin, std::vector<StoredTensor>& tensors) {
    const uint64_t dataSize = file.size() - dataBegin;
    for (StoredTensor& tensor : tensors) {
        const std::string who = "tensor " + inQuotes(tensor.name);
        if (tensor.begin > tensor.end || tensor.end > dataSize)
            return file.error(who + " lies outside the file; the download is cut short or damaged, fetch it again");
        const auto count = checkedCount(tensor.shape.sizes());
        const auto bytes = count ? storedBytes(tensor.encoding, *count) : std::nullopt;
        if (!bytes || *bytes != tensor.end - tensor.begin)
            return file.error(who + " has a shape that does not fit its bytes; the file is damaged");
    }
    std::sort(tensors.begin(), tensors.end(),
              [](const StoredTensor& a, const StoredTensor& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
    uint64_t reached = 0;
    for (StoredTensor& tensor : tensors) {
        if (tensor.begin < reached) return file.error("tensor " + inQuotes(tensor.name) + " overlaps another; the file is damaged");
        if (tensor.begin > reached)
            return file.error("bytes before tensor " + inQuotes(tensor.name) + " belong to nothing; the file is damaged");
        reached = tensor.end;
        tensor.begin += dataBegin;
        tensor.end += dataBegin;
    }
    if (reached != dataSize) return file.error("bytes after the last tensor belong to nothing; the file is damaged");
    return {};
}

}  // namespace

Result<SafetensorsHeader> readSafetensors(const MappedFile& file) {
    ByteReader reader(file.bytes());
    uint64_t length = 0;
    if (!reader.read(length)) return file.error("is too short for a safetensors file");
    if (length < 2 || length > kLongestHeader || length > reader.left())
        return file.error("its safetensors header does not fit the file; it is cut short, damaged or of another format");
    std::string_view text;
    (void)reader.text(length, text);
    HeaderParser parser;
    // An array or number at the top never reaches a callback that could object.
    if (text.front() != '{') return file.error("its safetensors header is not a JSON object");
    if (!Json::sax_parse(text.begin(), text.end(), &parser))
        return file.error(parser.problem.empty() ? "its safetensors header cannot be read" : parser.problem);
    auto placed = placeTensors(file, reader.position(), parser.header.tensors);
    if (!placed) return placed.error();
    return std::move(parser.header);
}

Result<std::map<std::string, std::string>> readShardIndex(const MappedFile& file) {
    const auto bytes = file.bytes();
    if (bytes.size() > kLongestShardIndex) return file.error("is too large for an index of shards");
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());

    ShardIndexParser parser;
    if (!Json::sax_parse(text.begin(), text.end(), &parser))
        return file.error(parser.problem.empty() ? "is not valid JSON" : parser.problem);
    if (parser.files.empty()) return file.error("has no weight_map, so it is no index of safetensors shards");
    return std::move(parser.files);
}

}  // namespace longtake
