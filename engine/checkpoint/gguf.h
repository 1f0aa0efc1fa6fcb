// The GGUF format, versions 2 and 3, little-endian.
//
// Thread: pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/checkpoint/stored_tensor.h"

namespace longtake {

struct GgufHeader {
    std::string architecture;                     // "wan", "t5encoder", ...; may be empty
    std::vector<StoredTensor> tensors;            // shapes in our order: slowest first
    std::map<std::string, std::string> metadata;  // the short texts
};

Result<GgufHeader> readGguf(const MappedFile& file);

}  // namespace longtake
