#include "app/media/picture_converter.h"

extern "C" {
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
}

namespace longtake {
namespace {

AVPixelFormat formatOf(PixelFormat format) {
    switch (format) {
        case PixelFormat::Rgb24: return AV_PIX_FMT_RGB24;
        case PixelFormat::Rgba: return AV_PIX_FMT_RGBA;
        case PixelFormat::Nv12: break;
    }
    return AV_PIX_FMT_NV12;
}

bool isRgb(AVPixelFormat format) { return (av_pix_fmt_desc_get(format)->flags & AV_PIX_FMT_FLAG_RGB) != 0; }

}  // namespace

PictureConverter::PictureConverter(PictureSize source, PictureSize target, AVPixelFormat format)
    : source_(source), target_(target), format_(format), frame_(av_frame_alloc()) {}

Result<PictureConverter> PictureConverter::create(PictureSize source, PictureSize target, AVPixelFormat format) {
    PictureConverter converter(source, target, format);
    converter.frame_->width = target.width;
    converter.frame_->height = target.height;
    converter.frame_->format = format;
    if (!isRgb(format)) {
        converter.frame_->colorspace = AVCOL_SPC_BT709;
        converter.frame_->color_primaries = AVCOL_PRI_BT709;
        converter.frame_->color_trc = AVCOL_TRC_BT709;
        converter.frame_->color_range = AVCOL_RANGE_MPEG;
        converter.frame_->chroma_location = AVCHROMA_LOC_LEFT;
    }
    if (av_frame_get_buffer(converter.frame_.get(), 0) < 0 || !converter.prepareScaler(AV_PIX_FMT_RGB24)) {
        return Error{"cannot prepare pictures of " + std::to_string(target.width) + "x" + std::to_string(target.height) +
                     ": not enough memory or an impossible size; choose another"};
    }
    return converter;
}

bool PictureConverter::prepareScaler(AVPixelFormat sourceFormat) {
    if (sourceFormat == scalerSource_) return true;
    scaler_.reset(sws_alloc_context());
    SwsContext* scaler = scaler_.get();
    // ACCURATE_RND also keeps swscale from its fast RGB path, which knows only the BT.601 matrix.
    const int flags = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;
    av_opt_set_int(scaler, "sws_flags", flags, 0);
    av_opt_set_int(scaler, "srcw", source_.width, 0);
    av_opt_set_int(scaler, "srch", source_.height, 0);
    av_opt_set_int(scaler, "src_format", sourceFormat, 0);
    av_opt_set_int(scaler, "dstw", target_.width, 0);
    av_opt_set_int(scaler, "dsth", target_.height, 0);
    av_opt_set_int(scaler, "dst_format", format_, 0);
    const bool toYuv = !isRgb(format_);
    if (toYuv) {
        av_opt_set_int(scaler, "dst_h_chr_pos", 0, 0);
        av_opt_set_int(scaler, "dst_v_chr_pos", 128, 0);
    }
    if (!isRgb(sourceFormat)) {
        av_opt_set_int(scaler, "src_h_chr_pos", 0, 0);
        av_opt_set_int(scaler, "src_v_chr_pos", 128, 0);
    }
    const int* bt709 = sws_getCoefficients(SWS_CS_ITU709);
    const int fullRange = 1;
    const int one = 1 << 16;
    sws_setColorspaceDetails(scaler, bt709, isRgb(sourceFormat) ? fullRange : 0, bt709, toYuv ? 0 : fullRange, 0, one, one);
    if (sws_init_context(scaler, nullptr, nullptr) < 0) return false;
    scalerSource_ = sourceFormat;
    return true;
}

Result<AVFrame*> PictureConverter::convert(const FrameView& picture) {
    if (picture.size() != source_) {
        return Error{"cannot write a picture of " + std::to_string(picture.width) + "x" + std::to_string(picture.height) +
                     ": this export was started for " + std::to_string(source_.width) + "x" + std::to_string(source_.height) +
                     "; start a new export after changing the size"};
    }
    const AVPixelFormat format = formatOf(picture.format);
    // An encoder may still hold the last frame's buffer: then this makes a new one.
    if (!prepareScaler(format) || av_frame_make_writable(frame_.get()) < 0) {
        return Error{"cannot convert a picture: not enough memory; close other programs and try again"};
    }
    const bool twoPlanes = picture.format == PixelFormat::Nv12;
    const auto stride = static_cast<int>(picture.stride);
    const uint8_t* planes[4] = {picture.data, twoPlanes ? picture.data + picture.stride * picture.height : nullptr, nullptr, nullptr};
    const int strides[4] = {stride, twoPlanes ? stride : 0, 0, 0};
    const int rows = sws_scale(scaler_.get(), planes, strides, 0, picture.height, frame_->data, frame_->linesize);
    if (rows < 0) return Error{"cannot convert a picture: " + ffmpegError(rows) + "; choose another size"};
    return frame_.get();
}

}  // namespace longtake
