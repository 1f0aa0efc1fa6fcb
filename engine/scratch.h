// Working memory of a forward pass: one buffer a purpose, grown to the largest size asked for and then reused.
//
// Owner:  whoever runs the pass. The Backend must outlive it.
// Thread: one.
#pragma once

#include <vector>

#include "engine/tensor.h"

namespace longtake {

class Scratch {
public:
    explicit Scratch(Backend& backend) : backend_(backend) {}

    // Rows of `cols` numbers without gaps; contents are undefined and lost when the slot is taken again.
    Rows rows(size_t slot, DType dtype, int64_t rows, int64_t cols) {
        const Tensor tensor = take(slot, dtype, {rows, cols});
        return {const_cast<void*>(tensor.data()), dtype, rows, cols, cols};
    }
    Tensor take(size_t slot, DType dtype, const Shape& shape) {
        if (slot >= buffers_.size()) buffers_.resize(slot + 1);
        Tensor& buffer = buffers_[slot];
        const size_t bytes = static_cast<size_t>(shape.count()) * sizeOf(dtype);
        if (buffer.empty() || buffer.bytes() < bytes) buffer = Tensor::allocate(backend_, DType::U8, {static_cast<int64_t>(bytes)});
        return Tensor::view(buffer.data(), dtype, shape, nullptr);
    }
    size_t bytes() const {
        size_t total = 0;
        for (const Tensor& buffer : buffers_) total += buffer.empty() ? 0 : buffer.bytes();
        return total;
    }

private:
    Backend& backend_;
    std::vector<Tensor> buffers_;
};

}  // namespace longtake
