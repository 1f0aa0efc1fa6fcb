// Turns borrowed pictures into FFmpeg frames of another size, pixel format or colour matrix.
// Private to app/media.
//
// Owner:  one writer.
// Thread: one at a time.
#pragma once

#include "app/media/ffmpeg_handles.h"
#include "engine/result.h"
#include "engine/video/frame_view.h"

namespace longtake {

class PictureConverter {
public:
    // For a YUV target the result is BT.709, limited range, chroma sited as in MPEG-2 (left).
    static Result<PictureConverter> create(PictureSize source, PictureSize target, AVPixelFormat format);

    // The frame belongs to the converter until the next call; an encoder that keeps it takes a reference.
    bool scales() const { return source_ != target_; }
    Result<AVFrame*> convert(const FrameView& picture);

private:
    PictureConverter(PictureSize source, PictureSize target, AVPixelFormat format);
    bool prepareScaler(AVPixelFormat sourceFormat);

    PictureSize source_;
    PictureSize target_;
    AVPixelFormat format_;
    AVPixelFormat scalerSource_ = AV_PIX_FMT_NONE;
    ScalerPtr scaler_;
    AvFramePtr frame_;
};

}  // namespace longtake
