#include "app/media/picture_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "app/files/atomic_file.h"
#include "app/files/file_error.h"
#include "app/media/ffmpeg_handles.h"

namespace longtake {
namespace {

constexpr size_t kMaxFileBytes = 256u << 20;
constexpr int kMaxSide = 16384;
constexpr int64_t kMaxPixels = int64_t{100} << 20;

Error pictureError(const std::string& path, const std::string& why) {
    return Error{"cannot open the picture " + printable(path) + ": " + why + "; choose a PNG, JPEG, WebP or BMP file"};
}

AVCodecID codecOf(std::string_view bytes) {
    if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return AV_CODEC_ID_PNG;
    if (bytes.starts_with("\xff\xd8\xff")) return AV_CODEC_ID_MJPEG;
    if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) return AV_CODEC_ID_WEBP;
    if (bytes.starts_with("BM")) return AV_CODEC_ID_BMP;
    return AV_CODEC_ID_NONE;
}

// Gives null when the bytes are no whole picture.
AvFramePtr decoded(const std::string& bytes, AVCodecID id) {
    const AVCodec* codec = avcodec_find_decoder(id);
    if (codec == nullptr) return nullptr;
    const CodecContextPtr decoder(avcodec_alloc_context3(codec));
    decoder->max_pixels = kMaxPixels;
    decoder->thread_count = 1;
    decoder->err_recognition = AV_EF_EXPLODE;
    const AvPacketPtr packet(av_packet_alloc());
    if (avcodec_open2(decoder.get(), codec, nullptr) < 0 || av_new_packet(packet.get(), static_cast<int>(bytes.size())) < 0) return nullptr;
    std::memcpy(packet->data, bytes.data(), bytes.size());
    AvFramePtr frame(av_frame_alloc());
    if (avcodec_send_packet(decoder.get(), packet.get()) < 0) return nullptr;
    avcodec_send_packet(decoder.get(), nullptr);
    if (avcodec_receive_frame(decoder.get(), frame.get()) < 0) return nullptr;
    return frame;
}

// Scales a part of a picture; the part begins at data[0].
bool scale(const uint8_t* const data[], const int strides[], int width, int height, AVPixelFormat format, bool fullRange, Frame8& to) {
    const ScalerPtr scaler(sws_getContext(width, height, format, to.width, to.height, AV_PIX_FMT_RGB24,
                                          SWS_AREA | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP, nullptr, nullptr,
                                          nullptr));
    if (scaler == nullptr) return false;
    const int* matrix = sws_getCoefficients(SWS_CS_ITU601);  // what JPEG and WebP mean
    sws_setColorspaceDetails(scaler.get(), matrix, fullRange ? 1 : 0, matrix, 1, 0, 1 << 16, 1 << 16);
    to.rgb.resize(static_cast<size_t>(to.width) * static_cast<size_t>(to.height) * 3);
    uint8_t* planes[4] = {to.rgb.data(), nullptr, nullptr, nullptr};
    const int rows[4] = {3 * to.width, 0, 0, 0};
    return sws_scale(scaler.get(), data, strides, 0, height, planes, rows) >= 0;
}

// EXIF orientation 1 ... 8: the transposed ones are mirrored at the diagonal first.
Frame8 upright(Frame8 picture, int orientation) {
    if (orientation < 2 || orientation > 8) return picture;
    const bool transposed = orientation >= 5;
    const bool fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 6;
    const bool fromBelow = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
    Frame8 turned{transposed ? picture.height : picture.width, transposed ? picture.width : picture.height, {}};
    turned.rgb.resize(picture.rgb.size());
    for (int y = 0; y < turned.height; ++y) {
        for (int x = 0; x < turned.width; ++x) {
            const int across = fromRight ? turned.width - 1 - x : x, down = fromBelow ? turned.height - 1 - y : y;
            const int fromX = transposed ? down : across, fromY = transposed ? across : down;
            std::memcpy(&turned.rgb[3 * (static_cast<size_t>(y) * static_cast<size_t>(turned.width) + static_cast<size_t>(x))],
                        &picture.rgb[3 * (static_cast<size_t>(fromY) * static_cast<size_t>(picture.width) + static_cast<size_t>(fromX))],
                        3);
        }
    }
    return turned;
}

int orientationOf(const AVFrame& frame) {
    const AVDictionaryEntry* entry = av_dict_get(frame.metadata, "Orientation", nullptr, 0);
    return entry == nullptr ? 1 : std::atoi(entry->value);
}

}  // namespace

