// The canvas where no graphics card draws: the same scene, painted by Qt.
//
// Owner:  CanvasWidget. The scene must outlive it.
// Thread: GUI thread only.
#pragma once

#include <QImage>
#include <QWidget>

#include "ui/canvas/canvas_scene.h"
#include "ui/canvas/picture_scaler.h"

namespace longtake {

class PaintedCanvas final : public QWidget {
    Q_OBJECT

public:
    explicit PaintedCanvas(CanvasScene& scene, QWidget* parent = nullptr);
    // Paints soon again what the HUD covers and covered, and nothing else.
    void updateHud();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QRegion regionOf(const HudAreas& areas) const;
    void paintPicture(QPainter& painter, const FrameView& picture, PictureSize canvas);

    CanvasScene& scene_;
    PictureScaler scaler_;
    QImage scaled_;  // the visible part as it was last painted, for repaints that change only the HUD
    uint64_t scaledSerial_ = 0;
    Placement scaledPlacement_;
    HudAreas hudAreas_;  // as last painted
};

// The picture without a copy; valid as long as the frame's pixels.
QImage borrowedImage(const FrameView& frame);

}  // namespace longtake
