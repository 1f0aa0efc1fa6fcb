// Writes one safetensors file of a model folder out of a mapped checkpoint, one tensor at a time.
//
// Owner:  an import.
// Thread: that import's.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "engine/checkpoint/import_model.h"
#include "engine/checkpoint/lora.h"
#include "engine/checkpoint/name_map.h"

namespace longtake {

struct ImportPart {
    std::string file;  // its name in the model folder
    const Checkpoint* checkpoint = nullptr;
    const NameMap* names = nullptr;
    const LoraAdapter* lora = nullptr;  // may be null
    WeightPrecision precision = WeightPrecision::Keep;
};

// The type a tensor is written in, see WeightPrecision.
DType writtenType(const ImportPart& part, const TensorRecipe& recipe);
uint64_t writtenBytes(const ImportPart& part);

// `advance` is told the bytes of every piece and stops the import by returning false.
Result<void> writePart(const ImportPart& part, const std::filesystem::path& folder, const std::function<bool(uint64_t)>& advance);

}  // namespace longtake
