#include "engine/checkpoint/pickle.h"

#include <bit>
#include <cstring>
#include <unordered_map>

#include "engine/checkpoint/byte_reader.h"
#include "engine/checkpoint/mapped_file.h"
#include "engine/checkpoint/pickle_names.h"
#include "engine/checkpoint/stored_tensor.h"

namespace longtake {

namespace {

using Kind = PickleValue::Kind;

// A text encoder's pickle has some 10 000 operations and 250 tensors.
constexpr size_t kMostBytes = 64'000'000, kMostOperations = 8'000'000, kMostObjects = 4'000'000, kMostMarks = 256;

class Machine {
public:
    explicit Machine(std::span<const std::byte> bytes) : reader_(bytes) {}

    bool run() {
        for (size_t operations = 0; operations < kMostOperations; ++operations) {
            uint8_t opcode = 0;
            if (!reader_.read(opcode)) return fail("its pickle ends too early; the file is cut short or damaged");
            if (opcode == '.') return finish();
            if (!step(opcode)) return problem_.empty() ? fail("its pickle is damaged") : false;
            if (stack_.size() + objects_ > kMostObjects) return fail("its pickle holds far too many objects");
        }
        return fail("its pickle is far too long for a checkpoint");
    }

    PickleTree tree_;
    std::string problem_;
    size_t position() const { return reader_.position(); }

private:
    bool fail(std::string what) {
        if (problem_.empty()) problem_ = std::move(what);
        return false;
    }

    bool finish() {
        if (stack_.empty() || !marks_.empty()) return fail("its pickle is damaged");
        tree_.root = stack_.back();
        return true;
    }

    bool push(PickleValue value) {
        stack_.push_back(value);
        return true;
    }
    bool pushInt(int64_t value) { return push({.kind = Kind::Int, .integer = value}); }
    bool pushBool(bool value) { return push({.kind = Kind::Bool, .integer = value}); }

    template <typename Table, typename Object>
    bool pushObject(Kind kind, Table& table, Object&& object) {
        ++objects_;
        table.push_back(std::forward<Object>(object));
        return push({.kind = kind, .index = static_cast<uint32_t>(table.size() - 1)});
    }
    bool pushText(Kind kind, std::string_view text) { return pushObject(kind, tree_.texts, text); }
    bool pushSequence(Kind kind, std::vector<PickleValue> items) { return pushObject(kind, tree_.sequences, std::move(items)); }
    bool pushDict() { return pushObject(Kind::Dict, tree_.dicts, std::vector<std::pair<PickleValue, PickleValue>>()); }

    // Values above the last mark belong to whoever consumes the mark.
    size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
    bool pop(PickleValue& value) {
        if (stack_.size() <= floor()) return false;
        value = stack_.back();
        stack_.pop_back();
        return true;
    }
    bool top(PickleValue& value) const {
        if (stack_.size() <= floor()) return false;
        value = stack_.back();
        return true;
    }
    bool popMarked(std::vector<PickleValue>& items) {
        if (marks_.empty()) return false;
        items.assign(stack_.begin() + static_cast<ptrdiff_t>(marks_.back()), stack_.end());
        stack_.resize(marks_.back());
        marks_.pop_back();
        return true;
    }
    bool popTuple(size_t count) {
        std::vector<PickleValue> items(count);
        for (size_t i = count; i-- > 0;)
            if (!pop(items[i])) return false;
        return pushSequence(Kind::Tuple, std::move(items));
    }

    template <typename Length>
    bool sizedText(Kind kind) {
        Length length{};
        std::string_view text;
        if (!reader_.read(length)) return false;
        if constexpr (std::is_signed_v<Length>)
            if (length < 0) return false;
        return reader_.text(static_cast<uint64_t>(length), text) && pushText(kind, text);
    }
    template <typename Number>
    bool number() {
        Number value{};
        return reader_.read(value) && pushInt(static_cast<int64_t>(value));
    }
    template <typename Index>
    bool put() {
        Index index{};
        PickleValue value;
        if (!reader_.read(index) || !top(value)) return false;
        return remember(index, value);
    }
    bool remember(uint32_t index, PickleValue value) {
        if (memo_.size() >= kMostObjects) return fail("its pickle remembers far too many objects");
        memo_[index] = value;
        return true;
    }
    template <typename Index>
    bool get() {
        Index index{};
        if (!reader_.read(index)) return false;
        const auto found = memo_.find(index);
        return found != memo_.end() && push(found->second);
    }
    bool line(std::string_view& text) {
        const size_t begin = reader_.position();
        char c = 0;
        for (size_t length = 0; length <= kLongestName; ++length) {
            if (!reader_.read(c)) return false;
            if (c != '\n') continue;
            (void)reader_.seek(begin);
            return reader_.text(length, text) && reader_.skip(1);
        }
        return false;
    }
    bool pushGlobal(std::string_view module, std::string_view name) {
        return pushObject(Kind::Global, tree_.globals, classifyPickleName(module, name));
    }

