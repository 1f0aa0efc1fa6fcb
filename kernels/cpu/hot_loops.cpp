#include "kernels/cpu/hot_loops.h"

namespace longtake::cpu {

extern const HotLoops kHotLoops_baseline;
#if defined(__x86_64__)
extern const HotLoops kHotLoops_avx2;
extern const HotLoops kHotLoops_avx512;
#endif

const HotLoops& hotLoops() {
#if defined(__x86_64__)
    static const HotLoops& chosen = []() -> const HotLoops& {
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
            __builtin_cpu_supports("avx512dq"))
            return kHotLoops_avx512;
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kHotLoops_avx2;
        return kHotLoops_baseline;
    }();
    return chosen;
#else
    return kHotLoops_baseline;
#endif
}

}  // namespace longtake::cpu
