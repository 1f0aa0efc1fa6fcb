// What the functions of kernels/cuda/tensor_core.cuh do, lane by lane, on the host.
//
// Thread: that of the emulated runtime.
#pragma once

#include "kernels/cuda/emulation/device.h"

namespace longtake::emulation {

inline float lowHalf(uint32_t both) { return floatFromBf16(static_cast<uint16_t>(both & 0xffffu)); }
inline float highHalf(uint32_t both) { return floatFromBf16(static_cast<uint16_t>(both >> 16)); }

struct MatrixLoad {
    const uint16_t* row;
    uint32_t* to;
    bool transposed;
};
inline void loadMatrices(void* const lanes[kLanes]) {
    for (int lane = 0; lane < kLanes; ++lane) {
        if (!lanes[lane]) throw std::logic_error("[emulation] ldmatrix without the whole warp");
        if (reinterpret_cast<uintptr_t>(static_cast<MatrixLoad*>(lanes[lane])->row) % 16 != 0)
            throw std::logic_error("[emulation] ldmatrix reads a row that is not aligned");
    }
    auto number = [&](int matrix, int row, int column) { return static_cast<MatrixLoad*>(lanes[matrix * 8 + row])->row[column]; };
    for (int lane = 0; lane < kLanes; ++lane) {
        MatrixLoad& load = *static_cast<MatrixLoad*>(lanes[lane]);
        const int g = lane / 4, t = 2 * (lane % 4);
        for (int m = 0; m < 4; ++m) {
            const uint32_t low = load.transposed ? number(m, t, g) : number(m, g, t),
                           high = load.transposed ? number(m, t + 1, g) : number(m, g, t + 1);
            load.to[m] = low | high << 16;
        }
    }
}

struct Product {
    float* c;
    const uint32_t* a;
    uint32_t b[2];
};
inline void multiplyAdd(void* const lanes[kLanes]) {
    float a[16][16], b[16][8];
    for (int lane = 0; lane < kLanes; ++lane) {
        if (!lanes[lane]) throw std::logic_error("[emulation] mma without the whole warp");
        const Product& p = *static_cast<Product*>(lanes[lane]);
        const int g = lane / 4, t = 2 * (lane % 4);
        for (int i = 0; i < 4; ++i) {
            a[g + 8 * (i % 2)][t + 8 * (i / 2)] = lowHalf(p.a[i]);
            a[g + 8 * (i % 2)][t + 8 * (i / 2) + 1] = highHalf(p.a[i]);
        }
        for (int i = 0; i < 2; ++i) {
            b[t + 8 * i][g] = lowHalf(p.b[i]);
            b[t + 8 * i + 1][g] = highHalf(p.b[i]);
        }
    }
    for (int lane = 0; lane < kLanes; ++lane) {
        Product& p = *static_cast<Product*>(lanes[lane]);
        const int g = lane / 4, t = 2 * (lane % 4);
        for (int i = 0; i < 4; ++i) {
            const int row = g + 8 * (i / 2), column = t + i % 2;
            float sum = p.c[i];
            for (int k = 0; k < 16; ++k) sum += a[row][k] * b[k][column];
            p.c[i] = sum;
        }
    }
}

}  // namespace longtake::emulation

namespace longtake::cuda {

inline void loadMatrices(uint32_t (&to)[4], const void* shared) {
    emulation::MatrixLoad load{static_cast<const uint16_t*>(shared), to, false};
    emulation::warpOperation("ldmatrix", &load, emulation::loadMatrices);
}
inline void loadMatricesTransposed(uint32_t (&to)[4], const void* shared) {
    emulation::MatrixLoad load{static_cast<const uint16_t*>(shared), to, true};
    emulation::warpOperation("ldmatrix", &load, emulation::loadMatrices);
}
inline void multiplyAdd(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    emulation::Product product{c, a, {b0, b1}};
    emulation::warpOperation("mma", &product, emulation::multiplyAdd);
}
inline void copyAsync(void* shared, const void* global, bool counts) { emulation::copyLater(shared, global, 16, counts ? 16 : 0); }
inline void copyAsyncReused(void* shared, const void* global, bool counts) { copyAsync(shared, global, counts); }
inline void copyCommit() { emulation::commitCopies(); }
template <int kGroups>
void copyWait() {
    emulation::waitForCopies(kGroups);
}
inline uint32_t packBf16(float low, float high) { return bf16FromFloat(low) | static_cast<uint32_t>(bf16FromFloat(high)) << 16; }
inline uint32_t packF8(float a, float b, float c, float d) {
    return f8E4M3FromFloat(a) | static_cast<uint32_t>(f8E4M3FromFloat(b)) << 8 | static_cast<uint32_t>(f8E4M3FromFloat(c)) << 16 |
           static_cast<uint32_t>(f8E4M3FromFloat(d)) << 24;
}
inline float exp2Fast(float x) { return std::exp2(x); }

}  // namespace longtake::cuda
