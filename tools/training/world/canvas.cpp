#include "canvas.h"

namespace longtake::world {
namespace {

// Gradient noise on a torus of `cells` x `cells` cells.
float gradient(float x, float y, int cellsX, int cellsY, uint32_t seed) {
    const float fx = std::floor(x), fy = std::floor(y);
    const float u = x - fx, v = y - fy;
    auto corner = [&](int dx, int dy) {
        const int cx = (static_cast<int>(fx) + dx) % cellsX, cy = (static_cast<int>(fy) + dy) % cellsY;
        const float angle = chance(cx, cy, seed) * 6.2831853f;
        return std::cos(angle) * (u - dx) + std::sin(angle) * (v - dy);
    };
    auto fade = [](float t) { return t * t * t * (t * (t * 6.f - 15.f) + 10.f); };
    const float s = fade(u), t = fade(v);
    return mix(mix(corner(0, 0), corner(1, 0), s), mix(corner(0, 1), corner(1, 1), s), t);
}

enum class Shape { Plain, Billow };

Noise makeNoise(int cellsX, int cellsY, int octaves, float gain, Shape shape, uint32_t seed) {
    const int n = Noise::kSize;
    std::vector<float> base(n * n, 0.f);
    float amplitude = 1.f;
    for (int o = 0; o < octaves; ++o, amplitude *= gain) {
        const int kx = cellsX << o, ky = cellsY << o;
        for (int y = 0; y < n; ++y)
            for (int x = 0; x < n; ++x) {
                float g = gradient(x * static_cast<float>(kx) / n, y * static_cast<float>(ky) / n, kx, ky, seed + o);
                if (shape == Shape::Billow && o > 0) g = 0.35f - 1.1f * std::fabs(g);
                base[y * n + x] += g * amplitude;
            }
    }
    // Stretch between two quantiles, so that thresholds mean the same for every texture.
    std::vector<float> sorted = base;
    std::sort(sorted.begin(), sorted.end());
    const float low = sorted[n * n / 50], high = sorted[n * n - n * n / 50];
    for (float& v : base) v = (v - low) / (high - low);

    Noise noise;
    noise.levels.push_back(std::move(base));
    for (int size = n / 2; size >= 16; size /= 2) {
        const std::vector<float>& fine = noise.levels.back();
        std::vector<float> coarse(size * size);
        for (int y = 0; y < size; ++y)
            for (int x = 0; x < size; ++x) {
                const float* p = fine.data() + 2 * y * 2 * size + 2 * x;
                coarse[y * size + x] = 0.25f * (p[0] + p[1] + p[2 * size] + p[2 * size + 1]);
            }
        noise.levels.push_back(std::move(coarse));
    }
    return noise;
}

}  // namespace

const NoiseSet& noiseSet() {
    static const NoiseSet set{
        .cloud = makeNoise(4, 4, 5, 0.5f, Shape::Billow, 11),
        .ground = makeNoise(8, 8, 5, 0.62f, Shape::Plain, 23),
        .wave = makeNoise(8, 16, 4, 0.55f, Shape::Plain, 37),
    };
    return set;
}

}  // namespace longtake::world
