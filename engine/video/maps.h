// Feature maps and pictures: [frames, height, width, channels], channels fastest, in the backend's compute type; and
// their way from and to the latents and pictures that everybody else uses.
//
// Thread: plain functions; the backend's rule applies.
#pragma once

#include <functional>
#include <vector>

#include "engine/tensor.h"
#include "engine/video/video_codec.h"

namespace longtake {

inline Shape mapShape(int64_t frames, int64_t height, int64_t width, int64_t channels) { return {frames, height, width, channels}; }

Tensor zeroMap(Backend& backend, const Shape& shape);
void copyMap(Backend& backend, const Tensor& from, Tensor to);  // equal sizes
Tensor cloneMap(Backend& backend, const Tensor& map);
size_t bytesOf(const std::vector<Tensor>& maps);

// Planes [frames, C, h, w] in host memory to a map [frames, h, w, C], each value through `change(value, channel)`.
using ValueChange = std::function<float(float value, int64_t channel)>;
void planesToMap(Backend& backend, const float* planes, const ValueChange& change, Tensor map);
std::vector<float> downloaded(Backend& backend, const Tensor& values);  // F32
// And back.
void mapToPlanes(Backend& backend, const Tensor& map, const ValueChange& change, float* planes);

// Turns a model's pictures into 8-bit ones: shown = clamp(value * scale + offset, 0, 1).
class PictureReader {
public:
    PictureReader(Backend& backend, float scale, float offset);
    void read(const Tensor& pictures, const FrameSink& sink) const;  // [frames, height, width, 3]

private:
    uint8_t shown(float value) const;

    Backend& backend_;
    float scale_, offset_;
    std::vector<uint8_t> table_;  // of every bf16 value, when the pictures have that type
};

}  // namespace longtake
