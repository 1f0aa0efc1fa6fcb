// Open water: mirrors what has been painted above its line, with ripples and a path of light.
//
// Owner:  none, a free function that paints on a canvas.
// Thread: the canvas's.
#pragma once

#include "canvas.h"
#include "params.h"
#include "sky.h"

namespace longtake::world {

void paintWater(Canvas&, const Params&, uint32_t seed, const SkyLight&);

}  // namespace longtake::world
