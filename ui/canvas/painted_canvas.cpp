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

void PaintedCanvas::paintPicture(QPainter& painter, const HostFrame& picture, PixelSize canvas) {
    Placement at = scene_.view.placement();
    CanvasPart part = visiblePart(at, canvas);
    if (part.width == 0) return;
    if (at.zoom <= 1 || scene_.magnify != Magnify::Bicubic) {
        painter.setRenderHint(QPainter::SmoothPixmapTransform, at.zoom < 1 || scene_.magnify != Magnify::Nearest);
        QImage image = borrowedImage(picture);
        // Below half its size QPainter's own filter would skip texels; this one averages.
        if (at.zoom < 0.5) image = image.scaled(at.width, at.height, Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
        painter.drawImage(QRect(at.x, at.y, at.width, at.height), image);
        return;
    }
    QSize size(part.width, part.height);
    if (scaled_.size() != size || scaledSerial_ != scene_.playback.serial() || scaledPlacement_ != at) {
        if (scaled_.size() != size) scaled_ = QImage(size, QImage::Format_RGB32);
        scaler_.scale(picture, at, part, scaled_.bits(), scaled_.bytesPerLine());
        scaledSerial_ = scene_.playback.serial();
        scaledPlacement_ = at;
    }
    painter.drawImage(part.x, part.y, scaled_);
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
    if (picture.pixels) paintPicture(painter, picture, size);
    HudScene hud = scene_.hudNow();
    if (!hud.isEmpty()) {
        painter.setRenderHint(QPainter::Antialiasing);
        QtHudPainter hudPainter(painter, ratio);
        drawHud(hud, size, ratio, hudPainter);
    }
    scene_.playback.notePresented();
}

}  // namespace longtake
