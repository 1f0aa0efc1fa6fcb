// A skyline across the water: towers in rows, lit windows at night.
//
// Owner:  none, free functions that paint on a canvas.
// Thread: the canvas's.
#pragma once

#include "canvas.h"
#include "params.h"
#include "sky.h"

namespace longtake::world {

void paintCity(Canvas&, const Params&, uint32_t seed, const SkyLight&);

}  // namespace longtake::world
