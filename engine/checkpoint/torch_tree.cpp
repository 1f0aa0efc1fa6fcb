#include "engine/checkpoint/torch_tree.h"

#include <nlohmann/json.hpp>
#include <unordered_set>

namespace longtake {

namespace {

using Kind = PickleValue::Kind;

constexpr int kDeepest = 64;
// A dictionary that occurs twice in another, that twice in a third and so on is small in the file and endless
// to walk.
constexpr size_t kMostSteps = 500'000, kMostVisits = 4096;
// A tensor with a stride of 0 repeats numbers; loading it copies. Real ones are bounded by their storage.
constexpr int64_t kLargestExpansion = int64_t{1} << 28;

// The offset of the last element, or nothing when it cannot be represented.
std::optional<int64_t> lastElement(const PickleTensor& tensor) {
    int64_t last = tensor.offset;
    for (size_t axis = 0; axis < tensor.sizes.size(); ++axis) {
        int64_t reach = 0;
        if (__builtin_mul_overflow(tensor.sizes[axis] - 1, tensor.strides[axis], &reach)) return {};
        if (__builtin_add_overflow(last, reach, &last)) return {};
    }
    return last;
}

bool isContiguous(const PickleTensor& tensor) {
    int64_t expected = 1;
    for (size_t axis = tensor.sizes.size(); axis-- > 0;) {
        if (tensor.sizes[axis] != 1 && tensor.strides[axis] != expected) return false;
        expected *= tensor.sizes[axis];
    }
    return true;
}

class Lister {
public:
    Lister(const MappedFile& file, const PickleTree& tree, const StorageRanges& storages) : file_(file), tree_(tree), storages_(storages) {}

    Result<void> walk(PickleValue value, int depth) {
        if (++steps_ > kMostSteps || depth > kDeepest) return file_.error("its dictionaries nest in a way no checkpoint does; refused");
        if (value.kind == Kind::Tensor) return addTensor(value);
        const bool isContainer =
            value.kind == Kind::Dict || value.kind == Kind::Tuple || value.kind == Kind::List || value.kind == Kind::Set;
        if (isContainer && ++visits_[{value.kind == Kind::Dict, value.index}] > kMostVisits)
            return file_.error("its dictionaries nest in a way no checkpoint does; refused");
        if (value.kind == Kind::Dict) return walkDict(tree_.dicts[value.index], depth);
        if (!isContainer) return {};
        const auto& items = tree_.sequences[value.index];
        for (size_t i = 0; i < items.size(); ++i) {
            path_.push_back(std::to_string(i));
            auto walked = walk(items[i], depth + 1);
            if (!walked) return walked;
            path_.pop_back();
        }
        return {};
    }

    std::vector<TorchTensor> tensors_;

private:
    Result<void> walkDict(const std::vector<std::pair<PickleValue, PickleValue>>& items, int depth) {
        for (const auto& [key, value] : items) {
            if (key.kind != Kind::Text && key.kind != Kind::Int) continue;
            std::string name = key.kind == Kind::Int ? std::to_string(key.integer) : std::string(tree_.text(key));
            if (name.size() > kLongestName) return file_.error("a name in it is longer than 4096 bytes");
            path_.push_back(std::move(name));
            auto walked = walk(value, depth + 1);
            if (!walked) return walked;
            path_.pop_back();
        }
        return {};
    }

    Result<void> addTensor(PickleValue value) {
        TorchTensor tensor{path_, {}};
        std::string& name = tensor.stored.name;
        for (const std::string& part : path_) name += (name.empty() ? "" : "/") + part;
        if (name.size() > kLongestName) return file_.error("a name in it is longer than 4096 bytes");
        if (tensors_.size() >= kMostTensors) return file_.error("lists more than a million tensors");
        if (!names_.insert(name).second) return file_.error("tensor " + inQuotes(name) + " is listed twice");
        auto placed = place(tree_.tensors[value.index], tensor.stored);
        if (!placed) return placed;
        tensors_.push_back(std::move(tensor));
        return {};
    }

