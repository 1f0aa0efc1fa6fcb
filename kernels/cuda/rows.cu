// Operations on rows: norms with modulation, rotation, activations, the epilogue of a matrix product.
//
// All of them move every number once and compute little, so the bound is bytes / bandwidth (README.md has the table).
// A row is read once, four numbers at a time where it is aligned: short rows into registers, others into shared memory.
#include <algorithm>
#include <stdexcept>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/numbers.cuh"
#include "kernels/cuda/tensor_core.cuh"

namespace longtake::cuda {

namespace {

constexpr int kRowThreads = 128;         // of a wide row
constexpr int kWideRow = 1024;           // numbers; narrower rows take one warp each, or a part of it
constexpr int kWarpsOfNarrow = 4;        // a block
constexpr int64_t kLargestRow = 12'000;  // in floats, beside what sums need, the 48 KB that a block has without asking

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

// What a norm does with a number once it has mean 0 and size 1.
__device__ __forceinline__ float modulated(const NormRows& p, float v, const float* scale, const float* shift, int column) {
    if (p.gain) v *= p.gain[column];
    if (p.bias) v += p.bias[column];
    if (scale) v *= 1.0f + scale[column];
    if (shift) v += shift[column];
    return activated(v, p.activation);
}

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
        for (int i = 0; i < kStep; ++i) out[i] = modulated(p, (values[c + i] - mean) * inverse, scale, shift, c + i);
        storeNumbers<Y>(y + c, out);
    }
}

// Short rows, kLanes lanes each: all of a row is asked for at once, and a warp has several rows under way, for it is reads under
// way that keep memory busy.
template <typename X, typename Y, int kLanes, int kFoursOfLane>
__global__ void normShortRows(NormRows p) {
    const int lane = static_cast<int>(threadIdx.x) % kLanes;
    const int64_t row = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) / kLanes;
    const bool live = row < p.rows;  // no thread leaves: sums are for all
    const typename X::Type* x = static_cast<const typename X::Type*>(p.x) + row * p.xStride;
    typename Y::Type* y = static_cast<typename Y::Type*>(p.y) + row * p.yStride;
    const auto rowSum = [](float value) {
        for (int offset = kLanes / 2; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
        return value;
    };
    float values[kFoursOfLane][4] = {};
#pragma unroll
    for (int f = 0; f < kFoursOfLane; ++f) {
        const int c = (f * kLanes + lane) * 4;
        if (!live || c >= p.cols) continue;
        loadNumbers<X>(values[f], x + c);
    }
    float mean = 0.0f;
    if (!p.rms) {
        for (const auto& four : values) mean += (four[0] + four[1]) + (four[2] + four[3]);
        mean = rowSum(mean) / static_cast<float>(p.cols);
    }
    float squares = 0.0f;
#pragma unroll
    for (int f = 0; f < kFoursOfLane; ++f) {
        if ((f * kLanes + lane) * 4 >= p.cols) continue;  // what is not there has no distance from the mean
        for (float& v : values[f]) {
            v -= mean;
            squares += v * v;
        }
    }
    const float inverse = 1.0f / sqrtf(rowSum(squares) / static_cast<float>(p.cols) + p.eps);
    if (!live) return;
    const float* scale = p.scale.data ? p.scale.data + row / p.scale.rowsPerGroup * p.scale.stride : nullptr;
    const float* shift = p.shift.data ? p.shift.data + row / p.shift.rowsPerGroup * p.shift.stride : nullptr;
#pragma unroll
    for (int f = 0; f < kFoursOfLane; ++f) {
        const int c = (f * kLanes + lane) * 4;
        if (c >= p.cols) continue;
        for (int i = 0; i < 4; ++i) values[f][i] = modulated(p, values[f][i] * inverse, scale, shift, c + i);
        storeNumbers<Y>(y + c, values[f]);
    }
}

