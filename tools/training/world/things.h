// What a scene may contain besides land, water and sky: a balloon, birds, a boat, a fire ...
//
// Owner:  none, free functions that paint on a canvas.
// Thread: the canvas's.
#pragma once

#include "canvas.h"
#include "params.h"
#include "sky.h"

namespace longtake::world {

void paintFarThings(Canvas&, const Params&, uint32_t seed, const SkyLight&);   // before the water mirrors them
void paintNearThings(Canvas&, const Params&, uint32_t seed, const SkyLight&);  // after it

}  // namespace longtake::world
