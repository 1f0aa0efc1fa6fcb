// Which video encoders really work on this machine, and how each is set up.
//
// Thread: any; each call stands alone. Opening an encoder takes up to some tens of milliseconds.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/media/video_options.h"
#include "engine/result.h"

struct AVCodecContext;

namespace longtake {

struct EncoderInfo {
    VideoCodec codec = VideoCodec::H264;
    std::string name;  // FFmpeg's, e.g. "libx264"
    bool hardware = false;
};

// Every encoder that opens, best first within a codec. Being listed by the library is not enough: NVENC is
// listed wherever FFmpeg was built with it, and opens only beside a driver.
std::vector<EncoderInfo> availableEncoders();

struct FreesCodecContext {
    void operator()(AVCodecContext* context) const;
};
using EncoderPtr = std::unique_ptr<AVCodecContext, FreesCodecContext>;

// Opens the encoder the options name, or the first of their codec that opens, for pictures of this size.
Result<EncoderPtr> openVideoEncoder(const VideoOptions& options, PictureSize size);

}  // namespace longtake
