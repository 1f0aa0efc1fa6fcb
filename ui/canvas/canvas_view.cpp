#include "ui/canvas/canvas_view.h"

#include <algorithm>
#include <cmath>

namespace longtake {
namespace {

// Smaller pictures are centred; of larger ones no edge may come inside the canvas.
double keptInside(double centre, double picture, double canvas, double zoom) {
    double half = canvas / zoom / 2;
    return picture * zoom <= canvas ? picture / 2 : std::clamp(centre, half, picture - half);
}

}  // namespace

double CanvasView::fittedZoom() const {
    if (canvas_.empty() || picture_.empty()) return 1;
    return std::min(double(canvas_.width) / picture_.width, double(canvas_.height) / picture_.height);
}

double CanvasView::clampedZoom(double zoom) const {
    // Never smaller than a quarter of what fits (or of 1:1, if that is smaller still).
    double least = std::min(1.0, fittedZoom()) / 4;
    return std::clamp(zoom, least, std::max(kMaxZoom, fittedZoom()));
}

void CanvasView::keepInside() {
    centre_.x = keptInside(centre_.x, picture_.width, canvas_.width, zoom_);
    centre_.y = keptInside(centre_.y, picture_.height, canvas_.height, zoom_);
}

void CanvasView::zoomAt(double zoom, PixelPoint anchor) {
    if (canvas_.empty() || picture_.empty()) return;
    PixelPoint texel = textureAt(anchor);
    zoom_ = clampedZoom(zoom);
    fitted_ = false;
    centre_.x = texel.x - (anchor.x - canvas_.width / 2.0) / zoom_;
    centre_.y = texel.y - (anchor.y - canvas_.height / 2.0) / zoom_;
    keepInside();
}

void CanvasView::moveBy(double dx, double dy) {
    if (fitted_) return;
    centre_.x -= dx / zoom_;
    centre_.y -= dy / zoom_;
    keepInside();
}

bool CanvasView::canMove() const {
    if (fitted_ || canvas_.empty()) return false;
    return picture_.width * zoom_ > canvas_.width + 0.5 || picture_.height * zoom_ > canvas_.height + 0.5;
}

PixelPoint CanvasView::corner() const {
    double scale = zoom();
    double x = picture_.width / 2.0;
    double y = picture_.height / 2.0;
    if (!fitted_) {
        // The canvas may have changed its size since the last move.
        x = keptInside(centre_.x, picture_.width, canvas_.width, scale);
        y = keptInside(centre_.y, picture_.height, canvas_.height, scale);
    }
    return {canvas_.width / 2.0 - x * scale, canvas_.height / 2.0 - y * scale};
}

Placement CanvasView::placement() const {
    if (canvas_.empty() || picture_.empty()) return {};
    double scale = zoom();
    PixelPoint at = corner();
    return {.x = int(std::lround(at.x)),
            .y = int(std::lround(at.y)),
            .width = std::max(1, int(std::lround(picture_.width * scale))),
            .height = std::max(1, int(std::lround(picture_.height * scale))),
            .zoom = scale};
}

PixelPoint CanvasView::textureAt(PixelPoint point) const {
    double scale = zoom();
    PixelPoint at = corner();
    return {(point.x - at.x) / scale, (point.y - at.y) / scale};
}

}  // namespace longtake
