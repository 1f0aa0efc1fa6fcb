// The inner loops, compiled once per instruction set and chosen when the program starts.
// The source must not use templates or inline functions of other headers: the linker could keep the
// copy with the newer instructions for everybody.
//
// Thread: plain functions on the caller's memory.
#pragma once

#include <cstdint>

namespace longtake::cpu {

// One head, some queries, all keys. Pointers are to this head's first element; strides count elements.
struct AttentionBlock {
    bool bf16 = false;
    const void* q = nullptr;
    const void* k = nullptr;
    const void* v = nullptr;
    void* out = nullptr;
    const float* bias = nullptr;  // [queries, keys] or null
    int64_t qStride = 0, kStride = 0, vStride = 0, outStride = 0, biasStride = 0;
    int64_t queries = 0, keys = 0, qkDim = 0, vDim = 0;
    float scale = 1.0f;
    float lastKeyBias = 0.0f;
    float* scratch = nullptr;  // attentionScratchFloats(...) floats, 64-byte aligned
};

constexpr int64_t kQueryBlock = 96;
constexpr int64_t kKeyBlock = 64;
constexpr int64_t kLanes = 16;

constexpr int64_t roundUp(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

constexpr int64_t attentionScratchFloats(int64_t qkDim, int64_t vDim) {
    const int64_t dv = roundUp(vDim, kLanes);
    return kQueryBlock * qkDim        // queries, scaled
           + qkDim * kKeyBlock        // keys, transposed
           + kKeyBlock * dv           // values
           + kQueryBlock * kKeyBlock  // scores, then probabilities
           + kQueryBlock * dv         // running output
           + 2 * kQueryBlock + 64;    // running maximum and sum
}

struct HotLoops {
    const char* name;
    // y = norm(x) * gain + bias, * (1 + scale) + shift over one row of n; null parts are skipped. rms: no mean.
    void (*normRow)(const void* x, bool xBf16, void* y, bool yBf16, int64_t n, bool rms, float eps, const float* gain, const float* bias,
                    const float* scale, const float* shift);
    void (*ropeRow)(const void* x, bool xBf16, void* y, bool yBf16, int64_t pairs, const float* cosines, const float* sines);
    // activation: 0 none, 1 relu, 2 silu, 3 gelu (tanh form)
    void (*activateRow)(const void* x, bool xBf16, void* y, bool yBf16, int64_t n, int activation);
    void (*multiplyRow)(const void* x, bool xBf16, void* y, bool yBf16, int64_t n);  // y *= x
    void (*addGatedRow)(const float* x, const float* gate, float* y, int64_t n);     // y += gate * x; gate may be null
    void (*combine)(const float* x, const float* z, float* y, int64_t n, float a, float b);
    void (*attention)(const AttentionBlock& block);
};

const HotLoops& hotLoops();

}  // namespace longtake::cpu
