// Thread: any.
#pragma once

#include <cstdlib>

namespace longtake {

// Aborts when something is wrong that no sanitizer would notice.
inline void expect(bool condition) {
    if (!condition) std::abort();
}

}  // namespace longtake
