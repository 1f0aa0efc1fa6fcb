// A^T A in tiles, once for each instruction set; part of rank_stats.h.
//
// The upper triangle is computed in tiles of 8 rows by 64 bytes of columns: a tile's sums stay in registers while 64
// rows of A pass by, then go to fp64. Rows of A are first copied to a block without gaps, padded with zeros.
#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/rollout/rank_stats.h"

namespace longtake {

namespace {

constexpr int64_t kBlockRows = 64;
constexpr int64_t kTileRows = 8;

typedef float Floats __attribute__((vector_size(64)));
typedef double Doubles __attribute__((vector_size(64)));

template <typename Real, typename Vector>
[[gnu::always_inline]] inline void tile(const Real* block, int64_t width, int64_t i, int64_t j, double* gram) {
    constexpr int64_t kLanes = sizeof(Vector) / sizeof(Real);
    Vector sums[kTileRows] = {};
    for (int64_t row = 0; row < kBlockRows; ++row) {
        const Real* a = block + row * width;
        Vector right;
        std::memcpy(&right, a + j, sizeof right);
        for (int64_t k = 0; k < kTileRows; ++k) sums[k] += a[i + k] * right;
    }
    for (int64_t k = 0; k < kTileRows; ++k)
        for (int64_t lane = 0; lane < kLanes; ++lane) gram[(i + k) * width + j + lane] += static_cast<double>(sums[k][lane]);
}

// gram [width, width] += block^T block where it touches the upper triangle.
template <typename Real, typename Vector>
[[gnu::always_inline]] inline void addBlock(const Real* block, int64_t width, double* gram) {
    constexpr int64_t kLanes = sizeof(Vector) / sizeof(Real);
    for (int64_t j = 0; j < width; j += kLanes)
        for (int64_t i = 0; i < j + kLanes; i += kTileRows) tile<Real, Vector>(block, width, i, j, gram);
}

using AddFloats = void (*)(const float*, int64_t, double*);
using AddDoubles = void (*)(const double*, int64_t, double*);

void addFloatsPlain(const float* block, int64_t width, double* gram) { addBlock<float, Floats>(block, width, gram); }
void addDoublesPlain(const double* block, int64_t width, double* gram) { addBlock<double, Doubles>(block, width, gram); }

#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] void addFloatsAvx2(const float* block, int64_t width, double* gram) {
    addBlock<float, Floats>(block, width, gram);
}
[[gnu::target("avx2,fma")]] void addDoublesAvx2(const double* block, int64_t width, double* gram) {
    addBlock<double, Doubles>(block, width, gram);
}
[[gnu::target("avx512f,fma")]] void addFloatsAvx512(const float* block, int64_t width, double* gram) {
    addBlock<float, Floats>(block, width, gram);
}
[[gnu::target("avx512f,fma")]] void addDoublesAvx512(const double* block, int64_t width, double* gram) {
    addBlock<double, Doubles>(block, width, gram);
}

AddFloats addFloats() {
    if (__builtin_cpu_supports("avx512f")) return addFloatsAvx512;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? addFloatsAvx2 : addFloatsPlain;
}
AddDoubles addDoubles() {
    if (__builtin_cpu_supports("avx512f")) return addDoublesAvx512;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? addDoublesAvx2 : addDoublesPlain;
}
#else
AddFloats addFloats() { return addFloatsPlain; }
AddDoubles addDoubles() { return addDoublesPlain; }
#endif

template <typename Real>
Matrix gramOf(const float* a, int64_t rows, int64_t cols, int64_t stride, void (*add)(const Real*, int64_t, double*)) {
    const int64_t width = (cols + 15) / 16 * 16;
    std::vector<Real> block(static_cast<size_t>(kBlockRows * width));
    std::vector<double> sums(static_cast<size_t>(width * width));
    for (int64_t first = 0; first < rows; first += kBlockRows) {
        const int64_t count = std::min(kBlockRows, rows - first);
        for (int64_t row = 0; row < count; ++row) std::copy_n(a + (first + row) * stride, cols, block.begin() + row * width);
        std::fill(block.begin() + count * width, block.end(), Real(0));
        add(block.data(), width, sums.data());
    }
    Matrix gram(cols, cols);
    for (int64_t r = 0; r < cols; ++r)
        for (int64_t c = r; c < cols; ++c) gram(r, c) = gram(c, r) = sums[static_cast<size_t>(r * width + c)];
    return gram;
}

}  // namespace

Matrix gramFp32(const float* a, int64_t rows, int64_t cols, int64_t stride) { return gramOf<float>(a, rows, cols, stride, addFloats()); }
Matrix gramFp64(const float* a, int64_t rows, int64_t cols, int64_t stride) { return gramOf<double>(a, rows, cols, stride, addDoubles()); }

}  // namespace longtake
