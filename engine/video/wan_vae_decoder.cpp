#include <algorithm>
#include <stdexcept>

#include "engine/rows.h"
#include "engine/video/maps.h"
#include "engine/video/wan_vae.h"

namespace longtake {

const std::array<float, 16> kWanLatentMean = {-0.7571f, -0.7089f, -0.9113f, 0.1075f,  -0.1745f, 0.9653f,  -0.1517f, 1.5508f,
                                              0.4134f,  -0.0715f, 0.5517f,  -0.3632f, -0.1922f, -0.9497f, 0.2503f,  -0.2921f};
const std::array<float, 16> kWanLatentStd = {2.8184f, 1.4541f, 2.3275f, 2.6558f, 1.2196f, 1.7708f, 2.6052f, 2.0743f,
                                             3.2687f, 2.1526f, 2.8652f, 1.5579f, 1.6382f, 1.1253f, 2.8251f, 1.9160f};

Result<std::unique_ptr<WanVaeDecoder>> WanVaeDecoder::load(const WeightSource& weights, Backend& backend) {
    auto loaded = readModel(weights, "decoder.", [&](WeightReader& reader) {
        return std::unique_ptr<WanVaeDecoder>(new WanVaeDecoder(weights, reader, backend));
    });
    if (loaded && (*loaded)->latentChannels() != static_cast<int64_t>(kWanLatentMean.size()))
        return Error{"weight \"conv2.weight\" makes " + std::to_string((*loaded)->latentChannels()) +
                     " latent channels, the Wan video autoencoder has " + std::to_string(kWanLatentMean.size())};
    return loaded;
}

WanVaeDecoder::WanVaeDecoder(const WeightSource& weights, WeightReader& reader, Backend& backend)
    : backend_(backend), scratch_(backend), reader_(backend, 0.5f, 0.5f) {
    const int64_t z = weightSize(weights, "conv2.weight", 0), width = weightSize(weights, "decoder.conv1.weight", 0);
    latent_ = ConvLayer(backend, readKernel(reader, "conv2", z, z, {1, 1, 1}, Bias::Yes));
    input_ = CausalConv(backend, readKernel(reader, "decoder.conv1", width, z, {3, 3, 3}, Bias::Yes));
    middle_ = readWanMiddle(reader, backend, "decoder.middle", width);
    upsamples_ = readWanLayers(weights, reader, backend, "decoder.upsamples", width, Resampling::Up);
    for (size_t i = 0; i < upsamples_.size(); ++i) {
        const std::string name = "decoder.upsamples." + std::to_string(i);
        if (weights.has(name + ".resample.1.weight")) pixelsPerLatent_ *= 2;
        if (weights.has(name + ".time_conv.weight")) framesPerLatent_ *= 2;
    }
    latentStd_ = uploadFloats(backend, {kWanLatentStd.begin(), kWanLatentStd.end()});
    latentMean_ = uploadFloats(backend, {kWanLatentMean.begin(), kWanLatentMean.end()});
    head_ = std::make_unique<WanHead>(backend, reader, "decoder.head", upsamples_.empty() ? width : upsamples_.back()->outChannels(), 3);
}

WanVaeDecoder::WanVaeDecoder(const WanVaeDecoder& other)
    : backend_(other.backend_), scratch_(backend_), reader_(backend_, 0.5f, 0.5f), latentStd_(other.latentStd_),
      latentMean_(other.latentMean_), latent_(other.latent_), input_(other.input_), middle_(copyOf(other.middle_)),
      upsamples_(copyOf(other.upsamples_)), head_(std::make_unique<WanHead>(*other.head_)), pixelsPerLatent_(other.pixelsPerLatent_),
      framesPerLatent_(other.framesPerLatent_) {
    reset();
}

int64_t WanVaeDecoder::framesOf(int64_t latents) const {
    return seen_ == 0 && latents > 0 ? (latents - 1) * framesPerLatent_ + 1 : latents * framesPerLatent_;
}

std::vector<Tensor*> WanVaeDecoder::state() const {
    std::vector<Tensor*> all = statesOf({&middle_, &upsamples_});
    all.insert(all.begin(), const_cast<Tensor*>(&input_.past));
    for (Tensor* map : head_->state()) all.push_back(map);
    return all;
}

void WanVaeDecoder::reset() {
    for (Tensor* map : state()) *map = Tensor();
    seen_ = 0;
}

void WanVaeDecoder::check(const Tensor& latents) const {
    const Shape& shape = latents.shape();
    if (latents.dtype() != DType::F32 || shape.rank() != 4 || shape[0] < 1 || shape[1] != latentChannels() || shape[2] < 1 || shape[3] < 1)
        throw std::invalid_argument("[wan_vae decode] latents must be [n, " + std::to_string(latentChannels()) +
                                    ", height, width] of F32, got " + shape.text() + " of " + std::string(nameOf(latents.dtype())));
    const Tensor& past = input_.past;
    if (!past.empty() && (past.shape()[1] != shape[2] || past.shape()[2] != shape[3]))
        throw std::invalid_argument("[wan_vae decode] the stream has latents of " + std::to_string(past.shape()[1]) + " x " +
                                    std::to_string(past.shape()[2]) + ", got " + std::to_string(shape[2]) + " x " +
                                    std::to_string(shape[3]) + "; reset before another size");
}

void WanVaeDecoder::observe(const std::string& layer, const Tensor& map) const {
    if (observer_) observer_(layer, map);
}

void WanVaeDecoder::run(const Tensor& latents, const PictureSink& sink) {
    const int64_t height = latents.shape()[2], width = latents.shape()[3];
    for (int64_t i = 0; i < latents.shape()[0]; ++i) {
        WanPass pass(backend_, scratch_, seen_ == 0);
        Tensor z = pass.other(mapShape(1, height, width, latentChannels()));
        backend_.planesToMap({.x = latents.slice(i, 1).as<float>(),
                              .y = z.data(),
                              .dtype = z.dtype(),
                              .frames = 1,
                              .channels = latentChannels(),
                              .height = height,
                              .width = width,
                              .scale = latentStd_.as<float>(),
                              .offset = latentMean_.as<float>()});
        Tensor maps = pass.padded(mapShape(1 + input_.kept(), height, width, latentChannels()));
        latent_.run(backend_, z, maps.slice(input_.kept(), 1), {});
        Tensor x = pass.other(mapShape(1, height, width, input_.layer().outChannels()));
        input_.run(backend_, maps, x, kSame);
        observe("conv1", x);
        for (const auto& layer : middle_) x = layer->run(x, pass);
        observe("middle", x);
        for (size_t k = 0; k < upsamples_.size(); ++k) {
            x = upsamples_[k]->run(x, pass);
            observe("upsamples." + std::to_string(k), x);
        }
        sink(head_->run(x, pass));
        ++seen_;
    }
}

Tensor WanVaeDecoder::planes(const Tensor& latents, const std::function<float(float, int64_t)>& change) {
    check(latents);
    const Shape& shape = latents.shape();
    Tensor out = Tensor::host(DType::F32, {framesOf(shape[0]), 3, pixelsPerLatent_ * shape[2], pixelsPerLatent_ * shape[3]});
    float* to = out.as<float>();
    run(latents, [&](const Tensor& pictures) {
        mapToPlanes(backend_, pictures, change, to);
        to += pictures.count();
    });
    return out;
}

Tensor WanVaeDecoder::decode(const Tensor& latents) {
    return planes(latents, [](float x, int64_t) { return std::clamp(x * 0.5f + 0.5f, 0.0f, 1.0f); });
}

Tensor WanVaeDecoder::decodeRaw(const Tensor& latents) {
    return planes(latents, [](float x, int64_t) { return x; });
}

void WanVaeDecoder::decodeRgb8(const Tensor& latents, const FrameSink& sink) {
    check(latents);
    run(latents, [&](const Tensor& pictures) { reader_.read(pictures, sink); });
}

void WanVaeDecoder::decodeLater(const Tensor& latents, LaterFrames& frames) {
    check(latents);
    run(latents, [&](const Tensor& pictures) { reader_.readLater(pictures, frames); });
}

VideoState WanVaeDecoder::snapshot() const {
    VideoState copy{{}, seen_};
    for (const Tensor* map : state()) copy.maps.push_back(map->empty() ? Tensor() : cloneMap(backend_, *map));
    return copy;
}

void WanVaeDecoder::restore(const VideoState& from) {
    reset();
    seen_ = from.seen;
    const std::vector<Tensor*> maps = state();
    for (size_t i = 0; i < std::min(maps.size(), from.maps.size()); ++i)
        if (!from.maps[i].empty()) *maps[i] = cloneMap(backend_, from.maps[i]);
}

size_t WanVaeDecoder::stateBytes() const {
    size_t total = 0;
    for (const Tensor* map : state()) total += map->empty() ? 0 : map->bytes();
    return total;
}

size_t WanVaeDecoder::weightBytes() const {
    size_t total = latent_.bytes() + input_.layer().bytes() + head_->bytes();
    for (const WanLayers* layers : {&middle_, &upsamples_})
        for (const auto& layer : *layers) total += layer->bytes();
    return total;
}

}  // namespace longtake
