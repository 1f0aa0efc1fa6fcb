// What the functions of kernels/cuda/warpgroup.cuh do, on the host: emulation/warpgroup.cpp. As late as can be: boxes come when
// nobody can go on without them, products happen when they are waited for, and their sums are poisoned until then.
//
// Thread: that of the emulated runtime.
#pragma once

#include "kernels/cuda/emulation/device.h"

namespace longtake::emulation {

void initBarrier(void* barrier, int arrivals);
void arriveAt(void* barrier, int64_t expectedBytes);
void waitForPass(void* barrier, uint32_t parity);
void copyBox(void* shared, const cuda::TileMap& map, int column, int row, int head, void* barrier);
void waitForTurn(int index, int threads);
void passTurn(int index, int threads);

// One thread's part of a product that is under way.
struct WarpgroupProduct {
    float* sums = nullptr;
    const uint32_t* a = nullptr;  // registers; null: operandA
    uint64_t operandA = 0, operandB = 0;
    bool add = true, columns = false;  // columns: B holds the numbers of a row of [K, N] side by side
    bool f8 = false;                   // e4m3, twice as deep
};
void beginProduct(const WarpgroupProduct& product);
void commitProducts();
void waitForProducts(int groupsLeft);
uint32_t sharedOffset(const void* shared);

}  // namespace longtake::emulation

namespace longtake::cuda {

inline uint64_t operand(const void* shared, uint32_t leading, uint32_t stride) {
    return encodeOperand(emulation::sharedOffset(shared), leading, stride);
}
inline void trapWithoutWarpgroups() {}
inline void initBarrier(TileBarrier* barrier, int arrivals) { emulation::initBarrier(barrier, arrivals); }
inline void publishBarriers() {}
inline void arrive(TileBarrier* barrier) { emulation::arriveAt(barrier, 0); }
inline void arriveAndExpect(TileBarrier* barrier, uint32_t bytes) { emulation::arriveAt(barrier, bytes); }
inline void waitFor(TileBarrier* barrier, uint32_t parity) { emulation::waitForPass(barrier, parity); }
inline void copyBox(void* shared, const TileMap& map, int column, int row, int head, TileBarrier* barrier) {
    emulation::copyBox(shared, map, column, row, head, barrier);
}
template <int kThreads>
void waitForTurn(int index) {
    emulation::waitForTurn(index, kThreads);
}
template <int kThreads>
void passTurn(int index) {
    emulation::passTurn(index, kThreads);
}
template <int kRegisters>
void giveRegistersBack() {}
template <int kRegisters>
void takeRegisters() {}
inline void beginProducts() {}
inline void commitProducts() { emulation::commitProducts(); }
template <int kGroups>
void waitForProducts() {
    emulation::waitForProducts(kGroups);
}
template <typename Registers>
void pin(Registers&) {}
inline void multiplyRows(float (&sums)[kSumsOfThread], uint64_t a, uint64_t b, bool add) {
    emulation::beginProduct({.sums = sums, .operandA = a, .operandB = b, .add = add});
}
inline void multiplyColumns(float (&sums)[kSumsOfThread], const uint32_t (&a)[4], uint64_t b) {
    emulation::beginProduct({.sums = sums, .a = a, .operandB = b, .columns = true});
}
inline void multiplyRowsF8(float (&sums)[kSumsOfThread], uint64_t a, uint64_t b, bool add) {
    emulation::beginProduct({.sums = sums, .operandA = a, .operandB = b, .add = add, .f8 = true});
}
inline void multiplyRowsF8(float (&sums)[kSumsOfThread], const uint32_t (&a)[4], uint64_t b) {
    emulation::beginProduct({.sums = sums, .a = a, .operandB = b, .f8 = true});
}

}  // namespace longtake::cuda
