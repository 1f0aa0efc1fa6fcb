// Where the picture lies in the canvas: fitted with bars, at 1:1, or zoomed and moved by hand.
//
// Owner:  CanvasWidget.
// Thread: GUI thread only. Pure geometry; lengths are device pixels of the canvas, positions in the picture texels.
#pragma once

#include "engine/video/frame_view.h"
#include "ui/canvas/frame_stamp.h"

namespace longtake {

// How a picture is made larger; making smaller always averages.
enum class Magnify { Nearest, Linear, Bicubic };

struct PixelPoint {
    double x = 0;
    double y = 0;
};

// The picture's rectangle. The corner is a whole pixel, so that zoom 1 shows every texel as it is.
struct Placement {
    int x = 0;
    int y = 0;
    int width = 0;  // rounded; 0 when there is nothing to show
    int height = 0;
    double zoom = 1;  // device pixels per texel

    bool operator==(const Placement&) const = default;
};

class CanvasView {
public:
    static constexpr double kMaxZoom = 32;

    void setCanvas(PictureSize size) { canvas_ = size; }
    void setPicture(PictureSize size) { picture_ = size; }

    void fit() { fitted_ = true; }
    void setZoom(double zoom) { zoomAt(zoom, {canvas_.width / 2.0, canvas_.height / 2.0}); }
    // The texel under `anchor` stays under it, as far as the edges allow.
    void zoomAt(double zoom, PixelPoint anchor);
    void moveBy(double dx, double dy);

    bool isFitted() const { return fitted_; }
    double zoom() const { return fitted_ ? fittedZoom() : zoom_; }
    bool canMove() const;  // the picture is larger than the canvas in some direction
    Placement placement() const;
    // The texel under a canvas point; outside of the picture it lies outside of [0, size).
    PixelPoint textureAt(PixelPoint point) const;

private:
    double fittedZoom() const;
    double clampedZoom(double zoom) const;
    PixelPoint corner() const;  // of the picture in the canvas, before rounding
    void keepInside();

    PictureSize canvas_;
    PictureSize picture_;
    bool fitted_ = true;
    double zoom_ = 1;
    PixelPoint centre_;  // texel in the middle of the canvas; unused while fitted
};

}  // namespace longtake
