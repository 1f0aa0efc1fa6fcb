#include "engine/video/maps.h"

namespace longtake {

Tensor zeroMap(Backend& backend, const Shape& shape) {
    Tensor map = Tensor::allocate(backend, backend.computeType(), shape);
    const std::vector<char> zeros(map.bytes());  // +0 in every float type
    backend.upload(map.data(), zeros.data(), zeros.size());
    return map;
}

void copyMap(Backend& backend, const Tensor& from, Tensor to) { backend.copyBytes(to.data(), from.data(), from.bytes()); }

Tensor cloneMap(Backend& backend, const Tensor& map) {
    Tensor copy = Tensor::allocate(backend, map.dtype(), map.shape());
    copyMap(backend, map, copy);
    return copy;
}

size_t bytesOf(const std::vector<Tensor>& maps) {
    size_t total = 0;
    for (const Tensor& map : maps) total += map.empty() ? 0 : map.bytes();
    return total;
}

void planesToMap(Backend& backend, const float* planes, const ValueChange& change, Tensor map) {
    const int64_t frames = map.shape()[0], channels = map.shape()[3];
    const int64_t pixels = map.shape()[1] * map.shape()[2];
    Tensor host = Tensor::host(map.dtype(), map.shape());
    const bool bf16 = map.dtype() == DType::BF16;
    for (int64_t f = 0; f < frames; ++f) {
        for (int64_t c = 0; c < channels; ++c) {
            for (int64_t i = 0; i < pixels; ++i) {
                const float value = change(*planes++, c);
                const int64_t to = (f * pixels + i) * channels + c;
                if (bf16) host.as<uint16_t>()[to] = bf16FromFloat(value);
                else host.as<float>()[to] = value;
            }
        }
    }
    backend.upload(map.data(), host.data(), host.bytes());
}

void mapToPlanes(Backend& backend, const Tensor& map, const ValueChange& change, float* planes) {
    const int64_t frames = map.shape()[0], channels = map.shape()[3];
    const int64_t pixels = map.shape()[1] * map.shape()[2];
    Tensor host = Tensor::host(map.dtype(), map.shape());
    backend.download(host.data(), map.data(), map.bytes());
    const bool bf16 = map.dtype() == DType::BF16;
    for (int64_t f = 0; f < frames; ++f) {
        for (int64_t c = 0; c < channels; ++c) {
            for (int64_t i = 0; i < pixels; ++i) {
                const int64_t from = (f * pixels + i) * channels + c;
                *planes++ = change(bf16 ? floatFromBf16(host.as<uint16_t>()[from]) : host.as<float>()[from], c);
            }
        }
    }
}

void PictureReader::read(const Tensor& pictures, const FrameSink& sink) {
    LaterFrames frames;
    readLater(pictures, frames);
    for (LaterFrame& later : frames) {
        later.finish();
        sink(std::move(later.frame));
    }
}

void PictureReader::readLater(const Tensor& pictures, LaterFrames& frames) {
    const Shape& shape = pictures.shape();
    const int64_t pixels = shape[1] * shape[2];
    if (shape[0] == 0) return;
    Room& room = rooms_[turn_++ % rooms_.size()];
    if (room.last) backend_.waitFor(*room.last);
    const auto fit = [&](Tensor& tensor, int64_t bytes) {
        if (tensor.empty() || tensor.count() < shape[0] * bytes) tensor = Tensor::allocate(backend_, DType::U8, {shape[0] * bytes});
    };
    fit(room.shown, 3 * pixels);
    if (nv12_) fit(room.nv12, pixels * 3 / 2);
    backend_.pictures({.x = pictures.data(),
                       .dtype = pictures.dtype(),
                       .y = room.shown.as<uint8_t>(),
                       .pixels = shape[0] * pixels,
                       .scale = scale_,
                       .offset = offset_});
    for (int64_t f = 0; f < shape[0]; ++f) {
        const void* picture = pictures.slice(f, 1).data();
        if (tap_) tap_({.x = picture, .dtype = pictures.dtype(), .pixels = pixels, .scale = scale_, .offset = offset_});
        LaterFrame later{.frame = {static_cast<int>(shape[2]), static_cast<int>(shape[1]), {}, {}}, .copies = {}};
        const auto copy = [&](std::vector<uint8_t>& to, const Tensor& from, int64_t bytes) {
            to.resize(static_cast<size_t>(bytes));
            room.last = backend_.downloadLater(to.data(), from.as<uint8_t>() + f * bytes, to.size());
            later.copies.push_back(room.last);
        };
        if (nv12_) {
            uint8_t* to = room.nv12.as<uint8_t>() + f * (pixels * 3 / 2);
            backend_.nv12({.x = picture,
                           .dtype = pictures.dtype(),
                           .y = to,
                           .width = shape[2],
                           .height = shape[1],
                           .scale = scale_,
                           .offset = offset_});
        }
        copy(later.frame.rgb, room.shown, 3 * pixels);
        if (nv12_) copy(later.frame.nv12, room.nv12, pixels * 3 / 2);
        frames.push_back(std::move(later));
    }
}

size_t PictureReader::bytes() const {
    size_t total = 0;
    for (const Room& room : rooms_)
        for (const Tensor* tensor : {&room.shown, &room.nv12}) total += tensor->empty() ? 0 : tensor->bytes();
    return total;
}

}  // namespace longtake
