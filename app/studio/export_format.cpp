#include "app/studio/export_format.h"

#include <algorithm>
#include <cmath>

#include "app/media/encoders.h"
#include "app/studio/export_dialog.h"

namespace longtake {

namespace {

std::vector<NamedFormat> findVideoFormats() {
    const std::vector<EncoderInfo> encoders = availableEncoders();
    std::vector<NamedFormat> found;
    const auto add = [&](VideoCodec codec, ExportFormat format, const QString& name) {
        if (std::any_of(encoders.begin(), encoders.end(), [&](const EncoderInfo& info) { return info.codec == codec; }))
            found.push_back({format, name});
    };
    add(VideoCodec::H264, ExportFormat::Mp4H264, ExportDialog::tr("MP4, H.264: plays everywhere"));
    add(VideoCodec::H265, ExportFormat::Mp4H265, ExportDialog::tr("MP4, H.265: smaller"));
    add(VideoCodec::Av1, ExportFormat::Mp4Av1, ExportDialog::tr("MP4, AV1: smallest, slow"));
    add(VideoCodec::Prores, ExportFormat::Prores, ExportDialog::tr("MOV, ProRes: for editing"));
    return found;
}

}  // namespace

const std::vector<NamedFormat>& videoFormats() {
    static const std::vector<NamedFormat> formats = findVideoFormats();
    return formats;
}

VideoCodec codecOf(ExportFormat format) {
    switch (format) {
        case ExportFormat::Mp4H265: return VideoCodec::H265;
        case ExportFormat::Mp4Av1: return VideoCodec::Av1;
        case ExportFormat::Prores: return VideoCodec::Prores;
        default: return VideoCodec::H264;
    }
}

PictureSize videoSize(PictureSize frames, double scale) {
    const auto even = [scale](int side) { return std::max(2, static_cast<int>(std::lround(side * scale / 2)) * 2); };
    return {even(frames.width), even(frames.height)};
}

QString endingOf(ExportFormat format) {
    switch (format) {
        case ExportFormat::Prores: return QStringLiteral(".mov");
        case ExportFormat::PngSequence: return {};
        case ExportFormat::Gif: return QStringLiteral(".gif");
        case ExportFormat::Webp: return QStringLiteral(".webp");
        default: return QStringLiteral(".mp4");
    }
}

}  // namespace longtake
