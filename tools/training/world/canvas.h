// The canvas, and the few things that everything is painted with: colours, noise, soft shapes.
//
// Owner:  one Painter. Noise is built once per process and never changes afterwards.
// Thread: a canvas belongs to one thread; noise may be read from all.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace longtake::world {

struct Rgb {
    float r, g, b;
};

// Three neighbouring fields of Params as a colour.
inline Rgb rgb(const float& first) { return {(&first)[0], (&first)[1], (&first)[2]}; }
inline Rgb operator*(Rgb a, float k) { return {a.r * k, a.g * k, a.b * k}; }
inline Rgb operator*(Rgb a, Rgb b) { return {a.r * b.r, a.g * b.g, a.b * b.b}; }
inline Rgb operator+(Rgb a, Rgb b) { return {a.r + b.r, a.g + b.g, a.b + b.b}; }
inline float mix(float a, float b, float t) { return a + (b - a) * t; }
inline Rgb mix(Rgb a, Rgb b, float t) { return {mix(a.r, b.r, t), mix(a.g, b.g, t), mix(a.b, b.b, t)}; }
inline float unit(float x) { return x < 0.f ? 0.f : (x > 1.f ? 1.f : x); }
inline float smooth(float a, float b, float x) {
    const float t = unit((x - a) / (b - a));
    return t * t * (3.f - 2.f * t);
}
inline float brightness(Rgb c) { return 0.3f * c.r + 0.6f * c.g + 0.1f * c.b; }

// A small integer hash, so that every random choice is a function of its place and nothing else.
inline uint32_t hashOf(uint32_t a, uint32_t b = 0, uint32_t c = 0) {
    uint32_t x = a * 0x9E3779B1u ^ (b + 0x7F4A7C15u) * 0x85EBCA6Bu ^ (c + 0x165667B1u) * 0xC2B2AE35u;
    x ^= x >> 16;
    x *= 0x7FEB352Du;
    x ^= x >> 15;
    x *= 0x846CA68Bu;
    x ^= x >> 16;
    return x;
}
inline float chance(uint32_t a, uint32_t b = 0, uint32_t c = 0) { return static_cast<float>(hashOf(a, b, c) >> 8) * (1.f / 16777216.f); }

// Smooth noise of one variable in -1..1, for flicker and sway.
inline float wobble(float x, uint32_t seed) {
    const float f = std::floor(x);
    const float t = x - f;
    const auto i = static_cast<uint32_t>(static_cast<int32_t>(f));
    return mix(chance(i, seed), chance(i + 1, seed), t * t * (3.f - 2.f * t)) * 2.f - 1.f;
}

struct Canvas {
    int width, height;
    std::vector<float> r, g, b;  // [height * width], display values

    Canvas(int w, int h) : width(w), height(h), r(w * h), g(w * h), b(w * h) {}

    void blend(int i, Rgb c, float a) {
        r[i] += (c.r - r[i]) * a;
        g[i] += (c.g - g[i]) * a;
        b[i] += (c.b - b[i]) * a;
    }
    // Light: brightens without ever passing white.
    void light(int i, Rgb c, float a) {
        r[i] += (1.f - r[i]) * unit(c.r * a);
        g[i] += (1.f - g[i]) * unit(c.g * a);
        b[i] += (1.f - b[i]) * unit(c.b * a);
    }

    // Calls f(index, x, y) for each pixel centre of a box, all in units of the picture's height.
    template <typename F>
    void each(float x0, float y0, float x1, float y1, F f) {
        const auto H = static_cast<float>(height);
        const int ax = std::clamp(static_cast<int>(std::floor(x0 * H)), 0, width);
        const int bx = std::clamp(static_cast<int>(std::ceil(x1 * H)), 0, width);
        const int ay = std::clamp(static_cast<int>(std::floor(y0 * H)), 0, height);
        const int by = std::clamp(static_cast<int>(std::ceil(y1 * H)), 0, height);
        for (int y = ay; y < by; ++y)
            for (int x = ax; x < bx; ++x) f(y * width + x, (x + 0.5f) / H, (y + 0.5f) / H);
    }
    float coverage(float distanceInside) const { return unit(distanceInside * height + 0.5f); }

