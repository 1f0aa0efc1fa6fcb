// Feature maps and pictures: [frames, height, width, channels], channels fastest, in the backend's compute type; and
// their way from and to the latents and pictures that everybody else uses.
//
// Thread: plain functions; the backend's rule applies.
#pragma once

#include <array>
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
// And back.
void mapToPlanes(Backend& backend, const Tensor& map, const ValueChange& change, float* planes);

// Turns a model's pictures into 8-bit ones: shown = clamp(value * scale + offset, 0, 1). Keeps room for the largest lot,
// twice: one is filled while the other is copied.
class PictureReader {
public:
    PictureReader(Backend& backend, float scale, float offset) : backend_(backend), scale_(scale), offset_(offset) {}
    void read(const Tensor& pictures, const FrameSink& sink);  // [frames, height, width, 3]
    void readLater(const Tensor& pictures, LaterFrames& frames);
    void setTap(PictureTap tap) { tap_ = std::move(tap); }
    void setNv12(bool wanted) { nv12_ = wanted; }
    size_t bytes() const;

private:
    Backend& backend_;
    float scale_, offset_;
    PictureTap tap_;
    bool nv12_ = false;
    struct Room {
        Tensor shown, nv12;
        std::shared_ptr<HostCopy> last;  // of what lies there
    };
    std::array<Room, 2> rooms_;
    size_t turn_ = 0;
};

}  // namespace longtake
