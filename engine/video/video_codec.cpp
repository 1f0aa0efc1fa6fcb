#include "engine/video/video_codec.h"

#include "engine/video/taehv.h"
#include "engine/video/wan_vae.h"

namespace longtake {

namespace {

template <typename Interface, typename Codec>
Result<std::unique_ptr<Interface>> asInterface(Result<std::unique_ptr<Codec>> loaded) {
    if (!loaded) return loaded.error();
    return std::unique_ptr<Interface>(std::move(loaded).value());
}

}  // namespace

Result<std::unique_ptr<VideoDecoder>> makeVideoDecoder(VideoKind kind, const WeightSource& weights, Backend& backend) {
    if (kind == VideoKind::WanVae) return asInterface<VideoDecoder>(WanVaeDecoder::load(weights, backend));
    return asInterface<VideoDecoder>(TaehvDecoder::load(weights, backend));
}

Result<std::unique_ptr<VideoEncoder>> makeVideoEncoder(VideoKind kind, const WeightSource& weights, Backend& backend) {
    if (kind == VideoKind::WanVae) return asInterface<VideoEncoder>(WanVaeEncoder::load(weights, backend));
    return asInterface<VideoEncoder>(TaehvEncoder::load(weights, backend));
}

}  // namespace longtake
