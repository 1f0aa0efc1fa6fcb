// Small shared pieces for using oneDNN from pool tasks.
//
// Thread: instructionSet() and engine() are shared; stream() and scratch() belong to the calling thread.
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

// Whether a processor of instruction set `have` has those of `wanted`. They are sets of bits, not an order: the number of
// AVX2 with VNNI is above that of AVX-512 with bf16.
constexpr bool includes(dnnl_cpu_isa_t have, dnnl_cpu_isa_t wanted) { return (have & wanted) == wanted; }
// What oneDNN uses here: what the processor has, or less where ONEDNN_MAX_CPU_ISA says so. Our own loops follow it.
dnnl_cpu_isa_t instructionSet();

}  // namespace longtake::cpu
