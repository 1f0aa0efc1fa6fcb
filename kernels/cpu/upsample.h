// Nearest-neighbour doubling of rows and columns.
//
// Thread: a plain function; the work runs on the pool.
#pragma once

#include "kernels/cpu/thread_pool.h"
#include "kernels/params.h"

namespace longtake::cpu {

void upsample2x(const UpsampleParams& params, ThreadPool& pool);

}  // namespace longtake::cpu
