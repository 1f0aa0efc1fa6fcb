// The engine's finished pictures as what exporters and contact sheets read.
//
// Thread: pure.
#pragma once

#include "app/media/frame_view.h"
#include "engine/video/video_codec.h"

namespace longtake {

// Borrows; valid as long as the frame.
inline FrameView viewOf(const Frame8& frame) {
    return {.data = frame.rgb.data(),
            .width = frame.width,
            .height = frame.height,
            .stride = static_cast<ptrdiff_t>(frame.width) * 3,
            .format = PixelFormat::Rgb24};
}

}  // namespace longtake
