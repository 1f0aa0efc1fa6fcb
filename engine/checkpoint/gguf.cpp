#include "engine/checkpoint/gguf.h"

#include <algorithm>
#include <set>

#include "engine/checkpoint/byte_reader.h"

namespace longtake {

namespace {

constexpr uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr uint64_t kLargestAlignment = 1 << 20;
constexpr size_t kLongestText = 4096;  // longer texts (chat templates, charsmaps) are passed over
constexpr std::string_view kOriginalShape = "comfy.gguf.orig_shape.";

enum ValueType : uint32_t {
    kU8,
    kI8,
    kU16,
    kI16,
    kU32,
    kI32,
    kF32,
    kBool,
    kString,
    kArray,
    kU64,
    kI64,
    kF64,
};

// Bytes of one value, 0 for those without a fixed size.
uint64_t sizeOfType(uint32_t type) {
    switch (type) {
        case kU8:
        case kI8:
        case kBool: return 1;
        case kU16:
        case kI16: return 2;
        case kU32:
        case kI32:
        case kF32: return 4;
        case kU64:
        case kI64:
        case kF64: return 8;
        default: return 0;
    }
}

class Parser {
public:
    explicit Parser(const MappedFile& file) : file_(file), reader_(file.bytes()) {}

    Result<GgufHeader> run() {
        uint32_t magic = 0, version = 0;
        uint64_t tensors = 0, values = 0;
        if (!reader_.read(magic) || magic != kMagic || !reader_.read(version)) return file_.error("is not a GGUF file");
        if (version != 2 && version != 3)
            return file_.error("is GGUF version " + std::to_string(version) + "; versions 2 and 3 can be read");
        if (!reader_.read(tensors) || !reader_.read(values)) return damaged();
        if (tensors > kMostTensors || values > kMostTensors)
            return file_.error("claims more than a million tensors or values; the file is damaged");
        for (uint64_t i = 0; i < values; ++i)
            if (!readEntry()) return damaged();
        for (uint64_t i = 0; i < tensors; ++i) {
            auto read = readTensor();
            if (!read) return read.error();
        }
        auto placed = placeTensors();
        if (!placed) return placed.error();
        return std::move(header_);
    }

private:
    Error damaged() const { return file_.error("has a damaged GGUF header; it is cut short, fetch it again"); }

    bool readText(std::string_view& text) {
        uint64_t length = 0;
        return reader_.read(length) && reader_.text(length, text);
    }

    bool readEntry() {
        std::string_view key;
        uint32_t type = 0;
        if (!readText(key) || key.size() > kLongestName || !reader_.read(type)) return false;
        if (key == "general.alignment" && type == kU32) {
            uint32_t alignment = 0;
            if (!reader_.read(alignment)) return false;
            alignment_ = alignment;
            return true;
        }
        if (key.starts_with(kOriginalShape) && type == kArray) return readShape(std::string(key.substr(kOriginalShape.size())));
        if (type == kString) {
            std::string_view text;
            if (!readText(text)) return false;
            if (key == "general.architecture") header_.architecture = text.substr(0, kLongestName);
            if (text.size() <= kLongestText) header_.metadata[std::string(key)] = text;
            return true;
        }
        return skipValue(type);
    }

    bool readShape(std::string name) {
        uint32_t type = 0;
        uint64_t count = 0;
        if (!reader_.read(type) || type != kI32 || !reader_.read(count) || count > kMostDimensions) return false;
        std::vector<int64_t> sizes;
        for (uint64_t i = 0; i < count; ++i) {
            int32_t size = 0;
            if (!reader_.read(size)) return false;
            sizes.push_back(size);
        }
        shapes_[std::move(name)] = std::move(sizes);
        return true;
    }

    bool skipValue(uint32_t type) {
        if (const uint64_t size = sizeOfType(type)) return reader_.skip(size);
        std::string_view text;
        if (type == kString) return readText(text);
        uint32_t element = 0;
        uint64_t count = 0;
        if (type != kArray || !reader_.read(element) || !reader_.read(count)) return false;
        if (const uint64_t size = sizeOfType(element)) {
            const auto bytes = checkedProduct(count, size);
            return bytes && reader_.skip(*bytes);
        }
        if (element != kString) return false;  // arrays of arrays occur in no model file
        for (uint64_t i = 0; i < count; ++i)
            if (!readText(text)) return false;
        return true;
    }

