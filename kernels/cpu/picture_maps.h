// Between planes, maps and 8-bit pictures.
//
// Thread: plain functions; the work runs on the pool.
#pragma once

#include "kernels/cpu/thread_pool.h"
#include "kernels/params.h"

namespace longtake::cpu {

void planesToMap(const PlanesParams& params, ThreadPool& pool);
void pictures(const PicturesParams& params, ThreadPool& pool);
void nv12(const Nv12Params& params, ThreadPool& pool);

}  // namespace longtake::cpu
