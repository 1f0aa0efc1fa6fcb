#include "weather.h"

namespace longtake::world {
namespace {

void paintRays(Canvas& c, const Params& p, uint32_t seed, const SkyLight& light, float horizonY) {
    const float strength = p.rays * p.lowSun;
    if (strength < 0.01f) return;
    const float H = c.height;
    const Rgb color = rgb(p.glowR);
    for (int y = 0; y < c.height; ++y) {
        const float dy = (y + 0.5f) / H - light.sunY;
        for (int x = 0; x < c.width; ++x) {
            const float dx = (x + 0.5f) / H - light.sunX;
            const float d = std::sqrt(dx * dx + dy * dy) + 1e-3f;
            // The direction as a number that runs smoothly around the sun.
            const float angle = dy < 0.f ? 2.f - dx / d : dx / d;
            const float a = angle * 5.f + p.seconds * 0.10f;
            const float b = angle * 8.3f - p.seconds * 0.14f;
            const float k = 0.5f + 0.28f * std::sin(a + static_cast<float>(seed % 7)) + 0.28f * std::sin(b);
            const float reach = 1.f / (1.f + 4.0f * d * d);
            const float s = strength * unit(k) * reach * (1.f - 0.45f * unit((dy + light.sunY - horizonY) * 2.f)) * 0.34f;
            const int i = y * c.width + x;
            c.r[i] += (1.f - c.r[i]) * color.r * s;
            c.g[i] += (1.f - c.g[i]) * color.g * s;
            c.b[i] += (1.f - c.b[i]) * color.b * s;
        }
    }
}

void paintRain(Canvas& c, const Params& p, uint32_t seed) {
    if (p.rain < 0.02f) return;
    const float aspect = c.width / static_cast<float>(c.height);
    const Rgb color = mix(rgb(p.hazeR), Rgb{0.85f, 0.88f, 0.93f}, 0.55f);
    const float slant = 0.16f * p.wind;
    const auto count = static_cast<uint32_t>(150);
    for (uint32_t k = 0; k < count; ++k) {
        const float near = chance(seed, k, 31);
        const float speed = mix(1.3f, 2.3f, near), length = mix(0.045f, 0.105f, near);
        float y = chance(seed, k, 32) * 1.3f + p.seconds * speed + p.cameraY * near;
        const auto turn = static_cast<uint32_t>(std::floor(y / 1.3f));
        y -= turn * 1.3f;
        y -= 0.15f;
        const float span = aspect + 0.4f;
        float x = chance(seed, k, 33 + turn) * span + y * slant - p.cameraX * mix(0.4f, 1.1f, near);
        x -= std::floor(x / span) * span;
        x -= 0.2f;
        c.stroke(x, y, x - length * slant, y - length, mix(0.0035f, 0.0065f, near), color, p.rain * mix(0.22f, 0.46f, near));
    }
}

void paintSnow(Canvas& c, const Params& p, uint32_t seed) {
    if (p.snow < 0.02f) return;
    const float aspect = c.width / static_cast<float>(c.height);
    const Rgb color = mix(Rgb{0.95f, 0.96f, 1.f}, rgb(p.hazeR), 0.15f);
    for (uint32_t k = 0; k < 150; ++k) {
        const float near = chance(seed, k, 51);
        const float size = mix(0.0065f, 0.019f, near * near);
        const float speed = mix(0.13f, 0.32f, near);
        float y = chance(seed, k, 52) * 1.15f + p.seconds * speed + p.cameraY * near;
        const auto turn = static_cast<uint32_t>(std::floor(y / 1.15f));
        y -= turn * 1.15f;
        y -= 0.07f;
        const float span = aspect + 0.2f;
        float x = chance(seed, k, 53 + turn) * span + 0.028f * std::sin(p.seconds * 1.3f + k) + p.seconds * p.wind * 0.05f -
                  p.cameraX * mix(0.25f, 1.f, near);
        x -= std::floor(x / span) * span;
        x -= 0.1f;
        c.each(x - size, y - size, x + size, y + size, [&](int i, float u, float v) {
            const float d2 = ((u - x) * (u - x) + (v - y) * (v - y)) / (size * size);
            c.blend(i, color, unit((1.f - d2) * 1.5f) * p.snow * mix(0.60f, 0.92f, near));
        });
    }
}

}  // namespace

void paintFog(Canvas& c, const Params& p, uint32_t seed, float horizonY) {
    if (p.mist < 0.02f && p.hazeAmount < 0.3f) return;
    const float H = c.height;
    const int w = c.width;
    const Rgb haze = rgb(p.hazeR);
    const float fog = smooth(0.30f, 0.85f, p.hazeAmount);
    std::vector<float> a(w), b(w);
    const float offset = chance(seed, 71);
    for (int y = 0; y < c.height; ++y) {
        const float v = (y + 0.5f) / H;
        const float middle = (v - horizonY - 0.06f) / 0.34f;
        const float band = 1.f / (1.f + middle * middle * 2.f);
        const float amount = fog * (0.42f + 0.32f * band) + p.mist * 0.16f * band;
        noiseSet().cloud.row(offset + p.seconds * 0.012f * p.wind + p.cameraX * 0.06f + 4.f, 0.16f / H, v * 0.42f + p.seconds * 0.005f,
                             a.data(), w);
        noiseSet().cloud.row(offset - p.seconds * 0.009f + p.cameraX * 0.11f + 4.f, 0.29f / H, v * 0.75f + 0.3f, b.data(), w);
        float* r = c.r.data() + y * w;
        float* g = c.g.data() + y * w;
        float* bl = c.b.data() + y * w;
        for (int x = 0; x < w; ++x) {
            const float k = amount * unit(0.25f + 0.55f * a[x] + 0.45f * b[x]);
            r[x] += (haze.r - r[x]) * k;
            g[x] += (haze.g - g[x]) * k;
            bl[x] += (haze.b - bl[x]) * k;
        }
    }
}

void paintWeather(Canvas& c, const Params& p, uint32_t seed, const SkyLight& light, float horizonY) {
    paintRays(c, p, seed, light, horizonY);
    paintRain(c, p, seed);
    paintSnow(c, p, seed);
}

// A gentle S-curve with a long shoulder and a vignette: blacks stay open, nothing reaches white.
void develop(const Canvas& c, uint8_t* pixels) {
    static const auto table = [] {
        std::vector<uint8_t> t(1025);
        for (int i = 0; i <= 1024; ++i) {
            const float x = i / 1024.f;
            const float curve = x + 0.30f * x * (1.f - x) * (2.f * x - 0.9f);
            const float shoulder = curve < 0.78f ? curve : 0.78f + (curve - 0.78f) * (1.f - 0.28f * (curve - 0.78f) / 0.22f);
            t[i] = static_cast<uint8_t>(std::clamp(0.012f + shoulder * 0.985f, 0.f, 1.f) * 255.f + 0.5f);
        }
        return t;
    }();
    const float w = c.width, h = c.height;
    for (int y = 0; y < c.height; ++y) {
        const float dy = (y + 0.5f) / h - 0.5f;
        for (int x = 0; x < c.width; ++x) {
            const float dx = (x + 0.5f) / w - 0.5f;
            const float k = (1.03f - 0.30f * (dx * dx + dy * dy)) * 1024.f;
            const int i = y * c.width + x;
            auto level = [&](float v) { return table[static_cast<int>(std::clamp(v * k, 0.f, 1024.f))]; };
            pixels[3 * i] = level(c.r[i]);
            pixels[3 * i + 1] = level(c.g[i]);
            pixels[3 * i + 2] = level(c.b[i]);
        }
    }
}

}  // namespace longtake::world
