// The sky: gradient, sun, moon, stars, aurora, clouds, and the light in the haze.
//
// Owner:  none, free functions that paint on a canvas.
// Thread: the canvas's.
#pragma once

#include "canvas.h"
#include "params.h"

namespace longtake::world {

struct SkyLight {
    float sunX, sunY;  // the brightest of sun and moon, where reflections come from
    float strength;    // 0..1
    Rgb color;
    float flash;  // lightning, 0..1
};

float flashAt(float seconds, uint32_t seed);  // brightness of the lightning at a moment
SkyLight skyLight(const Params&, uint32_t seed);

// horizonY: where the gradient ends. Paints every row above `lastRow`.
void paintSky(Canvas&, const Params&, uint32_t seed, float horizonY, int lastRow);

}  // namespace longtake::world
