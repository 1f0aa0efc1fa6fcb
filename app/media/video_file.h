// Finished and unfinished video files of ours: the project inside, and recovery after a crash.
//
// Thread: pure functions on files.
#pragma once

#include <cstdint>
#include <string>

#include "engine/result.h"

namespace longtake {

// The project embedded by VideoWriter, as JSON text. Files without one are an error that says so; the file may
// be anything, hostile included.
Result<std::string> readEmbeddedProject(const std::string& path);

struct RecoveredVideo {
    std::string path;  // the new video
    int64_t frames = 0;
    double seconds = 0;
    std::string projectJson;  // as it was when the recording began; empty: none
};

// Turns a "<name>.part.mp4" or ".part.mov" that a crash left into "<name>.mp4" (or "<name>-recovered.mp4" where
// that exists) and removes the part file. Fails and changes nothing for a file that is still being written.
Result<RecoveredVideo> recoverPartial(const std::string& partPath);

// "take.part.mp4" -> true.
bool isPartialVideo(const std::string& path);

}  // namespace longtake
