#include "ui/canvas/painted_canvas.h"

#include <QImage>
#include <QPainter>
#include <QPainterPath>
#include <cmath>

#include "ui/canvas/hud_font.h"

namespace longtake {
namespace {

constexpr QColor kBackground(17, 19, 23);

QString toQString(std::string_view text) { return QString::fromUtf8(text.data(), qsizetype(text.size())); }

// Draws nothing: for knowing where things will lie.
class QtHudMeasure : public HudPainter {
public:
    explicit QtHudMeasure(double scale) : scale_(scale) {}

    double textWidth(HudFont font, std::string_view text) override {
        return QFontMetricsF(hudQFont(font, scale_)).horizontalAdvance(toQString(text));
    }
    void text(HudFont, PixelPoint, HudColor, std::string_view) override {}
    void box(HudBox, double, HudColor) override {}
    void line(std::span<const PixelPoint>, double, HudColor) override {}

protected:
    double scale_;
};

class QtHudPainter final : public QtHudMeasure {
public:
    QtHudPainter(QPainter& painter, double scale) : QtHudMeasure(scale), painter_(painter) {}

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
    static QColor toQColor(HudColor color) { return {color.red, color.green, color.blue, color.alpha}; }

    QPainter& painter_;
};

}  // namespace

QImage borrowedImage(const FrameView& frame) {
    if (frame.empty()) return {};
    QImage::Format format = frame.format == PixelFormat::Rgb24 ? QImage::Format_RGB888 : QImage::Format_RGBX8888;
    return QImage(frame.data, frame.width, frame.height, frame.stride, format);
}

PaintedCanvas::PaintedCanvas(CanvasScene& scene, QWidget* parent) : QWidget(parent), scene_(scene) {
    setAttribute(Qt::WA_OpaquePaintEvent);
    setMouseTracking(true);
    connect(&scene_.playback, &CanvasPlayback::changed, this, qOverload<>(&QWidget::update));
}

void PaintedCanvas::paintPicture(QPainter& painter, const FrameView& picture, PictureSize canvas) {
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

QRegion PaintedCanvas::regionOf(const HudAreas& areas) const {
    QRegion region;
    const double ratio = devicePixelRatioF();
    for (const HudBox& box : {areas.panel, areas.pill, areas.message})
        if (box.width > 0) region += QRectF(box.x / ratio, box.y / ratio, box.width / ratio, box.height / ratio).toAlignedRect().adjusted(-1, -1, 1, 1);
    return region;
}

void PaintedCanvas::updateHud() {
    const double ratio = devicePixelRatioF();
    const PictureSize size{int(std::lround(width() * ratio)), int(std::lround(height() * ratio))};
    QtHudMeasure measure(ratio);
    const HudScene hud = scene_.hudNow();
    HudAreas next;
    if (!hud.isEmpty()) next = drawHud(hud, hudRoom(scene_.view.placement(), size, ratio), ratio, measure);
    update(regionOf(hudAreas_) + regionOf(next));
}

void PaintedCanvas::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    // Everything below is in device pixels.
    double ratio = devicePixelRatioF();
    painter.scale(1 / ratio, 1 / ratio);
    PictureSize size{int(std::lround(width() * ratio)), int(std::lround(height() * ratio))};
    FrameView picture = scene_.playback.picture();
    scene_.view.setCanvas(size);
    scene_.view.setPicture(picture.size());
    QRegion bars(QRect(0, 0, size.width, size.height));
    if (!picture.empty()) {
        const CanvasPart part = visiblePart(scene_.view.placement(), size);
        bars -= QRect(part.x, part.y, part.width, part.height);
    }
    for (const QRect& bar : bars) painter.fillRect(bar, kBackground);
    if (!picture.empty()) paintPicture(painter, picture, size);
    HudScene hud = scene_.hudNow();
    hudAreas_ = {};
    if (!hud.isEmpty()) {
        painter.setRenderHint(QPainter::Antialiasing);
        QtHudPainter hudPainter(painter, ratio);
        hudAreas_ = drawHud(hud, hudRoom(scene_.view.placement(), size, ratio), ratio, hudPainter);
    }
    scene_.playback.notePresented();
}

}  // namespace longtake
