// Makes a picture larger on the CPU: the bicubic filter of shaders/frame.frag for the painted canvas.
//
// Owner:  PaintedCanvas.
// Thread: one thread at a time.
#pragma once

#include <array>
#include <vector>

#include "ui/canvas/canvas_view.h"

namespace longtake {

// The part of the placement that lies inside of the canvas.
struct CanvasPart {
    int x = 0, y = 0, width = 0, height = 0;

    bool operator==(const CanvasPart&) const = default;
};
CanvasPart visiblePart(const Placement& placement, PictureSize canvas);

class PictureScaler {
public:
    // Catmull-Rom, clamped at the edges, rounded with the shader's dither. Over the columns first and then over the rows,
    // which makes 8 multiplications of 16 and few of them at full size.
    //
    // The columns of `part`, of the rows of the frame that it needs; the frame is not needed after that.
    void prepare(const FrameView& frame, const Placement& placement, const CanvasPart& part);
    // Then any piece of the part, a multiple of kAlignment from its left edge. out: [piece.height, stride], four bytes a
    // pixel: blue, green, red, 255.
    static constexpr int kAlignment = 8;
    void scale(const CanvasPart& piece, uint8_t* out, ptrdiff_t stride) const;
    // Both for all of the part.
    void scale(const FrameView& frame, const Placement& placement, const CanvasPart& part, uint8_t* out, ptrdiff_t stride) {
        prepare(frame, placement, part);
        scale(part, out, stride);
    }

private:
    struct Taps {
        std::array<int, 4> at;
        std::array<float, 4> weights;
    };

    static void makeTaps(std::vector<Taps>& taps, int first, int count, double zoom, int texels);
    void scaleColumns(const FrameView& frame, int row, int16_t* out);

    CanvasPart part_;
    int firstRow_ = 0;  // of the frame, in wide_
    std::vector<Taps> columns_;
    std::vector<Taps> rows_;
    std::vector<float> source_;  // one row of the picture: [width, 4]
    std::vector<int16_t> wide_;  // the rows that are needed, at full width: [rows, part.width, 4]
};

}  // namespace longtake
