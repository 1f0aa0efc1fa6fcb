// What lies between the scene and the viewer: rays, drifting fog, rain, snow; and the last grade.
//
// Owner:  none, free functions that paint on a canvas.
// Thread: the canvas's.
#pragma once

#include "canvas.h"
#include "params.h"
#include "sky.h"

namespace longtake::world {

void paintFog(Canvas&, const Params&, uint32_t seed, float horizonY);  // before what is near the viewer
void paintWeather(Canvas&, const Params&, uint32_t seed, const SkyLight&, float horizonY);
void develop(const Canvas&, uint8_t* pixels);  // pixels: [height, width, 3]

}  // namespace longtake::world
