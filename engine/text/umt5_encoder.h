// The UMT5 encoder: token ids to hidden states (engine-spec 2.3, 2.4).
//
// Owner:  the text encoder. The Backend must outlive it; the weights' file stays mapped while it lives, because the
//         embedding (2 GB in the full model) is read row by row.
// Thread: generation thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/result.h"
#include "engine/tensor.h"
#include "engine/weight_source.h"

namespace longtake {

class WeightReader;

struct TextEncoderConfig {
    int vocab = 0;    // rows of the embedding
    int dim = 0;      // of the hidden states
    int dimAttn = 0;  // all heads together
    int dimFfn = 0;
    int numHeads = 0, numLayers = 0;
    int numBuckets = 32, maxDistance = 128;  // of the relative positions
    int textLen = 512;                       // rows of the result
};

// One line that names the field when it cannot work.
Result<void> validate(const TextEncoderConfig& config);

// The row of the position table for a key `distance` places behind the query; half of the rows are for keys to the
// right. The logarithm is float32 as in the reference, which decides on which side the powers of two fall.
int relativeBucket(int64_t distance, int numBuckets, int maxDistance);

class Umt5Encoder {
public:
    // Sees the residual stream, F32 [tokens, dim] in the backend's memory: "embedding", "block.3.attn" and
    // "block.3.ffn" (after the branch was added). For tests.
    using Observer = std::function<void(const std::string& name, const Tensor& residual)>;

    // Reads every weight of the source; fails with the name and both shapes where they disagree.
    static Result<Umt5Encoder> create(const TextEncoderConfig& config, const WeightSource& weights, Backend& backend);

    // 1 .. textLen ids below vocab, else std::invalid_argument. Only these tokens are computed: padding would be masked
    // as keys and its rows set to zero. Result: F32 [textLen, dim] in the backend's memory, rows behind the ids zero.
    Tensor encode(std::span<const int32_t> ids, const Observer& observe = {}) const;

    const TextEncoderConfig& config() const { return config_; }

private:
    struct Layer {
        Tensor norm1, norm2;  // F32 [dim], backend's memory
        std::unique_ptr<PackedWeight> q, k, v, o, gate, fc1, fc2;
        std::vector<float> positions;  // [numBuckets, numHeads]
    };
    struct Pass;  // the working memory of one encode()

    Umt5Encoder(const TextEncoderConfig& config, Backend& backend) : config_(config), backend_(&backend) {}
    void loadWeights(WeightReader& reader);
    void attend(const Layer& layer, Pass& pass) const;
    void feedForward(const Layer& layer, Pass& pass) const;
    void fillBias(const Layer& layer, Pass& pass) const;

    TextEncoderConfig config_;
    Backend* backend_;
    Tensor embedding_;  // host memory, [vocab, dim], the file's type
    Tensor finalNorm_;
    std::vector<Layer> layers_;
};

}  // namespace longtake
