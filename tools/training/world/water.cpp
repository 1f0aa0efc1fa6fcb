#include "water.h"

#include "land.h"

namespace longtake::world {
namespace {}  // namespace

void paintWater(Canvas& c, const Params& p, uint32_t seed, const SkyLight& light) {
    const auto place = static_cast<Place>(static_cast<int>(p.place));
    const float line = waterlineOf(place, p);
    if (line > 1.f) return;
    const bool sea = place == Place::Ocean;
    const float H = c.height;
    const int w = c.width;
    const float swell = sea ? mix(1.f, 1.9f, p.storm) : 0.42f + 0.3f * p.rain;
    const Rgb body = (sea ? Rgb{0.07f, 0.27f, 0.36f} : Rgb{0.08f, 0.22f, 0.26f}) * (rgb(p.ambientR) * 0.8f + rgb(p.keyR) * 0.45f);
    const Rgb glint = mix(light.color, Rgb{1.f, 0.97f, 0.90f}, 0.45f), haze = rgb(p.hazeR);
    const float offset = chance(seed, 61);
    const int first = std::clamp(static_cast<int>(line * H), 1, c.height);
    std::vector<float> a(w), b(w);
    const float t = p.seconds;
    for (int y = first; y < c.height; ++y) {
        const float v = (y + 0.5f) / H;
        const float depth = (v - line) / (1.f - line);  // 0 at the line .. 1 at the lower edge
        const float cover = unit((v - line) * H + 0.5f);
        const float z = 1.f / (0.085f + depth);
        const float du = 0.085f * z / H;
        const float u0 = offset + 8.f - 0.5f * w * du + p.cameraX * 0.085f * 1.25f * (sea ? 1.f : 0.6f);
        const float along = 0.30f * z + p.cameraZ * 0.16f;
        noiseSet().wave.row(u0 + t * 0.010f, du, along + t * 0.030f, a.data(), w);
        noiseSet().wave.row(u0 * 1.f + 0.43f - t * 0.013f, du * 1.7f, along * 1.6f + t * 0.055f + 0.2f, b.data(), w);
        const float far = unit(depth * 7.f);
        const float bend = swell * (0.012f + 0.16f * depth) * far;
        const float fresnel = mix(0.86f, sea ? 0.40f : 0.62f, std::sqrt(depth));
        const float columnWidth = 0.030f + 0.17f * depth + 0.10f * (1.f - p.lowSun) * p.highSun;
        const float inverseWidth = 1.f / columnWidth;
        const float veil = unit(p.hazeAmount * (1.f - depth) * 1.1f + (sea ? 0.10f : 0.04f) * (1.f - far));
        float* r = c.r.data() + y * w;
        float* g = c.g.data() + y * w;
        float* bl = c.b.data() + y * w;
        // Waves turn a sea's mirror to the low sky; a lake shows everything.
        const float elevation = sea ? 0.16f * (1.f - 1.f / (1.f + (v - line) * 5.f)) : v - line;
        const float glintPower = light.strength * (1.f - p.overcast * 0.85f) * (0.55f + 0.45f * p.lowSun + 0.3f * p.moon);
        for (int x = 0; x < w; ++x) {
            const float wave = a[x] * 0.6f + b[x] * 0.4f - 0.5f;
            float sy = line - elevation - wave * bend - bend * 0.35f;
            sy = sy < 0.f ? 0.f : sy;
            float fy = sy * H - 0.5f;
            fy = fy < 0.f ? 0.f : (fy > first - 1.001f ? first - 1.001f : fy);
            const int iy = static_cast<int>(fy);
            const float ty = fy - iy;
            const int sx = std::clamp(static_cast<int>(x + (b[x] - 0.5f) * bend * 60.f), 0, w - 1);
            const int i0 = iy * w + sx, i1 = i0 + (iy + 1 < first ? w : 0);
            float mr = c.r[i0] + (c.r[i1] - c.r[i0]) * ty;
            float mg = c.g[i0] + (c.g[i1] - c.g[i0]) * ty;
            float mb = c.b[i0] + (c.b[i1] - c.b[i0]) * ty;
            const float f = unit(fresnel + wave * 0.5f * swell * far);
            float cr = body.r + (mr - body.r) * f, cg = body.g + (mg - body.g) * f, cb = body.b + (mb - body.b) * f;
            const float dx = ((x + 0.5f) / H - light.sunX) * inverseWidth;
            const float column = 1.f / (1.f + dx * dx * dx * dx);
            const float spark = unit((wave + 0.10f) * 5.f) * glintPower * column;
            cr += (glint.r - cr) * spark * 0.85f;
            cg += (glint.g - cg) * spark * 0.85f;
            cb += (glint.b - cb) * spark * 0.85f;
            if (sea) {  // whitecaps
                const float foam = unit((a[x] * b[x] - (0.62f - 0.14f * p.storm - 0.06f * p.rain)) * 8.f) * unit(depth * 3.f) * 0.40f;
                const float white = 0.35f + 0.55f * brightness(rgb(p.ambientR) + rgb(p.keyR) * 0.5f);
                cr += (white - cr) * foam;
                cg += (white - cg) * foam;
                cb += (white * 1.03f - cb) * foam;
            }
            cr += (haze.r - cr) * veil;
            cg += (haze.g - cg) * veil;
            cb += (haze.b - cb) * veil;
            r[x] += (cr - r[x]) * cover;
            g[x] += (cg - g[x]) * cover;
            bl[x] += (cb - bl[x]) * cover;
        }
    }
}

}  // namespace longtake::world
