// Where a picture belongs in its take.
//
// Thread: a plain value.
#pragma once

#include <cstdint>

namespace longtake {

struct FrameStamp {
    int64_t index = 0;   // raw frame of the take, from 0
    double seconds = 0;  // when it is due, in the take's own time

    bool operator==(const FrameStamp&) const = default;
};

}  // namespace longtake
