// Compiled once per instruction set; LONGTAKE_ISA names the copy. Includes nothing but plain declarations.
#include "kernels/cpu/hot_loops.h"

#define LONGTAKE_CONCAT2(a, b) a##b
#define LONGTAKE_CONCAT(a, b) LONGTAKE_CONCAT2(a, b)

namespace longtake::cpu {

namespace {

inline float bitsToFloat(uint32_t bits) {
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

inline uint32_t floatToBits(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline float fromBf16(uint16_t bits) { return bitsToFloat(static_cast<uint32_t>(bits) << 16); }

inline uint16_t toBf16(float value) {
    const uint32_t bits = floatToBits(value);
    const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    const uint32_t nan = (bits >> 16) | 0x40u;
    return static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
}

// e^x by x = n ln2 + r, |r| <= ln2 / 2, and a degree-6 polynomial; relative error about 1e-7.
inline float expFast(float x) {
    x = x < -87.0f ? -87.0f : (x > 88.0f ? 88.0f : x);
    const float n = __builtin_rintf(x * 1.44269504088896341f);
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    return p * bitsToFloat(static_cast<uint32_t>(static_cast<int32_t>(n) + 127) << 23);
}

inline float activated(float x, int activation) {
    switch (activation) {
        case 1: return x > 0.0f ? x : 0.0f;
        case 2: return x / (1.0f + expFast(-x));
        case 3: {
            const float u = 0.7978845608028654f * (x + 0.044715f * x * x * x);
            return x * (1.0f - 1.0f / (expFast(2.0f * u) + 1.0f));  // 0.5 (1 + tanh u) = 1 - 1 / (e^2u + 1)
        }
        default: return x;
    }
}

struct LoadF32 {
    static float at(const void* p, int64_t i) { return static_cast<const float*>(p)[i]; }
};
struct LoadBf16 {
    static float at(const void* p, int64_t i) { return fromBf16(static_cast<const uint16_t*>(p)[i]); }
};
struct StoreF32 {
    static void at(void* p, int64_t i, float v) { static_cast<float*>(p)[i] = v; }
};
struct StoreBf16 {
    static void at(void* p, int64_t i, float v) { static_cast<uint16_t*>(p)[i] = toBf16(v); }
};

// Sums in 16 lanes of fp32; rows are short enough (a model's width) for that to be accurate.
template <typename Load>
inline float sumRow(const void* x, int64_t n) {
    float lanes[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes)
        for (int64_t l = 0; l < kLanes; ++l) lanes[l] += Load::at(x, i + l);
    for (; i < n; ++i) lanes[i % kLanes] += Load::at(x, i);
    float total = 0.0f;
    for (float lane : lanes) total += lane;
    return total;
}

template <typename Load>
inline float sumSquares(const void* x, int64_t n, float mean) {
    float lanes[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes)
        for (int64_t l = 0; l < kLanes; ++l) {
            const float d = Load::at(x, i + l) - mean;
            lanes[l] += d * d;
        }
    for (; i < n; ++i) {
        const float d = Load::at(x, i) - mean;
        lanes[i % kLanes] += d * d;
    }
    float total = 0.0f;
    for (float lane : lanes) total += lane;
    return total;
}

template <typename Load, typename Store>
void normRowAs(const void* x, void* y, int64_t n, bool rms, float eps, const float* gain, const float* bias, const float* scale,
               const float* shift) {
    const float count = static_cast<float>(n);
    const float mean = rms ? 0.0f : sumRow<Load>(x, n) / count;
    const float inverse = 1.0f / __builtin_sqrtf(sumSquares<Load>(x, n, mean) / count + eps);
    if (scale && shift && !gain) {
        for (int64_t i = 0; i < n; ++i) Store::at(y, i, (Load::at(x, i) - mean) * inverse * (1.0f + scale[i]) + shift[i]);
    } else if (gain && !scale && !shift) {
        if (bias)
            for (int64_t i = 0; i < n; ++i) Store::at(y, i, (Load::at(x, i) - mean) * inverse * gain[i] + bias[i]);
        else
            for (int64_t i = 0; i < n; ++i) Store::at(y, i, (Load::at(x, i) - mean) * inverse * gain[i]);
    } else {
        for (int64_t i = 0; i < n; ++i) {
            float value = (Load::at(x, i) - mean) * inverse;
            if (gain) value *= gain[i];
            if (bias) value += bias[i];
            if (scale) value *= 1.0f + scale[i];
            if (shift) value += shift[i];
            Store::at(y, i, value);
        }
    }
}

template <typename Load, typename Store>
void ropeRowAs(const void* x, void* y, int64_t pairs, const float* cosines, const float* sines) {
    for (int64_t p = 0; p < pairs; ++p) {
        const float re = Load::at(x, 2 * p), im = Load::at(x, 2 * p + 1);
        Store::at(y, 2 * p, re * cosines[p] - im * sines[p]);
        Store::at(y, 2 * p + 1, re * sines[p] + im * cosines[p]);
    }
}

template <typename Load, typename Store>
void activateRowAs(const void* x, void* y, int64_t n, int activation) {
    switch (activation) {
        case 1:
            for (int64_t i = 0; i < n; ++i) Store::at(y, i, activated(Load::at(x, i), 1));
            break;
        case 2:
            for (int64_t i = 0; i < n; ++i) Store::at(y, i, activated(Load::at(x, i), 2));
            break;
        case 3:
            for (int64_t i = 0; i < n; ++i) Store::at(y, i, activated(Load::at(x, i), 3));
            break;
        default:
            for (int64_t i = 0; i < n; ++i) Store::at(y, i, Load::at(x, i));
            break;
    }
}

// Calls function<Load, Store>(args...) for the number types of x and y.
#define LONGTAKE_BY_TYPES(function, ...)                                \
    do {                                                                \
        if (xBf16 && yBf16) function<LoadBf16, StoreBf16>(__VA_ARGS__); \
        else if (xBf16) function<LoadBf16, StoreF32>(__VA_ARGS__);      \
        else if (yBf16) function<LoadF32, StoreBf16>(__VA_ARGS__);      \
        else function<LoadF32, StoreF32>(__VA_ARGS__);                  \
    } while (false)

void normRow(const void* x, bool xBf16, void* y, bool yBf16, int64_t n, bool rms, float eps, const float* gain, const float* bias,
             const float* scale, const float* shift) {
    LONGTAKE_BY_TYPES(normRowAs, x, y, n, rms, eps, gain, bias, scale, shift);
}

void ropeRow(const void* x, bool xBf16, void* y, bool yBf16, int64_t pairs, const float* cosines, const float* sines) {
    LONGTAKE_BY_TYPES(ropeRowAs, x, y, pairs, cosines, sines);
}

void activateRow(const void* x, bool xBf16, void* y, bool yBf16, int64_t n, int activation) {
    LONGTAKE_BY_TYPES(activateRowAs, x, y, n, activation);
}

template <typename Load, typename Store>
void multiplyRowAs(const void* x, void* y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        float value;
        if constexpr (sizeof(Store) && __is_same(Store, StoreBf16)) value = LoadBf16::at(y, i);
        else value = LoadF32::at(y, i);
        Store::at(y, i, value * Load::at(x, i));
    }
}

void multiplyRow(const void* x, bool xBf16, void* y, bool yBf16, int64_t n) { LONGTAKE_BY_TYPES(multiplyRowAs, x, y, n); }

void addGatedRow(const float* x, const float* gate, float* y, int64_t n) {
    if (gate)
        for (int64_t i = 0; i < n; ++i) y[i] += gate[i] * x[i];
    else
        for (int64_t i = 0; i < n; ++i) y[i] += x[i];
}

void combine(const float* x, const float* z, float* y, int64_t n, float a, float b) {
    if (z)
        for (int64_t i = 0; i < n; ++i) y[i] = a * x[i] + b * z[i];
    else
        for (int64_t i = 0; i < n; ++i) y[i] = a * x[i];
}

// ---- small products ----
// A tile of the result stays in registers: as many sums as fit beside a row of the right factor. One tile for all
// instruction sets would spill on most of them.

#if defined(__AVX512F__)
constexpr int kFloats = 16, kTileVectors = 4;  // 24 of 32 registers
#elif defined(__AVX__)
constexpr int kFloats = 8, kTileVectors = 2;  // 12 of 16
#else
constexpr int kFloats = 4, kTileVectors = 2;  // 12 of 16
#endif
constexpr int64_t kTileRows = 6;
static_assert(kLanes % kFloats == 0);

typedef float Vector __attribute__((vector_size(4 * kFloats)));
typedef float VectorUnaligned __attribute__((vector_size(4 * kFloats), aligned(4), may_alias));

inline Vector load(const float* p) { return *reinterpret_cast<const VectorUnaligned*>(p); }
inline void store(float* p, Vector v) { *reinterpret_cast<VectorUnaligned*>(p) = v; }

// c[r][0..kFloats * vectors) (+)= sum_i a[r * aStride + i] * b[i * bStride + 0..kFloats * vectors)
template <int rows, int vectors>
inline void productTile(const float* a, int64_t aStride, const float* b, int64_t bStride, int64_t depth, float* c, int64_t cStride,
                        bool add) {
    Vector sums[rows][vectors];
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 8
        for (int l = 0; l < vectors; ++l) sums[r][l] = add ? load(c + r * cStride + l * kFloats) : Vector{};
    for (int64_t i = 0; i < depth; ++i) {
        Vector right[vectors];
#pragma GCC unroll 8
        for (int l = 0; l < vectors; ++l) right[l] = load(b + i * bStride + l * kFloats);
#pragma GCC unroll 8
        for (int r = 0; r < rows; ++r) {
            const float left = a[r * aStride + i];
#pragma GCC unroll 8
            for (int l = 0; l < vectors; ++l) sums[r][l] += left * right[l];
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 8
        for (int l = 0; l < vectors; ++l) store(c + r * cStride + l * kFloats, sums[r][l]);
}

template <int vectors>
inline void productRows(const float* a, int64_t aStride, const float* b, int64_t bStride, int64_t depth, float* c, int64_t cStride,
                        int64_t rows, bool add) {
    int64_t r = 0;
    for (; r + kTileRows <= rows; r += kTileRows)
        productTile<kTileRows, vectors>(a + r * aStride, aStride, b, bStride, depth, c + r * cStride, cStride, add);
    for (; r < rows; ++r) productTile<1, vectors>(a + r * aStride, aStride, b, bStride, depth, c + r * cStride, cStride, add);
}

// `columns` is a multiple of kFloats.
inline void product(const float* a, int64_t aStride, const float* b, int64_t bStride, int64_t depth, float* c, int64_t cStride,
                    int64_t rows, int64_t columns, bool add) {
    int64_t l = 0;
    for (; l + kTileVectors * kFloats <= columns; l += kTileVectors * kFloats)
        productRows<kTileVectors>(a, aStride, b + l, bStride, depth, c + l, cStride, rows, add);
    for (; l + 2 * kFloats <= columns; l += 2 * kFloats) productRows<2>(a, aStride, b + l, bStride, depth, c + l, cStride, rows, add);
    for (; l < columns; l += kFloats) productRows<1>(a, aStride, b + l, bStride, depth, c + l, cStride, rows, add);
}

// ---- attention ----
// Online softmax over key blocks: the score matrix never exists as a whole.

template <typename Load>
inline void loadQueries(const AttentionBlock& p, float* queries) {
    for (int64_t i = 0; i < p.queries; ++i)
        for (int64_t d = 0; d < p.qkDim; ++d) queries[i * p.qkDim + d] = Load::at(p.q, i * p.qStride + d) * p.scale;
}

template <typename Load>
inline void loadKeysTransposed(const AttentionBlock& p, int64_t first, int64_t count, float* keys) {
    for (int64_t d = 0; d < p.qkDim; ++d) {
        float* row = keys + d * kKeyBlock;
        for (int64_t j = 0; j < count; ++j) row[j] = Load::at(p.k, (first + j) * p.kStride + d);
        for (int64_t j = count; j < kKeyBlock; ++j) row[j] = 0.0f;
    }
}

template <typename Load>
inline void loadValues(const AttentionBlock& p, int64_t first, int64_t count, int64_t dv, float* values) {
    for (int64_t j = 0; j < count; ++j) {
        float* row = values + j * dv;
        for (int64_t d = 0; d < p.vDim; ++d) row[d] = Load::at(p.v, (first + j) * p.vStride + d);
        for (int64_t d = p.vDim; d < dv; ++d) row[d] = 0.0f;
    }
}

// Turns one row of scores into probabilities relative to the running maximum; rescales what was summed before.
inline void softmaxStep(float* scores, int64_t count, float& maximum, float& sum, float* out, int64_t dv) {
    float top = maximum;
    for (int64_t j = 0; j < count; ++j) top = scores[j] > top ? scores[j] : top;
    if (top > maximum) {
        const float shrink = expFast(maximum - top);
        sum *= shrink;
        for (int64_t d = 0; d < dv; ++d) out[d] *= shrink;
        maximum = top;
    }
    float lanes[kLanes] = {};
    for (int64_t j = count; j < kKeyBlock; ++j) scores[j] = -1.0e30f;
    for (int64_t j = 0; j < kKeyBlock; j += kLanes)
        for (int64_t l = 0; l < kLanes; ++l) {
            const float e = j + l < count ? expFast(scores[j + l] - top) : 0.0f;
            scores[j + l] = e;
            lanes[l] += e;
        }
    for (float lane : lanes) sum += lane;
}

template <typename Load>
void attentionAs(const AttentionBlock& p) {
    const int64_t dv = roundUp(p.vDim, kLanes);
    float* queries = p.scratch;
    float* keys = queries + kQueryBlock * p.qkDim;
    float* values = keys + p.qkDim * kKeyBlock;
    float* scores = values + kKeyBlock * dv;
    float* out = scores + kQueryBlock * kKeyBlock;
    float* maximum = out + kQueryBlock * dv;
    float* sum = maximum + kQueryBlock;

    loadQueries<Load>(p, queries);
    for (int64_t i = 0; i < p.queries; ++i) {
        maximum[i] = -1.0e30f;
        sum[i] = 0.0f;
    }
    for (int64_t i = 0; i < p.queries * dv; ++i) out[i] = 0.0f;

    for (int64_t first = 0; first < p.keys; first += kKeyBlock) {
        const int64_t count = p.keys - first < kKeyBlock ? p.keys - first : kKeyBlock;
        loadKeysTransposed<Load>(p, first, count, keys);
        loadValues<Load>(p, first, count, dv, values);
        product(queries, p.qkDim, keys, kKeyBlock, p.qkDim, scores, kKeyBlock, p.queries, roundUp(count, kLanes), false);
        for (int64_t i = 0; i < p.queries; ++i) {
            float* row = scores + i * kKeyBlock;
            if (p.bias)
                for (int64_t j = 0; j < count; ++j) row[j] += p.bias[i * p.biasStride + first + j];
            if (first + count == p.keys) row[count - 1] += p.lastKeyBias;
            softmaxStep(row, count, maximum[i], sum[i], out + i * dv, dv);
        }
        product(scores, kKeyBlock, values, dv, count, out, dv, p.queries, dv, true);
    }
    for (int64_t i = 0; i < p.queries; ++i) {
        const float inverse = 1.0f / sum[i];
        for (int64_t d = 0; d < p.vDim; ++d) {
            const float value = out[i * dv + d] * inverse;
            if (p.bf16) StoreBf16::at(p.out, i * p.outStride + d, value);
            else StoreF32::at(p.out, i * p.outStride + d, value);
        }
    }
}

void attention(const AttentionBlock& block) {
    if (block.bf16) attentionAs<LoadBf16>(block);
    else attentionAs<LoadF32>(block);
}

// ---- 3x3 convolution ----

// B^T d B of the 4x4 pixels at `pixels`, for all channels; the results lie `step` floats apart.
inline void transformTile(const float* const* pixels, int64_t channels, float* to, int64_t step) {
    for (int64_t c = 0; c < channels; c += kFloats) {
        Vector rows[4][4];
#pragma GCC unroll 4
        for (int q = 0; q < 4; ++q) {
            const Vector a = load(pixels[q] + c), b = load(pixels[4 + q] + c), d = load(pixels[8 + q] + c), e = load(pixels[12 + q] + c);
            rows[0][q] = a - d;
            rows[1][q] = b + d;
            rows[2][q] = d - b;
            rows[3][q] = b - e;
        }
#pragma GCC unroll 4
        for (int r = 0; r < 4; ++r) {
            const Vector* row = rows[r];
            store(to + (4 * r + 0) * step + c, row[0] - row[2]);
            store(to + (4 * r + 1) * step + c, row[1] + row[2]);
            store(to + (4 * r + 2) * step + c, row[2] - row[1]);
            store(to + (4 * r + 3) * step + c, row[1] - row[3]);
        }
    }
}

// A^T m A of kFloats channels: four pixels of the output.
inline void pixelsOf(const float* products, int64_t step, Vector (&out)[4]) {
    Vector rows[2][4];
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) {
        const Vector a = load(products + q * step), b = load(products + (4 + q) * step), d = load(products + (8 + q) * step),
                     e = load(products + (12 + q) * step);
        rows[0][q] = a + b + d;
        rows[1][q] = b - d - e;
    }
#pragma GCC unroll 2
    for (int r = 0; r < 2; ++r) {
        out[2 * r] = rows[r][0] + rows[r][1] + rows[r][2];
        out[2 * r + 1] = rows[r][1] - rows[r][2] - rows[r][3];
    }
}

inline void writePixel(const WinogradBlock& p, Vector value, int64_t channel, float* y) {
    const int64_t count = p.out - channel < kFloats ? p.out - channel : kFloats;
    value += load(p.bias + channel);
    if (count == kFloats && p.activation <= 1) {
        const Vector zero = {};
        if (p.accumulate) value += load(y + channel);
        store(y + channel, p.activation == 1 ? (value > zero ? value : zero) : value);
        return;
    }
    for (int64_t i = 0; i < count; ++i)
        y[channel + i] = activated(value[i] + (p.accumulate ? y[channel + i] : 0.0f), p.activation);
}

void winograd(const WinogradBlock& p) {
    const int64_t across = (p.outWidth + 1) / 2;
    float* border = p.scratch;
    float* tiles = border + p.in;
    float* products = tiles + kWinogradProducts * p.tiles * p.in;
    const int64_t tileStep = p.tiles * p.in, productStep = p.tiles * p.columns;
    for (int64_t c = 0; c < p.in; ++c) border[c] = 0.0f;

    for (int64_t frame = 0; frame < p.frames; ++frame) {
        const float* x = p.x + frame * p.height * p.width * p.in;
        for (int64_t t = 0; t < p.tiles; ++t) {
            const int64_t top = (p.firstTile + t) / across * 2 - p.padTop, left = (p.firstTile + t) % across * 2 - p.padLeft;
            const float* pixels[kWinogradProducts];
            for (int64_t i = 0; i < kWinogradProducts; ++i) {
                const int64_t row = top + i / 4, column = left + i % 4;
                const bool inside = row >= 0 && row < p.height && column >= 0 && column < p.width;
                pixels[i] = inside ? x + (row * p.width + column) * p.in : border;
            }
            transformTile(pixels, p.in, tiles + t * p.in, tileStep);
        }
        for (int64_t k = 0; k < kWinogradProducts; ++k)
            product(tiles + k * tileStep, p.in, p.kernels + (frame * kWinogradProducts + k) * p.in * p.columns, p.columns, p.in,
                    products + k * productStep, p.columns, p.tiles, p.columns, frame > 0);
    }
    for (int64_t t = 0; t < p.tiles; ++t) {
        const int64_t top = (p.firstTile + t) / across * 2, left = (p.firstTile + t) % across * 2;
        float* y = p.y + top * p.rowStride + left * p.pixelStride;
        const bool second[2] = {left + 1 < p.outWidth, top + 1 < p.outHeight};
        for (int64_t channel = 0; channel < p.columns; channel += kFloats) {
            Vector out[4];
            pixelsOf(products + t * p.columns + channel, productStep, out);
            writePixel(p, out[0], channel, y);
            if (second[0]) writePixel(p, out[1], channel, y + p.pixelStride);
            if (second[1]) writePixel(p, out[2], channel, y + p.rowStride);
            if (second[0] && second[1]) writePixel(p, out[3], channel, y + p.rowStride + p.pixelStride);
        }
    }
}

}  // namespace

extern const HotLoops LONGTAKE_CONCAT(kHotLoops_, LONGTAKE_ISA);
const HotLoops LONGTAKE_CONCAT(kHotLoops_, LONGTAKE_ISA) = {
    LONGTAKE_ISA_NAME, kFloats, normRow, ropeRow, activateRow, multiplyRow, addGatedRow, combine, attention, winograd,
};

}  // namespace longtake::cpu
