#include "app/media/png_file.h"

#include <cstring>

#include "app/files/atomic_file.h"
#include "app/media/ffmpeg_handles.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace longtake {
namespace {

Error pngError(int code) { return Error{"cannot make a PNG: " + ffmpegError(code) + "; choose another size"}; }

// A reference-counted copy of the picture, as encoders want it.
AvFramePtr copyOf(const FrameView& picture, AVPixelFormat format) {
    AvFramePtr frame(av_frame_alloc());
    frame->width = picture.width;
    frame->height = picture.height;
    frame->format = format;
    if (av_frame_get_buffer(frame.get(), 0) < 0) return nullptr;
    const size_t rowBytes = static_cast<size_t>(picture.width) * static_cast<size_t>(bytesPerPixel(picture.format));
    for (int y = 0; y < picture.height; ++y) {
        std::memcpy(frame->data[0] + static_cast<ptrdiff_t>(y) * frame->linesize[0], picture.data + y * picture.stride, rowBytes);
    }
    return frame;
}

}  // namespace

Result<std::string> encodePng(const FrameView& picture) {
    quietFfmpeg();
    const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_PNG);
    if (codec == nullptr) return Error{"cannot make a PNG: this system's FFmpeg has no PNG encoder; install another"};
    const AVPixelFormat format = picture.format == PixelFormat::Rgb24 ? AV_PIX_FMT_RGB24 : AV_PIX_FMT_RGBA;
    const CodecContextPtr encoder(avcodec_alloc_context3(codec));
    encoder->width = picture.width;
    encoder->height = picture.height;
    encoder->pix_fmt = format;
    encoder->time_base = {1, 1};
    encoder->thread_count = 1;
    encoder->compression_level = 4;
    av_opt_set(encoder->priv_data, "pred", "paeth", 0);
    int code = avcodec_open2(encoder.get(), codec, nullptr);
    if (code < 0) return pngError(code);
    const AvFramePtr frame = copyOf(picture, format);
    if (frame == nullptr) return pngError(AVERROR(ENOMEM));
    const AvPacketPtr packet(av_packet_alloc());
    code = avcodec_send_frame(encoder.get(), frame.get());
    if (code >= 0) code = avcodec_receive_packet(encoder.get(), packet.get());
    if (code < 0) return pngError(code);
    return std::string(reinterpret_cast<const char*>(packet->data), static_cast<size_t>(packet->size));
}

Result<void> writePng(const std::string& path, const FrameView& frame) {
    const Result<std::string> bytes = encodePng(frame);
    if (!bytes) return bytes.error();
    return writeFileAtomically(path, std::string_view(*bytes));
}

}  // namespace longtake
