// One wording for what goes wrong with files: the name, what is wrong, what to do about it.
//
// Thread: pure functions.
#pragma once

#include <string>

#include "engine/result.h"

namespace longtake {

// `doing` is a verb phrase without the name: fileError("write", "out.mp4", ENOSPC) gives
// "cannot write out.mp4: the disk is full; free some space or choose another disk".
Error fileError(const std::string& doing, const std::string& path, int errorNumber);

// The name with control characters replaced, so that a message stays one line.
std::string printable(const std::string& text);

}  // namespace longtake
