// Single pictures as PNG.
//
// Thread: pure functions.
#pragma once

#include <string>

#include "engine/result.h"
#include "engine/video/frame_view.h"

namespace longtake {

// The bytes of the file.
Result<std::string> encodePng(const FrameView& frame);

// A still frame: complete under its name or not there at all.
Result<void> writePng(const std::string& path, const FrameView& frame);

}  // namespace longtake
