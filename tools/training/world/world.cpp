// The painter as a shared library: one C function, used by world.py. Compiled as one unit.
#include "canvas.cpp"
#include "lines.cpp"
#include "sky.cpp"
#include "land.cpp"
#include "city.cpp"
#include "water.cpp"
#include "things.cpp"
#include "weather.cpp"

using namespace longtake::world;

extern "C" {

const char* longtakeWorldParamNames() { return kParamNames; }

// Paints one frame. params: the floats named by longtakeWorldParamNames(); pixels: [height, width, 3].
// May be called from several threads at once.
void longtakeWorldPaint(uint32_t seed, const float* params, int width, int height, uint8_t* pixels) {
    Params p;
    std::copy(params, params + sizeof(Params) / sizeof(float), reinterpret_cast<float*>(&p));
    const auto place = static_cast<Place>(static_cast<int>(p.place));
    Canvas canvas(width, height);
    const float horizon = horizonOf(place, p);
    const int lastRow = std::clamp(static_cast<int>((horizon + 0.05f) * height), 1, height);
    const SkyLight light = skyLight(p, seed);
    paintSky(canvas, p, seed, horizon, lastRow);
    paintLand(canvas, p, seed, light);
    paintFarThings(canvas, p, seed, light);
    paintWater(canvas, p, seed, light);
    paintFog(canvas, p, seed, horizon);
    paintNearThings(canvas, p, seed, light);
    paintWeather(canvas, p, seed, light, horizon);
    develop(canvas, pixels);
}

}  // extern "C"
