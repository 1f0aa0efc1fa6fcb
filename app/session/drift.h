// How far a picture's colours have come from another's.
//
// Thread: pure functions.
#pragma once

#include <array>

#include "engine/video/video_codec.h"

namespace longtake {

// Mean colours of 8 x 8 fields, 0 .. 1.
struct ColourFields {
    static constexpr int kSide = 8;
    std::array<float, kSide * kSide * 3> values{};
    bool filled = false;
};

ColourFields colourFields(const Frame8& frame);
// Root of the mean squared difference, 0 .. 1; 0 when one is not filled.
double driftBetween(const ColourFields& a, const ColourFields& b);

}  // namespace longtake