    bool step(uint8_t opcode);
    bool stepContainer(uint8_t opcode);
    bool stepNumber(uint8_t opcode);
    bool stepObject(uint8_t opcode);

    bool longInteger();
    bool setItems(PickleValue target, const std::vector<PickleValue>& items);
    bool append(PickleValue target, const std::vector<PickleValue>& items, Kind kind);
    bool persistent();
    bool call(PickleValue callable, PickleValue arguments);
    bool rebuildTensor(const std::vector<PickleValue>& arguments, bool hasNumberType);
    bool orderedDict(const std::vector<PickleValue>& arguments);
    bool refuseCall(PickleValue callable);
    bool integers(PickleValue value, std::vector<int64_t>& out);

    ByteReader reader_;
    std::vector<PickleValue> stack_;
    std::vector<size_t> marks_;
    std::unordered_map<uint32_t, PickleValue> memo_;
    size_t objects_ = 0;
};

bool Machine::step(uint8_t opcode) {
    switch (opcode) {
        case 0x80: {  // PROTO
            uint8_t version = 0;
            return reader_.read(version) && version <= 5;
        }
        case 0x95: {  // FRAME: the length is advice
            uint64_t length = 0;
            return reader_.read(length);
        }
        case 'N': return push({});
        case 0x88: return pushBool(true);
        case 0x89: return pushBool(false);
        case 'q': return put<uint8_t>();
        case 'r': return put<uint32_t>();
        case 'h': return get<uint8_t>();
        case 'j': return get<uint32_t>();
        case 0x94: {  // MEMOIZE
            PickleValue value;
            return top(value) && remember(static_cast<uint32_t>(memo_.size()), value);
        }
        case '0': {  // POP
            PickleValue value;
            return pop(value);
        }
        case 'X': return sizedText<uint32_t>(Kind::Text);
        case 0x8c: return sizedText<uint8_t>(Kind::Text);
        case 0x8d: return sizedText<uint64_t>(Kind::Text);
        case 'U': return sizedText<uint8_t>(Kind::Text);
        case 'T': return sizedText<int32_t>(Kind::Text);
        case 'C': return sizedText<uint8_t>(Kind::Text);   // SHORT_BINBYTES
        case 'B': return sizedText<uint32_t>(Kind::Text);  // BINBYTES
        default: break;
    }
    return stepContainer(opcode);
}

bool Machine::stepContainer(uint8_t opcode) {
    std::vector<PickleValue> items;
    PickleValue target;
    switch (opcode) {
        case '(':
            if (marks_.size() >= kMostMarks) return fail("its pickle nests too deeply");
            marks_.push_back(stack_.size());
            return true;
        case '1': return popMarked(items);
        case ')': return pushSequence(Kind::Tuple, {});
        case 't': return popMarked(items) && pushSequence(Kind::Tuple, std::move(items));
        case 0x85: return popTuple(1);
        case 0x86: return popTuple(2);
        case 0x87: return popTuple(3);
        case ']': return pushSequence(Kind::List, {});
        case 'l': return popMarked(items) && pushSequence(Kind::List, std::move(items));
        case 'a': items.resize(1); return pop(items[0]) && top(target) && append(target, items, Kind::List);
        case 'e': return popMarked(items) && top(target) && append(target, items, Kind::List);
        case 0x8f: return pushSequence(Kind::Set, {});
        case 0x90: return popMarked(items) && top(target) && append(target, items, Kind::Set);
        case 0x91: return popMarked(items) && pushSequence(Kind::Set, std::move(items));
        case '}': return pushDict();
        case 'd': return popMarked(items) && pushDict() && setItems(stack_.back(), items);
        case 's': items.resize(2); return pop(items[1]) && pop(items[0]) && top(target) && setItems(target, items);
        case 'u': return popMarked(items) && top(target) && setItems(target, items);
        default: break;
    }
    return stepNumber(opcode);
}

bool Machine::stepNumber(uint8_t opcode) {
    switch (opcode) {
        case 'J': return number<int32_t>();
        case 'K': return number<uint8_t>();
        case 'M': return number<uint16_t>();
        case 0x8a: return longInteger();
        case 'G': {  // BINFLOAT, the one big-endian number
            uint64_t bits = 0;
            if (!reader_.read(bits)) return false;
            return push({.kind = Kind::Float, .real = std::bit_cast<double>(__builtin_bswap64(bits))});
        }
        default: break;
    }
    return stepObject(opcode);
}

bool Machine::stepObject(uint8_t opcode) {
    PickleValue callable, arguments, name, module;
    switch (opcode) {
        case 'c': {
            std::string_view moduleText, nameText;
            return line(moduleText) && line(nameText) && pushGlobal(moduleText, nameText);
        }
        case 0x93:  // STACK_GLOBAL
            if (!pop(name) || !pop(module) || name.kind != Kind::Text || module.kind != Kind::Text) return false;
            return pushGlobal(tree_.text(module), tree_.text(name));
        case 'R': return pop(arguments) && pop(callable) && call(callable, arguments);
        case 0x81: return pop(arguments) && pop(callable) && call(callable, arguments);  // NEWOBJ
        case 0x92: {                                                                     // NEWOBJ_EX
            PickleValue keywords;
            return pop(keywords) && pop(arguments) && pop(callable) && call(callable, arguments);
        }
        case 'b': {  // BUILD: attributes of an object, which nothing here needs
            PickleValue state, object;
            return pop(state) && top(object);
        }
        case 'Q': return persistent();
        default: break;
    }
    return fail("its pickle uses operation " + std::to_string(opcode) + ", which no checkpoint needs; refused, and nothing in it was run");
}

bool Machine::longInteger() {
    uint8_t length = 0;
    std::string_view digits;
    if (!reader_.read(length) || !reader_.text(length, digits)) return false;
    if (length > 8) return pushText(Kind::BigInt, digits);
    uint64_t value = length > 0 && (digits.back() & 0x80) ? ~uint64_t{0} : 0;
    std::memcpy(&value, digits.data(), length);
    return pushInt(static_cast<int64_t>(value));
}

bool Machine::setItems(PickleValue target, const std::vector<PickleValue>& items) {
    if (items.size() % 2 != 0) return false;
    if (target.kind == Kind::Opaque) return true;
    if (target.kind != Kind::Dict) return false;
    auto& dict = tree_.dicts[target.index];
    objects_ += items.size();
    for (size_t i = 0; i < items.size(); i += 2) dict.emplace_back(items[i], items[i + 1]);
    return true;
}

bool Machine::append(PickleValue target, const std::vector<PickleValue>& items, Kind kind) {
    if (target.kind == Kind::Opaque) return true;
    if (target.kind != kind) return false;
    auto& sequence = tree_.sequences[target.index];
    objects_ += items.size();
    sequence.insert(sequence.end(), items.begin(), items.end());
    return true;
}

// ("storage", type, key, device, count[, view]): the only thing torch keeps outside the pickle.
bool Machine::persistent() {
    PickleValue id;
    if (!pop(id)) return false;
    if (id.kind != Kind::Tuple) return fail("its pickle refers to something other than a storage");
    const auto& parts = tree_.sequences[id.index];
    const bool hasView = parts.size() == 6 && parts[5].kind != Kind::None;
    if ((parts.size() != 5 && parts.size() != 6) || hasView || parts[0].kind != Kind::Text || tree_.text(parts[0]) != "storage" ||
        parts[1].kind != Kind::Global || parts[2].kind != Kind::Text || parts[4].kind != Kind::Int)
        return fail("its pickle describes a storage in a way this reader does not know");
    const PickleGlobal& type = tree_.globals[parts[1].index];
    PickleStorage storage{tree_.text(parts[2]), {}, parts[4].integer};
    if (type.meaning == PickleName::TypedStorage) {
        storage.encoding = type.encoding;
    } else if (type.meaning != PickleName::UntypedStorage) {
        return fail("its pickle has a storage of the unknown type " + inQuotes(type.name));
    }
    return pushObject(Kind::Storage, tree_.storages, storage);
}

bool Machine::integers(PickleValue value, std::vector<int64_t>& out) {
    if (value.kind != Kind::Tuple && value.kind != Kind::List) return false;
    const auto& items = tree_.sequences[value.index];
    if (items.size() > kMostDimensions) return fail("its pickle has a tensor with more than 8 dimensions");
    for (PickleValue item : items) {
        if (item.kind != Kind::Int) return fail("its pickle has a tensor whose sizes are no integers");
        out.push_back(item.integer);
    }
    return true;
}

// v2: (storage, offset, sizes, strides, requires_grad, hooks[, metadata]); v3 has the number type after the
// hooks.
bool Machine::rebuildTensor(const std::vector<PickleValue>& arguments, bool hasNumberType) {
    if (arguments.size() < (hasNumberType ? 7u : 4u) || arguments[0].kind != Kind::Storage || arguments[1].kind != Kind::Int)
        return fail("its pickle describes a tensor in a way this reader does not know");
    PickleTensor tensor;
    tensor.storage = arguments[0].index;
    tensor.offset = arguments[1].integer;
    if (!integers(arguments[2], tensor.sizes) || !integers(arguments[3], tensor.strides)) return false;
    const auto& storage = tree_.storages[tensor.storage];
    if (storage.encoding) tensor.encoding = *storage.encoding;
    if (hasNumberType) {
        const PickleValue type = arguments[6];
        if (type.kind != Kind::Global || tree_.globals[type.index].meaning != PickleName::NumberType)
            return fail("its pickle has a tensor of a number type this reader does not know");
        tensor.encoding = tree_.globals[type.index].encoding;
    } else if (!storage.encoding) {
        return fail("its pickle has a tensor without a number type");
    }
    return pushObject(Kind::Tensor, tree_.tensors, std::move(tensor));
}

bool Machine::orderedDict(const std::vector<PickleValue>& arguments) {
    if (!pushDict()) return false;
    if (arguments.empty()) return true;
    if (arguments.size() != 1 || arguments[0].kind != Kind::List) return false;
    std::vector<PickleValue> items;
    for (PickleValue pair : tree_.sequences[arguments[0].index]) {
        if ((pair.kind != Kind::Tuple && pair.kind != Kind::List) || tree_.sequences[pair.index].size() != 2) return false;
        for (PickleValue part : tree_.sequences[pair.index]) items.push_back(part);
    }
    return setItems(stack_.back(), items);
}

bool Machine::refuseCall(PickleValue callable) {
    if (callable.kind != Kind::Global) return fail("its pickle calls something that has no name; refused");
    const PickleGlobal& global = tree_.globals[callable.index];
    return fail("its pickle asks to call " + inQuotes(std::string(global.module) + "." + std::string(global.name)) +
                ", which no weights need; refused, and nothing in it was run. Look for a .safetensors version");
}

bool Machine::call(PickleValue callable, PickleValue arguments) {
    if (callable.kind != Kind::Global || arguments.kind != Kind::Tuple) return refuseCall(callable);
    // A copy: pushing the result may move the table.
    const std::vector<PickleValue> list =
        tree_.sequences[arguments.index].size() <= 64 ? tree_.sequences[arguments.index] : std::vector<PickleValue>();
    switch (tree_.globals[callable.index].meaning) {
        case PickleName::OrderedDict: return orderedDict(list);
        case PickleName::RebuildTensor: return rebuildTensor(list, false);
        case PickleName::RebuildTensorV3: return rebuildTensor(list, true);
        case PickleName::RebuildParameter:
            if (list.empty() || list[0].kind != Kind::Tensor) return fail("its pickle has a parameter without a tensor");
            return push(list[0]);
        case PickleName::RebuildSubclass:  // (rebuild function, class, its arguments, attributes)
            if (list.size() < 3 || list[0].kind != Kind::Global) return refuseCall(callable);
            if (tree_.globals[list[0].index].meaning == PickleName::RebuildSubclass) return refuseCall(callable);
            return call(list[0], list[2]);
        case PickleName::Size:
            if (list.size() != 1) return false;
            return push(list[0]);
        case PickleName::HarmlessData: return push({.kind = Kind::Opaque});
        default: return refuseCall(callable);
    }
}

}  // namespace

Result<PickleTree> readPickle(std::span<const std::byte> bytes, size_t* consumed) {
    if (bytes.size() > kMostBytes) bytes = bytes.first(kMostBytes);
    Machine machine(bytes);
    if (!machine.run()) return Error{machine.problem_};
    if (consumed) *consumed = machine.position();
    return std::move(machine.tree_);
}

}  // namespace longtake
