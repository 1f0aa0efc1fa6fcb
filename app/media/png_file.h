// Single pictures as PNG.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/result.h"
#include "engine/video/frame_view.h"

namespace longtake {

Result<std::vector<uint8_t>> encodePng(const FrameView& frame);

// A still frame: complete under its name or not there at all.
Result<void> writePng(const std::string& path, const FrameView& frame);

}  // namespace longtake
