#include "kernels/cpu/onednn.h"

#include <array>
#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

namespace longtake::cpu {

const dnnl::engine& dnnlEngine() {
    static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    return engine;
}

dnnl::stream& dnnlStream() {
    thread_local dnnl::stream stream(dnnlEngine());
    return stream;
}

dnnl_cpu_isa_t instructionSet() { return dnnl_get_effective_cpu_isa(); }

void* threadScratch(Scratch slot, size_t bytes) {
    struct Slot {
        std::unique_ptr<void, decltype(&std::free)> memory{nullptr, std::free};
        size_t bytes = 0;
    };
    thread_local std::array<Slot, static_cast<size_t>(Scratch::Count)> slots;
    Slot& chosen = slots[static_cast<size_t>(slot)];
    if (chosen.bytes < bytes || !chosen.memory) {
        const size_t rounded = (bytes + 4096) / 4096 * 4096;
        chosen.memory.reset(std::aligned_alloc(64, rounded));
        if (!chosen.memory) throw std::bad_alloc();
        chosen.bytes = rounded;
    }
    return chosen.memory.get();
}

dnnl::memory::data_type dnnlType(DType dtype) {
    switch (dtype) {
        case DType::F32: return dnnl::memory::data_type::f32;
        case DType::BF16: return dnnl::memory::data_type::bf16;
        default: throw std::invalid_argument("[cpu] computes in F32 or BF16, got " + std::string(nameOf(dtype)));
    }
}

}  // namespace longtake::cpu
