#include "land.h"

#include "city.h"

namespace longtake::world {
namespace {

// What a layer looks like at one distance. base: its foot line; amp: height of its relief;
// move: how far it follows the camera; scale: size of its features; rough: peaks against rolling.
struct Look {
    float base, amp, move, scale, haze, rough, trees, treeSize;
    Rgb a, b;
};

struct Scenery {
    int count;
    Look look[9];  // from far to near; one more than count, below the picture, for moving forward
};

enum class Edge { Peaks, Mesa, Dune };

const Scenery kDesert{5,
                      {
                          {0.53f, 0.08f, 0.06f, 0.34f, 0.72f, 1.f, 0.f, 0.f, {0.60f, 0.46f, 0.42f}, {0.66f, 0.52f, 0.46f}},
                          {0.57f, 0.08f, 0.16f, 0.38f, 0.50f, 0.f, 0.f, 0.f, {0.86f, 0.62f, 0.40f}, {0.90f, 0.68f, 0.46f}},
                          {0.64f, 0.12f, 0.32f, 0.58f, 0.30f, 0.f, 0.f, 0.f, {0.86f, 0.59f, 0.35f}, {0.92f, 0.67f, 0.42f}},
                          {0.76f, 0.17f, 0.62f, 0.90f, 0.14f, 0.f, 0.f, 0.f, {0.84f, 0.55f, 0.31f}, {0.91f, 0.63f, 0.38f}},
                          {0.95f, 0.23f, 1.10f, 1.45f, 0.02f, 0.f, 0.f, 0.f, {0.80f, 0.50f, 0.27f}, {0.88f, 0.58f, 0.33f}},
                          {1.36f, 0.26f, 1.70f, 2.20f, 0.00f, 0.f, 0.f, 0.f, {0.78f, 0.48f, 0.26f}, {0.86f, 0.56f, 0.32f}},
                      }};
const Scenery kMountains{5,
                         {
                             {0.60f, 0.47f, 0.05f, 0.66f, 0.46f, 1.f, 0.f, 0.f, {0.42f, 0.45f, 0.53f}, {0.52f, 0.54f, 0.60f}},
                             {0.65f, 0.30f, 0.13f, 0.60f, 0.30f, 1.f, 0.f, 0.f, {0.36f, 0.40f, 0.46f}, {0.45f, 0.47f, 0.50f}},
                             {0.72f, 0.19f, 0.30f, 0.60f, 0.24f, 0.7f, 0.30f, 0.030f, {0.25f, 0.36f, 0.30f}, {0.33f, 0.42f, 0.34f}},
                             {0.83f, 0.16f, 0.60f, 0.80f, 0.10f, 0.35f, 1.f, 0.062f, {0.20f, 0.34f, 0.22f}, {0.31f, 0.43f, 0.25f}},
                             {1.00f, 0.17f, 1.05f, 1.20f, 0.02f, 0.1f, 1.f, 0.115f, {0.18f, 0.31f, 0.18f}, {0.30f, 0.42f, 0.22f}},
                             {1.46f, 0.18f, 1.70f, 1.90f, 0.00f, 0.f, 1.f, 0.19f, {0.18f, 0.31f, 0.18f}, {0.30f, 0.42f, 0.22f}},
                         }};
const Scenery kHills{5,
                     {
                         {0.58f, 0.15f, 0.06f, 0.55f, 0.62f, 0.45f, 0.f, 0.f, {0.36f, 0.48f, 0.48f}, {0.42f, 0.54f, 0.50f}},
                         {0.62f, 0.13f, 0.17f, 0.52f, 0.44f, 0.f, 0.25f, 0.022f, {0.36f, 0.56f, 0.34f}, {0.50f, 0.66f, 0.38f}},
                         {0.71f, 0.18f, 0.34f, 0.74f, 0.26f, 0.f, 0.35f, 0.044f, {0.34f, 0.57f, 0.27f}, {0.52f, 0.68f, 0.32f}},
                         {0.85f, 0.23f, 0.64f, 1.05f, 0.12f, 0.f, 0.34f, 0.085f, {0.32f, 0.55f, 0.23f}, {0.50f, 0.66f, 0.28f}},
                         {1.05f, 0.27f, 1.10f, 1.60f, 0.02f, 0.f, 0.16f, 0.15f, {0.28f, 0.50f, 0.19f}, {0.46f, 0.62f, 0.25f}},
                         {1.50f, 0.28f, 1.70f, 2.40f, 0.00f, 0.f, 0.10f, 0.22f, {0.28f, 0.50f, 0.19f}, {0.46f, 0.62f, 0.25f}},
                     }};
const Scenery kForest{6,
                      {
                          {0.50f, 0.15f, 0.06f, 0.60f, 0.64f, 0.8f, 0.f, 0.f, {0.26f, 0.40f, 0.40f}, {0.32f, 0.46f, 0.44f}},
                          {0.56f, 0.10f, 0.16f, 0.55f, 0.46f, 0.f, 1.f, 0.050f, {0.15f, 0.30f, 0.22f}, {0.22f, 0.38f, 0.26f}},
                          {0.63f, 0.10f, 0.30f, 0.70f, 0.31f, 0.f, 1.f, 0.080f, {0.14f, 0.30f, 0.19f}, {0.22f, 0.38f, 0.23f}},
                          {0.72f, 0.10f, 0.50f, 0.90f, 0.18f, 0.f, 1.f, 0.125f, {0.13f, 0.29f, 0.16f}, {0.21f, 0.37f, 0.20f}},
                          {0.85f, 0.11f, 0.80f, 1.20f, 0.08f, 0.f, 1.f, 0.19f, {0.11f, 0.26f, 0.14f}, {0.19f, 0.34f, 0.17f}},
                          {1.04f, 0.12f, 1.20f, 1.65f, 0.00f, 0.f, 1.f, 0.27f, {0.09f, 0.23f, 0.12f}, {0.16f, 0.30f, 0.14f}},
                          {1.58f, 0.12f, 1.80f, 2.40f, 0.00f, 0.f, 1.f, 0.38f, {0.08f, 0.21f, 0.11f}, {0.15f, 0.28f, 0.13f}},
                      }};
const Scenery kCanyon{4,
                      {
                          {0.60f, 0.20f, 0.06f, 0.52f, 0.55f, 1.f, 0.f, 0.f, {0.66f, 0.42f, 0.36f}, {0.80f, 0.56f, 0.44f}},
                          {0.66f, 0.28f, 0.20f, 0.62f, 0.34f, 1.f, 0.f, 0.f, {0.68f, 0.37f, 0.27f}, {0.86f, 0.56f, 0.38f}},
                          {0.80f, 0.32f, 0.50f, 0.92f, 0.15f, 1.f, 0.f, 0.f, {0.66f, 0.31f, 0.20f}, {0.86f, 0.52f, 0.32f}},
                          {1.03f, 0.34f, 1.05f, 1.50f, 0.02f, 1.f, 0.f, 0.f, {0.56f, 0.25f, 0.15f}, {0.76f, 0.43f, 0.25f}},
                          {1.50f, 0.36f, 1.80f, 2.40f, 0.00f, 1.f, 0.f, 0.f, {0.52f, 0.22f, 0.13f}, {0.70f, 0.38f, 0.22f}},
                      }};
const Scenery kLake{3,
                    {
                        {0.59f, 0.42f, 0.05f, 0.60f, 0.48f, 1.f, 0.f, 0.f, {0.42f, 0.46f, 0.54f}, {0.52f, 0.55f, 0.61f}},
                        {0.60f, 0.17f, 0.13f, 0.52f, 0.36f, 0.7f, 0.3f, 0.026f, {0.27f, 0.40f, 0.36f}, {0.34f, 0.46f, 0.38f}},
                        {0.615f, 0.055f, 0.26f, 0.66f, 0.20f, 0.f, 1.f, 0.062f, {0.16f, 0.32f, 0.22f}, {0.25f, 0.41f, 0.26f}},
                        {0.66f, 0.06f, 0.40f, 0.80f, 0.10f, 0.f, 1.f, 0.070f, {0.16f, 0.32f, 0.22f}, {0.25f, 0.41f, 0.26f}},
                    }};

const Scenery& sceneryOf(Place place) {
    switch (place) {
        case Place::Desert: return kDesert;
        case Place::Hills: return kHills;
        case Place::Forest: return kForest;
        case Place::Canyon: return kCanyon;
        case Place::Lake: return kLake;
        default: return kMountains;
    }
}

Look between(const Look& p, const Look& q, float t) {
    Look l;
    l.base = mix(p.base, q.base, t);
    l.amp = mix(p.amp, q.amp, t);
    l.move = mix(p.move, q.move, t);
    l.scale = mix(p.scale, q.scale, t);
    l.haze = mix(p.haze, q.haze, t);
    l.rough = mix(p.rough, q.rough, t);
    l.trees = mix(p.trees, q.trees, t);
    l.treeSize = mix(p.treeSize, q.treeSize, t);
    l.a = mix(p.a, q.a, t);
    l.b = mix(p.b, q.b, t);
    return l;
}

float footOf(const Look& look, const Params& p) { return look.base + p.horizonShift + p.cameraY * (0.12f + 0.88f * look.move); }

struct LayerPaint {
    Look look;
    float nearness;  // 0 far .. 1 near
    float opacity;
    float until;  // below this the next layer covers everything
    uint32_t id;  // which stretch of the lines it shows
    Edge edge;
    bool broadTrees;
    float island;  // where a lone rise stands on the picture when the camera is at 0; negative: everywhere
};

void paintLayer(Canvas& c, const Params& p, const SkyLight& light, const LayerPaint& layer) {
    const Look& look = layer.look;
    const LineSet& lines = lineSet();
    const Line& rough = layer.edge == Edge::Mesa ? lines.mesa : layer.edge == Edge::Dune ? lines.dune : lines.peaks;
    const Line& soft = layer.edge == Edge::Dune ? lines.dune : lines.rolling;
    const Line& hard = layer.edge == Edge::Dune && look.rough > 0.5f ? lines.mesa : rough;
    const TreeLine& treeLine = layer.broadTrees ? lines.crowns : lines.conifers;
    const int w = c.width;
    const float H = c.height;
    const float offset = chance(layer.id, 1, 2) * Line::kSize;
    const float base = footOf(look, p);
    const float inverse = 1.f / look.scale;
    const int mip = inverse > 3.f ? 3 : inverse > 1.6f ? 2 : inverse > 1.f ? 1 : 0;

    std::vector<float> top(w), crown(w), sharp(w), ridge(w), tone(w), side(w), fine(w), coarse(w), bands(w), shadow(w);
    float highest = 2.f;
    const float start = (-0.5f * w / H) * inverse + p.cameraX * look.move * inverse;
    const float treeSize = look.treeSize * (layer.broadTrees ? (look.trees > 0.95f ? 0.74f : 0.62f) : 1.f);
    const float grove0 = look.trees + (layer.broadTrees ? 0.10f + 0.24f * p.spring : 0.f);
    const float sway = 0.55f * p.wind * (1.f + p.storm);
    const float treeOffset = Line::kSize + chance(layer.id, 3, 4) * Line::kSize;
    // Trees stand in groves: where they do not, their height shrinks to nothing.
    for (int x = 0; x < w; ++x) {
        const float u = start + (x + 0.5f) / H * inverse;
        const float at = u * Line::kPerUnit + offset + Line::kSize;
        ridge[x] = at;
        const float hr = sampleLine(hard.value[mip].data(), at);
        const float hs = sampleLine(soft.value[mip].data(), at);
        float relief = mix(hs, hr, look.rough);
        if (layer.island >= 0.f) {
            const float away = (u * look.scale + 0.5f * w / H - layer.island) * 2.6f;
            relief = (0.45f + 0.55f * relief) * (1.f - away * away);
        }
        top[x] = base - look.amp * relief;
        float tree = 0.f;
        if (look.trees > 0.01f) {
            const float grove = smooth(0.92f - grove0, 1.02f - grove0, sampleLine(lines.rolling.value[0].data(), at * 2.7f + 4000.f));
            const float wide = look.scale / (look.treeSize * 9.f + 0.02f);
            const float gust = std::sin(p.seconds * 1.7f + u * 6.f) + 0.6f * std::sin(p.seconds * 2.9f + u * 17.f);
            // Rooted at the picture's middle, so that trees spread from there when they come nearer.
            const float tx = u * Line::kPerUnit * wide + treeOffset + gust * sway;
            const float k = look.trees > 0.95f ? 1.f : grove;
            tree = treeSize * k * sampleLine(treeLine.height.value[mip].data(), tx);
            const int i = static_cast<int>(tx) & (Line::kSize - 1);
            tone[x] = treeLine.tone[i];
            side[x] = treeLine.side[i];
        }
        crown[x] = top[x] - tree;
        highest = std::min(highest, crown[x]);
    }

    for (int x = 0; x < w; ++x) {  // a steep edge needs a softer step downwards
        const float steep = (crown[std::min(x + 1, w - 1)] - crown[std::max(x - 1, 0)]) * H * 0.5f;
        sharp[x] = H / std::sqrt(1.f + std::min(steep * steep, 9.f));
    }

    const Rgb key = rgb(p.keyR), ambient = rgb(p.ambientR), hazeColor = rgb(p.hazeR);
    const float haze = 1.f - (1.f - look.haze) * (1.f - p.hazeAmount * mix(1.f, 0.20f, layer.nearness));
    const float mistDepth = 0.10f + 0.10f * layer.nearness;
    const float mistAmount = p.mist * mix(0.75f, 0.16f, layer.nearness);
    const float rocky = smooth(0.2f, 0.8f, look.rough);  // every look changes gradually when layers come nearer
    const bool strata = layer.edge == Edge::Mesa;
    const bool dune = layer.edge == Edge::Dune;
    const float skew = (dune ? -1.1f : strata ? 0.f : 0.45f) * Line::kPerUnit * inverse;
    const float contrast = dune ? 0.36f * (1.f + 0.7f * p.lowSun + 0.4f * p.moon) : strata ? 0.13f : mix(0.75f, 0.34f, rocky);
    const float lightSide = p.lightX;
    const float bendy = look.scale * (dune ? 0.05f : mix(0.08f, 0.22f, rocky));
    const float skewSigned = skew * (p.lightX > 0.f ? 1.f : -1.f);
    const float inverseAmp = 1.f / look.amp;
    const float* hardSlopes = hard.slope.data();
    const float* softSlopes = soft.slope.data();
    const float snowLine = layer.edge == Edge::Peaks ? look.rough * smooth(0.12f, 0.18f, look.amp) : 0.f;
    const float grass = layer.edge == Edge::Peaks ? unit(1.f - look.rough) : 0.f;
    const float flowers = p.spring * grass * smooth(0.1f, 0.7f, layer.nearness);
    const Rgb autumnGround{0.66f, 0.54f, 0.24f};
    const Rgb albedoA = mix(look.a, autumnGround * 0.8f, p.autumn * grass * 0.7f);
    const Rgb albedoB = mix(look.b, autumnGround, p.autumn * grass * 0.7f);
    const Rgb white{0.93f, 0.95f, 1.0f};
    const Rgb flashLight = Rgb{0.5f, 0.52f, 0.66f} * light.flash;
    const float detailAmount = (dune ? 0.15f : strata ? 0.22f : 0.26f) * mix(0.6f, 1.f, layer.nearness);
    const float frequency = 0.42f * inverse;
    const float warm = p.lowSun * 0.5f;
    const float dapple = 0.55f * (1.f - p.overcast) * (0.4f + 0.6f * p.highSun) * unit(0.3f + p.cover);
    const float bare = strata ? 0.34f : mix(0.10f, 0.50f, rocky);
    const float treesHere = look.trees > 0.01f ? 1.f : 0.f;
    const Rgb treeDark = layer.broadTrees ? Rgb{0.17f, 0.33f, 0.13f} : Rgb{0.10f, 0.25f, 0.16f};
    const Rgb treeLight = layer.broadTrees ? Rgb{0.38f, 0.54f, 0.20f} : Rgb{0.25f, 0.42f, 0.22f};
    std::vector<float> darkR(w), darkG(w), darkB(w), leafR(w), leafG(w), leafB(w);
    for (int x = 0; x < w && treesHere > 0.f; ++x) {
        const float t = tone[x];
        Rgb autumn = t < 0.33f ? Rgb{0.78f, 0.26f, 0.12f} : t < 0.66f ? Rgb{0.90f, 0.50f, 0.14f} : Rgb{0.92f, 0.72f, 0.22f};
        if (!layer.broadTrees && t < 0.35f) autumn = treeLight;
        const Rgb bloom = t < 0.5f ? Rgb{0.96f, 0.70f, 0.78f} : t < 0.75f ? Rgb{0.97f, 0.86f, 0.90f} : Rgb{0.50f, 0.66f, 0.26f};
        const float bloomAmount = p.spring * (layer.broadTrees ? 0.95f : t < 0.75f ? 0.85f : 0.f);  // fruit trees among firs
        const Rgb lightTone = mix(mix(treeLight * (0.85f + 0.3f * t), autumn, p.autumn * 0.92f), bloom, bloomAmount);
        const Rgb darkTone = mix(mix(treeDark * (0.85f + 0.3f * t), autumn * 0.5f, p.autumn * 0.92f), bloom * 0.72f, bloomAmount);
        leafR[x] = lightTone.r;
        leafG[x] = lightTone.g;
        leafB[x] = lightTone.b;
        darkR[x] = darkTone.r;
        darkG[x] = darkTone.g;
        darkB[x] = darkTone.b;
    }
    const float treeInverse = 1.f / std::max(treeSize, 0.01f);

    const int y0 = std::max(0, static_cast<int>(highest * H) - 1);
    const int y1 = std::clamp(static_cast<int>(layer.until * H) + 2, 0, c.height);
    for (int y = y0; y < y1; ++y) {
        const float v = (y + 0.5f) / H;
        const float rise = (v - base) * inverse;  // below the foot line
        const float u0 = start * 0.42f + offset * (1.f / 1024.f);
        noiseSet().ground.row(u0, frequency / H,
                              rise * (dune     ? 1.6f
                                      : strata ? 0.62f
                                               : 0.62f + 0.9f * grass) +
                                  offset * 0.01f,
                              fine.data(), w);
        (layer.edge == Edge::Peaks ? noiseSet().wave : noiseSet().cloud)
            .row(u0 * 0.4f, frequency * 0.4f / H, rise * (0.4f + 0.1f * grass) + offset * 0.02f, coarse.data(), w);
        noiseSet().cloud.row(start * 0.10f + p.seconds * p.wind * 0.016f + offset * 0.0001f + 9.f, 0.10f * inverse / H,
                             rise * 0.5f + offset * 0.0003f + p.seconds * 0.004f, shadow.data(), w);
        if (strata) noiseSet().ground.row(u0 * 0.05f, frequency * 0.05f / H, rise * 1.5f + offset * 0.003f, bands.data(), w);
        float* r = c.r.data() + y * w;
        float* g = c.g.data() + y * w;
        float* b = c.b.data() + y * w;
#pragma GCC ivdep
        for (int x = 0; x < w; ++x) {
            float cover = (v - crown[x]) * sharp[x] + 0.5f;
            cover = cover < 0.f ? 0.f : (cover > 1.f ? 1.f : cover);
            const float d = v - top[x];
            const float dd = d > 0.f ? d : 0.f;
            const float bent = dd + (fine[x] - 0.5f) * bendy;
            const int at = static_cast<int>(ridge[x] + bent * skewSigned) & (Line::kSize - 1);
            const float slope = softSlopes[at] + (hardSlopes[at] - softSlopes[at]) * rocky;
            float lit = 0.52f - slope * lightSide * contrast;
            lit = lit < 0.f ? 0.f : (lit > 1.f ? 1.f : lit);
            float sunny = (0.62f - shadow[x]) * 3.f;
            sunny = sunny < 0.f ? 0.f : (sunny > 1.f ? 1.f : sunny);
            const float shaded = 1.f - dapple * (1.f - sunny);
            lit = lit * (1.f - 0.25f * unit(dd * 4.f)) * shaded;
            float t = coarse[x];
            t = t < 0.f ? 0.f : (t > 1.f ? 1.f : t);
            t = t + (smooth(0.42f, 0.58f, t) - t) * grass;
            if (strata) t = 0.25f * t + 0.75f * smooth(0.38f, 0.62f, bands[x]);
            float ar = albedoA.r + (albedoB.r - albedoA.r) * t;
            float ag = albedoA.g + (albedoB.g - albedoA.g) * t;
            float ab = albedoA.b + (albedoB.b - albedoA.b) * t;
            const float grain = 1.f + (fine[x] - 0.5f) * 2.f * detailAmount;
            float bloom = flowers * unit((fine[x] - 0.54f) * 6.f) * 0.80f;
            ar += (0.93f - ar) * bloom;
            ag += (0.62f - ag) * bloom;
            ab += (0.72f - ab) * bloom;
            // Snow lies on the heights and, in winter, on everything that is not too steep.
            const float altitude = (base - v) * inverseAmp + (fine[x] - 0.5f) * 0.30f + (lit - 0.5f) * 0.22f;
            const float high = unit((altitude - 0.40f) * 7.f) * snowLine;
            float s = p.snowCover * (0.93f - bare * unit((0.46f - fine[x]) * 4.f));
            s = strata ? p.snowCover * (0.16f + 0.78f * t * t) : s;  // on the ledges only
            s = s > high ? s : high;
            ar += (white.r - ar) * s;
            ag += (white.g - ag) * s;
            ab += (white.b - ab) * s;
            const float rub = 1.f + (grain - 1.f) * (1.f - 0.65f * s);
            ar *= rub;
            ag *= rub;
            ab *= rub;
            float up = -d * treeInverse;
            up = up < 0.f ? 0.f : (up > 1.f ? 1.f : up);
            float leaf = 0.30f + 0.62f * up + side[x] * lightSide * 0.42f + (fine[x] - 0.5f) * 0.9f;
            leaf = leaf < 0.f ? 0.f : (leaf > 1.f ? 1.f : leaf);
            float frost = (leaf - 0.22f) * 1.5f;
            frost = p.snowCover * 0.78f * (frost < 0.f ? 0.f : (frost > 1.f ? 1.f : frost));
            float k = (0.004f - d) * H * 0.5f;
            k = treesHere * (k < 0.f ? 0.f : (k > 1.f ? 1.f : k));
            float tr = darkR[x] + (leafR[x] - darkR[x]) * leaf, tg = darkG[x] + (leafG[x] - darkG[x]) * leaf,
                  tb = darkB[x] + (leafB[x] - darkB[x]) * leaf;
            tr += (white.r - tr) * frost;
            tg += (white.g - tg) * frost;
            tb += (white.b - tb) * frost;
            ar += (tr - ar) * k;
            ag += (tg - ag) * k;
            ab += (tb - ab) * k;
            const float lightHere = lit + (leaf * shaded - lit) * k;
            // The rim that a low sun draws along a crest.
            const float edge = v - crown[x];
            const float rim = warm * unit(1.f - edge * 60.f) * 0.35f;
            float cr = ar * (ambient.r + key.r * lightHere + flashLight.r) + key.r * rim * 0.5f;
            float cg = ag * (ambient.g + key.g * lightHere + flashLight.g) + key.g * rim * 0.5f;
            float cb = ab * (ambient.b + key.b * lightHere + flashLight.b) + key.b * rim * 0.5f;
            float m = dd / mistDepth;
            m = m > 1.f ? 1.f : m;
            float veil = haze + (1.f - haze) * mistAmount * m * m;
            cr += (hazeColor.r - cr) * veil;
            cg += (hazeColor.g - cg) * veil;
            cb += (hazeColor.b - cb) * veil;
            cover *= layer.opacity;
            r[x] += (cr - r[x]) * cover;
            g[x] += (cg - g[x]) * cover;
            b[x] += (cb - b[x]) * cover;
        }
    }
}

// Some seas have an island on the horizon.
void paintIsland(Canvas& c, const Params& p, uint32_t seed, const SkyLight& light) {
    if (chance(seed, 7, 1) > 0.45f) return;
    const float foot = waterlineOf(Place::Ocean, p) + 0.004f - p.horizonShift - p.cameraY * (0.12f + 0.88f * 0.04f);
    LayerPaint layer{};
    layer.look = {
        foot, 0.06f + 0.07f * chance(seed, 7, 2), 0.06f, 0.45f, 0.55f, 0.75f, 0.f, 0.f, {0.36f, 0.44f, 0.42f}, {0.44f, 0.50f, 0.46f}};
    layer.look.move = 0.04f;
    layer.opacity = 1.f;
    layer.until = foot + p.horizonShift + p.cameraY * 0.2f + 0.02f;
    layer.id = hashOf(seed, 7, 3);
    layer.edge = Edge::Peaks;
    layer.island = 0.15f + 1.45f * chance(seed, 7, 4);
    paintLayer(c, p, light, layer);
}

}  // namespace

float horizonOf(Place place, const Params& p) {
    float y = 0.60f;
    if (place == Place::Ocean) y = 0.53f;
    if (place == Place::City) y = 0.72f;
    return y + p.horizonShift + p.cameraY * 0.12f;
}

float waterlineOf(Place place, const Params& p) {
    switch (place) {
        case Place::Ocean: return 0.53f + p.horizonShift + p.cameraY * 0.12f;
        case Place::Lake: return 0.625f + p.horizonShift + p.cameraY * 0.25f;
        case Place::City: return 0.76f + p.horizonShift + p.cameraY * 0.25f;
        default: return 2.f;
    }
}

void paintLand(Canvas& c, const Params& p, uint32_t seed, const SkyLight& light) {
    const auto place = static_cast<Place>(static_cast<int>(p.place));
    if (place == Place::Ocean) return paintIsland(c, p, seed, light);
    if (place == Place::City) return paintCity(c, p, seed, light);
    const Scenery& scenery = sceneryOf(place);
    // Over land the layers come nearer and pass below the viewer while new ones rise out of the haze
    // before the backdrop; over water the shore stays where it is.
    const bool passes = place != Place::Lake;
    const int steps = place == Place::Forest ? 2 : 1;  // layers between two looks
    const float travel = passes ? p.cameraZ * steps : 0.f;
    const float whole = std::floor(travel), part = travel - whole;
    const Edge edge = place == Place::Desert ? Edge::Dune : place == Place::Canyon ? Edge::Mesa : Edge::Peaks;
    const bool broad = place == Place::Hills || (place == Place::Forest && chance(seed, 5, 5) < 0.45f);

    std::vector<LayerPaint> layers;
    layers.push_back({scenery.look[0], 0.f, 1.f, 2.f, hashOf(seed, 63, static_cast<uint32_t>(place)), edge, broad, -1.f});
    const int last = scenery.count * steps - 1;
    for (int i = passes ? 0 : 1; i <= last; ++i) {
        const float q = (i + part) / steps;
        if (q < 0.02f) continue;
        const int k = std::min(static_cast<int>(q), scenery.count - 1);
        LayerPaint layer = layers.front();
        layer.look = between(scenery.look[k], scenery.look[k + 1], q - k);
        if (k == 0) {  // just rising: not yet a copy of the backdrop
            layer.look.rough = scenery.look[1].rough;
            layer.look.trees = scenery.look[1].trees;
            layer.look.amp = mix(0.02f, scenery.look[1].amp, q);
        }
        layer.nearness = unit(q / (scenery.count - 1.f));
        layer.opacity = smooth(0.f, 0.5f, q * steps);
        layer.id = hashOf(seed, static_cast<uint32_t>(i - static_cast<int>(whole) + 4096), static_cast<uint32_t>(place));
        layers.push_back(layer);
    }
    for (size_t i = 0; i < layers.size(); ++i) {
        if (i + 1 < layers.size()) {
            const Look& next = layers[i + 1].look;
            layers[i].until = layers[i + 1].opacity < 0.99f ? 2.f : footOf(next, p);
        }
        paintLayer(c, p, light, layers[i]);
    }
}

}  // namespace longtake::world
