// Operations on rows: norms with modulation, rotation, activations, the epilogue of a matrix product.
//
// All of them move every number once and compute little, so the bound is bytes / bandwidth (README.md has the table).
// A row is read once into shared memory, four numbers at a time where it is aligned; sums are taken from there.
#include <stdexcept>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/numbers.cuh"

namespace longtake::cuda {

namespace {

constexpr int kRowThreads = 128;           // of a wide row
constexpr int kWideRow = 1024;             // numbers; narrower rows take one warp each
constexpr int kWarpsOfNarrow = 4;          // narrow rows a block
constexpr int64_t kLargestRow = 12 << 10;  // 48 KB of floats

struct NormRows {
    const void* x;
    void* y;
    int64_t xStride, yStride, rows;
    int cols;
    bool rms;
    const float *gain, *bias;
    PerGroup scale, shift;
    float eps;
    Activation activation;
};

template <bool kOneWarp>
__device__ __forceinline__ float rowSum(float value, float* partial) {
    if constexpr (kOneWarp) return warpSum(value);
    else return blockSum(value, partial);
}

// blockDim (threads of a row, rows of a block); kOneWarp: a warp a row, else one row a block.
template <typename X, typename Y, bool kFours, bool kOneWarp>
__global__ void normRows(NormRows p) {
    LONGTAKE_SHARED(float, shared);
    __shared__ float partial[kRowThreads / kWarp];
    const int64_t row = int64_t{blockIdx.x} * blockDim.y + threadIdx.y;
    const bool live = row < p.rows;  // no thread leaves: the block's barriers and the warps' sums are for all
    float* values = shared + static_cast<int64_t>(threadIdx.y) * p.cols;
    const typename X::Type* x = static_cast<const typename X::Type*>(p.x) + row * p.xStride;
    typename Y::Type* y = static_cast<typename Y::Type*>(p.y) + row * p.yStride;
    constexpr int kStep = kFours ? 4 : 1;
    const int first = static_cast<int>(threadIdx.x) * kStep, step = static_cast<int>(blockDim.x) * kStep;
    const int cols = live ? p.cols : 0;

    float sum = 0.0f;
    for (int c = first; c < cols; c += step) {
        if constexpr (kFours) {
            const float4 v = X::load4(x + c);
            *reinterpret_cast<float4*>(values + c) = v;
            sum += (v.x + v.y) + (v.z + v.w);
        } else {
            values[c] = X::load(x + c);
            sum += values[c];
        }
    }
    const float mean = p.rms ? 0.0f : rowSum<kOneWarp>(sum, partial) / static_cast<float>(p.cols);
    float squares = 0.0f;  // each thread reads back what it wrote itself
    for (int c = first; c < cols; c += step)
        for (int i = 0; i < kStep; ++i) {
            const float d = values[c + i] - mean;
            squares += d * d;
        }
    const float inverse = 1.0f / sqrtf(rowSum<kOneWarp>(squares, partial) / static_cast<float>(p.cols) + p.eps);

    const float* scale = p.scale.data && live ? p.scale.data + row / p.scale.rowsPerGroup * p.scale.stride : nullptr;
    const float* shift = p.shift.data && live ? p.shift.data + row / p.shift.rowsPerGroup * p.shift.stride : nullptr;
    for (int c = first; c < cols; c += step) {
        float out[kStep];
        for (int i = 0; i < kStep; ++i) {
            float v = (values[c + i] - mean) * inverse;
            if (p.gain) v *= p.gain[c + i];
            if (p.bias) v += p.bias[c + i];
            if (scale) v *= 1.0f + scale[c + i];
            if (shift) v += shift[c + i];
            out[i] = activated(v, p.activation);
        }
        if constexpr (kFours) Y::store4(y + c, make_float4(out[0], out[1], out[2], out[3]));
        else Y::store(y + c, out[0]);
    }
}

void launchNormRows(const char* operation, const NormRows& p, DType xType, DType yType, const LaunchContext& context) {
    if (p.rows == 0) return;
    if (p.cols > kLargestRow)
        throw std::invalid_argument(std::string("[") + operation + "] rows of more than " + std::to_string(kLargestRow) +
                                    " numbers are not supported");
    const bool oneWarp = p.cols < kWideRow;
    const bool fours = p.cols % 4 == 0 && allowsFours(p.x, xType, p.xStride) && allowsFours(p.y, yType, p.yStride);
    const dim3 block = oneWarp ? dim3(kWarp, kWarpsOfNarrow) : dim3(kRowThreads, 1);
    const dim3 grid(static_cast<unsigned>((p.rows + block.y - 1) / block.y));
    const size_t shared = static_cast<size_t>(p.cols) * block.y * sizeof(float);
    byTypes(xType, yType, [&](auto x, auto y) {
        using X = decltype(x);
        using Y = decltype(y);
        auto kernel = fours ? (oneWarp ? normRows<X, Y, true, true> : normRows<X, Y, true, false>)
                            : (oneWarp ? normRows<X, Y, false, true> : normRows<X, Y, false, false>);
        launch(operation, kernel, grid, block, shared, context.stream, p);
    });
}

// One thread a pair of a row, for all heads: the angle is read once.
template <typename X, typename Y>
__global__ void ropeRows(RopeParams p) {
    const int64_t index = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (index >= p.rows * p.pairs) return;
    const int64_t row = index / p.pairs, pair = index % p.pairs;
    const float cosine = p.cosines[index], sine = p.sines[index];
    const typename X::Type* x = static_cast<const typename X::Type*>(p.x) + row * p.xRowStride + 2 * pair;
    typename Y::Type* y = static_cast<typename Y::Type*>(p.y) + row * p.yRowStride + 2 * pair;
    for (int64_t head = 0; head < p.heads; ++head) {
        const float re = X::load(x + head * p.xHeadStride), im = X::load(x + head * p.xHeadStride + 1);
        Y::store(y + head * p.yHeadStride, re * cosine - im * sine);
        Y::store(y + head * p.yHeadStride + 1, re * sine + im * cosine);
    }
}

// One block a row, read twice: the second time it comes from the cache.
template <typename X>
__global__ void quantizeRows(const typename X::Type* x, int64_t stride, int64_t cols, uint8_t* y, float* scales) {
    __shared__ float partial[kRowThreads / kWarp];
    const typename X::Type* from = x + int64_t{blockIdx.x} * stride;
    float most = 0.0f;
    for (int64_t c = threadIdx.x; c < cols; c += blockDim.x) most = fmaxf(most, fabsf(X::load(from + c)));
    most = blockMax(most, partial);
    const float scale = f8Scale(most);
    for (int64_t c = threadIdx.x; c < cols; c += blockDim.x) y[int64_t{blockIdx.x} * cols + c] = f8FromFloat(X::load(from + c) / scale);
    if (threadIdx.x == 0) scales[blockIdx.x] = scale;
}

struct RowPair {
    const void* x;
    void* y;
    int64_t xStride, yStride, rows, cols;  // cols in steps of one thread
};

template <typename X, typename Y, bool kFours>
__global__ void activateRows(RowPair p, Activation activation) {
    const int64_t index = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (index >= p.rows * p.cols) return;
    const int64_t row = index / p.cols, column = index % p.cols * (kFours ? 4 : 1);
    const typename X::Type* x = static_cast<const typename X::Type*>(p.x) + row * p.xStride + column;
    typename Y::Type* y = static_cast<typename Y::Type*>(p.y) + row * p.yStride + column;
    if constexpr (kFours) {
        const float4 v = X::load4(x);
        Y::store4(
            y, make_float4(activated(v.x, activation), activated(v.y, activation), activated(v.z, activation), activated(v.w, activation)));
    } else {
        Y::store(y, activated(X::load(x), activation));
    }
}

template <typename X, typename Y>
__global__ void multiplyRows(RowPair p) {
    const int64_t index = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (index >= p.rows * p.cols) return;
    const int64_t row = index / p.cols, column = index % p.cols;
    typename Y::Type* y = static_cast<typename Y::Type*>(p.y) + row * p.yStride + column;
    Y::store(y, Y::load(y) * X::load(static_cast<const typename X::Type*>(p.x) + row * p.xStride + column));
}

struct EpilogueRows {
    const float* product;  // [rows, cols] without gaps
    const float* bias;
    void* y;
    int64_t yStride, rows, cols;
    PerGroup gate;
    bool accumulate;
    Activation activation;
};

template <typename Y>
__global__ void epilogueRows(EpilogueRows p) {
    const int64_t index = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (index >= p.rows * p.cols) return;
    const int64_t row = index / p.cols, column = index % p.cols;
    float value = p.product[index] + (p.bias ? p.bias[column] : 0.0f);
    typename Y::Type* y = static_cast<typename Y::Type*>(p.y) + row * p.yStride + column;
    if (p.accumulate) {
        if (p.gate.data) value *= p.gate.data[row / p.gate.rowsPerGroup * p.gate.stride + column];
        Y::store(y, Y::load(y) + value);
    } else {
        Y::store(y, activated(value, p.activation));
    }
}

constexpr int kThreads = 256;

dim3 blocksFor(int64_t count) { return dim3(static_cast<unsigned>((count + kThreads - 1) / kThreads)); }

void requireEqual(const Rows& x, const Rows& y, const char* operation) {
    if (x.rows != y.rows || x.cols != y.cols) throw std::invalid_argument(std::string("[") + operation + "] x and y differ in size");
}

}  // namespace

void launchQuantize(Rows x, uint8_t* y, float* scales, const LaunchContext& context) {
    if (x.rows == 0) return;
    byType(x.dtype, [&](auto number) {
        launch("quantize", quantizeRows<decltype(number)>, dim3(static_cast<unsigned>(x.rows)), dim3(kRowThreads), 0, context.stream,
               static_cast<const typename decltype(number)::Type*>(x.data), x.stride, x.cols, y, scales);
    });
}

void launchNorm(const NormParams& p, const LaunchContext& context) {
    requireEqual(p.x, p.y, "norm");
    launchNormRows("norm",
                   {.x = p.x.data,
                    .y = p.y.data,
                    .xStride = p.x.stride,
                    .yStride = p.y.stride,
                    .rows = p.x.rows,
                    .cols = static_cast<int>(p.x.cols),
                    .rms = p.kind == NormKind::Rms,
                    .gain = p.gain,
                    .bias = p.bias,
                    .scale = p.scale,
                    .shift = p.shift,
                    .eps = p.eps,
                    .activation = Activation::None},
                   p.x.dtype, p.y.dtype, context);
}

// x / max(|x|, e) * sqrt(C) as a norm: x / sqrt(mean(x^2) + e^2 / C), equal to rounding wherever |x| is not near e = 1e-12.
void launchChannelNorm(const ChannelNormParams& p, const LaunchContext& context) {
    launchNormRows("channelNorm",
                   {.x = p.x,
                    .y = p.y,
                    .xStride = p.channels,
                    .yStride = p.channels,
                    .rows = p.pixels,
                    .cols = static_cast<int>(p.channels),
                    .rms = true,
                    .gain = p.gain,
                    .bias = nullptr,
                    .scale = {},
                    .shift = {},
                    .eps = 1e-24f / static_cast<float>(p.channels),
                    .activation = p.activation},
                   p.dtype, p.dtype, context);
}

void launchRope(const RopeParams& p, const LaunchContext& context) {
    if (p.yHeadStride == 0 && p.heads > 1) throw std::invalid_argument("[rope] several heads need a stride");
    if (p.rows * p.pairs == 0) return;
    byTypes(p.xDtype, p.yDtype, [&](auto x, auto y) {
        launch("rope", ropeRows<decltype(x), decltype(y)>, blocksFor(p.rows * p.pairs), dim3(kThreads), 0, context.stream, p);
    });
}

void launchActivate(Rows x, Rows y, Activation activation, const LaunchContext& context) {
    requireEqual(x, y, "activate");
    if (x.rows * x.cols == 0) return;
    const bool fours = x.cols % 4 == 0 && allowsFours(x.data, x.dtype, x.stride) && allowsFours(y.data, y.dtype, y.stride);
    const RowPair p{x.data, y.data, x.stride, y.stride, x.rows, fours ? x.cols / 4 : x.cols};
    byTypes(x.dtype, y.dtype, [&](auto from, auto to) {
        auto kernel = fours ? activateRows<decltype(from), decltype(to), true> : activateRows<decltype(from), decltype(to), false>;
        launch("activate", kernel, blocksFor(p.rows * p.cols), dim3(kThreads), 0, context.stream, p, activation);
    });
}

void launchMultiply(Rows x, Rows y, const LaunchContext& context) {
    requireEqual(x, y, "multiply");
    if (x.rows * x.cols == 0) return;
    const RowPair p{x.data, y.data, x.stride, y.stride, x.rows, x.cols};
    byTypes(x.dtype, y.dtype, [&](auto from, auto to) {
        launch("multiply", multiplyRows<decltype(from), decltype(to)>, blocksFor(p.rows * p.cols), dim3(kThreads), 0, context.stream, p);
    });
}

void launchEpilogue(const MatmulParams& p, const float* product, const float* bias, const LaunchContext& context) {
    if (p.y.rows * p.y.cols == 0) return;
    const EpilogueRows rows{product, bias, p.y.data, p.y.stride, p.y.rows, p.y.cols, p.gate, p.accumulate, p.activation};
    byType(p.y.dtype, [&](auto y) {
        launch("matmul", epilogueRows<decltype(y)>, blocksFor(p.y.rows * p.y.cols), dim3(kThreads), 0, context.stream, rows);
    });
}

}  // namespace longtake::cuda
