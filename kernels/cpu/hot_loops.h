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

constexpr int64_t kWinogradProducts = 16;  // of a tile of 4x4 pixels

// Some tiles of one output frame of a 3x3 convolution; maps are [frames, height, width, channels]. See winograd.h.
struct WinogradBlock {
    const float* x = nullptr;  // the first of `frames` frames, one after the other
    int64_t frames = 1, height = 0, width = 0, in = 0;
    int64_t padTop = 0, padLeft = 0;
    const float* kernels = nullptr;  // [frames, 16, in, columns]
    const float* bias = nullptr;     // [columns]
    float* y = nullptr;
    int64_t outHeight = 0, outWidth = 0, out = 0, columns = 0;  // columns: out, filled up to whole registers
    int64_t pixelStride = 0, rowStride = 0;
    int64_t firstTile = 0, tiles = 0;  // row after row, each tile 2x2 pixels of y
    bool accumulate = false;
    int activation = 0;        // as of activateRow
    float* scratch = nullptr;  // winogradScratchFloats(...) floats, 64-byte aligned
};

constexpr int64_t winogradScratchFloats(int64_t tiles, int64_t in, int64_t columns) {
    return in + kWinogradProducts * tiles * (in + columns);  // a pixel of the border, transformed tiles, their products
}

struct HotLoops {
    const char* name;
    int64_t registerFloats;
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
    void (*winograd)(const WinogradBlock& block);  // in: a multiple of kLanes; columns: of registerFloats
};

const HotLoops& hotLoops();

}  // namespace longtake::cpu
