// Weights in device memory.
//
// Owner:  whoever loaded them. Thread: const.
#pragma once

#include <memory>

#include "kernels/cuda/launch.h"

namespace longtake::cuda {

class MatmulWeight final : public PackedWeight {
public:
    size_t bytes() const override {
        return static_cast<size_t>(out * in) * sizeOf(compute) + (bias ? static_cast<size_t>(out) * sizeof(float) : 0) +
               (f8 ? static_cast<size_t>(out * in) + static_cast<size_t>(out) * sizeof(float) : 0);
    }

    DType compute = DType::F32;
    int64_t out = 0, in = 0;
    std::shared_ptr<void> data;         // [out, in], compute
    std::shared_ptr<void> bias;         // [out] F32, or null
    std::shared_ptr<void> f8, f8Scale;  // the same in e4m3 and [out] F32, where products in 8 bits are wanted; or null
    std::shared_ptr<void> biasBf16;     // the same for products of e4m3 or with bf16 results, whose epilogue wants it so
};

class PackedConv final : public PackedWeight {
public:
    size_t bytes() const override { return convWeightBytes(weight) + (bias ? static_cast<size_t>(weight.outChannels) * sizeof(float) : 0); }

    ConvWeight weight;
    std::shared_ptr<void> data, bias;
};

}  // namespace longtake::cuda