bool isPictureName(const std::string& path) {
    const size_t dot = path.rfind('.');
    if (dot == std::string::npos) return false;
    std::string ending = path.substr(dot + 1);
    std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return ending == "png" || ending == "jpg" || ending == "jpeg" || ending == "webp" || ending == "bmp";
}

namespace {

// path: names it in messages.
Result<Frame8> pictureIn(const std::string& bytes, const std::string& path) {
    quietFfmpeg();
    const AVCodecID id = codecOf(bytes);
    if (id == AV_CODEC_ID_NONE) return pictureError(path, "it is no picture of a known kind");
    const AvFramePtr frame = decoded(bytes, id);
    if (frame == nullptr || frame->width <= 0 || frame->height <= 0) return pictureError(path, "it is damaged or too large");
    if (frame->width > kMaxSide || frame->height > kMaxSide) return pictureError(path, "it has more than 16384 pixels in a row or column");
    Frame8 picture{frame->width, frame->height, {}};
    const bool fullRange = frame->color_range == AVCOL_RANGE_JPEG || id == AV_CODEC_ID_PNG || id == AV_CODEC_ID_BMP;
    if (!scale(frame->data, frame->linesize, frame->width, frame->height, static_cast<AVPixelFormat>(frame->format), fullRange, picture))
        return pictureError(path, "its pixels cannot be converted");
    return upright(std::move(picture), orientationOf(*frame));
}

}  // namespace

Result<Frame8> readPicture(const std::string& path) {
    const Result<std::string> bytes = readWholeFile(path, kMaxFileBytes);
    if (!bytes) return bytes.error();
    return pictureIn(*bytes, path);
}

Result<Frame8> covering(const Frame8& picture, int64_t width, int64_t height) {
    Frame8 fitted{static_cast<int>(width), static_cast<int>(height), {}};
    const double factor = std::max(static_cast<double>(width) / picture.width, static_cast<double>(height) / picture.height);
    const int usedWidth = std::clamp(static_cast<int>(std::lround(static_cast<double>(width) / factor)), 1, picture.width);
    const int usedHeight = std::clamp(static_cast<int>(std::lround(static_cast<double>(height) / factor)), 1, picture.height);
    const int left = (picture.width - usedWidth) / 2, top = (picture.height - usedHeight) / 2;
    const uint8_t* data[4] = {picture.rgb.data() + 3 * (static_cast<ptrdiff_t>(top) * picture.width + left), nullptr, nullptr, nullptr};
    const int strides[4] = {3 * picture.width, 0, 0, 0};
    if (!scale(data, strides, usedWidth, usedHeight, AV_PIX_FMT_RGB24, true, fitted))
        return Error{"a picture cannot be scaled to " + std::to_string(width) + "x" + std::to_string(height)};
    return fitted;
}

StartPicture startPictureFrom(const std::string& path, const std::string& kept) {
    if (path.empty()) return {};
    const auto read = [path, kept](int64_t width, int64_t height) -> Result<Frame8> {
        const Result<Frame8> before = kept.empty() ? Result<Frame8>(Error{"none"}) : pictureIn(kept, path);
        if (before && before->width == width && before->height == height) return before;
        const Result<Frame8> picture = readPicture(path);
        if (!picture && !before) return picture.error();
        return covering(picture ? *picture : *before, width, height);
    };
    return {.path = path, .read = read, .picture = nullptr};
}

}  // namespace longtake
