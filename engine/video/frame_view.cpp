#include "engine/video/frame_view.h"

#include <cstring>

namespace longtake {

OwnedFrame::OwnedFrame(PictureSize size, PixelFormat format) : size_(size), format_(format) {
    bytes_.resize(stride() * static_cast<size_t>(rowsOf(format, size.height)));
}

OwnedFrame::OwnedFrame(const FrameView& source) { assign(source); }

void OwnedFrame::assign(const FrameView& source) {
    size_ = source.size();
    format_ = source.format;
    const int rows = rowsOf(format_, size_.height);
    bytes_.resize(stride() * static_cast<size_t>(rows));
    for (int y = 0; y < rows; ++y) std::memcpy(row(y), source.data + y * source.stride, stride());
}

FrameView OwnedFrame::view() const {
    return {
        .data = bytes_.data(), .width = size_.width, .height = size_.height, .stride = static_cast<ptrdiff_t>(stride()), .format = format_};
}

uint64_t frameHash(const FrameView& frame) {
    constexpr uint64_t kPrime = 0x100000001b3ull;
    uint64_t hash = 0xcbf29ce484222325ull;
    const auto mix = [&hash](uint8_t byte) { hash = (hash ^ byte) * kPrime; };
    const int step = bytesPerPixel(frame.format);
    for (int y = 0; y < frame.height; ++y) {
        const uint8_t* pixel = frame.data + y * frame.stride;
        for (int x = 0; x < frame.width; ++x, pixel += step) {
            mix(pixel[0]);
            mix(pixel[1]);
            mix(pixel[2]);
        }
    }
    return hash;
}

}  // namespace longtake
