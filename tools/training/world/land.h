// Everything that stands between sky and viewer: ridges, dunes, hills, woods, cliffs and a city,
// as layers one in front of the other. A layer's looks depend on how near it is, so that moving
// forward is a matter of letting all layers come nearer and new ones appear in the haze.
//
// Owner:  none, free functions that paint on a canvas.
// Thread: the canvas's.
#pragma once

#include "canvas.h"
#include "params.h"
#include "sky.h"

namespace longtake::world {

float horizonOf(Place, const Params&);    // where sky and land or sea meet, in heights
float waterlineOf(Place, const Params&);  // where open water begins; 2 where there is none

void paintLand(Canvas&, const Params&, uint32_t seed, const SkyLight&);

}  // namespace longtake::world
