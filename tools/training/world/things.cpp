#include "things.h"

#include "land.h"

namespace longtake::world {
namespace {

constexpr float kTurn = 6.2831853f;

Rgb lightOn(const Params& p, float amount) { return rgb(p.ambientR) * 1.15f + rgb(p.keyR) * amount; }

void paintBalloon(Canvas& c, const Params& p) {
    const float t = p.seconds, size = 0.105f;
    const float x = p.thingX + 0.012f * p.clipSeconds * p.thingSide - p.cameraX * 0.10f + 0.010f * std::sin(t * 0.7f + p.thingPhase);
    const float y = p.thingY + 0.010f * std::sin(t * 0.9f + p.thingPhase) + p.cameraY * 0.15f;
    const Rgb main = rgb(p.thingR), second{0.96f, 0.90f, 0.78f};
    const float burner = p.nightLights * (0.75f + 0.25f * wobble(t * 3.f, 5));
    c.each(x - 0.13f, y - 0.12f, x + 0.13f, y + 0.20f, [&](int i, float u, float v) {
        const float dx = (u - x) / size, dy = (v - y) / size;
        const float narrow = dy > 0.f ? 1.f - 0.42f * dy * dy : 1.f;
        const float round = dy > 1.02f ? 9.f : std::sqrt((dx / narrow) * (dx / narrow) + (dy > 0.f ? dy * dy * 0.86f : dy * dy * 1.05f));
        const float inside = c.coverage((1.f - round) * size * 0.9f);
        if (inside > 0.f) {
            const float s = std::clamp(dx / narrow, -0.999f, 0.999f);
            const float gore = std::sin(std::asin(s) * 4.f + 0.6f);
            Rgb color = mix(main, second, smooth(-0.25f, 0.25f, gore));
            if (dy > 0.15f && dy < 0.40f) color = mix(color, main * 0.55f, 0.65f);
            const float lit = unit(0.55f + dx * p.lightX * 0.55f - dy * 0.30f);
            Rgb shaded = color * lightOn(p, 0.25f + 0.75f * lit);
            shaded = shaded + color * Rgb{1.0f, 0.62f, 0.30f} * (burner * unit(0.35f + dy * 0.7f));
            c.blend(i, mix(shaded, rgb(p.hazeR), 0.08f + p.hazeAmount * 0.35f), inside * p.balloon);
        }
        const float bx = std::fabs(u - x), by = v - (y + size * 1.52f);
        const float basket = std::min(c.coverage(0.020f - bx), c.coverage(0.017f - std::fabs(by)));
        c.blend(i, Rgb{0.40f, 0.24f, 0.13f} * lightOn(p, 0.6f), basket * p.balloon);
        const float along = (v - (y + size * 0.95f)) / (size * 0.45f);
        if (along > 0.f && along < 1.f) {
            const float rope = c.coverage(0.0030f - std::fabs(bx - mix(0.050f, 0.018f, along)));
            c.blend(i, Rgb{0.25f, 0.18f, 0.14f} * lightOn(p, 0.5f), rope * p.balloon * 0.8f);
        }
    });
    if (burner > 0.05f) c.glow(x, y + size * 1.12f, 0.05f, {1.f, 0.70f, 0.30f}, burner * p.balloon);
}

void paintBirds(Canvas& c, const Params& p) {
    const Rgb ink = mix(Rgb{0.07f, 0.07f, 0.10f} + rgb(p.ambientR) * 0.08f, rgb(p.hazeR), 0.05f + 0.2f * p.hazeAmount);
    const Rgb color = mix(ink, Rgb{0.66f, 0.70f, 0.80f}, p.nightLights * p.nightLights * p.nightLights * 0.85f);
    const float t = p.seconds;
    for (int k = 0; k < 5; ++k) {
        const int arm = (k + 1) / 2 * (k % 2 ? -1 : 1);
        const float lead = -0.125f * std::abs(arm) * p.thingSide;
        const float x = p.thingX + 0.085f * p.clipSeconds * p.thingSide + lead + 0.008f * std::sin(t * 0.9f + k) - p.cameraX * 0.12f;
        const float y = p.thingY + 0.056f * arm + 0.014f * std::abs(arm) + 0.010f * std::sin(t * 1.3f + k * 1.7f) + p.cameraY * 0.2f;
        const float flap = std::sin(t * 6.0f + k * 1.1f + p.thingPhase);
        const float span = 0.078f - 0.004f * k, lift = flap * 0.046f;
        for (int s = -1; s <= 1; s += 2) {
            const float mx = x + s * span * 0.5f, my = y - lift * 0.75f - 0.010f;
            const float tx = x + s * span, ty = y - lift * 0.45f + 0.005f;
            c.stroke(x, y, mx, my, 0.0170f, color, p.birds);
            c.stroke(mx, my, tx, ty, 0.0120f, color, p.birds);
        }
        c.stroke(x - 0.016f, y, x + 0.016f, y + 0.001f, 0.0200f, color, p.birds);
    }
}

void paintSailboat(Canvas& c, const Params& p) {
    const auto place = static_cast<Place>(static_cast<int>(p.place));
    const float line = waterlineOf(place, p);
    if (line > 1.f) return;
    const float t = p.seconds;
    const float x = p.thingX + 0.026f * p.clipSeconds * p.thingSide - p.cameraX * 0.15f;
    const float y = line + 0.115f + 0.005f * std::sin(t * 1.9f + p.thingPhase);
    const float lean = 0.05f * std::sin(t * 1.3f + p.thingPhase) + 0.07f * p.thingSide;
    const float a = p.sailboat, s = p.thingSide;
    const Rgb sail = Rgb{0.97f, 0.94f, 0.87f} * lightOn(p, 0.75f), jib = Rgb{0.90f, 0.86f, 0.78f} * lightOn(p, 0.55f);
    const Rgb hull = mix(rgb(p.thingR) * 0.6f, Rgb{0.30f, 0.15f, 0.10f}, 0.3f) * lightOn(p, 0.5f);
    auto body = [&](float direction, float strength) {  // direction -1: its reflection below
        c.each(x - 0.16f, y - 0.30f, x + 0.16f, y + 0.30f, [&](int i, float u, float v) {
            float h = (y - v) * direction;  // height above the water
            if (h < -0.004f) return;
            float ripple = 0.f;
            if (direction < 0.f) {
                ripple = 0.007f * std::sin(v * 110.f + t * 5.f);
                h *= 1.15f;
            }
            const float dx = ((u - x) + ripple - h * lean) * s;
            // Mainsail behind the mast, jib before it, both with a bellied edge.
            const float up = unit((h - 0.035f) / 0.215f);
            const float tall = std::min(c.coverage(h - 0.035f), c.coverage(0.25f - h));
            const float leech = 0.088f * (1.f - up) * (1.f + 0.35f * up) + 0.003f;
            const float main = std::min(c.coverage(-dx - 0.001f), c.coverage(leech + dx)) * tall;
            const float luff = 0.064f * (1.f - up * 1.12f);
            const float fore = std::min(c.coverage(dx - 0.004f), c.coverage(luff - dx)) * tall;
            const float shade = 0.86f + 0.14f * unit(0.5f + (dx / 0.09f) * p.lightX * s);
            c.blend(i, sail * shade, main * a * strength);
            c.blend(i, jib, fore * a * strength);
            c.blend(i, hull * 0.7f,
                    std::min(c.coverage(0.0030f - std::fabs(dx)), c.coverage(0.26f - h)) * a * (direction > 0.f ? 1.f : 0.f));
            const float half = 0.098f + 0.5f * h;
            const float deck =
                std::min(c.coverage(half - std::fabs(dx - 0.004f)), std::min(c.coverage(0.028f - h), c.coverage(h + 0.002f)));
            c.blend(i, mix(hull, Rgb{0.9f, 0.88f, 0.82f} * lightOn(p, 0.5f), h > 0.021f ? 0.8f : 0.f), deck * a * strength);
        });
    };
    body(-1.f, 0.42f);
    body(1.f, 1.f);
    c.glow(x, y - 0.27f, 0.03f, {1.f, 0.85f, 0.55f}, p.nightLights * a);
}

void paintLighthouse(Canvas& c, const Params& p) {
    const auto place = static_cast<Place>(static_cast<int>(p.place));
    const float line = waterlineOf(place, p);
    if (line > 1.f) return;
    const float t = p.seconds, a = p.lighthouse;
    const float x = p.thingX - p.cameraX * 0.13f;
    const float foot = line + 0.015f, height = 0.27f;
    const float rock = foot - 0.045f, top = rock - height;
    const float angle = t * 1.5f + p.thingPhase;
    const float dark = mix(0.30f, 1.f, std::max(p.nightLights, 0.5f * p.hazeAmount));
    auto beam = [&](float phase) {
        const float turn = std::cos(angle + phase), toward = std::sin(angle + phase);
        const float reach = turn * 1.9f;  // signed length on the picture
        const float spread = 0.045f + 0.10f * unit(toward);
        const float strength = a * dark * (0.62f + 0.38f * unit(toward));
        const float x1 = x + reach;
        c.each(std::min(x, x1), top - 0.32f, std::max(x, x1), top + 0.32f, [&](int i, float u, float v) {
            const float along = (u - x) / reach;
            const float half = 0.009f + spread * std::fabs(u - x);
            const float across = std::fabs(v - top) / half;
            const float k = unit(1.f - across * across) * unit(1.f - along);
            c.light(i, {1.f, 0.94f, 0.74f}, k * strength * 0.74f);
        });
    };
    // The headland it stands on.
    const Rgb stone = Rgb{0.34f, 0.31f, 0.30f};
    c.each(x - 0.42f, rock - 0.03f, x + 0.42f, foot + 0.03f, [&](int i, float u, float v) {
        const float dx = std::fabs(u - x) / 0.40f;
        const float n = noiseSet().ground.at(u - x + 5.f, 3.3f), m = noiseSet().ground.at((u - x) * 0.8f + 7.f, v + 2.f);
        const float crest = foot - 0.060f * (1.f - dx * dx * (0.7f + 0.6f * n)) - 0.012f * n;
        const float lit = unit(0.5f + (u - x) * p.lightX * 1.5f + (m - 0.5f));
        Rgb color = mix(stone, Rgb{0.33f, 0.42f, 0.24f}, unit(1.f - (v - crest) * 60.f) * 0.7f);
        color = mix(color, Rgb{0.9f, 0.92f, 0.97f}, p.snowCover * unit(1.f - (v - crest) * 40.f));
        color = mix(color * lightOn(p, lit * 0.8f), rgb(p.hazeR), 0.10f + 0.45f * p.hazeAmount);
        const float wet = std::min(c.coverage(v - crest), c.coverage(foot + 0.012f + 0.004f * std::sin(u * 40.f + t * 2.f) - v));
        c.blend(i, color, wet * a);
    });
    beam(0.f);
    beam(kTurn * 0.5f);
    c.each(x - 0.06f, top - 0.07f, x + 0.06f, rock + 0.012f, [&](int i, float u, float v) {
        const float dx = u - x, h = (rock - v) / height;
        const float half = mix(0.034f, 0.022f, unit(h));
        const float lit = unit(0.55f + dx / half * p.lightX * 0.5f);
        const Rgb paint = (static_cast<int>(std::floor(h * 5.f)) & 1) ? Rgb{0.80f, 0.20f, 0.16f} : Rgb{0.95f, 0.93f, 0.88f};
        const float tower =
            std::min(c.coverage(half - std::fabs(dx)), std::min(c.coverage(v - top - 0.012f), c.coverage(rock + 0.01f - v)));
        c.blend(i, mix(paint * lightOn(p, 0.2f + 0.8f * lit), rgb(p.hazeR), 0.06f + 0.3f * p.hazeAmount), tower * a);
        const float gallery = std::min(c.coverage(0.031f - std::fabs(dx)), c.coverage(0.0045f - std::fabs(v - top - 0.014f)));
        c.blend(i, Rgb{0.20f, 0.18f, 0.20f} * lightOn(p, 0.6f), gallery * a);
        const float lamp = std::min(c.coverage(0.017f - std::fabs(dx)), c.coverage(0.013f - std::fabs(v - top)));
        c.blend(i, {1.f, 0.93f, 0.70f}, lamp * a);
        const float roof = std::min(c.coverage((v - (top - 0.042f)) * 0.75f - std::fabs(dx)), c.coverage(top - 0.011f - v));
        c.blend(i, Rgb{0.62f, 0.16f, 0.14f} * lightOn(p, 0.2f + 0.8f * lit), roof * a);
    });
    c.glow(x, top, 0.10f, {1.f, 0.90f, 0.62f}, a * dark * (0.55f + 0.45f * std::fabs(std::sin(angle))));
}

void paintCampfire(Canvas& c, const Params& p, uint32_t seed) {
    const float t = p.seconds, a = p.campfire;
    const float x = p.thingX, y = 0.925f;
    const float flicker = 0.84f + 0.16f * wobble(t * 5.f, seed);
    const float dusk = mix(0.42f, 1.f, unit(p.nightLights + 0.35f * p.lowSun));
    // A clearing of trodden earth, a tent, and the light on both.
    c.each(x - 0.62f, y - 0.10f, x + 0.62f, 1.f, [&](int i, float u, float v) {
        const float dx = (u - x) / 0.58f;
        const float n = noiseSet().ground.at((u - x) * 0.5f + 3.f, v * 0.8f + 1.f);
        const float crest = y - 0.035f + 0.16f * dx * dx + 0.02f * n;
        const float d2 = (u - x) * (u - x) + 4.f * (v - y) * (v - y);
        const Rgb earth = mix(Rgb{0.36f, 0.29f, 0.21f}, Rgb{0.30f, 0.34f, 0.18f}, n);
        const Rgb ground = mix(earth, Rgb{0.88f, 0.90f, 0.96f}, p.snowCover * 0.85f);
        Rgb color = ground * lightOn(p, 0.45f) + ground * Rgb{1.5f, 0.80f, 0.32f} * (flicker * dusk / (1.f + 26.f * d2));
        c.blend(i, color, c.coverage(v - crest) * a);
    });
    c.glow(x, y - 0.03f, 0.55f, {1.f, 0.55f, 0.20f}, a * flicker * dusk * 0.42f);
    const float tx = x - 0.25f * p.thingSide;
    c.each(tx - 0.13f, y - 0.16f, tx + 0.13f, y + 0.02f, [&](int i, float u, float v) {
        const float h = (y + 0.005f - v) / 0.145f, dx = (u - tx) / 0.115f;
        const float inside = std::min(c.coverage((1.f - h - std::fabs(dx)) * 0.08f), c.coverage(h * 0.145f));
        const float facing = unit(0.5f + dx * p.thingSide * 0.6f);
        Rgb color = Rgb{0.78f, 0.58f, 0.30f} * lightOn(p, 0.5f) + Rgb{0.75f, 0.42f, 0.16f} * (facing * flicker * dusk * 0.8f);
        const float flap = std::fabs(dx) < (1.f - h) * 0.24f ? 1.f : 0.f;
        color = mix(color, Rgb{0.20f, 0.12f, 0.08f}, flap * 0.75f);
        c.blend(i, color, inside * a);
    });
    c.stroke(x - 0.055f, y + 0.008f, x + 0.050f, y - 0.010f, 0.018f, Rgb{0.24f, 0.14f, 0.09f}, a);
    c.stroke(x - 0.050f, y - 0.010f, x + 0.055f, y + 0.008f, 0.018f, Rgb{0.30f, 0.18f, 0.11f}, a);
    // Flames: three tongues that lick and lean.
    c.each(x - 0.09f, y - 0.20f, x + 0.09f, y + 0.01f, [&](int i, float u, float v) {
        float heat = 0.f;
        for (int k = 0; k < 3; ++k) {
            const float tall = (k == 1 ? 0.150f : 0.095f) * (0.85f + 0.15f * wobble(t * 6.f, 31 + k));
            const float h = (y - v) / tall;
            if (h < 0.f || h > 1.f) continue;
            const float sway = (k - 1) * 0.024f + 0.016f * h * std::sin(t * 8.f + h * 5.f + k * 2.f);
            const float half = 0.031f * (1.f - h) * (0.55f + 1.3f * h) + 0.002f;
            const float d = std::fabs(u - x - sway) / half;
            heat = std::max(heat, unit(1.35f - d) * (1.f - 0.45f * h));
        }
        const Rgb color = mix(Rgb{0.93f, 0.28f, 0.06f}, Rgb{1.f, 0.90f, 0.50f}, smooth(0.35f, 1.0f, heat));
        c.blend(i, color, unit(heat * 2.2f) * a);
    });
    for (uint32_t k = 0; k < 14; ++k) {
        const float life = t * (0.45f + 0.3f * chance(seed, k, 3)) + chance(seed, k, 4);
        const float age = life - std::floor(life);
        const auto turn = static_cast<uint32_t>(std::floor(life));
        const float sx = x + (chance(seed, k, 5 + turn) - 0.5f) * 0.10f + 0.05f * age * std::sin(t * 2.f + k) + 0.04f * age * p.wind;
        c.glow(sx, y - 0.05f - 0.42f * age, 0.0135f, {1.f, 0.66f, 0.24f}, a * (1.f - age) * 1.3f);
    }
    for (int k = 0; k < 4; ++k) {
        const float age = (t * 0.22f + k * 0.25f) - std::floor(t * 0.22f + k * 0.25f);
        c.glow(x + 0.10f * age * p.wind + 0.02f * std::sin(t + k), y - 0.16f - 0.55f * age, 0.05f + 0.09f * age, rgb(p.hazeR),
               a * 0.16f * (1.f - age) * unit(age * 5.f));
    }
}

void paintLeaves(Canvas& c, const Params& p, uint32_t seed) {
    const float aspect = c.width / static_cast<float>(c.height);
    for (uint32_t k = 0; k < 38; ++k) {
        const float near = chance(seed, k, 21);
        const float size = mix(0.017f, 0.040f, near * near);
        const float speed = mix(0.10f, 0.22f, near);
        float y = chance(seed, k, 22) * 1.25f + p.seconds * speed + p.cameraY * near;
        const auto turn = static_cast<uint32_t>(std::floor(y / 1.25f));
        y -= turn * 1.25f;
        y -= 0.12f;
        const float span = aspect + 0.3f;
        float x = chance(seed, k, 23 + turn) * span + p.seconds * p.wind * 0.07f + 0.05f * std::sin(p.seconds * 1.8f + k * 2.1f) -
                  p.cameraX * mix(0.3f, 1.2f, near);
        x -= std::floor(x / span) * span;
        x -= 0.15f;
        const float roll = p.seconds * (1.5f + 2.f * chance(seed, k, 24)) + k;
        const float turnAngle = std::sin(roll * 0.8f) * 1.2f + k;
        const float squash = 0.35f + 0.65f * std::fabs(std::sin(roll));
        const float tone = chance(seed, k, 25);
        Rgb color = tone < 0.35f ? Rgb{0.85f, 0.28f, 0.10f} : tone < 0.7f ? Rgb{0.94f, 0.56f, 0.14f} : Rgb{0.95f, 0.78f, 0.26f};
        color = color * lightOn(p, 0.65f) + color * (0.12f * p.nightLights);
        const float ca = std::cos(turnAngle), sa = std::sin(turnAngle);
        c.each(x - size, y - size, x + size, y + size, [&](int i, float u, float v) {
            const float lx = ((u - x) * ca + (v - y) * sa) / size, ly = (-(u - x) * sa + (v - y) * ca) / (size * squash * 0.62f);
            const float inside = unit((1.f - std::sqrt(lx * lx + ly * ly)) * size * c.height * 0.8f + 0.3f);
            c.blend(i, color, inside * p.leaves * 0.95f);
        });
    }
}

void paintLanterns(Canvas& c, const Params& p, uint32_t seed) {
    const float aspect = c.width / static_cast<float>(c.height);
    for (uint32_t k = 0; k < 30; ++k) {
        const float near = chance(seed, k, 41);
        const float size = mix(0.010f, 0.026f, near * near);
        const float span = aspect + 0.2f, tall = 0.80f;
        float y = chance(seed, k, 42) * tall - p.seconds * mix(0.012f, 0.035f, near) + p.cameraY * 0.3f + 8.f * tall;
        y -= std::floor(y / tall) * tall;
        float x = chance(seed, k, 43) * span + 0.02f * std::sin(p.seconds * 0.6f + k) + p.seconds * p.wind * 0.02f -
                  p.cameraX * mix(0.05f, 0.35f, near);
        x -= std::floor(x / span) * span;
        x -= 0.1f;
        const float edge = unit(y * 12.f) * unit((tall - y) * 12.f);
        const float flame = (0.88f + 0.12f * wobble(p.seconds * 2.f + k, 7 + k)) * p.lanterns * edge;
        c.glow(x, y, size * 4.2f, {1.f, 0.58f, 0.20f}, flame * 0.50f);
        c.each(x - size, y - size * 1.4f, x + size, y + size * 1.4f, [&](int i, float u, float v) {
            const float h = (v - y) / (size * 1.25f);
            const float half = size * (0.80f - 0.22f * h);
            const float inside = std::min(c.coverage(half - std::fabs(u - x)), c.coverage(size * 1.2f - std::fabs(v - y)));
            c.blend(i, mix(Rgb{0.96f, 0.50f, 0.16f}, Rgb{1.f, 0.86f, 0.50f}, unit(0.5f + 0.5f * h)), inside * flame);
        });
    }
}

void paintTrain(Canvas& c, const Params& p, uint32_t seed) {
    const auto place = static_cast<Place>(static_cast<int>(p.place));
    const float aspect = c.width / static_cast<float>(c.height);
    const float t = p.seconds, a = p.train, s = p.thingSide;
    const float rail = horizonOf(place, p) + 0.185f + p.cameraY * 0.4f;
    // An embankment with arches carries the line.
    const Rgb stone = mix(Rgb{0.50f, 0.44f, 0.39f}, Rgb{0.80f, 0.80f, 0.82f}, p.snowCover * 0.3f);
    c.each(0.f, rail - 0.004f, aspect, rail + 0.13f, [&](int i, float u, float v) {
        const float world = u + p.cameraX * 0.45f + 40.f;
        const float cell = world / 0.155f - std::floor(world / 0.155f) - 0.5f;
        const float drop = v - rail;
        const float dx = cell * 0.155f;
        const float arch = drop < 0.085f ? std::sqrt(dx * dx + (drop - 0.085f) * (drop - 0.085f)) : std::fabs(dx);
        const float wall = std::max(c.coverage(arch - 0.058f), c.coverage(0.020f - drop)) * unit((0.13f - drop) * 30.f);
        const float lit = unit(0.6f - drop * 3.f);
        c.blend(i, mix(stone * lightOn(p, lit), rgb(p.hazeR), 0.14f + 0.4f * p.hazeAmount), wall * a);
    });
    const float length = 1.05f, span = aspect + 0.30f + length * 0.2f;
    float head = p.thingX + p.clipSeconds * 0.30f * s - p.cameraX * 0.20f + 10.f * span;
    head -= std::floor(head / span) * span;
    const Rgb paint = rgb(p.thingR);
    for (int turn = -1; turn <= 1; ++turn)
        for (int k = 0; k < 6; ++k) {
            const float x = head + turn * span - s * (k * 0.155f);
            const float half = k == 0 ? 0.066f : 0.070f, tall = k == 0 ? 0.050f : 0.055f;
            if (x < -0.2f || x > aspect + 0.2f) continue;
            c.each(x - 0.09f, rail - 0.085f, x + 0.09f, rail + 0.004f, [&](int i, float u, float v) {
                const float dx = (u - x) * s, h = rail - v;
                float inside = std::min(c.coverage(half - std::fabs(dx)), std::min(c.coverage(h - 0.010f), c.coverage(tall - h)));
                Rgb color = (k == 0 ? Rgb{0.16f, 0.16f, 0.19f} : paint) * lightOn(p, 0.75f);
                if (k == 0) {
                    const float cab = std::min(c.coverage(-dx - 0.022f), std::min(c.coverage(half + dx), c.coverage(0.064f - h)));
                    const float stack = std::min(c.coverage(0.008f - std::fabs(dx - 0.040f)), c.coverage(0.075f - h));
                    inside = std::max(inside, std::max(cab, stack)) * c.coverage(h - 0.010f);
                    color = mix(color, paint * lightOn(p, 0.6f), h < 0.020f ? 0.8f : 0.f);
                } else {
                    if (h > 0.046f) color = color * 0.62f;
                    const float wx = (dx + half) / 0.035f;
                    const float pane = unit((0.30f - std::fabs(wx - std::floor(wx) - 0.5f)) * 8.f) * (h > 0.025f && h < 0.042f ? 1.f : 0.f);
                    const Rgb glass = mix(rgb(p.middleR) * 0.75f, Rgb{1.f, 0.84f, 0.48f}, unit(p.nightLights + 0.4f * p.lowSun));
                    color = mix(color, glass, pane);
                }
                c.blend(i, mix(color, rgb(p.hazeR), 0.05f + 0.3f * p.hazeAmount), inside * a);
                const float wheel =
                    c.coverage(0.009f - std::sqrt((std::fabs(dx) - 0.042f) * (std::fabs(dx) - 0.042f) + (h - 0.008f) * (h - 0.008f)));
                c.blend(i, Rgb{0.10f, 0.09f, 0.10f}, wheel * a);
            });
            if (k != 0) continue;
            c.glow(x + s * 0.07f, rail - 0.030f, 0.12f, {1.f, 0.88f, 0.60f}, a * unit(p.nightLights + 0.4f * p.lowSun) * 0.8f);
            const Rgb steam = mix(Rgb{0.95f, 0.95f, 0.96f}, Rgb{0.75f, 0.75f, 0.80f}, 0.3f) * lightOn(p, 0.8f);
            for (int q = 0; q < 9; ++q) {
                const float puff = t * 2.2f + q / 9.f * 2.6f;
                const float age = (puff / 2.6f) - std::floor(puff / 2.6f);
                const float px = x + s * (0.040f - 0.55f * age), py = rail - 0.088f - 0.11f * std::sqrt(age) - 0.008f * wobble(puff, seed);
                const float radius = 0.016f + 0.042f * age;
                c.each(px - radius, py - radius, px + radius, py + radius, [&](int i, float u, float v) {
                    const float d2 = ((u - px) * (u - px) + (v - py) * (v - py)) / (radius * radius);
                    const float kk = unit(1.f - d2);
                    c.blend(i, steam, kk * (1.f - age) * 0.75f * a);
                });
            }
        }
}

void paintKite(Canvas& c, const Params& p) {
    const float t = p.seconds;
    const float x = p.thingX + 0.05f * std::sin(t * 0.9f + p.thingPhase) - p.cameraX * 0.08f;
    const float y = p.thingY + 0.03f * std::sin(t * 1.4f + p.thingPhase * 2.f) + p.cameraY * 0.15f;
    const float tilt = 0.35f * p.thingSide + 0.22f * std::sin(t * 1.1f + p.thingPhase);
    const float ca = std::cos(tilt), sa = std::sin(tilt), size = 0.088f;
    const Rgb main = rgb(p.thingR), second = Rgb{0.98f, 0.86f, 0.42f};
    // The string runs down to somebody out of sight.
    float px = x, py = y;
    for (int k = 1; k <= 12; ++k) {
        const float f = k / 12.f;
        const float nx = x - 0.42f * f * p.thingSide, ny = y + f * (1.05f - y) + 0.06f * std::sin(f * 3.14159f);
        c.stroke(px, py, nx, ny, 0.0042f, mix(rgb(p.hazeR), Rgb{0.95f, 0.95f, 0.95f}, 0.5f), p.kite * 0.55f);
        px = nx;
        py = ny;
    }
    float qx = x - sa * size * 1.15f, qy = y + ca * size * 1.15f;
    for (int k = 1; k <= 9; ++k) {
        const float f = k / 9.f;
        const float nx = x - sa * size * 1.15f + 0.03f * std::sin(t * 4.f - f * 6.f) * f + 0.03f * f * p.wind;
        const float ny = y + ca * size * 1.15f + 0.16f * f;
        c.stroke(qx, qy, nx, ny, 0.0060f, main * lightOn(p, 0.8f), p.kite);
        if (k % 3 == 0) {
            c.stroke(nx - 0.016f, ny - 0.008f, nx + 0.016f, ny + 0.008f, 0.0085f, second * lightOn(p, 0.8f), p.kite);
            c.stroke(nx - 0.016f, ny + 0.008f, nx + 0.016f, ny - 0.008f, 0.0085f, second * lightOn(p, 0.8f), p.kite);
        }
        qx = nx;
        qy = ny;
    }
    c.each(x - 0.13f, y - 0.13f, x + 0.13f, y + 0.13f, [&](int i, float u, float v) {
        const float lx = ((u - x) * ca + (v - y) * sa) / size, ly = (-(u - x) * sa + (v - y) * ca) / size;
        const float tall = ly < -0.25f ? (ly + 1.f) / 0.75f : (1.15f - ly) / 1.40f;
        const float inside = unit((tall * 0.78f - std::fabs(lx)) * size * c.height * 0.62f + 0.5f);
        const float right = c.coverage(lx * size) * 2.f - 1.f, low = c.coverage((ly + 0.25f) * size) * 2.f - 1.f;
        const Rgb color = mix(main, second, 0.5f + 0.5f * right * low) * lightOn(p, 0.85f);
        c.blend(i, mix(color, rgb(p.hazeR), 0.25f * p.hazeAmount), inside * p.kite);
    });
}

void paintFireworks(Canvas& c, const Params& p, uint32_t seed) {
    const Rgb colors[5] = {{1.f, 0.42f, 0.30f}, {1.f, 0.80f, 0.36f}, {0.45f, 0.75f, 1.f}, {0.60f, 1.f, 0.55f}, {0.95f, 0.50f, 0.95f}};
    for (uint32_t k = 0; k < 4; ++k) {
        const float life = p.seconds / 1.7f + k * 0.25f + chance(seed, k, 61) * 0.1f + 7.f;
        const float age = life - std::floor(life);
        const auto turn = static_cast<uint32_t>(std::floor(life));
        const float x = 0.25f + 1.28f * chance(seed, k, 62 + turn) - p.cameraX * 0.08f;
        const float y = 0.13f + 0.22f * chance(seed, k, 82 + turn);
        const Rgb color = colors[hashOf(seed, k, turn) % 5];
        if (age < 0.22f) {
            const float f = age / 0.22f;
            c.glow(x, mix(0.70f, y, f * (2.f - f)), 0.018f, {1.f, 0.85f, 0.6f}, p.fireworks * 0.9f);
            continue;
        }
        const float f = (age - 0.22f) / 0.78f;
        const float reach = 0.27f * (1.f - std::pow(1.f - f, 2.6f));
        const float fade = (1.f - f) * (1.f - f * 0.3f) * p.fireworks;
        c.glow(x, y, 0.42f, color, fade * 0.28f * (1.f - f));
        for (int q = 0; q < 22; ++q) {
            const float angle = kTurn * q / 22.f + k;
            const float ring = q % 2 ? 1.f : 0.62f;
            const float ex = x + std::cos(angle) * reach * ring, ey = y + std::sin(angle) * reach * ring + 0.07f * f * f;
            const float bx = x + std::cos(angle) * reach * ring * 0.78f, by = y + std::sin(angle) * reach * ring * 0.78f + 0.05f * f * f;
            c.stroke(bx, by, ex, ey, 0.0085f, color, fade * 0.85f);
            c.glow(ex, ey, 0.022f, mix(color, Rgb{1.f, 1.f, 0.9f}, 0.4f), fade);
        }
    }
}

// Reeds on the near bank of a lake.
void paintReeds(Canvas& c, const Params& p, uint32_t seed) {
    const float aspect = c.width / static_cast<float>(c.height), cell = 0.34f;
    const float shift = p.cameraX * 1.0f, foot = 1.03f + p.cameraY * 0.9f;
    const Rgb green = mix(Rgb{0.16f, 0.27f, 0.13f}, Rgb{0.52f, 0.38f, 0.16f}, p.autumn);
    const Rgb base = mix(green, Rgb{0.80f, 0.84f, 0.90f}, p.snowCover * 0.55f) * lightOn(p, 0.55f);
    const Rgb head = Rgb{0.34f, 0.20f, 0.12f} * lightOn(p, 0.6f);
    for (int k = static_cast<int>(std::floor(shift / cell)) - 1; k * cell < shift + aspect + cell; ++k) {
        const uint32_t id = hashOf(seed, static_cast<uint32_t>(k + 5000), 47);
        if (chance(id, 1) > 0.55f) continue;
        const float center = (k + chance(id, 2)) * cell - shift;
        for (uint32_t q = 0; q < 11; ++q) {
            const float tall = 0.09f + 0.13f * chance(id, q, 3);
            const float x = center + (chance(id, q, 4) - 0.5f) * 0.20f;
            const float bend = 0.018f * std::sin(p.seconds * 1.4f + center * 5.f + q * 0.4f) + 0.05f * (chance(id, q, 5) - 0.5f);
            const float mx = x + bend * 0.35f, my = foot - tall * 0.55f, tx = x + bend * 1.6f, ty = foot - tall;
            c.stroke(x, foot, mx, my, 0.0095f, base, 1.f);
            c.stroke(mx, my, tx, ty, 0.0070f, base * 1.12f, 1.f);
            if (q % 3 == 0) c.stroke(tx, ty, tx + bend * 0.12f, ty - 0.030f, 0.0150f, head, 1.f);
        }
    }
}

}  // namespace

void paintFarThings(Canvas& c, const Params& p, uint32_t seed, const SkyLight&) {
    if (p.fireworks > 0.01f) paintFireworks(c, p, seed);
    if (p.balloon > 0.01f) paintBalloon(c, p);
    if (p.birds > 0.01f) paintBirds(c, p);
    if (p.lanterns > 0.01f) paintLanterns(c, p, seed);
    if (p.lighthouse > 0.01f) paintLighthouse(c, p);
}

void paintNearThings(Canvas& c, const Params& p, uint32_t seed, const SkyLight&) {
    if (p.sailboat > 0.01f) paintSailboat(c, p);
    if (static_cast<Place>(static_cast<int>(p.place)) == Place::Lake) paintReeds(c, p, seed);
    if (p.train > 0.01f) paintTrain(c, p, seed);
    if (p.kite > 0.01f) paintKite(c, p);
    if (p.campfire > 0.01f) paintCampfire(c, p, seed);
    if (p.leaves > 0.01f) paintLeaves(c, p, seed);
}

}  // namespace longtake::world
