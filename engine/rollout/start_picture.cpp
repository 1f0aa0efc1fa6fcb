#include "engine/rollout/start_picture.h"

#include <cstring>

#include "engine/rollout/model.h"

namespace longtake {

namespace {

Tensor planesOf(const Frame8& picture) {
    Tensor planes = Tensor::host(DType::F32, {1, 3, picture.height, picture.width});
    const size_t pixels = picture.rgb.size() / 3;
    for (size_t i = 0; i < pixels; ++i)
        for (size_t c = 0; c < 3; ++c) planes.as<float>()[c * pixels + i] = static_cast<float>(picture.rgb[3 * i + c]) / 255.0f;
    return planes;
}

}  // namespace

Result<Tensor> EncodedStart::latents(const PassCallback& afterPass) {
    if (latents_) return latents_->slice(0, chunkFrames_);
    const Tensor picture = planesOf(*picture_);
    Tensor made = Tensor::host(DType::F32, {chunkFrames_, encoder_->latentChannels(), picture_->height / encoder_->pixelsPerLatent(),
                                            picture_->width / encoder_->pixelsPerLatent()});
    encoder_->reset();
    int64_t count = 0;
    while (count < chunkFrames_) {
        const Tensor latents = encoder_->encode(picture);
        if (latents.shape()[0] > 0) {
            std::memcpy(made.slice(count, 1).data(), latents.data(), made.slice(count, 1).bytes());
            ++count;
        }
        if (afterPass && !afterPass({0, static_cast<int>(count), static_cast<int>(chunkFrames_), false})) return Error{"stopped"};
    }
    latents_ = std::move(made);
    encoder_.reset();
    picture_.reset();
    return latents_->slice(0, chunkFrames_);
}

Result<std::shared_ptr<EncodedStart>> openStart(const Model& model, StartPicture& start, int64_t width, int64_t height,
                                                int64_t chunkFrames) {
    if (!start) return std::shared_ptr<EncodedStart>();
    auto encoder = model.makeEncoder();
    if (!encoder)
        return Error{"this model cannot begin with a picture: " + encoder.message() + "; remove the start picture or choose another model"};
    Result<Frame8> picture = start.read(width, height);
    if (!picture) return picture.error();
    if (picture->width != width || picture->height != height || picture->rgb.size() != static_cast<size_t>(width * height * 3))
        return Error{"the start picture must have the take's size, " + std::to_string(width) + "x" + std::to_string(height)};
    start.picture = std::make_shared<const Frame8>(std::move(picture).value());
    return std::make_shared<EncodedStart>(start.picture, std::move(encoder).value(), chunkFrames);
}

}  // namespace longtake
