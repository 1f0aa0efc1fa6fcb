// Interprets a pickle as data. Nothing is imported, nothing is called: names of Python objects are compared
// with a fixed list, tensors become descriptions, and a file that asks for any other call is refused.
//
// Owner:  the reader of one file; texts point into the pickled bytes, which must outlive the tree.
// Thread: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/checkpoint/encoding.h"
#include "engine/result.h"

namespace longtake {

struct PickleValue {
    enum class Kind : uint8_t { None, Bool, Int, Float, Text, BigInt, Tuple, List, Set, Dict, Global, Storage, Tensor, Opaque };
    Kind kind = Kind::None;
    uint32_t index = 0;   // into the tree's table for kinds that have one
    int64_t integer = 0;  // Int, Bool
    double real = 0;      // Float
};

// What a pickled name means to this reader.
enum class PickleName : uint8_t {
    OrderedDict,
    RebuildTensor,
    RebuildTensorV3,
    RebuildParameter,
    RebuildSubclass,
    TypedStorage,
    UntypedStorage,
    NumberType,
    Size,
    HarmlessData,
    Unknown,
};

struct PickleGlobal {
    std::string_view module, name;
    PickleName meaning = PickleName::Unknown;
    Encoding encoding = Encoding::U8;  // TypedStorage, NumberType
};

struct PickleStorage {
    std::string_view key;
    std::optional<Encoding> encoding;  // empty: untyped, `count` is bytes
    int64_t count = 0;
};

struct PickleTensor {
    uint32_t storage = 0;
    Encoding encoding = Encoding::F32;
    int64_t offset = 0;  // in elements, as are the strides; all as the file says, unchecked
    std::vector<int64_t> sizes, strides;
};

// The objects of one pickle. Containers hold values that index these tables, so that a pickle which contains
// itself costs nothing and leaks nothing; whoever walks the tree must bound depth and steps.
struct PickleTree {
    PickleValue root;
    std::vector<std::string_view> texts;                                  // Text, BigInt
    std::vector<std::vector<PickleValue>> sequences;                      // Tuple, List, Set
    std::vector<std::vector<std::pair<PickleValue, PickleValue>>> dicts;  // in order of insertion, doubles included
    std::vector<PickleGlobal> globals;
    std::vector<PickleStorage> storages;
    std::vector<PickleTensor> tensors;

    std::string_view text(PickleValue value) const { return texts[value.index]; }
};

// One pickle from the front of `bytes`; `consumed` is its length. The message lacks the file's name.
Result<PickleTree> readPickle(std::span<const std::byte> bytes, size_t* consumed = nullptr);

}  // namespace longtake