    Result<void> readTensor() {
        std::string_view name;
        uint32_t rank = 0, type = 0;
        StoredTensor tensor;
        if (!readText(name) || name.size() > kLongestName || !reader_.read(rank)) return damaged();
        const std::string who = "tensor " + inQuotes(name);
        if (rank > kMostDimensions) return file_.error(who + " has more than 8 dimensions; the file is damaged");
        std::vector<int64_t> sizes(rank);
        for (uint32_t i = rank; i-- > 0;)
            if (!reader_.read(sizes[i])) return damaged();  // stored fastest first
        if (!reader_.read(type) || !reader_.read(tensor.begin)) return damaged();
        tensor.name = name;
        if (!names_.insert(tensor.name).second) return file_.error(who + " is listed twice");
        const auto encoding = encodingOfGgmlType(type);
        if (!encoding)
            return file_.error(who + " has GGML number type " + std::to_string(type) +
                               ", which cannot be read; take a Q4_K, Q5_K, Q6_K, Q8_0 or F16 version");
        tensor.encoding = *encoding;
        const auto count = checkedCount(sizes);
        const int64_t row = sizes.empty() ? 1 : sizes.back();
        const auto bytes = count ? storedBytes(*encoding, *count) : std::nullopt;
        if (!bytes || row % infoOf(*encoding).blockElements != 0) return file_.error(who + " has an impossible shape; the file is damaged");
        tensor.end = *bytes;  // a length until the tensors are placed
        tensor.shape = Shape(std::move(sizes));
        header_.tensors.push_back(std::move(tensor));
        return {};
    }

    Result<void> placeTensors() {
        if (alignment_ == 0 || alignment_ > kLargestAlignment || (alignment_ & (alignment_ - 1)) != 0)
            return file_.error("has an impossible alignment; the file is damaged");
        const uint64_t aligned = (reader_.position() + alignment_ - 1) / alignment_ * alignment_;
        const uint64_t dataBegin = std::min<uint64_t>(aligned, file_.size());  // a header without data has no padding
        const uint64_t dataSize = file_.size() - dataBegin;
        auto& tensors = header_.tensors;
        for (StoredTensor& tensor : tensors) {
            const std::string who = "tensor " + inQuotes(tensor.name);
            if (tensor.begin > dataSize || tensor.end > dataSize - tensor.begin)
                return file_.error(who + " lies outside the file; the download is cut short, fetch it again");
            if (tensor.begin % alignment_ != 0) return file_.error(who + " is not aligned; the file is damaged");
            tensor.begin += dataBegin;
            tensor.end += tensor.begin;
            const auto original = shapes_.find(tensor.name);
            if (original == shapes_.end()) continue;
            const auto count = checkedCount(original->second);
            if (!count || *count != tensor.shape.count()) return file_.error(who + " does not fit its original shape; the file is damaged");
            tensor.shape = Shape(original->second);
        }
        std::vector<const StoredTensor*> ordered;
        for (const StoredTensor& tensor : tensors)
            if (tensor.begin < tensor.end) ordered.push_back(&tensor);
        std::sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) { return a->begin < b->begin; });
        for (size_t i = 1; i < ordered.size(); ++i)
            if (ordered[i]->begin < ordered[i - 1]->end)
                return file_.error("tensor " + inQuotes(ordered[i]->name) + " overlaps another; the file is damaged");
        return {};
    }

    const MappedFile& file_;
    ByteReader reader_;
    GgufHeader header_;
    uint64_t alignment_ = 32;
    std::map<std::string, std::vector<int64_t>> shapes_;
    std::set<std::string> names_;
};

}  // namespace

Result<GgufHeader> readGguf(const MappedFile& file) { return Parser(file).run(); }

}  // namespace longtake
