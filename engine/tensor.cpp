#include "engine/tensor.h"

#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>

namespace longtake {

int64_t Shape::count() const {
    int64_t total = 1;
    for (int64_t size : sizes_) total *= size;
    return total;
}

std::string Shape::text() const {
    std::string out = "[";
    for (size_t i = 0; i < sizes_.size(); ++i) {
        if (i) out += ", ";
        out += std::to_string(sizes_[i]);
    }
    return out + "]";
}

Tensor Tensor::allocate(Backend& backend, DType dtype, Shape shape) {
    Tensor tensor;
    tensor.dtype_ = dtype;
    tensor.shape_ = std::move(shape);
    std::shared_ptr<void> memory = backend.allocate(tensor.bytes());
    tensor.data_ = memory.get();
    tensor.owner_ = std::move(memory);
    return tensor;
}

Tensor Tensor::host(DType dtype, Shape shape) {
    Tensor tensor;
    tensor.dtype_ = dtype;
    tensor.shape_ = std::move(shape);
    const size_t bytes = (tensor.bytes() + 64) / 64 * 64;  // never zero: an empty tensor still has an address
    void* memory = std::aligned_alloc(64, bytes);
    if (!memory) throw std::bad_alloc();
    std::memset(memory, 0, bytes);
    tensor.data_ = memory;
    tensor.owner_ = std::shared_ptr<void>(memory, std::free);
    return tensor;
}

Tensor Tensor::view(void* data, DType dtype, Shape shape, std::shared_ptr<const void> owner) {
    Tensor tensor;
    tensor.data_ = data;
    tensor.dtype_ = dtype;
    tensor.shape_ = std::move(shape);
    tensor.owner_ = std::move(owner);
    return tensor;
}

std::span<float> Tensor::floats() {
    assert(dtype_ == DType::F32);
    return {as<float>(), static_cast<size_t>(count())};
}

std::span<const float> Tensor::floats() const {
    assert(dtype_ == DType::F32);
    return {as<float>(), static_cast<size_t>(count())};
}

Tensor Tensor::reshaped(Shape shape) const {
    assert(shape.count() == count());
    Tensor out = *this;
    out.shape_ = std::move(shape);
    return out;
}

Tensor Tensor::slice(int64_t first, int64_t count) const {
    assert(shape_.rank() > 0 && first >= 0 && count >= 0 && first + count <= shape_[0]);
    Tensor out = *this;
    std::vector<int64_t> sizes(shape_.sizes().begin(), shape_.sizes().end());
    const int64_t rowBytes = shape_[0] ? static_cast<int64_t>(bytes()) / shape_[0] : 0;
    sizes[0] = count;
    out.shape_ = Shape(std::move(sizes));
    out.data_ = static_cast<char*>(data_) + first * rowBytes;
    return out;
}

}  // namespace longtake
