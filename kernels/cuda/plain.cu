// Attention, convolution and matrix product as their formulas stand: the reference that the fast kernels are compared with on the
// device, and what runs where they cannot. No roofline: nothing here is meant to be fast.
#include <stdexcept>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/numbers.cuh"

namespace longtake::cuda {

namespace {

// One warp a query and head: a first pass for the largest score, a second for the sums.
template <typename Number>
__global__ void plainAttention(AttentionParams p) {
    using T = typename Number::Type;
    const int64_t query = blockIdx.x, head = blockIdx.y;
    const T* q = static_cast<const T*>(p.q) + query * p.qRowStride + head * p.qHeadStride;
    const T* k = static_cast<const T*>(p.k) + head * p.kHeadStride;
    const T* v = static_cast<const T*>(p.v) + head * p.vHeadStride;
    T* out = static_cast<T*>(p.out) + query * p.outRowStride + head * p.outHeadStride;
    const float* bias = p.bias ? p.bias + (head * p.queries + query) * p.keys : nullptr;
    const int lane = static_cast<int>(threadIdx.x);

    auto score = [&](int64_t key) {
        float dot = 0.0f;
        for (int64_t i = lane; i < p.qkDim; i += kWarp) dot += Number::load(q + i) * Number::load(k + key * p.kRowStride + i);
        return warpSum(dot) * p.scale + (bias ? bias[key] : 0.0f) + (key == p.keys - 1 ? p.lastKeyBias : 0.0f);
    };
    float largest = -INFINITY;
    for (int64_t key = 0; key < p.keys; ++key) largest = fmaxf(largest, score(key));

    // Value columns in rounds of a warp, so that a sum stays in a register.
    for (int64_t first = 0; first < p.vDim; first += kWarp) {
        const int64_t column = first + lane;
        float sum = 0.0f, total = 0.0f;
        for (int64_t key = 0; key < p.keys; ++key) {
            const float weight = expf(score(key) - largest);
            total += weight;
            if (column < p.vDim) sum += weight * Number::load(v + key * p.vRowStride + column);
        }
        if (column < p.vDim) Number::store(out + column, sum / total);
    }
}

// One thread an output number.
template <typename Number>
__global__ void plainConv(ConvParams p, ConvWeight w, ConvSizes s, int64_t count) {
    using T = typename Number::Type;
    const int64_t index = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (index >= count) return;
    const int64_t out = index % w.outChannels, column = index / w.outChannels % s.outWidth;
    const int64_t row = index / (w.outChannels * s.outWidth) % s.outHeight, frame = index / (w.outChannels * s.outWidth * s.outHeight);
    const float* weight = static_cast<const float*>(w.data) + out * w.inChannels * w.kt * w.kh * w.kw;
    float sum = w.bias ? w.bias[out] : 0.0f;
    for (int t = 0; t < w.kt; ++t)
        for (int i = 0; i < w.kh; ++i)
            for (int j = 0; j < w.kw; ++j) {
                const int64_t y = row * p.stride + i - p.padTop, x = column * p.stride + j - p.padLeft;
                if (y < 0 || y >= p.height || x < 0 || x >= p.width) continue;
                const T* pixel = static_cast<const T*>(p.x) + (((frame * p.strideT + t) * p.height + y) * p.width + x) * w.inChannels;
                for (int64_t c = 0; c < w.inChannels; ++c) sum += Number::load(pixel + c) * weight[((c * w.kt + t) * w.kh + i) * w.kw + j];
            }
    T* y = static_cast<T*>(p.y) + frame * s.frameStride + row * s.rowStride + column * s.pixelStride + out;
    if (p.accumulate) sum += Number::load(y);
    Number::store(y, activated(sum, p.activation));
}

// One thread an output number.
template <typename Number>
__global__ void plainProduct(const typename Number::Type* x, int64_t xStride, const typename Number::Type* w, float* y, int64_t out,
                             int64_t in, int64_t count) {
    const int64_t index = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (index >= count) return;
    const typename Number::Type* row = x + index / out * xStride;
    const typename Number::Type* column = w + index % out * in;
    float sum = 0.0f;
    for (int64_t i = 0; i < in; ++i) sum += Number::load(row + i) * Number::load(column + i);
    y[index] = sum;
}

}  // namespace

ConvSizes sizesOf(const ConvParams& p, const ConvWeight& w) {
    ConvSizes s;
    s.outFrames = (p.frames - w.kt) / p.strideT + 1;
    s.outHeight = (p.height + p.padTop + p.padBottom - w.kh) / p.stride + 1;
    s.outWidth = (p.width + p.padLeft + p.padRight - w.kw) / p.stride + 1;
    if (p.frames < w.kt || p.height + p.padTop + p.padBottom < w.kh || p.width + p.padLeft + p.padRight < w.kw)
        throw std::invalid_argument("[conv] the picture is smaller than the kernel");
    s.pixelStride = p.yPixelStride ? p.yPixelStride : w.outChannels;
    s.rowStride = p.yRowStride ? p.yRowStride : s.outWidth * s.pixelStride;
    s.frameStride = p.yFrameStride ? p.yFrameStride : s.outHeight * s.rowStride;
    return s;
}

void launchPlainAttention(const AttentionParams& p, const LaunchContext& context) {
    if (p.keys <= 0) throw std::invalid_argument("[attention] needs at least one key");
    if (p.queries == 0) return;
    const dim3 grid(static_cast<unsigned>(p.queries), static_cast<unsigned>(p.heads));
    byType(p.dtype, [&](auto number) { launch("attention", plainAttention<decltype(number)>, grid, dim3(kWarp), 0, context.stream, p); });
}

void launchPlainConv(const ConvParams& p, const ConvWeight& w, const LaunchContext& context) {
    const ConvSizes s = sizesOf(p, w);
    const int64_t count = s.outFrames * s.outHeight * s.outWidth * w.outChannels;
    byType(p.dtype, [&](auto number) {
        launch("conv", plainConv<decltype(number)>, dim3(static_cast<unsigned>((count + 255) / 256)), dim3(256), 0, context.stream, p, w, s,
               count);
    });
}

void launchPlainProduct(const void* x, int64_t xStride, const void* w, DType dtype, float* y, int64_t rows, int64_t out, int64_t in,
                        const LaunchContext& context) {
    const int64_t count = rows * out;
    if (count == 0) return;
    byType(dtype, [&](auto number) {
        using T = typename decltype(number)::Type;
        launch("matmul", plainProduct<decltype(number)>, dim3(static_cast<unsigned>((count + 255) / 256)), dim3(256), 0, context.stream,
               static_cast<const T*>(x), xStride, static_cast<const T*>(w), y, out, in, count);
    });
}

bool hasKernels() {
    cudaFuncAttributes attributes = {};
    const bool found = cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(plainProduct<F32Number>)) == cudaSuccess;
    if (!found) (void)cudaGetLastError();
    return found;
}

}  // namespace longtake::cuda
