#include "kernels/cuda/gemm.h"

#include <algorithm>

namespace longtake::cuda {

namespace {

// The largest power of two up to 16 that divides an address and the step between rows, in bytes.
int alignment(const void* data, int64_t stride, DType dtype) {
    const uint64_t bits = reinterpret_cast<uintptr_t>(data) | static_cast<uint64_t>(stride) * sizeOf(dtype) | 16u;
    return static_cast<int>(bits & (~bits + 1));
}

}  // namespace

std::string productName(const GemmCall& c) {
    auto number = [](int64_t value) { return std::to_string(value); };
    std::string name = number(c.rows) + "x" + number(c.out) + "x" + number(c.in) + "/" + number(c.xStride) + "," + number(c.yStride) + "/" +
                       std::string(nameOf(c.inType)) + "-" + std::string(nameOf(c.outType)) + "/";
    if (c.bias) name += "bias";
    if (c.alpha) name += "alpha";
    if (c.add) name += "add";
    name += "act" + number(static_cast<int>(c.activation));
    return name + "/" + number(std::min({alignment(c.x, c.xStride, c.inType), alignment(c.w, c.in, c.inType)})) + "," +
           number(alignment(c.y, c.yStride, c.outType));
}

}  // namespace longtake::cuda
