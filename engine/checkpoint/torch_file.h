// PyTorch checkpoints: the zip form of torch.save, and the older form without a zip.
//
// Reads the tree of dictionaries that was saved and lists its tensors. Every tensor is checked against its
// storage here, so one bad tensor anywhere refuses the file. Nothing in the file is executed.
//
// Owner:  texts of `tree` point into the file, which must outlive it.
// Thread: pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/checkpoint/pickle.h"
#include "engine/checkpoint/stored_tensor.h"

namespace longtake {

struct TorchTensor {
    std::vector<std::string> path;  // keys from the root; the index in lists
    StoredTensor stored;            // its name is the path joined by '/'
};

struct TorchFile {
    PickleTree tree;
    std::vector<TorchTensor> tensors;  // in the order of the file
};

bool isLegacyTorch(std::span<const std::byte> bytes);

Result<TorchFile> readTorchZip(const MappedFile& file);
Result<TorchFile> readTorchLegacy(const MappedFile& file);

// The state dict among the top-level keys: the first of `keys` that holds tensors, else the tensors at the
// root, else the only dictionary there is. Names lose that key; deeper levels are joined by '.'.
Result<std::vector<StoredTensor>> selectStateDict(const MappedFile& file, std::vector<TorchTensor> tensors,
                                                  const std::vector<std::string>& keys);

// What the file holds besides tensors (settings, step counts); objects this reader does not know are left
// out.
nlohmann::ordered_json plainValues(const PickleTree& tree);

}  // namespace longtake
