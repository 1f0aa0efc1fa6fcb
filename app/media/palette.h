// Reduces pictures to 255 colours for GIF: median cut over a 15-bit histogram, ordered dither.
//
// Owner:  one AnimationWriter.
// Thread: one at a time.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/video/frame_view.h"

namespace longtake {

class Palette {
public:
    static constexpr int kColours = 255;  // GIF's 256th says "as in the frame before"

    struct Colour {
        uint8_t red = 0, green = 0, blue = 0;
    };

    // The palette that suits this picture.
    static Palette of(const FrameView& picture);

    // Colour indices with an 8x8 ordered dither: its pattern stands still between frames, so that parts that do
    // not move do not shimmer and compress well. out: [height, outStride]. Returns the mean distance of the
    // undithered colours from the palette (0..441), by which the caller sees that the scene has changed.
    double map(const FrameView& picture, uint8_t* out, ptrdiff_t outStride);

    const std::array<Colour, kColours>& colours() const { return colours_; }

private:
    uint8_t nearest(int red, int green, int blue);

    std::array<Colour, kColours> colours_{};
    std::vector<int16_t> cache_;  // [32768] 15-bit colour -> index, -1: not looked up yet
};

}  // namespace longtake
