#include "ui/canvas/picture_scaler.h"

#include <algorithm>
#include <cmath>
#include <cstring>

// The loops below are written to be vectorised; the wider form is chosen when the program starts.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define LONGTAKE_WIDE __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define LONGTAKE_WIDE
#endif

namespace longtake {
namespace {

constexpr int kDitherSide = PictureScaler::kAlignment;
constexpr int kDitherRow = kDitherSide * 4;  // every channel of a pixel alike

// Between the passes a level is 64 and a weight of one 32768: all in 16 bits, with room for the filter's overshoot.
constexpr int kLevel = 64;
constexpr int kWeight = 32768;

// The Bayer matrix of shaders/frame.frag, in parts of a level. Four products are each rounded by half a part, so two
// parts at both ends are kept free: an area of one colour stays that colour.
constexpr int16_t ditherAt(int x, int y) {
    int v = x ^ y;
    int rank = ((v & 1) << 5) | ((y & 1) << 4) | ((v & 2) << 2) | ((y & 2) << 1) | ((v & 4) >> 1) | ((y & 4) >> 2);
    return int16_t(2 + rank * (kLevel - 5) / (kLevel - 1));
}

constexpr auto kDither = [] {
    std::array<std::array<int16_t, kDitherRow>, kDitherSide> rows{};
    for (int y = 0; y < kDitherSide; ++y)
        for (int i = 0; i < kDitherRow; ++i) rows[size_t(y)][size_t(i)] = ditherAt(i / 4, y);
    return rows;
}();

// One pixel in a register: no compiler does this by itself here.
using Pixel = float __attribute__((vector_size(16)));
using WholePixel = int16_t __attribute__((vector_size(8)));

Pixel pixelAt(const float* values) {
    Pixel pixel;
    std::memcpy(&pixel, values, sizeof pixel);
    return pixel;
}

// Their sum is exactly one, so that the rounding of each makes no colour brighter or darker.
std::array<int16_t, 4> wholeWeights(const std::array<float, 4>& weights) {
    std::array<int, 4> whole{};
    int sum = 0;
    for (size_t t = 0; t < 4; ++t) sum += whole[t] = int(std::lround(weights[t] * kWeight));
    whole[weights[2] > weights[1] ? 2 : 1] += kWeight - sum;
    std::array<int16_t, 4> fitting{};
    // One whole is one too many for 16 bits; the product is the same after its rounding.
    for (size_t t = 0; t < 4; ++t) fitting[t] = int16_t(std::min(whole[t], kWeight - 1));
    return fitting;
}

// A form that compilers know as one instruction for many values.
inline int16_t scaled(int16_t value, int16_t weight) { return int16_t(((int(value) * int(weight) >> 14) + 1) >> 1); }

// Rounds by the dither: a gradient between two values has no edges.
LONGTAKE_WIDE void mixRows(const int16_t* const rows[4], const int16_t weights[4], const int16_t* dither, int count, uint8_t* out) {
    const int16_t *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3];
    const int16_t w0 = weights[0], w1 = weights[1], w2 = weights[2], w3 = weights[3];
    for (int first = 0; first < count; first += kDitherRow) {
        const int end = count - first < kDitherRow ? count - first : kDitherRow;
        for (int j = 0; j < end; ++j) {
            const int i = first + j;
            int16_t value = int16_t(scaled(r0[i], w0) + scaled(r1[i], w1) + scaled(r2[i], w2) + scaled(r3[i], w3) + dither[j]);
            value = int16_t(value >> 6);
            value = value < 0 ? int16_t(0) : value;
            value = value > 255 ? int16_t(255) : value;
            out[i] = uint8_t(value);
        }
    }
}

}  // namespace

CanvasPart visiblePart(const Placement& placement, PictureSize canvas) {
    int left = std::max(0, placement.x), top = std::max(0, placement.y);
    int right = std::min(canvas.width, placement.x + placement.width);
    int bottom = std::min(canvas.height, placement.y + placement.height);
    if (right <= left || bottom <= top) return {};
    return {left, top, right - left, bottom - top};
}

void PictureScaler::makeTaps(std::vector<Taps>& taps, int first, int count, double zoom, int texels) {
    taps.resize(size_t(count));
    for (int i = 0; i < count; ++i) {
        double at = (first + i + 0.5) / zoom - 0.5;
        int left = int(std::floor(at));
        double f = at - left;
        Taps& one = taps[size_t(i)];
        for (int t = 0; t < 4; ++t) one.at[size_t(t)] = std::clamp(left - 1 + t, 0, texels - 1);
        one.weights = {float(f * (-0.5 + f * (1.0 - 0.5 * f))), float(1.0 + f * f * (1.5 * f - 2.5)),
                       float(f * (0.5 + f * (2.0 - 1.5 * f))), float(f * f * (0.5 * f - 0.5))};
    }
}

void PictureScaler::scaleColumns(const FrameView& frame, int row, int16_t* out) {
    int bytes = bytesPerPixel(frame.format);
    const uint8_t* from = frame.data + row * frame.stride;
    for (int x = 0; x < frame.width; ++x, from += bytes) {
        float* to = &source_[size_t(x) * 4];
        to[0] = from[2];
        to[1] = from[1];
        to[2] = from[0];
        to[3] = 255;
    }
    for (const Taps& taps : columns_) {
        Pixel sum = taps.weights[0] * pixelAt(&source_[size_t(taps.at[0]) * 4]);
        for (size_t t = 1; t < 4; ++t) sum += taps.weights[t] * pixelAt(&source_[size_t(taps.at[t]) * 4]);
        const auto whole = __builtin_convertvector(sum * float(kLevel) + 0.5f, WholePixel);
        std::memcpy(out, &whole, sizeof whole);
        out += 4;
    }
}

void PictureScaler::prepare(const FrameView& frame, const Placement& placement, const CanvasPart& part) {
    part_ = part;
    if (part.width <= 0 || part.height <= 0 || frame.empty()) {
        part_ = {};
        return;
    }
    makeTaps(columns_, part.x - placement.x, part.width, placement.zoom, frame.width);
    makeTaps(rows_, part.y - placement.y, part.height, placement.zoom, frame.height);
    source_.resize(size_t(frame.width) * 4);
    firstRow_ = rows_.front().at[0];
    const int last = rows_.back().at[3];
    const size_t wideRow = size_t(part.width) * 4;
    wide_.resize(wideRow * size_t(last - firstRow_ + 1));
    for (int row = firstRow_; row <= last; ++row) scaleColumns(frame, row, &wide_[wideRow * size_t(row - firstRow_)]);
}

void PictureScaler::scale(const CanvasPart& piece, uint8_t* out, ptrdiff_t stride) const {
    const size_t wideRow = size_t(part_.width) * 4, left = size_t(piece.x - part_.x) * 4;
    if (part_.width == 0) return;
    for (int y = piece.y; y < piece.y + piece.height; ++y, out += stride) {
        const Taps& taps = rows_[size_t(y - part_.y)];
        const int16_t* rows[4];
        for (size_t t = 0; t < 4; ++t) rows[t] = &wide_[wideRow * size_t(taps.at[t] - firstRow_) + left];
        mixRows(rows, wholeWeights(taps.weights).data(), kDither[size_t(y % kDitherSide)].data(), piece.width * 4, out);
    }
}

}  // namespace longtake
