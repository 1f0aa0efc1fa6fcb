// The video decoder's norm: every pixel's channels brought to one length (engine-spec 6.2).
//
// Thread: a plain function; the work runs on the pool.
#pragma once

#include "kernels/cpu/thread_pool.h"
#include "kernels/params.h"

namespace longtake::cpu {

void channelNorm(const ChannelNormParams& params, ThreadPool& pool);

}  // namespace longtake::cpu
