// Matrix products by oneDNN, cut into fixed tiles of rows and of output columns.
//
// Owner:  the weight belongs to whoever loaded it.
// Thread: a packed weight may be used by one operation at a time (which itself runs on the pool).
#pragma once

#include <memory>

#include "kernels/cpu/thread_pool.h"
#include "kernels/params.h"

namespace longtake::cpu {

// w: [out, in] of any float type; kept as `compute` (F32 or BF16). bias: [out] or null.
std::unique_ptr<PackedWeight> packMatmul(const void* w, DType dtype, const float* bias, int64_t out, int64_t in, DType compute,
                                         ThreadPool& pool);
void matmul(const MatmulParams& params, ThreadPool& pool);

}  // namespace longtake::cpu
