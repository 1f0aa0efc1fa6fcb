// Copies the pictures of a fragmented file into an ordinary one. Private to app/media.
//
// Thread: pure functions on files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/media/ffmpeg_handles.h"
#include "engine/result.h"

namespace longtake {

// The metadata key of the project inside MP4 and MOV, and the most bytes it may have.
inline constexpr const char* kProjectKey = "longtake-project";
inline constexpr size_t kMaxProjectBytes = 16u << 20;

// MP4 and MOV only, local files only.
Result<InputContextPtr> openVideoFile(const std::string& path);

struct RemuxedVideo {
    int64_t frames = 0;
    double seconds = 0;
    std::string projectJson;
};

struct RemuxTarget {
    std::string path;                    // must not exist yet
    std::string displayName;             // what messages call it
    const char* container;               // "mp4" or "mov"
    std::optional<std::string> project;  // replaces the one in the source
};

// Reads `from` up to its last complete picture and writes the target with the index in front. On failure the
// target is removed.
Result<RemuxedVideo> remuxWithIndexInFront(const std::string& from, const RemuxTarget& target);

}  // namespace longtake
