// The canvas where no graphics card draws: the same scene, painted by Qt. The processor that paints is the one that
// generates, so only what changed is painted: a frame's own rectangle, and the HUD from a picture of it.
//
// Owner:  CanvasWidget. The scene must outlive it.
// Thread: GUI thread only.
#pragma once

#include <QColor>
#include <QImage>
#include <QTimer>
#include <QWidget>

#include "ui/canvas/canvas_scene.h"
#include "ui/canvas/picture_scaler.h"

namespace longtake {

// Around the picture, as the Vulkan canvas clears it.
inline constexpr QColor kCanvasBackground(17, 19, 23);

class PaintedCanvas final : public QWidget {
    Q_OBJECT

public:
    explicit PaintedCanvas(CanvasScene& scene, QWidget* parent = nullptr);
    // Draws the HUD again, soon: figures change more often than they can be read.
    void updateHud();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    // What the picture of the HUD was drawn for.
    struct HudPlace {
        Placement placement;
        PictureSize canvas;
        bool panelVisible = false;

        bool operator==(const HudPlace&) const = default;
    };

    PictureSize canvasSize() const;
    QRegion regionOf(const HudAreas& areas) const;
    void pictureChanged();
    void drawHudPicture();
    // pixels: where, in device pixels.
    void paintPicture(QPainter& painter, const FrameView& picture, PictureSize canvas, const QRegion& pixels);
    void paintHud(QPainter& painter);

    CanvasScene& scene_;
    PictureScaler scaler_;
    uint64_t preparedSerial_ = 0;  // what the scaler has prepared
    Placement preparedPlacement_;
    CanvasPart preparedPart_;
    QImage strip_;
    PictureSize paintedSize_;  // of the picture that was last painted
    QRect paintedPart_;        // and where, in logical pixels
    QImage hud_;               // the HUD alone, as large as the canvas
    HudAreas hudAreas_;        // what of it is drawn on
    HudPlace hudPlace_;
    uint64_t hudSerial_ = 0;  // of the picture that was last painted
    QTimer hudSoon_;
};

// The picture without a copy; valid as long as the frame's pixels.
QImage borrowedImage(const FrameView& frame);

}  // namespace longtake
