// Pictures of the user: PNG, JPEG, WebP, BMP. A file may be anything, hostile included.
//
// Thread: pure functions.
#pragma once

#include <string>

#include "engine/result.h"
#include "engine/rollout/start_picture.h"

namespace longtake {

// By its name alone: "sea.JPG" -> true.
bool isPictureName(const std::string& path);

// The picture upright, in 8-bit RGB; what is transparent shows black. Fails in one line that names the file.
Result<Frame8> readPicture(const std::string& path);

// Scaled until it covers `width` x `height`, and cut evenly at the two sides that are too long.
Result<Frame8> covering(const Frame8& picture, int64_t width, int64_t height);

// Reads and fits the file when the take is created; an empty path is no picture.
// kept: a PNG of what an earlier take was given, from its project; empty: none. A take of its size begins with just
// that, whatever has become of the file; one of another size with the file, and where that is gone with the PNG.
StartPicture startPictureFrom(const std::string& path, const std::string& kept = {});

}  // namespace longtake
