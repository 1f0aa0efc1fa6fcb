// From the names other programs give to a model's tensors to ours (Wan names, and "separate" MLA names),
// including the splitting of fused matrices. A map is a list of recipes; nothing is loaded before a recipe is
// asked for.
//
// Thread: plain values; MappedWeights is const.
#pragma once

#include <string>
#include <vector>

#include "engine/checkpoint/checkpoint.h"
#include "engine/model/model_config.h"

namespace longtake {

// How one tensor of ours comes out of the checkpoint.
struct TensorRecipe {
    std::string target;
    Shape shape;                // of the target
    std::string source;         // empty: zeros, for a bias the checkpoint does without
    bool isTransposed = false;  // a matrix stored in x out
    // From every group of groupRows rows (after transposing) the rows [first, first + count); 0: all rows.
    int64_t groupRows = 0, first = 0, count = 0;

    bool isPlain() const { return !source.empty() && !isTransposed && groupRows == 0; }
};

struct NameMap {
    std::string layout;  // what the checkpoint's naming is called, for reports
    std::vector<TensorRecipe> recipes;
    std::vector<std::string> missing;    // names of ours nothing was found for
    std::vector<std::string> misshapen;  // one sentence each
    std::vector<std::string> unused;     // names of the checkpoint
    std::vector<std::string> notes;      // what was decided or assumed, one sentence each

    bool isComplete() const { return missing.empty() && misshapen.empty(); }
    // One line for messages: what is missing, misshapen and unused, the first few by name.
    std::string summary() const;
};

struct DitMap {
    DitConfig config;  // text_len and eps keep their defaults: no tensor tells them
    NameMap names;
};
struct TextMap {
    TextConfig config;
    NameMap names;
};
struct VideoMap {
    VideoConfig config;
    NameMap names;
};

// A name without the wrappers training leaves around it: "model._fsdp_wrapped_module.blocks.0.ffn.0.weight"
// -> "blocks.0.ffn.0.weight" (engine-spec 3.10).
std::string withoutWrappers(std::string_view name);

// Fail when the checkpoint is of another kind altogether; an incomplete one gives a map that says so.
// numHeads 0: inferred for MLA, else dim / 128 (engine-spec 1.1).
Result<DitMap> mapDit(const Checkpoint& checkpoint, int numHeads = 0);
Result<TextMap> mapTextEncoder(const Checkpoint& checkpoint);
Result<VideoMap> mapVideo(const Checkpoint& checkpoint);

// The tensor a recipe describes: a view where it is plain, else an F32 copy.
Result<Tensor> buildTensor(const Checkpoint& checkpoint, const TensorRecipe& recipe);

// A checkpoint under our names, for loading a model without importing it first.
class MappedWeights final : public WeightSource {
public:
    MappedWeights(Checkpoint checkpoint, NameMap map);

    std::vector<std::string> names() const override;
    bool has(const std::string& name) const override { return recipes_.contains(name); }
    Result<Tensor> tensor(const std::string& name) const override;

private:
    Checkpoint checkpoint_;
    std::map<std::string, TensorRecipe> recipes_;
};

}  // namespace longtake
