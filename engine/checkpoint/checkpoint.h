// A checkpoint file of any known format as one set of named tensors: safetensors (also sharded), PyTorch .pt
// / .pth, GGUF. The format is told from the content, never from the file's name; nothing in a file is ever
// executed.
//
//     auto weights = Checkpoint::open("dit.safetensors");
//     if (!weights) return weights.error();
//     auto bias = weights->tensor("head.head.bias");
//
// Owner:  whoever opened it; copies share the mapped files. Tensors stay valid after the checkpoint is gone.
// Thread: const after open, any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/checkpoint/stored_tensor.h"
#include "engine/weight_source.h"

namespace longtake {

enum class CheckpointFormat : uint8_t { Safetensors, ShardedSafetensors, TorchZip, TorchLegacy, Gguf };

std::string_view nameOf(CheckpointFormat format);

struct CheckpointOptions {
    enum class Select : uint8_t { StateDict, WholeTree };
    // WholeTree: every tensor of a torch file under its path, joined by '/'. Other formats have no tree.
    Select select = Select::StateDict;
    // Where the wanted tensors may stand in a torch file, best first (engine-spec 3.10).
    std::vector<std::string> stateDicts = {"generator_ema", "generator", "model", "state_dict"};
};

struct TensorInfo {
    DType dtype = DType::F32;           // of what tensor() returns
    Encoding encoding = Encoding::F32;  // in the file
    Shape shape;
    uint64_t begin = 0, end = 0;  // bytes of `file`
    std::string file;
    bool isView = false;  // tensor() copies nothing
};

class Checkpoint final : public WeightSource {
public:
    // A file, an index of shards, or a folder with one of them. Every header is checked here; a checkpoint
    // that opens has all its tensors inside its files.
    static Result<Checkpoint> open(const std::filesystem::path& path, const CheckpointOptions& options = {});
    // The same for a file in memory; an index of shards cannot be opened this way.
    static Result<Checkpoint> open(MappedFilePtr file, const CheckpointOptions& options = {});

    const std::string& path() const;
    CheckpointFormat format() const;
    const std::map<std::string, std::string>& metadata() const;  // the file's own notes

    // Weights only, in file order: scales and markers of quantised files and an embedded tokenizer are left
    // out, but tensor() finds them under their names.
    std::vector<std::string> names() const override;
    bool has(const std::string& name) const override;
    Result<TensorInfo> info(const std::string& name) const;

    // The numbers as stored, without copying where type, order and alignment allow; viewed memory is
    // read-only. Copied: strided tensors; GGUF blocks as F32; fp8 as BF16, which holds it exactly, or with
    // its scale as F32.
    Result<Tensor> tensor(const std::string& name) const override;
    // Converted to F32, F16 or BF16 (round to nearest even); a copy unless nothing changes.
    Result<Tensor> tensor(const std::string& name, DType dtype) const;
    Result<Tensor> toFloat(const std::string& name) const { return tensor(name, DType::F32); }

    // Elements [first, first + out.size()) in row-major order, scaled, as floats: for copies in constant
    // memory. Both bounds must be multiples of 256 or the end of the tensor.
    Result<void> readFloats(const std::string& name, int64_t first, std::span<float> out) const;
    // Lets the system drop the pages of a tensor that was read through.
    void forget(const std::string& name) const;

private:
    struct State;
    explicit Checkpoint(std::shared_ptr<const State> state) : state_(std::move(state)) {}
    static Result<Checkpoint> openShards(const std::filesystem::path& path, const MappedFile& index);
    Result<size_t> find(const std::string& name) const;

    std::shared_ptr<const State> state_;
};

// To F32, F16 or BF16 from any type; to any other type only from itself, without copying.
Result<Tensor> converted(const Tensor& tensor, DType dtype);

}  // namespace longtake