    void disc(float cx, float cy, float radius, Rgb c, float alpha) {
        const float pad = radius + 1.f / height;
        each(cx - pad, cy - pad, cx + pad, cy + pad, [&](int i, float x, float y) {
            const float d = std::sqrt((x - cx) * (x - cx) + (y - cy) * (y - cy));
            blend(i, c, alpha * coverage(radius - d));
        });
    }
    void glow(float cx, float cy, float radius, Rgb c, float strength) {
        each(cx - radius, cy - radius, cx + radius, cy + radius, [&](int i, float x, float y) {
            const float d2 = ((x - cx) * (x - cx) + (y - cy) * (y - cy)) / (radius * radius);
            const float k = unit(1.f - d2);
            light(i, c, strength * k * k * k);
        });
    }
    void stroke(float x0, float y0, float x1, float y1, float thickness, Rgb c, float alpha) {
        const float pad = thickness + 1.f / height;
        const float dx = x1 - x0, dy = y1 - y0;
        const float inverse = 1.f / (dx * dx + dy * dy + 1e-9f);
        each(std::min(x0, x1) - pad, std::min(y0, y1) - pad, std::max(x0, x1) + pad, std::max(y0, y1) + pad, [&](int i, float x, float y) {
            const float t = unit(((x - x0) * dx + (y - y0) * dy) * inverse);
            const float ex = x - x0 - t * dx, ey = y - y0 - t * dy;
            blend(i, c, alpha * coverage(thickness * 0.5f - std::sqrt(ex * ex + ey * ey)));
        });
    }
};

// A tiling noise picture with its smaller copies.
struct Noise {
    static constexpr int kSize = 512;
    std::vector<std::vector<float>> levels;  // level l: [(kSize >> l) * (kSize >> l)], mean 0.5

    // One row: out[x] = noise(u0 + x * du, v), in periods of the tile.
    void row(float u0, float du, float v, float* out, int count) const {
        int level = 0;
        while (level < 5 && std::fabs(du) * static_cast<float>(kSize >> level) > 1.5f) ++level;
        const int size = kSize >> level, mask = size - 1;
        const float* data = levels[level].data();
        const float y = (v - std::floor(v)) * size;
        const int y0 = static_cast<int>(y) & mask;
        const float fy = y - std::floor(y);
        const float* a = data + y0 * size;
        const float* b = data + ((y0 + 1) & mask) * size;
        const float start = (u0 - std::floor(u0)) * size + (du < 0.f ? size * 64.f : 0.f);
        const float step = du * size;
        for (int x = 0; x < count; ++x) {
            const float u = start + step * x;
            const int i = static_cast<int>(u);
            const float f = u - i;
            const int i0 = i & mask, i1 = (i + 1) & mask;
            const float p = a[i0] + (b[i0] - a[i0]) * fy;
            const float q = a[i1] + (b[i1] - a[i1]) * fy;
            out[x] = p + (q - p) * f;
        }
    }
    // One sample at the finest level; u and v must be positive.
    float at(float u, float v) const {
        const float x = u * kSize, y = v * kSize;
        const int xi = static_cast<int>(x), yi = static_cast<int>(y);
        const float fx = x - xi, fy = y - yi;
        const int mask = kSize - 1;
        const float* a = levels[0].data() + (yi & mask) * kSize;
        const float* b = levels[0].data() + ((yi + 1) & mask) * kSize;
        const float p = a[xi & mask] + (a[(xi + 1) & mask] - a[xi & mask]) * fx;
        const float q = b[xi & mask] + (b[(xi + 1) & mask] - b[xi & mask]) * fx;
        return p + (q - p) * fy;
    }
};

struct NoiseSet {
    Noise cloud;   // billowing
    Noise ground;  // grain of earth, rock and foliage
    Noise wave;    // ripples, long across and short along
};
const NoiseSet& noiseSet();  // built at the first call

// A periodic line of heights in 0..1 with its smaller copies, and its slope (per unit, smoothed).
struct Line {
    static constexpr int kSize = 16384;
    static constexpr float kPerUnit = 256.f;  // samples per unit of length
    std::vector<std::vector<float>> value;    // level l: averaged over 2^l samples, kSize each
    std::vector<float> slope;
};

// Trees side by side: their heights, and what is needed to shade each.
struct TreeLine {
    Line height;
    std::vector<float> tone;  // 0..1, one value per tree
    std::vector<float> side;  // -1 at a crown's left edge .. 1 at its right one
};

struct LineSet {
    Line peaks, rolling, mesa, dune;
    TreeLine conifers, crowns;
};
const LineSet& lineSet();  // built at the first call

inline float sampleLine(const float* data, float x) {
    const float f = std::floor(x);
    const int i = static_cast<int>(f);
    const float t = x - f;
    const int mask = Line::kSize - 1;
    const float a = data[i & mask];
    return a + (data[(i + 1) & mask] - a) * t;
}

}  // namespace longtake::world
