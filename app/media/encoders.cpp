#include "app/media/encoders.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "app/files/file_error.h"
#include "app/media/ffmpeg_handles.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace longtake {
namespace {

// A fragment of the crash-safe file ends at a key frame, so this bounds what a crash can lose.
constexpr int kKeyFrameDistance = 16;

// best..smallest of an encoder's own quality scale at our 100..0.
struct EncoderRecipe {
    const char* name;
    VideoCodec codec;
    bool hardware;
    const char* qualityOption;
    double bestValue;
    double smallestValue;
    std::array<std::array<const char*, 2>, 3> options;  // private options, {nullptr, nullptr} for none
};

// The presets are the fast ones: an export runs beside the generation and must not slow it. Look-ahead is short
// because a crash loses it.
constexpr std::array<std::array<const char*, 2>, 3> kNone{};
constexpr std::array<EncoderRecipe, 8> kRecipes{{
    {"h264_nvenc", VideoCodec::H264, true, "cq", 14, 40, {{{"preset", "p4"}, {"rc", "vbr"}}}},
    {"libx264", VideoCodec::H264, false, "crf", 12, 38, {{{"preset", "veryfast"}, {"rc-lookahead", "10"}}}},
    {"libopenh264", VideoCodec::H264, false, nullptr, 0, 0, kNone},
    {"hevc_nvenc", VideoCodec::H265, true, "cq", 16, 43, {{{"preset", "p4"}, {"rc", "vbr"}}}},
    {"libx265", VideoCodec::H265, false, "crf", 16, 43, {{{"preset", "veryfast"}, {"x265-params", "log-level=none:rc-lookahead=10"}}}},
    {"libsvtav1", VideoCodec::Av1, false, "crf", 15, 60, {{{"preset", "8"}}}},
    {"libaom-av1", VideoCodec::Av1, false, "crf", 15, 60, {{{"usage", "realtime"}, {"cpu-used", "8"}, {"row-mt", "1"}}}},
    {"prores_ks", VideoCodec::Prores, false, nullptr, 0, 0, {{{"vendor", "apl0"}}}},
}};

// NVENC's own format; a GPU makes it beside the picture (kernels/nv12.h).
AVPixelFormat pixelFormatOf(const EncoderRecipe& recipe) {
    if (recipe.hardware) return AV_PIX_FMT_NV12;
    return recipe.codec == VideoCodec::Prores ? AV_PIX_FMT_YUV422P10LE : AV_PIX_FMT_YUV420P;
}

// ProRes has no rate factor but profiles: proxy, LT, 422, HQ.
int proresProfileFor(int quality) { return std::min(3, quality / 25); }

// Encoders without a constant-quality mode get a bit rate: about 0.03 to 0.3 bits a pixel.
int64_t bitRateFor(const VideoOptions& options, PictureSize size) {
    const double bitsPerPixel = 0.03 * std::pow(10.0, options.quality / 100.0);
    return static_cast<int64_t>(bitsPerPixel * size.width * size.height * options.frameRate.perSecond());
}

Result<EncoderPtr> openWith(const EncoderRecipe& recipe, const VideoOptions& options, PictureSize size) {
    quietFfmpeg();
    const AVCodec* codec = avcodec_find_encoder_by_name(recipe.name);
    if (codec == nullptr) return Error{std::string(recipe.name) + ": not part of this system's FFmpeg"};
    EncoderPtr context(avcodec_alloc_context3(codec));
    context->width = size.width;
    context->height = size.height;
    context->pix_fmt = pixelFormatOf(recipe);
    context->time_base = {options.frameRate.den, options.frameRate.num};
    context->framerate = {options.frameRate.num, options.frameRate.den};
    context->gop_size = kKeyFrameDistance;
    context->thread_count = options.threads;
    context->colorspace = AVCOL_SPC_BT709;
    context->color_primaries = AVCOL_PRI_BT709;
    context->color_trc = AVCOL_TRC_BT709;
    context->color_range = AVCOL_RANGE_MPEG;
    context->chroma_sample_location = AVCHROMA_LOC_LEFT;
    context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;  // MP4 and MOV keep the headers apart from the stream
    if (recipe.qualityOption != nullptr) {
        const double worse = 1.0 - options.quality / 100.0;
        const double value = recipe.bestValue + worse * (recipe.smallestValue - recipe.bestValue);
        av_opt_set_double(context->priv_data, recipe.qualityOption, std::round(value), 0);
    } else if (recipe.codec == VideoCodec::Prores) {
        av_opt_set_int(context->priv_data, "profile", proresProfileFor(options.quality), 0);
    } else {
        context->bit_rate = bitRateFor(options, size);
    }
    for (const auto& [key, value] : recipe.options) {
        if (key != nullptr) av_opt_set(context->priv_data, key, value, 0);
    }
    if (const int code = avcodec_open2(context.get(), codec, nullptr); code < 0) {
        return Error{std::string(recipe.name) + ": " + ffmpegError(code)};
    }
    return context;
}

// SVT-AV1 1.4 waits for ever when it is closed before it has seen a picture and the end of the stream.
void drain(AVCodecContext* encoder) {
    const AvFramePtr frame(av_frame_alloc());
    frame->width = encoder->width;
    frame->height = encoder->height;
    frame->format = encoder->pix_fmt;
    frame->pts = INT32_MAX;
    if (av_frame_get_buffer(frame.get(), 0) < 0) return;
    if (avcodec_send_frame(encoder, frame.get()) == AVERROR_EOF) return;  // drained already
    avcodec_send_frame(encoder, nullptr);
    const AvPacketPtr packet(av_packet_alloc());
    while (avcodec_receive_packet(encoder, packet.get()) >= 0) av_packet_unref(packet.get());
}

}  // namespace

void FreesCodecContext::operator()(AVCodecContext* context) const {
    if (avcodec_is_open(context) != 0 && std::string_view(context->codec->name) == "libsvtav1") drain(context);
    avcodec_free_context(&context);
}

std::vector<EncoderInfo> availableEncoders() {
    std::vector<EncoderInfo> found;
    for (const EncoderRecipe& recipe : kRecipes) {
        VideoOptions options;
        options.codec = recipe.codec;
        options.threads = 1;
        const PictureSize size{320, 192};  // NVENC refuses anything under 145 wide
        if (openWith(recipe, options, size).ok()) found.push_back({recipe.codec, recipe.name, recipe.hardware});
    }
    return found;
}

Result<EncoderPtr> openVideoEncoder(const VideoOptions& options, PictureSize size) {
    std::string reasons;
    for (const EncoderRecipe& recipe : kRecipes) {
        const bool wanted = options.encoder.empty() ? recipe.codec == options.codec : recipe.name == options.encoder;
        if (!wanted) continue;
        if (recipe.codec != options.codec) {
            return Error{"the encoder " + options.encoder + " does not make " + std::string(labelOf(options.codec)) +
                         "; choose the codec " + std::string(nameOf(recipe.codec)) + " or another encoder"};
        }
        Result<EncoderPtr> encoder = openWith(recipe, options, size);
        if (encoder) return encoder;
        reasons += (reasons.empty() ? "" : "; ") + encoder.message();
    }
    if (reasons.empty()) {
        return Error{"unknown encoder \"" + printable(options.encoder) + "\"; leave it out to use the best one that opens"};
    }
    return Error{"no " + std::string(labelOf(options.codec)) + " encoder opens for " + std::to_string(size.width) + "x" +
                 std::to_string(size.height) + " (" + reasons + "); choose another codec or size"};
}

}  // namespace longtake
