// One tensor inside a checkpoint file: where its numbers lie and how they are written.
//
// Owner:  Checkpoint.
// Thread: a value; loading only reads.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/checkpoint/encoding.h"
#include "engine/checkpoint/mapped_file.h"
#include "engine/tensor.h"

namespace longtake {

// Limits on what a file may claim, far above any real checkpoint.
inline constexpr uint64_t kMostTensors = 1'000'000;
inline constexpr size_t kLongestName = 4096;
inline constexpr size_t kMostDimensions = 8;

struct StoredTensor {
    std::string name;
    Encoding encoding = Encoding::F32;
    Shape shape;
    std::vector<int64_t> strides;  // in elements; empty = contiguous
    uint64_t begin = 0;            // bytes [begin, end) of the file
    uint64_t end = 0;
    size_t file = 0;  // which file of a sharded checkpoint
};

// The number of elements, or nothing when a size is negative or a product leaves 63 bits. A zero size does
// not excuse the others.
std::optional<int64_t> checkedCount(std::span<const int64_t> sizes);

// a * b, or nothing on overflow.
std::optional<uint64_t> checkedProduct(uint64_t a, uint64_t b);

// The bytes of `count` contiguous elements, or nothing when `count` is not whole blocks or the product
// overflows.
std::optional<uint64_t> storedBytes(Encoding encoding, int64_t count);

// A view on the file where type, order and alignment allow it, else an owned copy. Block-quantised numbers
// become F32. The tensor must have been checked against this file. Viewed memory is read-only.
Tensor loadStored(const MappedFilePtr& file, const StoredTensor& tensor);

// Elements [first, first + out.size()) in row-major order as floats. `first` and the size must be multiples
// of the encoding's block.
void readFloats(const MappedFile& file, const StoredTensor& tensor, int64_t first, std::span<float> out);

}  // namespace longtake
