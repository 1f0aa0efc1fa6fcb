// Convolution by oneDNN, cut into fixed tiles: one output frame, a band of output rows.
//
// Owner:  the weight belongs to whoever loaded it.
// Thread: a packed weight may be used by one operation at a time (which itself runs on the pool).
#pragma once

#include <memory>

#include "kernels/cpu/thread_pool.h"
#include "kernels/params.h"

namespace longtake::cpu {

// w: [outChannels, inChannels, kt, kh, kw] of any float type, kept as `compute` (F32 or BF16). bias: [outChannels] or null.
std::unique_ptr<PackedWeight> packConv(const void* w, DType dtype, const float* bias, int64_t outChannels, int64_t inChannels, int kt,
                                       int kh, int kw, DType compute, ThreadPool& pool);
// Throws std::invalid_argument when the sizes leave no output.
void conv(const ConvParams& params, ThreadPool& pool);

}  // namespace longtake::cpu
