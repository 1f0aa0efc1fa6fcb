#include "city.h"

#include "land.h"

namespace longtake::world {
namespace {

struct Row {
    float height, low, width, move, haze, window;
    Rgb wall;
};

const Row kRows[3] = {
    {0.40f, 0.12f, 0.085f, 0.10f, 0.62f, 0.020f, {0.50f, 0.54f, 0.62f}},
    {0.48f, 0.08f, 0.105f, 0.17f, 0.32f, 0.026f, {0.46f, 0.48f, 0.54f}},
    {0.20f, 0.05f, 0.130f, 0.26f, 0.10f, 0.032f, {0.44f, 0.41f, 0.42f}},
};

void paintTower(Canvas& c, const Params& p, const SkyLight& light, const Row& row, uint32_t id, float left, float width, float foot,
                float zoom, float nearness) {
    const Rgb key = rgb(p.keyR), ambient = rgb(p.ambientR), haze = rgb(p.hazeR);
    const float tall = (row.low + row.height * std::pow(chance(id, 2), 2.f)) * zoom;
    const float top = foot - tall;
    const float tone = 0.72f + 0.5f * chance(id, 3);
    const Rgb tint = mix(Rgb{1.05f, 0.98f, 0.92f}, Rgb{0.88f, 0.98f, 1.10f}, chance(id, 4));
    const Rgb wall = row.wall * tint * tone;
    const float veil = 1.f - (1.f - row.haze) * (1.f - p.hazeAmount * mix(1.f, 0.35f, nearness));
    const float pitch = row.window * zoom;
    const int crownKind = static_cast<int>(chance(id, 5) * 4.f);
    const float litShare = 0.25f + 0.5f * chance(id, 6);
    const float right = left + width;
    c.each(left - 0.01f, top - 0.12f, right + 0.01f, foot, [&](int i, float x, float y) {
        float inside = std::min(c.coverage(x - left), c.coverage(right - x));
        const float mid = left + width * 0.5f;
        float roof = top;
        if (crownKind == 1) roof += std::fabs(x - mid) * 0.9f - width * 0.3f;                             // gable
        if (crownKind == 2) roof += std::fabs(x - mid) < width * 0.28f ? -0.035f * zoom : 0.f;            // set back
        if (crownKind == 3 && std::fabs(x - mid) < 0.0045f * zoom && tall > 0.25f) roof -= 0.07f * zoom;  // mast
        inside *= c.coverage(y - roof);
        if (inside <= 0.f) return;
        const float across = (x - mid) / width * 2.f;
        const float lit = unit(0.55f + across * p.lightX * 0.5f);
        Rgb color = wall * (ambient + key * lit + Rgb{0.5f, 0.52f, 0.66f} * light.flash);
        // Windows: panes with soft edges; by day they mirror the sky, by night some are lit.
        const float wx = (x - left) / pitch, wy = (y - top) / (pitch * 1.15f);
        const float fx = wx - std::floor(wx), fy = wy - std::floor(wy);
        const float pane = unit(fx < 0.5f ? fx * 6.f - 1.f : 5.f - fx * 6.f) * unit(fy < 0.5f ? fy * 6.f - 1.f : 5.f - fy * 6.f);
        const auto cell = static_cast<uint32_t>(static_cast<int>(wx) + 64 * static_cast<int>(wy + 32.f));
        const float isLit = chance(id, cell, 7) < litShare && y > top + pitch * 0.6f ? 1.f : 0.f;
        const Rgb mirror = rgb(p.middleR) * (0.55f + 0.2f * chance(id, cell, 9));
        color = mix(color, mirror, pane * 0.40f * (1.f - p.nightLights));
        const Rgb lamp = mix(Rgb{1.f, 0.78f, 0.42f}, Rgb{1.f, 0.92f, 0.74f}, chance(id, cell, 8));
        color = mix(color, haze, veil + (1.f - veil) * p.mist * 0.45f * smooth(0.5f, 1.f, (y - roof) / (foot - roof)));
        color = mix(color, lamp, pane * isLit * p.nightLights * (0.95f - 0.5f * veil));
        if (p.snowCover > 0.f) color = mix(color, rgb(p.ambientR) + key * 0.7f, p.snowCover * 0.8f * unit(1.f - (y - roof) * 60.f));
        c.blend(i, color, inside);
    });
    if (crownKind == 3 && tall > 0.25f) {
        const float blink = 0.5f + 0.5f * std::sin(p.seconds * 4.2f + id % 7);
        c.glow(left + width * 0.5f, top - 0.07f * zoom, 0.025f, {1.f, 0.15f, 0.12f}, p.nightLights * blink);
    }
}

}  // namespace

void paintCity(Canvas& c, const Params& p, uint32_t seed, const SkyLight& light) {
    const float aspect = c.width / static_cast<float>(c.height);
    const float foot = waterlineOf(Place::City, p);
    for (int r = 0; r < 3; ++r) {
        const Row& row = kRows[r];
        const float zoom = 1.f + p.cameraZ * 0.06f * (0.5f + 0.5f * r);
        const float cell = row.width * zoom;
        const float shift = p.cameraX * row.move + chance(seed, r, 3) * 100.f;
        const float sink = p.cameraY * (0.05f + 0.1f * r);
        const float nearness = r / 2.f;
        const int first = static_cast<int>(std::floor((shift * zoom - aspect * 0.5f) / cell)) - 1;
        const int last = static_cast<int>(std::ceil((shift * zoom + aspect * 0.5f) / cell)) + 1;
        for (int k = first; k <= last; ++k) {
            const uint32_t id = hashOf(seed, static_cast<uint32_t>(k + 100000), r + 200);
            if (r < 2 && chance(id, 1) < 0.22f) continue;
            const float left = (k + 0.25f * chance(id, 11)) * cell - shift * zoom + aspect * 0.5f;
            const float width = cell * (0.62f + 0.5f * chance(id, 12));
            paintTower(c, p, light, row, id, left, width, foot + sink, zoom, nearness);
        }
    }
    // The quay, with its lamps.
    const Rgb stone = mix(Rgb{0.34f, 0.33f, 0.35f}, Rgb{0.86f, 0.88f, 0.93f}, p.snowCover * 0.8f) * (rgb(p.ambientR) + rgb(p.keyR) * 0.5f);
    const float quay = foot - 0.020f;
    c.each(0.f, quay - 0.01f, aspect, foot + 0.02f, [&](int i, float, float y) {
        c.blend(i, mix(stone * (y < quay + 0.006f ? 1.25f : 0.8f), rgb(p.hazeR), 0.06f + 0.35f * p.hazeAmount), c.coverage(y - quay));
    });
    if (p.nightLights < 0.02f) return;
    const float gap = 0.19f, shift = p.cameraX * 0.28f;
    for (int k = static_cast<int>(std::floor(shift / gap)); k * gap < shift + aspect; ++k)
        c.glow((k + 0.5f) * gap - shift, quay - 0.012f, 0.030f, {1.f, 0.80f, 0.48f}, p.nightLights * 0.9f);
}

}  // namespace longtake::world
