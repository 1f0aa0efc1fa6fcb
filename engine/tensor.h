// A tensor: shape, number type, storage that is owned or viewed. It computes nothing; the Backend does.
//
// Owner:  whoever holds it; copies share the storage (a copy is a view), clone() makes a new one.
// Thread: a value; the storage itself is not synchronised.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/dtype.h"

namespace longtake {

// Sizes from the slowest to the fastest index. Empty = a scalar.
class Shape {
public:
    Shape() = default;
    Shape(std::initializer_list<int64_t> sizes) : sizes_(sizes) {}
    explicit Shape(std::vector<int64_t> sizes) : sizes_(std::move(sizes)) {}

    int rank() const { return static_cast<int>(sizes_.size()); }
    int64_t operator[](int axis) const { return sizes_[static_cast<size_t>(axis < 0 ? axis + rank() : axis)]; }
    int64_t count() const;
    std::span<const int64_t> sizes() const { return sizes_; }
    std::string text() const;  // "[3, 16, 18, 32]"
    bool operator==(const Shape&) const = default;

private:
    std::vector<int64_t> sizes_;
};

class Tensor {
public:
    Tensor() = default;

    // Memory of the backend, contents undefined. Throws std::bad_alloc when there is none.
    static Tensor allocate(Backend& backend, DType dtype, Shape shape);
    // Host memory, 64-byte aligned, zeroed.
    static Tensor host(DType dtype, Shape shape);
    // Memory of somebody else; `owner` keeps it alive and may be null when the caller does.
    static Tensor view(void* data, DType dtype, Shape shape, std::shared_ptr<const void> owner);

    bool empty() const { return data_ == nullptr; }
    const Shape& shape() const { return shape_; }
    DType dtype() const { return dtype_; }
    int64_t count() const { return shape_.count(); }
    size_t bytes() const { return static_cast<size_t>(count()) * sizeOf(dtype_); }

    void* data() { return data_; }
    const void* data() const { return data_; }
    template <typename T>
    T* as() {
        return static_cast<T*>(data_);
    }
    template <typename T>
    const T* as() const {
        return static_cast<const T*>(data_);
    }
    std::span<float> floats();  // dtype must be F32, memory must be host memory
    std::span<const float> floats() const;

    // The same storage under another shape of equal count.
    Tensor reshaped(Shape shape) const;
    // Rows [first, first + count) of the slowest axis, sharing the storage.
    Tensor slice(int64_t first, int64_t count) const;

private:
    void* data_ = nullptr;
    DType dtype_ = DType::F32;
    Shape shape_;
    std::shared_ptr<const void> owner_;
};

}  // namespace longtake
