// Walks the tree of a pickle: lists its tensors, checks each against the storages of the file.
//
// Thread: pure.
#pragma once

#include <map>
#include <string_view>

#include "engine/checkpoint/torch_file.h"

namespace longtake {

// Bytes [begin, end) of the file for each storage key.
using StorageRanges = std::map<std::string, std::pair<uint64_t, uint64_t>, std::less<>>;

Result<std::vector<TorchTensor>> listTensors(const MappedFile& file, const PickleTree& tree, const StorageRanges& storages);

}  // namespace longtake