void launchNormRows(const char* operation, const NormRows& p, DType xType, DType yType, const LaunchContext& context) {
    if (p.rows == 0) return;
    if (p.cols > kLargestRow)
        throw std::invalid_argument(std::string("[") + operation + "] rows of more than " + std::to_string(kLargestRow) +
                                    " numbers are not supported");
    const bool oneWarp = p.cols < kWideRow;
    const bool fours = p.cols % 4 == 0 && allowsFours(p.x, xType, p.xStride) && allowsFours(p.y, yType, p.yStride);
    if (fours && oneWarp) {
        const int lanes = p.cols <= 128 ? 8 : p.cols <= 256 ? 16 : 32;
        const int64_t rows = kRowThreads / lanes;  // of a block
        byTypes(xType, yType, [&](auto x, auto y) {
            using X = decltype(x);
            using Y = decltype(y);
            auto kernel = lanes == 8 ? normShortRows<X, Y, 8, 4> : lanes == 16 ? normShortRows<X, Y, 16, 4> : normShortRows<X, Y, 32, 8>;
            launch(operation, kernel, dim3(static_cast<unsigned>((p.rows + rows - 1) / rows)), dim3(kRowThreads), 0, context.stream, p);
        });
        return;
    }
    const dim3 block = oneWarp ? dim3(kWarp, kWarpsOfNarrow) : dim3(kRowThreads, 1);
    const dim3 grid(static_cast<unsigned>((p.rows + block.y - 1) / block.y));
    const size_t shared = static_cast<size_t>(p.cols) * block.y * sizeof(float);
    byTypes(xType, yType, [&](auto x, auto y) {
        using X = decltype(x);
        using Y = decltype(y);
        auto kernel = fours ? normRows<X, Y, true, false> : oneWarp ? normRows<X, Y, false, true> : normRows<X, Y, false, false>;
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
    // Some heads are read before the first of them is written, which may lie where it was read.
    constexpr int kTogether = 4;
    for (int64_t head = 0; head < p.heads; head += kTogether) {
        float re[kTogether] = {}, im[kTogether] = {};
#pragma unroll
        for (int h = 0; h < kTogether; ++h) {
            if (head + h >= p.heads) break;
            re[h] = X::load(x + (head + h) * p.xHeadStride);
            im[h] = X::load(x + (head + h) * p.xHeadStride + 1);
        }
#pragma unroll
        for (int h = 0; h < kTogether; ++h) {
            if (head + h >= p.heads) break;
            Y::store(y + (head + h) * p.yHeadStride, re[h] * cosine - im[h] * sine);
            Y::store(y + (head + h) * p.yHeadStride + 1, re[h] * sine + im[h] * cosine);
        }
    }
}

// One block a row, read twice: the second time it comes from the cache.
template <typename X, bool kFours>
__global__ void quantizeRows(const typename X::Type* x, int64_t stride, int64_t cols, uint8_t* y, float* scales) {
    __shared__ float partial[kRowThreads / kWarp];
    const typename X::Type* from = x + int64_t{blockIdx.x} * stride;
    uint8_t* to = y + int64_t{blockIdx.x} * cols;
    constexpr int kStep = kFours ? 4 : 1;
    const int first = static_cast<int>(threadIdx.x) * kStep, step = static_cast<int>(blockDim.x) * kStep;
    float most = 0.0f;
    for (int64_t c = first; c < cols; c += step) {
        if constexpr (kFours) {
            const float4 v = X::load4(from + c);
            most = fmaxf(most, fmaxf(fmaxf(fabsf(v.x), fabsf(v.y)), fmaxf(fabsf(v.z), fabsf(v.w))));
        } else {
            most = fmaxf(most, fabsf(X::load(from + c)));
        }
    }
    most = blockMax(most, partial);
    const float scale = f8Scale(most), inverse = 1.0f / scale;
    for (int64_t c = first; c < cols; c += step) {
        if constexpr (kFours) {
            const float4 v = X::load4(from + c);
            *reinterpret_cast<uint32_t*>(to + c) = packF8(v.x * inverse, v.y * inverse, v.z * inverse, v.w * inverse);
        } else {
            to[c] = f8FromFloat(X::load(from + c) * inverse);
        }
    }
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
    float values[kFours ? 4 : 1];
    loadNumbers<X>(values, x);
    for (float& value : values) value = activated(value, activation);
    storeNumbers<Y>(y, values);
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

// Blocks: columns, rows.
template <typename Y, bool kFours>
__global__ void epilogueRows(EpilogueRows p) {
    constexpr int kStep = kFours ? 4 : 1;
    const int64_t column = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * kStep;
    if (column >= p.cols) return;
    for (int64_t row = blockIdx.y; row < p.rows; row += gridDim.y) {
        float value[kStep], before[kStep] = {};
        loadNumbers<F32Number>(value, p.product + row * p.cols + column);
        typename Y::Type* y = static_cast<typename Y::Type*>(p.y) + row * p.yStride + column;
        if (p.accumulate) loadNumbers<Y>(before, y);
        const float* gate = p.gate.data ? p.gate.data + row / p.gate.rowsPerGroup * p.gate.stride + column : nullptr;
        for (int i = 0; i < kStep; ++i) {
            if (p.bias) value[i] += p.bias[column + i];
            if (!p.accumulate) value[i] = activated(value[i], p.activation);
            else value[i] = before[i] + (gate ? value[i] * gate[i] : value[i]);
        }
        storeNumbers<Y>(y, value);
    }
}

constexpr int kThreads = 256;
constexpr int64_t kMostBlocksDown = 65'535;

dim3 blocksFor(int64_t count) { return dim3(static_cast<unsigned>((count + kThreads - 1) / kThreads)); }

void requireEqual(const Rows& x, const Rows& y, const char* operation) {
    if (x.rows != y.rows || x.cols != y.cols) throw std::invalid_argument(std::string("[") + operation + "] x and y differ in size");
}

}  // namespace

void launchQuantize(Rows x, uint8_t* y, float* scales, const LaunchContext& context) {
    if (x.rows == 0) return;
    const bool fours = x.cols % 4 == 0 && allowsFours(x.data, x.dtype, x.stride) && reinterpret_cast<uintptr_t>(y) % 4 == 0;
    byType(x.dtype, [&](auto number) {
        using X = decltype(number);
        launch("quantize", fours ? quantizeRows<X, true> : quantizeRows<X, false>, dim3(static_cast<unsigned>(x.rows)), dim3(kRowThreads),
               0, context.stream, static_cast<const typename X::Type*>(x.data), x.stride, x.cols, y, scales);
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
    const bool fours = p.y.cols % 4 == 0 && allowsFours(p.y.data, p.y.dtype, p.y.stride) && allowsFours(product, DType::F32, p.y.cols);
    const dim3 blocks(blocksFor(fours ? p.y.cols / 4 : p.y.cols).x, static_cast<unsigned>(std::min<int64_t>(p.y.rows, kMostBlocksDown)));
    byType(p.y.dtype, [&](auto y) {
        launch("matmul", fours ? epilogueRows<decltype(y), true> : epilogueRows<decltype(y), false>, blocks, dim3(kThreads), 0,
               context.stream, rows);
    });
}

}  // namespace longtake::cuda
