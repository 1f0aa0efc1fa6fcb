// ChunkClock: which frames and which seconds of video belong to a chunk.
//
// The decoder drops the first raw frames of a stream once, so chunk 0 is shorter than the others.
// Owner:  whoever holds it.
// Thread: a plain value.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace longtake {

struct ChunkClock {
    int framesPerChunk = 12;
    int firstChunkFrames = 9;  // of chunk 0
    double fps = 16;

    int64_t firstFrameOf(int64_t chunk) const { return chunk <= 0 ? 0 : firstChunkFrames + (chunk - 1) * framesPerChunk; }
    int64_t framesOf(int64_t chunk) const { return firstFrameOf(chunk + 1) - firstFrameOf(chunk); }
    int64_t chunkOfFrame(int64_t frame) const { return frame < firstChunkFrames ? 0 : 1 + (frame - firstChunkFrames) / framesPerChunk; }
    double secondsOfFrame(int64_t frame) const { return static_cast<double>(frame) / fps; }
    double startSecondsOf(int64_t chunk) const { return secondsOfFrame(firstFrameOf(chunk)); }

    // The frame shown at a time, and the chunk whose start is nearest to it. Negative times count as 0.
    int64_t frameAt(double seconds) const { return static_cast<int64_t>(std::floor(std::max(0.0, seconds) * fps + 1e-6)); }
    int64_t chunkNear(double seconds) const {
        const int64_t chunk = chunkOfFrame(frameAt(seconds));
        return seconds - startSecondsOf(chunk) < startSecondsOf(chunk + 1) - seconds ? chunk : chunk + 1;
    }

    bool operator==(const ChunkClock&) const = default;
};

}  // namespace longtake
