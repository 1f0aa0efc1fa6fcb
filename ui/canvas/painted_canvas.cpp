#include "ui/canvas/painted_canvas.h"

#include <QImage>
#include <QPainter>
#include <QPainterPath>
#include <cmath>

#include "ui/canvas/hud_font.h"

namespace longtake {
namespace {

constexpr QColor kBackground(17, 19, 23);

class QtHudPainter final : public HudPainter {
public:
    QtHudPainter(QPainter& painter, double scale) : painter_(painter), scale_(scale) {}

    double textWidth(HudFont font, std::string_view text) override {
        return QFontMetricsF(hudQFont(font, scale_)).horizontalAdvance(toQString(text));
    }
    void text(HudFont font, PixelPoint topLeft, HudColor color, std::string_view text) override {
        QFont face = hudQFont(font, scale_);
        painter_.setFont(face);
        painter_.setPen(toQColor(color));
        double baseline = std::round(topLeft.y) + std::round(QFontMetricsF(face).ascent());
        painter_.drawText(QPointF(std::round(topLeft.x), baseline), toQString(text));
    }
    void box(HudBox box, double radius, HudColor color) override {
        painter_.setPen(Qt::NoPen);
        painter_.setBrush(toQColor(color));
        painter_.drawRoundedRect(QRectF(box.x, box.y, box.width, box.height), radius, radius);
    }
    void line(std::span<const PixelPoint> points, double width, HudColor color) override {
        QPolygonF path;
        for (PixelPoint point : points) path.append({point.x, point.y});
        painter_.setPen(QPen(toQColor(color), width));
        painter_.setBrush(Qt::NoBrush);
        painter_.drawPolyline(path);
    }

private:
    static QString toQString(std::string_view text) { return QString::fromUtf8(text.data(), qsizetype(text.size())); }
    static QColor toQColor(HudColor color) { return {color.red, color.green, color.blue, color.alpha}; }

    QPainter& painter_;
    double scale_;
};

}  // namespace

QImage borrowedImage(const HostFrame& frame) {
    if (!frame.pixels) return {};
    QImage::Format format = frame.format == HostPixels::Rgb8 ? QImage::Format_RGB888 : QImage::Format_RGBX8888;
    return QImage(frame.pixels, frame.size.width, frame.size.height, frame.stride, format);
}

PaintedCanvas::PaintedCanvas(CanvasScene& scene, QWidget* parent) : QWidget(parent), scene_(scene) {
    setAttribute(Qt::WA_OpaquePaintEvent);
    setMouseTracking(true);
    connect(&scene_.playback, &CanvasPlayback::changed, this, qOverload<>(&QWidget::update));
}

void PaintedCanvas::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), kBackground);
    // Everything below is in device pixels.
    double ratio = devicePixelRatioF();
    painter.scale(1 / ratio, 1 / ratio);
    PixelSize size{int(std::lround(width() * ratio)), int(std::lround(height() * ratio))};
    HostFrame picture = scene_.playback.picture();
    scene_.view.setCanvas(size);
    scene_.view.setPicture(picture.size);
    Placement at = scene_.view.placement();
    if (picture.pixels && at.width > 0) {
        painter.setRenderHint(QPainter::SmoothPixmapTransform, at.zoom < 1 || scene_.magnify != Magnify::Nearest);
        painter.drawImage(QRect(at.x, at.y, at.width, at.height), borrowedImage(picture));
    }
    HudScene hud = scene_.hudNow();
    if (!hud.isEmpty()) {
        painter.setRenderHint(QPainter::Antialiasing);
        QtHudPainter hudPainter(painter, ratio);
        drawHud(hud, size, ratio, hudPainter);
    }
    scene_.playback.notePresented();
}

}  // namespace longtake
