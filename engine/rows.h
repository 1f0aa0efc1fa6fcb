// Views of tensors as the kernels' Rows, and small uploads.
//
// Thread: pure functions; an upload follows the Backend's rule.
#pragma once

#include <vector>

#include "engine/tensor.h"

namespace longtake {

// Columns [first, first + count) of the same rows.
inline Rows columns(const Rows& rows, int64_t first, int64_t count) {
    return {static_cast<char*>(rows.data) + static_cast<size_t>(first) * sizeOf(rows.dtype), rows.dtype, rows.rows, count, rows.stride};
}

// Share `index` of `shares` equal ones: rows of several takes lie one after the other.
inline Rows share(const Rows& rows, size_t index, size_t shares) {
    const int64_t count = rows.rows / static_cast<int64_t>(shares), first = static_cast<int64_t>(index) * count;
    return {static_cast<char*>(rows.data) + static_cast<size_t>(first * rows.stride) * sizeOf(rows.dtype), rows.dtype, count, rows.cols,
            rows.stride};
}

// Rows [first, first + count) of a tensor whose last axis is a row.
inline Rows rowsOf(const Tensor& tensor, int64_t first, int64_t count) {
    const int64_t width = tensor.shape()[-1];
    char* data = static_cast<char*>(const_cast<void*>(tensor.data()));
    return {data + static_cast<size_t>(first * width) * sizeOf(tensor.dtype()), tensor.dtype(), count, width, width};
}

inline Rows rowsOf(const Tensor& tensor) { return rowsOf(tensor, 0, tensor.count() / tensor.shape()[-1]); }

// The numbers in the backend's memory: [values].
inline Tensor uploadFloats(Backend& backend, const std::vector<float>& values) {
    Tensor tensor = Tensor::allocate(backend, DType::F32, {static_cast<int64_t>(values.size())});
    backend.upload(tensor.data(), values.data(), tensor.bytes());
    return tensor;
}

}  // namespace longtake
