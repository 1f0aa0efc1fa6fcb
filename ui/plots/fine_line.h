// A smooth line of about one and a half pixels through many points, drawn fast.
//
// QPainter strokes pens wider than a pixel as filled outlines, which costs milliseconds for a few hundred points;
// two cosmetic lines half a pixel apart look the same and cost a tenth.
// Thread: GUI thread.
#pragma once

#include <QPainter>
#include <QPolygonF>

namespace longtake {

inline void drawFineLine(QPainter& painter, const QPolygonF& points, const QColor& ink) {
    if (points.size() < 2) return;
    QPen pen(ink, 1);
    pen.setCosmetic(true);
    painter.setPen(pen);
    painter.drawPolyline(points.translated(0, -0.25));
    painter.drawPolyline(points.translated(0, 0.25));
}

}  // namespace longtake
