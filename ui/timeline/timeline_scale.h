// Where time and rows lie in the timeline view.
//
// Thread: plain values, GUI thread.
#pragma once

#include <QRectF>

namespace longtake {

// Seconds to pixels and back.
struct TimelineScale {
    static constexpr double kLeast = 0.05;  // pixels a second: hours on a screen
    static constexpr double kMost = 400;

    double pixelsPerSecond = 14;
    double scrollSeconds = 0;  // at the left end

    double xOf(double seconds) const { return (seconds - scrollSeconds) * pixelsPerSecond; }
    double secondsAt(double x) const { return scrollSeconds + x / pixelsPerSecond; }
};

// Top edges and heights of the rows, in pixels.
struct TimelineRows {
    static constexpr double kRulerTop = 0, kRulerHeight = 18;
    static constexpr double kBlocksTop = 22, kBlocksHeight = 34;
    static constexpr double kNotesTop = 57, kNotesHeight = 15;
    static constexpr double kThumbsTop = 74, kThumbsHeight = 32;
    static constexpr double kDriftTop = 112, kDriftHeight = 22;
    static constexpr int kHeight = 138;
};

}  // namespace longtake
