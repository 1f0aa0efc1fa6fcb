#include "engine/video/maps.h"

#include <algorithm>
#include <cmath>
#include <cstring>

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

std::vector<float> downloaded(Backend& backend, const Tensor& values) {
    std::vector<float> host(static_cast<size_t>(values.count()));
    backend.download(host.data(), values.data(), values.bytes());
    return host;
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

PictureReader::PictureReader(Backend& backend, float scale, float offset) : backend_(backend), scale_(scale), offset_(offset) {
    if (backend.computeType() != DType::BF16) return;
    table_.resize(1 << 16);
    for (uint32_t bits = 0; bits < table_.size(); ++bits) table_[bits] = shown(floatFromBf16(static_cast<uint16_t>(bits)));
}

uint8_t PictureReader::shown(float value) const {
    const float scaled = (value * scale_ + offset_) * 255.0f;
    return static_cast<uint8_t>(std::lrint(std::clamp(std::isnan(scaled) ? 0.0f : scaled, 0.0f, 255.0f)));
}

void PictureReader::read(const Tensor& pictures, const FrameSink& sink) const {
    const Shape& shape = pictures.shape();
    Tensor host = Tensor::host(pictures.dtype(), {shape[1], shape[2], shape[3]});
    for (int64_t f = 0; f < shape[0]; ++f) {
        backend_.download(host.data(), pictures.slice(f, 1).data(), host.bytes());
        Frame8 frame{static_cast<int>(shape[2]), static_cast<int>(shape[1]), std::vector<uint8_t>(static_cast<size_t>(host.count()))};
        for (size_t i = 0; i < frame.rgb.size(); ++i)
            frame.rgb[i] = table_.empty() ? shown(host.as<float>()[i]) : table_[host.as<uint16_t>()[i]];
        sink(std::move(frame));
    }
}

}  // namespace longtake
