// The canvas where there is no Vulkan: the same scene, painted by Qt.
//
// Owner:  CanvasWidget. The scene must outlive it.
// Thread: GUI thread only.
#pragma once

#include <QWidget>

#include "ui/canvas/canvas_scene.h"

namespace longtake {

class PaintedCanvas final : public QWidget {
    Q_OBJECT

public:
    explicit PaintedCanvas(CanvasScene& scene, QWidget* parent = nullptr);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    CanvasScene& scene_;
};

// The picture without a copy; valid as long as the frame's pixels.
QImage borrowedImage(const HostFrame& frame);

}  // namespace longtake
