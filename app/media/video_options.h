// What a video export is asked to be: plain values, and the words for them on a command line or in a dialog.
//
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/result.h"
#include "engine/video/frame_view.h"

namespace longtake {

enum class VideoCodec : uint8_t { H264, H265, Av1, Prores };

// "h264", "h265" (also "hevc"), "av1", "prores".
Result<VideoCodec> parseVideoCodec(std::string_view name);
std::string_view nameOf(VideoCodec codec);   // "h264"
std::string_view labelOf(VideoCodec codec);  // "H.264"

// A number from 0 (smallest file) to 100 (best picture), or "draft" 40, "good" 70, "best" 95.
Result<int> parseQuality(std::string_view text);

struct FrameRate {
    int num = 16;
    int den = 1;

    double perSecond() const { return static_cast<double>(num) / den; }
    bool operator==(const FrameRate&) const = default;
};

// "16", "23.976" or "24000/1001"; between 1 and 240 frames per second.
Result<FrameRate> parseFrameRate(std::string_view text);

struct VideoOptions {
    VideoCodec codec = VideoCodec::H264;
    int quality = 70;
    FrameRate frameRate;
    int threads = 0;          // of the encoder; 0: it decides
    PictureSize size;         // of the video; 0x0: that of the frames
    std::string encoder;      // FFmpeg's name; empty: the first of the codec's that opens
    std::string projectJson;  // embedded in the file; empty: none
};

}  // namespace longtake
