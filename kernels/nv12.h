// Pictures as video encoders take them: BT.709, limited range, one colour sample for four pixels, sited at the left column
// of each two (as in MPEG-2). All backends share the arithmetic; roundings may differ by one.
//
// Thread: pure functions.
#pragma once

#include "kernels/philox.h"

namespace longtake {

struct Rgb {
    float r = 0, g = 0, b = 0;  // display-referred, 0 ... 1
};

// NaN is black, as in Backend::pictures.
LONGTAKE_HOST_DEVICE inline float shownPart(float x, float scale, float offset) {
    const float value = x * scale + offset;
    return value > 0.0f ? (value < 1.0f ? value : 1.0f) : 0.0f;
}

// ITU-R BT.709-6, 3.2: luma, 0 ... 1.
LONGTAKE_HOST_DEVICE inline float lumaOf(const Rgb& c) { return 0.2126f * c.r + 0.7152f * c.g + 0.0722f * c.b; }
LONGTAKE_HOST_DEVICE inline float lumaLevel(const Rgb& c) { return 16.0f + 219.0f * lumaOf(c); }
// 3.3 and 3.5: colour differences as levels around 128.
LONGTAKE_HOST_DEVICE inline float blueLevel(const Rgb& c) { return 128.0f + 224.0f / 1.8556f * (c.b - lumaOf(c)); }
LONGTAKE_HOST_DEVICE inline float redLevel(const Rgb& c) { return 128.0f + 224.0f / 1.5748f * (c.r - lumaOf(c)); }

// The colour of a sample at the left one of two columns: a quarter, a half and a quarter around it, of both rows.
LONGTAKE_HOST_DEVICE inline Rgb chromaSample(const Rgb (&rows)[2][3]) {
    Rgb sum;
    for (const Rgb(&row)[3] : rows) {
        sum.r += 0.125f * row[0].r + 0.25f * row[1].r + 0.125f * row[2].r;
        sum.g += 0.125f * row[0].g + 0.25f * row[1].g + 0.125f * row[2].g;
        sum.b += 0.125f * row[0].b + 0.25f * row[1].b + 0.125f * row[2].b;
    }
    return sum;
}

}  // namespace longtake
