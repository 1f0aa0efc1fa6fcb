#include "kernels/cpu/upsample.h"

#include <cstring>

namespace longtake::cpu {

void upsample2x(const UpsampleParams& p, ThreadPool& pool) {
    const size_t pixelBytes = static_cast<size_t>(p.channels) * sizeOf(p.dtype);
    const size_t inRowBytes = pixelBytes * static_cast<size_t>(p.width);
    pool.run(p.frames * p.height, [&](int64_t row) {
        const char* from = static_cast<const char*>(p.x) + static_cast<size_t>(row) * inRowBytes;
        char* first = static_cast<char*>(p.y) + static_cast<size_t>(row) * 4 * inRowBytes;
        char* to = first;
        for (int64_t column = 0; column < p.width; ++column, from += pixelBytes, to += 2 * pixelBytes) {
            std::memcpy(to, from, pixelBytes);
            std::memcpy(to + pixelBytes, from, pixelBytes);
        }
        std::memcpy(first + 2 * inRowBytes, first, 2 * inRowBytes);
    });
}

}  // namespace longtake::cpu
