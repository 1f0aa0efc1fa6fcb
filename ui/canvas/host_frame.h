// A picture in memory as the canvas takes it, and its place in the take.
//
// Owner:  a HostFrame borrows; it is valid only during the call it is passed to.
// Thread: plain values.
#pragma once

#include <cstddef>
#include <cstdint>

namespace longtake {

enum class HostPixels : uint8_t { Rgb8, Rgba8 };  // display-referred sRGB; alpha is ignored

constexpr int bytesPerPixel(HostPixels format) { return format == HostPixels::Rgb8 ? 3 : 4; }

struct PixelSize {
    int width = 0;
    int height = 0;

    bool empty() const { return width <= 0 || height <= 0; }
    bool operator==(const PixelSize&) const = default;
};

struct HostFrame {
    const uint8_t* pixels = nullptr;  // [height, stride], rows from top to bottom
    PixelSize size;
    ptrdiff_t stride = 0;  // bytes from one row to the next
    HostPixels format = HostPixels::Rgb8;
};

struct FrameStamp {
    int64_t index = 0;   // raw frame of the take, from 0
    double seconds = 0;  // when it is due, in the take's own time

    bool operator==(const FrameStamp&) const = default;
};

}  // namespace longtake
