#include "canvas.h"

namespace longtake::world {
namespace {

constexpr int kMask = Line::kSize - 1;

// Sum of octaves of one-dimensional value noise; `cells` per period at the first octave.
std::vector<float> octaves(int cells, int count, float gain, uint32_t seed, bool ridged) {
    std::vector<float> out(Line::kSize, 0.f);
    float amplitude = 1.f;
    for (int o = 0; o < count; ++o, amplitude *= gain) {
        const int k = cells << o;
        for (int i = 0; i < Line::kSize; ++i) {
            const float x = static_cast<float>(i) * k / Line::kSize;
            const int c = static_cast<int>(x);
            float t = x - c;
            if (!ridged) t = t * t * (3.f - 2.f * t);
            const float v = mix(chance(c % k, o, seed), chance((c + 1) % k, o, seed), t);
            out[i] += amplitude * v;
        }
    }
    return out;
}

void normalise(std::vector<float>& v) {
    const auto [low, high] = std::minmax_element(v.begin(), v.end());
    const float a = *low, k = 1.f / (*high - *low);
    for (float& x : v) x = (x - a) * k;
}

std::vector<float> blurred(const std::vector<float>& v, int radius) {
    std::vector<double> sum(v.size() + 1, 0.0);
    for (size_t i = 0; i < v.size(); ++i) sum[i + 1] = sum[i] + v[i];
    const int n = static_cast<int>(v.size());
    auto upTo = [&](int i) {  // integral from 0 to i, i may lie outside 0..n
        const int turn = (i >= 0 ? i / n : -((-i + n - 1) / n));
        return sum[i - turn * n] + turn * sum[n];
    };
    std::vector<float> out(v.size());
    for (int i = 0; i < n; ++i) out[i] = static_cast<float>((upTo(i + radius + 1) - upTo(i - radius)) / (2 * radius + 1));
    return out;
}

Line finish(std::vector<float> value, int slopeRadius) {
    Line line;
    const std::vector<float> soft = blurred(blurred(value, slopeRadius), slopeRadius);
    line.slope.resize(Line::kSize);
    for (int i = 0; i < Line::kSize; ++i) line.slope[i] = (soft[(i + 2) & kMask] - soft[(i - 2) & kMask]) * (Line::kPerUnit / 4.f);
    line.value.push_back(value);
    line.value.push_back(blurred(value, 1));
    line.value.push_back(blurred(value, 2));
    line.value.push_back(blurred(value, 4));
    return line;
}

// Tents of many sizes, the highest of which is seen, roughened: summits with straight flanks.
Line peaks() {
    std::vector<float> v(Line::kSize, 0.f);
    const int count = 96;
    for (int k = 0; k < count; ++k) {
        const float center = (k + 0.9f * chance(k, 41)) * Line::kSize / count;
        const float height = 0.40f + 0.60f * chance(k, 42) * (0.4f + 0.6f * chance(k, 43));
        const float left = height * (0.50f + 0.35f * chance(k, 44)) * Line::kPerUnit;
        const float right = height * (0.50f + 0.35f * chance(k, 45)) * Line::kPerUnit;
        for (int i = static_cast<int>(center - left); i <= center + right; ++i) {
            const float t = i < center ? 1.f - (center - i) / left : 1.f - (i - center) / right;
            float& cell = v[i & kMask];
            cell = std::max(cell, height * t * (0.8f + 0.2f * t));
        }
    }
    const std::vector<float> rough = octaves(230, 4, 0.52f, 5, true);
    for (int i = 0; i < Line::kSize; ++i) v[i] += 0.155f * rough[i];
    normalise(v);
    return finish(std::move(v), 6);
}

Line rolling() {
    std::vector<float> v = blurred(octaves(70, 3, 0.40f, 6, false), 26);
    normalise(v);
    return finish(std::move(v), 24);
}

// Flat tops with steep, slightly stepped walls.
Line mesa() {
    std::vector<float> v = octaves(76, 3, 0.5f, 7, false);
    normalise(v);
    const std::vector<float> rough = octaves(600, 3, 0.6f, 8, true);
    for (int i = 0; i < Line::kSize; ++i) {
        const float x = v[i];
        float h = 0.10f * x;
        h += 0.30f * smooth(0.36f, 0.40f, x) + 0.34f * smooth(0.52f, 0.545f, x) + 0.20f * smooth(0.70f, 0.72f, x);
        v[i] = h + 0.018f * rough[i];
    }
    v = blurred(v, 2);
    normalise(v);
    return finish(std::move(v), 5);
}

// Long windward backs, short slip faces: asymmetric arcs that meet in crests.
Line dunes() {
    std::vector<float> v(Line::kSize, 0.f);
    for (int layer = 0; layer < 2; ++layer) {
        const int count = layer == 0 ? 52 : 120;
        for (int k = 0; k < count; ++k) {
            const float center = (k + 0.7f * chance(k, 31, layer)) * Line::kSize / count;
            const float height = (layer == 0 ? 1.f : 0.30f) * (0.45f + 0.55f * chance(k, 32, layer));
            const float left = (layer == 0 ? 520.f : 210.f) * (0.7f + 0.6f * chance(k, 33, layer));
            const float right = left * (0.38f + 0.25f * chance(k, 34, layer));
            for (int i = static_cast<int>(center - left); i < center + right; ++i) {
                const float t = i < center ? 1.f - (center - i) / left : 1.f - (i - center) / right;
                const float h = height * (i < center ? t * t * (1.6f - 0.6f * t) : std::pow(t, 1.35f));
                float& cell = v[i & kMask];
                cell = std::max(cell, h);
            }
        }
    }
    v = blurred(v, 3);
    normalise(v);
    return finish(std::move(v), 6);
}

template <typename Profile>
TreeLine trees(int count, float halfWidth, uint32_t seed, Profile profile) {
    std::vector<float> height(Line::kSize, 0.f);
    TreeLine line;
    line.tone.assign(Line::kSize, 0.5f);
    line.side.assign(Line::kSize, 0.f);
    for (int k = 0; k < count; ++k) {
        const float center = (k + 0.9f * chance(k, seed, 1)) * Line::kSize / count;
        const float size = 0.5f + 0.5f * chance(k, seed, 2);
        const float half = halfWidth * (0.7f + 0.3f * size) * Line::kPerUnit;
        for (int i = static_cast<int>(center - half); i <= center + half; ++i) {
            const float side = (i - center) / half;
            const float h = size * profile(side, k);
            if (h <= height[i & kMask]) continue;
            height[i & kMask] = h;
            line.tone[i & kMask] = chance(k, seed, 3);
            line.side[i & kMask] = side;
        }
    }
    line.height = finish(std::move(height), 3);
    return line;
}

}  // namespace

const LineSet& lineSet() {
    static const LineSet set{
        .peaks = peaks(),
        .rolling = rolling(),
        .mesa = mesa(),
        .dune = dunes(),
        // Spruces: a spike with three tiers of boughs.
        .conifers = trees(1500, 0.034f, 51,
                          [](float side, int) {
                              const float t = 1.f - std::min(std::fabs(side), 1.f);
                              const float tier = t * 3.6f;
                              return std::min(1.f, t + 0.10f * (1.f - (tier - std::floor(tier))) * (t < 0.9f ? 1.f : 0.f));
                          }),
        // Broad crowns: domes with a few bulges.
        .crowns = trees(900, 0.052f, 52,
                        [](float side, int k) {
                            auto lobe = [side](float center, float half) {
                                const float d = (side - center) / half;
                                return std::sqrt(std::max(0.f, 1.f - d * d));
                            };
                            const float left = 0.58f + 0.2f * chance(k, 77), right = 0.58f + 0.2f * chance(k, 78);
                            return std::max(lobe(0.f, 0.62f), std::max(left * lobe(-0.5f, 0.48f), right * lobe(0.48f, 0.5f)));
                        }),
    };
    return set;
}

}  // namespace longtake::world
