// Parameters of the Backend's operations: plain scalars and pointers that own nothing.
// Pointers are to the backend's memory. Strides count elements, not bytes.
#pragma once

#include <cstdint>

#include "kernels/dtype.h"

namespace longtake {

// A weight laid out for one backend's matmul or convolution; made once at load time.
class PackedWeight {
public:
    virtual ~PackedWeight() = default;
    virtual size_t bytes() const = 0;
};

enum class Activation : uint8_t { None, Relu, Silu, GeluTanh };

// Rows of numbers: element (r, c) is data[r * stride + c].
struct Rows {
    void* data = nullptr;
    DType dtype = DType::F32;  // F32 or BF16
    int64_t rows = 0;
    int64_t cols = 0;
    int64_t stride = 0;  // >= cols
};

// Values shared by groups of consecutive rows, one vector a group (the modulation of one latent frame).
struct PerGroup {
    const float* data = nullptr;  // null: absent
    int64_t stride = 0;           // from one group's vector to the next
    int64_t rowsPerGroup = 1;
};

// y = act(x W^T + bias), or y += gate * (x W^T + bias) when accumulating.
struct MatmulParams {
    Rows x;                                // [M, K]
    const PackedWeight* weight = nullptr;  // [N, K], with its bias
    Rows y;                                // [M, N]
    Activation activation = Activation::None;
    bool accumulate = false;  // y must be F32; activation None
    PerGroup gate;            // only when accumulating: N values a group; absent = 1
};

enum class NormKind : uint8_t { Layer, Rms };

// y = norm(x) * gain + bias, then y = y * (1 + scale) + shift. Absent parts are skipped.
//   Layer: (x - mean) / sqrt(var + eps), population variance;  Rms: x / sqrt(mean(x^2) + eps)
struct NormParams {
    NormKind kind = NormKind::Layer;
    Rows x;                       // [M, D]
    Rows y;                       // [M, D]; may be x itself
    const float* gain = nullptr;  // [D]
    const float* bias = nullptr;  // [D]
    PerGroup scale;               // D values a group
    PerGroup shift;
    float eps = 1e-6f;
};

// Rotates adjacent pairs (x[2p], x[2p+1]) by the angle of (row, p); engine-spec 3.6.
//   y may be x. Element (row, head, i) of x is at row * xRowStride + head * xHeadStride + i.
struct RopeParams {
    const void* x = nullptr;
    DType xDtype = DType::F32;
    int64_t xRowStride = 0;
    int64_t xHeadStride = 0;
    void* y = nullptr;
    DType yDtype = DType::F32;
    int64_t yRowStride = 0;
    int64_t yHeadStride = 0;  // 0 with heads > 1 is not allowed; use copies
    int64_t rows = 0;
    int64_t heads = 1;
    int64_t pairs = 0;
    const float* cosines = nullptr;  // [rows, pairs]
    const float* sines = nullptr;    // [rows, pairs]
};

// out[i, h] = sum_j softmax_j(scale * q[i, h] . k[j, h] + bias[h, i, j] + (j == last ? lastKeyBias : 0)) v[j, h]
// A head stride of 0 shares keys or values between heads (absorbed MLA). All F32 or all BF16; softmax in fp32.
struct AttentionParams {
    DType dtype = DType::F32;
    const void* q = nullptr;  // [queries, heads, qkDim]
    const void* k = nullptr;  // [keys, heads or shared, qkDim]
    const void* v = nullptr;  // [keys, heads or shared, vDim]
    void* out = nullptr;      // [queries, heads, vDim]
    int64_t qRowStride = 0, qHeadStride = 0;
    int64_t kRowStride = 0, kHeadStride = 0;
    int64_t vRowStride = 0, vHeadStride = 0;
    int64_t outRowStride = 0, outHeadStride = 0;
    int64_t queries = 0, keys = 0, heads = 0, qkDim = 0, vDim = 0;
    float scale = 1.0f;
    const float* bias = nullptr;  // [heads, queries, keys] contiguous, or absent
    float lastKeyBias = 0.0f;     // ln(n) makes the last key stand for n equal ones
};

// Convolution over [frames, height, width, channels], channels fastest ("channels last").
// Kernel sizes come with the packed weight. kt > 1 slides over frames without padding: the caller hands in
// the frames of the past. out frames = (frames - kt) / strideT + 1; out height = (height + padTop + padBottom - kh) / stride + 1.
struct ConvParams {
    const void* x = nullptr;
    void* y = nullptr;
    DType dtype = DType::F32;  // of x and y
    int64_t frames = 0, height = 0, width = 0;
    int padTop = 0, padBottom = 0, padLeft = 0, padRight = 0;
    int stride = 1;   // of rows and columns
    int strideT = 1;  // of frames
    const PackedWeight* weight = nullptr;
    bool accumulate = false;  // y = act(y + conv(x) + bias)
    Activation activation = Activation::None;
    // From one output pixel, row or frame to the next, for writing between others; 0: no gap. Not when accumulating.
    int64_t yPixelStride = 0, yRowStride = 0, yFrameStride = 0;
};

// [frames, height, width, channels] -> [frames, 2 height, 2 width, channels], nearest.
struct UpsampleParams {
    const void* x = nullptr;
    void* y = nullptr;
    DType dtype = DType::F32;
    int64_t frames = 0, height = 0, width = 0, channels = 0;
};

// y_c = act(x_c / max(||x||_2, 1e-12) * sqrt(C) * gain_c) at every pixel; engine-spec 6.2.
struct ChannelNormParams {
    const void* x = nullptr;
    void* y = nullptr;
    DType dtype = DType::F32;
    int64_t pixels = 0, channels = 0;
    const float* gain = nullptr;  // [channels]
    Activation activation = Activation::None;
};

// Planes [frames, channels, height, width], F32, to a map [frames, height, width, channels]:
//   v = limit tanh(x / limit), or x where limit is 0;  y = v * scale[channel] + offset[channel]. Absent: 1 and 0.
struct PlanesParams {
    const float* x = nullptr;
    void* y = nullptr;
    DType dtype = DType::F32;  // of y
    int64_t frames = 0, channels = 0, height = 0, width = 0;
    float limit = 0.0f;
    const float* scale = nullptr;   // [channels]
    const float* offset = nullptr;  // [channels]
};

// Pictures [pixels, 3] to 8 bits: clamp(x * scale + offset, 0, 1) * 255, rounded to nearest even; NaN as 0.
struct PicturesParams {
    const void* x = nullptr;
    DType dtype = DType::F32;
    uint8_t* y = nullptr;  // [pixels, bytesPerPixel]
    int64_t pixels = 0;
    int bytesPerPixel = 3;  // or 4: the fourth is 255
    float scale = 1.0f, offset = 0.0f;
};

// A picture [height, width, 3], shown as by PicturesParams, to NV12 (kernels/nv12.h): luma [height, width], then pairs of blue
// and red differences [height / 2, width]. Both sides even.
struct Nv12Params {
    const void* x = nullptr;
    DType dtype = DType::F32;
    uint8_t* y = nullptr;
    int64_t width = 0, height = 0;
    float scale = 1.0f, offset = 0.0f;
};

// y = a x + b z over `count` F32 elements; z may be null.
struct CombineParams {
    const float* x = nullptr;
    const float* z = nullptr;
    float* y = nullptr;
    int64_t count = 0;
    float a = 1.0f;
    float b = 0.0f;
};

// Standard normal numbers, a pure function of (seed, chunk, step, element); kernels/philox.h.
struct NoiseParams {
    float* y = nullptr;
    int64_t count = 0;
    uint64_t seed = 0;
    uint32_t chunk = 0;
    uint32_t step = 0;
};

// Latents [frames, channels, height, width] <-> tokens [frames * gridH * gridW, values], F32 latents.
// A token's values are ordered (channel, i, j) going in and (i, j, channel) coming out; engine-spec 3.2, 3.8.
struct PatchParams {
    float* latents = nullptr;
    Rows tokens;
    int64_t frames = 0, channels = 0, height = 0, width = 0;
    int patchH = 2, patchW = 2;
};

// Copies rows, converting between F32 and BF16.
struct CopyParams {
    Rows x;
    Rows y;
};

}  // namespace longtake
