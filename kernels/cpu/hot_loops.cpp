#include "kernels/cpu/hot_loops.h"

#include "kernels/cpu/onednn.h"

namespace longtake::cpu {

extern const HotLoops kHotLoops_baseline;
#if defined(__x86_64__)
extern const HotLoops kHotLoops_avx2;
extern const HotLoops kHotLoops_avx512;
#endif

const HotLoops& hotLoops() {
#if defined(__x86_64__)
    static const HotLoops& chosen = []() -> const HotLoops& {
        const dnnl_cpu_isa_t have = instructionSet();
        if (includes(have, dnnl_cpu_isa_avx512_core)) return kHotLoops_avx512;
        if (includes(have, dnnl_cpu_isa_avx2) && __builtin_cpu_supports("fma")) return kHotLoops_avx2;
        return kHotLoops_baseline;
    }();
    return chosen;
#else
    return kHotLoops_baseline;
#endif
}

}  // namespace longtake::cpu
