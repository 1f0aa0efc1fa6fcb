// A picture in memory, borrowed or owned: 8-bit RGB or RGBA, display-referred sRGB, rows from top to bottom; or NV12, as
// kernels/nv12.h has it, for encoders alone.
//
// Owner:  a FrameView borrows and is valid only during the call it is passed to; an OwnedFrame owns.
// Thread: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace longtake {

enum class PixelFormat : uint8_t { Rgb24, Rgba, Nv12 };

// Of a row; and rows of a picture, those of its colour differences included.
constexpr int bytesPerPixel(PixelFormat format) { return format == PixelFormat::Rgb24 ? 3 : format == PixelFormat::Rgba ? 4 : 1; }
constexpr int rowsOf(PixelFormat format, int height) { return format == PixelFormat::Nv12 ? height * 3 / 2 : height; }

struct PictureSize {
    int width = 0;
    int height = 0;

    bool empty() const { return width <= 0 || height <= 0; }
    bool operator==(const PictureSize&) const = default;
};

// One finished picture of the decoder: sRGB, rows from top to bottom.
struct Frame8 {
    int width = 0, height = 0;
    std::vector<uint8_t> rgb;   // [height, width, 3]
    std::vector<uint8_t> nv12;  // [height * 3 / 2, width], the same for encoders; empty unless asked for
};

struct FrameView {
    const uint8_t* data = nullptr;  // [height, stride]
    int width = 0;                  // pixels
    int height = 0;
    ptrdiff_t stride = 0;  // bytes from one row to the next
    PixelFormat format = PixelFormat::Rgb24;

    PictureSize size() const { return {width, height}; }
    bool empty() const { return data == nullptr || size().empty(); }
};

// Valid as long as the frame.
inline FrameView viewOf(const Frame8& frame) {
    return {.data = frame.rgb.data(),
            .width = frame.width,
            .height = frame.height,
            .stride = ptrdiff_t{3} * frame.width,
            .format = PixelFormat::Rgb24};
}

// What an encoder takes best.
inline FrameView encoderViewOf(const Frame8& frame) {
    if (frame.nv12.empty()) return viewOf(frame);
    return {.data = frame.nv12.data(), .width = frame.width, .height = frame.height, .stride = frame.width, .format = PixelFormat::Nv12};
}

class OwnedFrame {
public:
    OwnedFrame() = default;
    // Uninitialised pixels are zero: black, transparent in RGBA.
    OwnedFrame(PictureSize size, PixelFormat format);
    // A deep copy with tightly packed rows.
    explicit OwnedFrame(const FrameView& source);

    void assign(const FrameView& source);  // as the constructor, reusing the memory

    FrameView view() const;
    uint8_t* row(int y) { return bytes_.data() + static_cast<size_t>(y) * stride(); }

private:
    size_t stride() const { return static_cast<size_t>(size_.width) * static_cast<size_t>(bytesPerPixel(format_)); }

    PictureSize size_;
    PixelFormat format_ = PixelFormat::Rgb24;
    std::vector<uint8_t> bytes_;
};

// FNV-1a, 64 bits, over the RGB bytes row by row: what the engine gives for the same picture. Padding and alpha do
// not count, so both RGB formats agree. `verify` compares these.
uint64_t frameHash(const FrameView& frame);
inline uint64_t frameHash(const Frame8& frame) { return frameHash(viewOf(frame)); }

}  // namespace longtake
