#include <stdexcept>

#include "engine/video/maps.h"
#include "engine/video/wan_vae.h"

namespace longtake {

Result<std::unique_ptr<WanVaeEncoder>> WanVaeEncoder::load(const WeightSource& weights, Backend& backend) {
    auto loaded = readModel(weights, "encoder.", [&](WeightReader& reader) {
        return std::unique_ptr<WanVaeEncoder>(new WanVaeEncoder(weights, reader, backend));
    });
    if (loaded && (*loaded)->latentChannels() != static_cast<int64_t>(kWanLatentMean.size()))
        return Error{"weight \"conv1.weight\" makes " + std::to_string((*loaded)->latentChannels()) +
                     " latent channels, the Wan video autoencoder has " + std::to_string(kWanLatentMean.size())};
    return loaded;
}

WanVaeEncoder::WanVaeEncoder(const WeightSource& weights, WeightReader& reader, Backend& backend) : backend_(backend), scratch_(backend) {
    const int64_t base = weightSize(weights, "encoder.conv1.weight", 0);
    input_ = CausalConv(backend, readKernel(reader, "encoder.conv1", base, 3, {3, 3, 3}, Bias::Yes));
    downsamples_ = readWanLayers(weights, reader, backend, "encoder.downsamples", base, Resampling::Down);
    for (size_t i = 0; i < downsamples_.size(); ++i) {
        const std::string name = "encoder.downsamples." + std::to_string(i);
        if (weights.has(name + ".resample.1.weight")) pixelsPerLatent_ *= 2;
        if (weights.has(name + ".time_conv.weight")) framesPerLatent_ *= 2;
    }
    const int64_t width = downsamples_.empty() ? base : downsamples_.back()->outChannels();
    const int64_t moments = weightSize(weights, "conv1.weight", 0);
    middle_ = readWanMiddle(reader, backend, "encoder.middle", width);
    head_ = std::make_unique<WanHead>(backend, reader, "encoder.head", width, moments);
    moments_ = ConvLayer(backend, readKernel(reader, "conv1", moments, moments, {1, 1, 1}, Bias::Yes));
}

std::vector<Tensor*> WanVaeEncoder::state() const {
    std::vector<Tensor*> all = statesOf({&downsamples_, &middle_});
    all.insert(all.begin(), const_cast<Tensor*>(&input_.past));
    for (Tensor* map : head_->state()) all.push_back(map);
    return all;
}

void WanVaeEncoder::reset() {
    for (Tensor* map : state()) *map = Tensor();
    waiting_.clear();
    picture_ = Shape();
    seen_ = 0;
}

Tensor WanVaeEncoder::encode(const Tensor& frames) {
    const Shape& shape = frames.shape();
    const int64_t unit = pixelsPerLatent_;
    if (frames.dtype() != DType::F32 || shape.rank() != 4 || shape[1] != 3 || shape[2] < unit || shape[3] < unit || shape[2] % unit ||
        shape[3] % unit)
        throw std::invalid_argument("[wan_vae encode] frames must be [n, 3, height, width] of F32 with sides that are multiples of " +
                                    std::to_string(unit) + ", got " + shape.text());
    const Shape picture{shape[1], shape[2], shape[3]};
    if (picture_.rank() && !(picture_ == picture))
        throw std::invalid_argument("[wan_vae encode] the stream has pictures " + picture_.text() + ", got " + picture.text() +
                                    "; reset before another size");
    picture_ = picture;
    waiting_.insert(waiting_.end(), frames.as<float>(), frames.as<float>() + frames.count());

    std::vector<float> latents;
    const int64_t latentSize = latentChannels() * (shape[2] / unit) * (shape[3] / unit);
    for (;;) {
        const int64_t group = seen_ == 0 ? 1 : framesPerLatent_;
        if (static_cast<int64_t>(waiting_.size()) < group * picture.count()) break;
        latents.resize(latents.size() + static_cast<size_t>(latentSize));
        encodeGroup(group, latents.data() + latents.size() - static_cast<size_t>(latentSize));
        waiting_.erase(waiting_.begin(), waiting_.begin() + group * picture.count());
        seen_ += group;
    }
    Tensor out =
        Tensor::host(DType::F32, {static_cast<int64_t>(latents.size()) / latentSize, latentChannels(), shape[2] / unit, shape[3] / unit});
    std::copy(latents.begin(), latents.end(), out.as<float>());
    return out;
}

Tensor WanVaeEncoder::finish() {
    reset();
    return Tensor::host(DType::F32, {0, latentChannels(), 0, 0});
}

void WanVaeEncoder::encodeGroup(int64_t frames, float* latent) {
    WanPass pass(backend_, scratch_, seen_ == 0);
    Tensor maps = pass.padded(mapShape(input_.kept() + frames, picture_[1], picture_[2], 3));
    planesToMap(
        backend_, waiting_.data(), [](float x, int64_t) { return 2.0f * x - 1.0f; }, maps.slice(input_.kept(), frames));
    Tensor x = pass.other(mapShape(frames, picture_[1], picture_[2], input_.layer().outChannels()));
    input_.run(backend_, maps, x, kSame);
    for (const auto& layer : downsamples_) x = layer->run(x, pass);
    for (const auto& layer : middle_) x = layer->run(x, pass);
    x = head_->run(x, pass);
    Tensor moments = pass.other(x.shape());
    moments_.run(backend_, x, moments, {});
    std::vector<float> planes(static_cast<size_t>(moments.count()));
    mapToPlanes(
        backend_, moments,
        [this](float value, int64_t c) {
            const auto channel = static_cast<size_t>(c);
            return c < latentChannels() ? (value - kWanLatentMean[channel]) / kWanLatentStd[channel] : 0.0f;
        },
        planes.data());
    std::copy(planes.begin(), planes.begin() + static_cast<ptrdiff_t>(planes.size() / 2), latent);  // the means
}

size_t WanVaeEncoder::stateBytes() const {
    size_t total = waiting_.size() * sizeof(float);
    for (const Tensor* map : state()) total += map->empty() ? 0 : map->bytes();
    return total;
}

size_t WanVaeEncoder::weightBytes() const {
    size_t total = input_.layer().bytes() + head_->bytes() + moments_.bytes();
    for (const WanLayers* layers : {&downsamples_, &middle_})
        for (const auto& layer : *layers) total += layer->bytes();
    return total;
}

}  // namespace longtake