    Result<void> place(const PickleTensor& from, StoredTensor& to) const {
        const std::string who = "tensor " + inQuotes(to.name);
        const PickleStorage& storage = tree_.storages[from.storage];
        const auto found = storages_.find(storage.key);
        if (found == storages_.end()) return file_.error(who + " has no data: storage " + inQuotes(storage.key) + " is not in the file");
        const auto [begin, end] = found->second;
        const auto itemBytes = static_cast<uint64_t>(infoOf(from.encoding).blockBytes);
        const uint64_t unit = storage.encoding ? itemBytes : 1;
        const auto claimed = storage.count < 0 ? std::nullopt : checkedProduct(static_cast<uint64_t>(storage.count), unit);
        if (!claimed || *claimed > end - begin)
            return file_.error(who + ": its storage has fewer bytes than the file claims; the file is damaged");
        const auto capacity = static_cast<int64_t>(*claimed / itemBytes);

        const auto count = checkedCount(from.sizes);
        bool isSane = count && from.sizes.size() == from.strides.size() && from.offset >= 0 && from.offset <= capacity;
        for (int64_t stride : from.strides) isSane = isSane && stride >= 0;
        if (!isSane) return file_.error(who + " has an impossible shape, stride or offset; the file is damaged");
        to.encoding = from.encoding;
        to.shape = Shape(from.sizes);
        to.begin = to.end = begin + static_cast<uint64_t>(from.offset) * itemBytes;
        if (*count == 0) return {};
        const auto last = lastElement(from);
        if (!last || *last >= capacity) return file_.error(who + " reaches beyond its storage; the file is damaged");
        to.end = begin + (static_cast<uint64_t>(*last) + 1) * itemBytes;
        if (isContiguous(from)) return {};
        if (*count > capacity && *count > kLargestExpansion) return file_.error(who + " repeats a few numbers to an absurd size; refused");
        to.strides = from.strides;
        return {};
    }

    const MappedFile& file_;
    const PickleTree& tree_;
    const StorageRanges& storages_;
    std::vector<std::string> path_;
    std::unordered_set<std::string> names_;
    std::map<std::pair<bool, uint32_t>, size_t> visits_;  // of a dictionary or another container
    size_t steps_ = 0;
};

nlohmann::ordered_json plainValue(const PickleTree& tree, PickleValue value, int depth, size_t& steps) {
    using Json = nlohmann::ordered_json;
    const Json nothing(Json::value_t::discarded);
    if (++steps > kMostSteps || depth > kDeepest) return nothing;
    switch (value.kind) {
        case Kind::None: return nullptr;
        case Kind::Bool: return value.integer != 0;
        case Kind::Int: return value.integer;
        case Kind::Float: return value.real;
        case Kind::Text: return std::string(tree.text(value));
        case Kind::Tuple:
        case Kind::List: {
            Json list = Json::array();
            for (PickleValue item : tree.sequences[value.index]) {
                Json plain = plainValue(tree, item, depth + 1, steps);
                if (!plain.is_discarded()) list.push_back(std::move(plain));
            }
            return list;
        }
        case Kind::Dict: {
            Json object = Json::object();
            for (const auto& [key, item] : tree.dicts[value.index]) {
                if (key.kind != Kind::Text) continue;
                Json plain = plainValue(tree, item, depth + 1, steps);
                if (!plain.is_discarded()) object[std::string(tree.text(key))] = std::move(plain);
            }
            return object;
        }
        default: return nothing;
    }
}

}  // namespace

Result<std::vector<TorchTensor>> listTensors(const MappedFile& file, const PickleTree& tree, const StorageRanges& storages) {
    Lister lister(file, tree, storages);
    auto walked = lister.walk(tree.root, 0);
    if (!walked) return walked.error();
    return std::move(lister.tensors_);
}

nlohmann::ordered_json plainValues(const PickleTree& tree) {
    size_t steps = 0;
    return plainValue(tree, tree.root, 0, steps);
}

}  // namespace longtake
