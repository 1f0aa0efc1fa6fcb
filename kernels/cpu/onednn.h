// Small shared pieces for using oneDNN from pool tasks.
//
// Thread: engine() is shared; stream() and scratch() belong to the calling thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include <oneapi/dnnl/dnnl.hpp>

#include "kernels/dtype.h"

namespace longtake::cpu {

const dnnl::engine& dnnlEngine();
dnnl::stream& dnnlStream();

// 64-byte aligned memory of this thread, at least `bytes` long; contents are lost at the next call with the same slot.
enum class Scratch { Library, Tile, Output, Attention, Count };
void* threadScratch(Scratch slot, size_t bytes);

dnnl::memory::data_type dnnlType(DType dtype);

}  // namespace longtake::cpu
