// A low-rank adapter of the diffusion transformer: W + (alpha / r) B A, computed in fp32 (engine-spec 3.12).
//
// Owner:  an import.
// Thread: const after open.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/checkpoint/checkpoint.h"

namespace longtake {

class LoraAdapter {
public:
    // Takes PEFT names (lora_A / lora_B, with or without an adapter's name) and lora_down / lora_up.
    // alpha 0: what the file says for a matrix, else r, i.e. a factor of 1. Fails on a half pair or unequal
    // ranks.
    static Result<LoraAdapter> open(const std::filesystem::path& path, float alpha = 0);

    std::vector<std::string> targets() const;  // our names of the weights it changes
    bool has(const std::string& target) const { return pairs_.contains(target); }

    // weight: rows x columns of `target`, changed in place. Fails when the adapter's matrices do not fit it.
    Result<void> addTo(const std::string& target, std::span<float> weight, int64_t rows, int64_t columns) const;

private:
    struct Pair {
        std::string a, b, alpha;  // names in the file; a is [r, columns], b is [rows, r]
    };
    explicit LoraAdapter(Checkpoint checkpoint) : checkpoint_(std::move(checkpoint)) {}

    Checkpoint checkpoint_;
    std::map<std::string, Pair> pairs_;
    float alpha_ = 0;
};

}  // namespace longtake
