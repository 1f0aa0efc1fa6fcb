#include "sky.h"

namespace longtake::world {
namespace {

struct Disc {
    float x, y, weight, radius;
    Rgb color;
};

void paintGradient(Canvas& c, const Params& p, float horizonY, int lastRow, const SkyLight& light) {
    const Rgb zenith = rgb(p.zenithR), middle = rgb(p.middleR), horizon = rgb(p.horizonR), glow = rgb(p.glowR);
    const float H = c.height;
    std::vector<float> dx2(c.width);
    for (int x = 0; x < c.width; ++x) {
        const float dx = (x + 0.5f) / H - p.sunX + p.cameraX * 0.05f;
        dx2[x] = dx * dx;
    }
    const float sunY = light.sunY;
    for (int y = 0; y < lastRow; ++y) {
        const float v = (y + 0.5f) / H;
        const float t = unit(v / horizonY);
        const float up = smooth(0.f, 0.62f, t), down = smooth(0.45f, 1.f, t);
        const Rgb base = mix(mix(zenith, middle, up), horizon, down);
        const float dy = (v - sunY);
        const float band = p.glowAmount * (0.25f + 0.75f * t * t);
        float* r = c.r.data() + y * c.width;
        float* g = c.g.data() + y * c.width;
        float* b = c.b.data() + y * c.width;
        for (int x = 0; x < c.width; ++x) {
            const float wide = 1.f / (1.f + 2.2f * dx2[x] + 7.f * dy * dy);
            const float near = 1.f / (1.f + 40.f * (dx2[x] + dy * dy));
            const float k = band * wide * wide * 0.75f + p.glowAmount * near * 0.55f;
            const float a = k > 1.f ? 1.f : k;
            r[x] = base.r + (glow.r - base.r) * a;
            g[x] = base.g + (glow.g - base.g) * a;
            b[x] = base.b + (glow.b - base.b) * a;
        }
    }
}

void paintStars(Canvas& c, const Params& p, uint32_t seed, float horizonY) {
    if (p.stars < 0.01f) return;
    const float H = c.height, aspect = c.width / H, span = aspect + 0.6f;
    for (uint32_t i = 0; i < 110; ++i) {
        float x = chance(seed, i, 1) * span - p.cameraX * 0.05f;
        x -= std::floor(x / span) * span;
        const float y = std::pow(chance(seed, i, 2), 1.15f) * horizonY + p.cameraY * 0.1f;
        const float size = chance(seed, i, 3);
        const float twinkle = 0.75f + 0.25f * std::sin(p.seconds * (2.f + 3.f * size) + i * 2.4f);
        const float power = (0.18f + 0.82f * size * size * size) * twinkle * p.stars * unit(1.3f - y / horizonY);
        const Rgb tint = mix(Rgb{1.f, 0.9f, 0.78f}, Rgb{0.78f, 0.88f, 1.f}, chance(seed, i, 4));
        c.glow(x, y, (1.25f + 0.9f * size) / 144.f, tint, power * 1.25f);
    }
}

void paintAurora(Canvas& c, const Params& p, uint32_t seed, float horizonY, int lastRow) {
    if (p.aurora < 0.01f) return;
    const float H = c.height;
    const int w = c.width;
    std::vector<float> foot(w), ray(w);
    for (int band = 0; band < 3; ++band) {
        const float weight = p.aurora * (band == 0 ? 1.f : band == 1 ? 0.75f : 0.5f);
        const float offset = chance(seed, band, 71) * 40.f;
        for (int x = 0; x < w; ++x) {
            const float u = (x + 0.5f) / H + p.cameraX * 0.08f + offset;
            const float t = p.seconds;
            const float fold = wobble(u * 1.3f + t * 0.12f, seed + band) + 0.45f * wobble(u * 3.1f - t * 0.2f, seed + 9 + band);
            foot[x] = horizonY * (0.84f - 0.2f * band) + 0.085f * fold + p.cameraY * 0.1f;
            const float stripes = 0.5f + 0.5f * wobble(u * 13.f + fold * 2.f + t * 0.9f, seed + 20 + band);
            const float patches = 0.5f + 0.5f * wobble(u * 1.7f - t * 0.35f, seed + 40 + band);
            ray[x] = weight * (0.35f + 0.65f * stripes) * (0.3f + 0.7f * patches);
        }
        for (int y = 0; y < lastRow; ++y) {
            const float v = (y + 0.5f) / H;
            for (int x = 0; x < w; ++x) {
                const float up = (foot[x] - v) * 2.7f;  // 0 at the foot, 1 at the top
                const float shape = up > 0.f ? 1.f / (1.f + 9.f * up * up) - 0.1f : 1.f - up * up * 55.f;
                const float k = (shape > 0.f ? shape : 0.f) * ray[x];
                const float violet = unit(up * 1.4f);
                const int i = y * w + x;
                c.r[i] += (1.f - c.r[i]) * k * (0.10f + 0.52f * violet);
                c.g[i] += (1.f - c.g[i]) * k * (0.80f - 0.52f * violet);
                c.b[i] += (1.f - c.b[i]) * k * (0.48f + 0.17f * violet);
            }
        }
    }
}

void paintDisc(Canvas& c, const Disc& d) {
    if (d.weight < 0.01f) return;
    c.disc(d.x, d.y, d.radius, d.color, d.weight);
}

void paintMoon(Canvas& c, const Params& p, float x) {
    if (p.moon < 0.01f) return;
    const float radius = 0.05f;
    c.glow(x, p.moonY, 0.42f, rgb(p.glowR), p.moon * 0.35f);
    c.each(x - 0.06f, p.moonY - 0.06f, x + 0.06f, p.moonY + 0.06f, [&](int i, float u, float v) {
        const float dx = u - x, dy = v - p.moonY;
        const float inside = c.coverage(radius - std::sqrt(dx * dx + dy * dy));
        const float seas = smooth(0.45f, 0.62f, noiseSet().ground.at(dx * 1.6f + 3.3f, dy * 1.6f + 3.6f));
        c.blend(i, mix(Rgb{0.97f, 0.96f, 0.90f}, Rgb{0.80f, 0.82f, 0.84f}, seas), inside * p.moon);
    });
}

void paintClouds(Canvas& c, const Params& p, uint32_t seed, float horizonY, int lastRow, const SkyLight& light) {
    const float H = c.height;
    const int w = c.width;
    const Noise& noise = noiseSet().cloud;
    const Rgb lit = rgb(p.cloudLitR), shade = rgb(p.cloudShadeR), haze = rgb(p.horizonR), glow = rgb(p.glowR);
    std::vector<float> a(w), b(w), d(w), near(w);
    const float offset = chance(seed, 81), offset2 = chance(seed, 82);
    const float sunX = light.sunX;
    const float threshold = mix(0.80f, 0.06f, p.cover);
    const float softness = mix(0.30f, 0.55f, p.overcast);
    for (int y = 0; y < lastRow; ++y) {
        const float v = (y + 0.5f) / H - p.cameraY * 0.12f;
        const float e = unit(1.f - v / horizonY);
        const float z = 1.f / (0.30f + e);
        const float du = 0.20f * z / H;
        const float center = c.width * 0.5f;
        const float drift = p.seconds * p.wind * 0.020f + p.cameraX * 0.012f * z;
        const float u0 = offset - center * du + drift;
        const float v0 = offset2 + 0.42f * z + p.cameraZ * 0.012f * z;
        noise.row(u0, du, v0, a.data(), w);
        noise.row(u0 * 1.f + 0.37f - p.seconds * p.wind * 0.008f, du * 1.9f, v0 * 1.9f + p.seconds * 0.009f, b.data(), w);
        const float toSun = (v - light.sunY);
        // The same cloud a little nearer to the light: where it is thinner, light comes through.
        noise.row(u0 + p.lightX * 0.014f, du, v0 - 0.016f, d.data(), w);
        const float fade = smooth(0.0f, 0.22f, e);
        float* r = c.r.data() + y * w;
        float* g = c.g.data() + y * w;
        float* bl = c.b.data() + y * w;
        for (int x = 0; x < w; ++x) {
            const float density = a[x] * 0.72f + b[x] * 0.28f;
            float t = (density - threshold) / softness;
            t = t < 0.f ? 0.f : (t > 1.f ? 1.f : t);
            const float alpha = t * t * (3.f - 2.f * t) * fade * 0.94f;
            float s = 0.52f + (d[x] - a[x]) * -2.6f - (t - 0.5f) * 0.34f;
            s = s < 0.f ? 0.f : (s > 1.f ? 1.f : s);
            const float dx = (x + 0.5f) / H - sunX;
            const float nearSun = 1.f / (1.f + 9.f * (dx * dx + toSun * toSun));
            const float rim = nearSun * (1.f - t) * p.glowAmount * 0.8f;
            const float depth = 0.35f * (1.f - fade);
            float cr = shade.r + (lit.r - shade.r) * s, cg = shade.g + (lit.g - shade.g) * s, cb = shade.b + (lit.b - shade.b) * s;
            cr += (glow.r - cr) * rim;
            cg += (glow.g - cg) * rim;
            cb += (glow.b - cb) * rim;
            cr += (haze.r - cr) * depth;
            cg += (haze.g - cg) * depth;
            cb += (haze.b - cb) * depth;
            r[x] += (cr - r[x]) * alpha;
            g[x] += (cg - g[x]) * alpha;
            bl[x] += (cb - bl[x]) * alpha;
        }
    }
}

void paintBolt(Canvas& c, const Params& p, uint32_t seed, float horizonY) {
    const float flash = flashAt(p.seconds, seed) * p.storm;
    if (flash < 0.02f) return;
    const auto strike = static_cast<uint32_t>(std::floor(p.seconds / 1.1f));
    float x = 0.2f + chance(seed, strike, 91) * 1.35f, y = 0.02f;
    const Rgb color{0.92f, 0.94f, 1.f};
    c.glow(x, horizonY * 0.3f, 0.9f, {0.72f, 0.74f, 0.95f}, flash * 0.55f);
    for (uint32_t i = 0; i < 9; ++i) {
        const float nx = x + (chance(seed, strike, 100 + i) - 0.5f) * 0.11f;
        const float ny = y + horizonY / 9.f;
        c.stroke(x, y, nx, ny, 0.026f, {0.75f, 0.78f, 1.f}, flash * 0.30f);
        c.stroke(x, y, nx, ny, 0.0095f, color, flash);
        if (i == 3 || i == 5) {
            const float side = chance(seed, strike, 120 + i) < 0.5f ? -1.f : 1.f;
            c.stroke(nx, ny, nx + side * 0.09f, ny + 0.07f, 0.006f, color, flash * 0.8f);
            c.stroke(nx + side * 0.09f, ny + 0.07f, nx + side * 0.12f, ny + 0.13f, 0.005f, color, flash * 0.6f);
        }
        x = nx;
        y = ny;
    }
}

}  // namespace

float flashAt(float seconds, uint32_t seed) {
    const float period = 1.1f;
    const float n = std::floor(seconds / period);
    const float since = seconds - n * period - 0.45f * chance(static_cast<uint32_t>(n), seed, 90);
    if (since < 0.f) return 0.f;
    const float first = std::exp(-since * 7.f), second = since > 0.22f ? 0.6f * std::exp(-(since - 0.22f) * 9.f) : 0.f;
    return unit(first + second);
}

SkyLight skyLight(const Params& p, uint32_t seed) {
    const float total = p.lowSun + p.highSun + p.moon + 1e-4f;
    SkyLight s{};
    s.sunX = p.sunX - p.cameraX * 0.05f;
    s.sunY = (p.lowSun * p.lowSunY + p.highSun * p.highSunY + p.moon * p.moonY + 1e-4f * p.lowSunY) / total;
    s.strength = unit(p.lowSun + p.highSun + p.moon * 0.8f);
    s.color = rgb(p.glowR);
    s.flash = p.storm > 0.01f ? flashAt(p.seconds, seed) * p.storm : 0.f;
    return s;
}

void paintSky(Canvas& c, const Params& p, uint32_t seed, float horizonY, int lastRow) {
    const SkyLight light = skyLight(p, seed);
    paintGradient(c, p, horizonY, lastRow, light);
    paintStars(c, p, seed, horizonY);
    paintAurora(c, p, seed, horizonY, lastRow);
    const Rgb glow = rgb(p.glowR);
    paintDisc(c, {light.sunX, p.highSunY, p.highSun, 0.042f, mix(glow, Rgb{1.f, 0.99f, 0.94f}, 0.8f)});
    paintDisc(c, {light.sunX, p.lowSunY, p.lowSun, 0.062f, mix(glow, Rgb{1.f, 0.95f, 0.80f}, 0.7f)});
    paintMoon(c, p, light.sunX);
    paintClouds(c, p, seed, horizonY, lastRow, light);
    if (light.flash > 0.01f)
        for (int i = 0; i < lastRow * c.width; ++i) c.light(i, {0.62f, 0.64f, 0.82f}, light.flash * 0.42f);
    paintBolt(c, p, seed, horizonY);
}

}  // namespace longtake::world
