// Owning handles for FFmpeg's C objects, and its error codes in words. Private to app/media.
//
// Thread: as the FFmpeg objects: one thread at a time.
#pragma once

#include <memory>
#include <string>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
}

namespace longtake {

template <auto Free>
struct FreesByPointer {
    template <typename T>
    void operator()(T* object) const {
        Free(&object);
    }
};
template <auto Free>
struct Frees {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};

using CodecContextPtr = std::unique_ptr<AVCodecContext, FreesByPointer<avcodec_free_context>>;
using AvFramePtr = std::unique_ptr<AVFrame, FreesByPointer<av_frame_free>>;
using AvPacketPtr = std::unique_ptr<AVPacket, FreesByPointer<av_packet_free>>;
using ScalerPtr = std::unique_ptr<SwsContext, Frees<sws_freeContext>>;
using InputContextPtr = std::unique_ptr<AVFormatContext, FreesByPointer<avformat_close_input>>;
using OutputContextPtr = std::unique_ptr<AVFormatContext, Frees<avformat_free_context>>;

// AVERROR code to words.
std::string ffmpegError(int code);

// FFmpeg and its encoders print to stderr on their own account; our errors are values with one line each.
// Silences them for the process unless the environment has LONGTAKE_FFMPEG_LOG. Cheap to call often.
void quietFfmpeg();

}  // namespace longtake
