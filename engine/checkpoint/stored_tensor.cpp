#include "engine/checkpoint/stored_tensor.h"

#include <cassert>
#include <cstring>
#include <limits>

namespace longtake {

namespace {

std::span<const std::byte> rangeOf(const MappedFile& file, const StoredTensor& tensor) {
    assert(tensor.begin <= tensor.end && tensor.end <= file.size());
    return file.bytes().subspan(static_cast<size_t>(tensor.begin), static_cast<size_t>(tensor.end - tensor.begin));
}

// Visits the elements [first, first + count) of a strided tensor in row-major order with their element
// offsets.
template <typename Visit>
void eachOffset(const StoredTensor& tensor, int64_t first, int64_t count, Visit visit) {
    const auto sizes = tensor.shape.sizes();
    const size_t rank = sizes.size();
    std::vector<int64_t> index(rank, 0);
    int64_t offset = 0;
    for (size_t axis = rank, rest = static_cast<size_t>(first); axis-- > 0;) {
        index[axis] = static_cast<int64_t>(rest) % sizes[axis];
        rest /= static_cast<size_t>(sizes[axis]);
        offset += index[axis] * tensor.strides[axis];
    }
    for (int64_t i = 0; i < count; ++i) {
        visit(i, offset);
        for (size_t axis = rank; axis-- > 0;) {
            offset += tensor.strides[axis];
            if (++index[axis] < sizes[axis]) break;
            offset -= index[axis] * tensor.strides[axis];
            index[axis] = 0;
        }
    }
}

}  // namespace

std::optional<uint64_t> checkedProduct(uint64_t a, uint64_t b) {
    uint64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product)) return {};
    return product;
}

std::optional<int64_t> checkedCount(std::span<const int64_t> sizes) {
    uint64_t product = 1;
    bool isEmpty = false;
    for (int64_t size : sizes) {
        if (size < 0) return {};
        if (size == 0) {
            isEmpty = true;
            continue;
        }
        const auto next = checkedProduct(product, static_cast<uint64_t>(size));
        if (!next || *next > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return {};
        product = *next;
    }
    return isEmpty ? 0 : static_cast<int64_t>(product);
}

std::optional<uint64_t> storedBytes(Encoding encoding, int64_t count) {
    const EncodingInfo& info = infoOf(encoding);
    if (count < 0 || count % info.blockElements != 0) return {};
    return checkedProduct(static_cast<uint64_t>(count / info.blockElements), static_cast<uint64_t>(info.blockBytes));
}

Tensor loadStored(const MappedFilePtr& file, const StoredTensor& tensor) {
    const EncodingInfo& info = infoOf(tensor.encoding);
    const auto bytes = rangeOf(*file, tensor);
    if (!info.native) {
        Tensor out = Tensor::host(DType::F32, tensor.shape);
        decode(tensor.encoding, bytes, out.floats());
        return out;
    }
    const size_t size = sizeOf(*info.native);
    const bool isAligned = reinterpret_cast<uintptr_t>(bytes.data()) % size == 0;
    if (tensor.strides.empty() && isAligned && !bytes.empty())
        return Tensor::view(const_cast<std::byte*>(bytes.data()), *info.native, tensor.shape, file);

    Tensor out = Tensor::host(*info.native, tensor.shape);
    auto* to = static_cast<std::byte*>(out.data());
    if (bytes.empty()) return out;
    if (tensor.strides.empty()) {
        std::memcpy(to, bytes.data(), bytes.size());
    } else {
        eachOffset(tensor, 0, tensor.shape.count(), [&](int64_t i, int64_t offset) {
            std::memcpy(to + static_cast<size_t>(i) * size, bytes.data() + static_cast<size_t>(offset) * size, size);
        });
    }
    return out;
}

void readFloats(const MappedFile& file, const StoredTensor& tensor, int64_t first, std::span<float> out) {
    const EncodingInfo& info = infoOf(tensor.encoding);
    assert(first >= 0 && first % info.blockElements == 0);
    assert(first + static_cast<int64_t>(out.size()) <= tensor.shape.count());
    const auto bytes = rangeOf(file, tensor);
    const auto blockBytes = static_cast<size_t>(info.blockBytes);
    if (tensor.strides.empty()) {
        const size_t begin = static_cast<size_t>(first / info.blockElements) * blockBytes;
        const size_t length = out.size() / static_cast<size_t>(info.blockElements) * blockBytes;
        decode(tensor.encoding, bytes.subspan(begin, length), out);
        return;
    }
    if (out.empty()) return;
    eachOffset(tensor, first, static_cast<int64_t>(out.size()), [&](int64_t i, int64_t offset) {
        decode(tensor.encoding, bytes.subspan(static_cast<size_t>(offset) * blockBytes, blockBytes),
               out.subspan(static_cast<size_t>(i), 1));
    });
}

}  // namespace longtake
