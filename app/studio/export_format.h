// The formats that exports and recordings are offered in.
//
// Thread: any.
#pragma once

#include <QString>
#include <vector>

#include "app/media/video_options.h"

namespace longtake {

enum class ExportFormat { Mp4H264, Mp4H265, Mp4Av1, Prores, PngSequence, Gif, Webp };

constexpr int kUsualQuality = 70;

struct NamedFormat {
    ExportFormat format = ExportFormat::Mp4H264;
    QString name;
};

// Those whose encoder opens here; asked once, which takes some tens of milliseconds for each.
const std::vector<NamedFormat>& videoFormats();
VideoCodec codecOf(ExportFormat format);  // of a video
QString endingOf(ExportFormat format);    // ".mp4"; empty for pictures in a folder
// Frames of that size, larger or smaller; both sides of a video are even.
PictureSize videoSize(PictureSize frames, double scale);

}  // namespace longtake
