#include "ui/canvas/painted_canvas.h"

#include <QImage>
#include <QPainter>
#include <QPaintEvent>
#include <cmath>
#include <utility>

#include "ui/canvas/hud_font.h"

namespace longtake {
namespace {

constexpr int kStripRows = 32;
constexpr int kHudMs = 250, kHudWhileShowingMs = 500;

QString toQString(std::string_view text) { return QString::fromUtf8(text.data(), qsizetype(text.size())); }

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
    static QColor toQColor(HudColor color) { return {color.red, color.green, color.blue, color.alpha}; }

    QPainter& painter_;
    double scale_;
};

QRect inPixels(const HudBox& box) {
    return box.width > 0 ? QRectF(box.x, box.y, box.width, box.height).toAlignedRect().adjusted(-1, -1, 1, 1) : QRect();
}

}  // namespace

QImage borrowedImage(const FrameView& frame) {
    if (frame.empty()) return {};
    QImage::Format format = frame.format == PixelFormat::Rgb24 ? QImage::Format_RGB888 : QImage::Format_RGBX8888;
    return QImage(frame.data, frame.width, frame.height, frame.stride, format);
}

PaintedCanvas::PaintedCanvas(CanvasScene& scene, QWidget* parent) : QWidget(parent), scene_(scene) {
    setAttribute(Qt::WA_OpaquePaintEvent);
    setMouseTracking(true);
    connect(&scene_.playback, &CanvasPlayback::changed, this, &PaintedCanvas::pictureChanged);
    hudSoon_.setSingleShot(true);
    connect(&hudSoon_, &QTimer::timeout, this, [this] {
        const QRegion before = regionOf(hudAreas_);
        drawHudPicture();
        update(before + regionOf(hudAreas_));
    });
}

PictureSize PaintedCanvas::canvasSize() const {
    const double ratio = devicePixelRatioF();
    return {int(std::lround(width() * ratio)), int(std::lround(height() * ratio))};
}

// The bars beside a picture that keeps its place stay as they are.
void PaintedCanvas::pictureChanged() {
    if (scene_.playback.picture().size() == paintedSize_) update(paintedPart_);
    else update();
}

void PaintedCanvas::paintPicture(QPainter& painter, const FrameView& picture, PictureSize canvas, const QRegion& pixels) {
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
    const uint64_t serial = scene_.playback.serial();
    if (preparedSerial_ != serial || preparedPlacement_ != at || preparedPart_ != part) {
        scaler_.prepare(picture, at, part);
        preparedSerial_ = serial;
        preparedPlacement_ = at;
        preparedPart_ = part;
    }
    // By strips that stay in the processor's own memory on their way.
    if (strip_.width() != part.width) strip_ = QImage(part.width, kStripRows, QImage::Format_RGB32);
    for (const QRect& rect : pixels& QRect(part.x, part.y, part.width, part.height)) {
        const int x = rect.x() - (rect.x() - part.x) % PictureScaler::kAlignment;
        for (int y = rect.y(); y <= rect.bottom(); y += kStripRows) {
            const CanvasPart piece{x, y, rect.right() + 1 - x, std::min(kStripRows, rect.bottom() + 1 - y)};
            scaler_.scale(piece, strip_.bits(), strip_.bytesPerLine());
            painter.drawImage(QPoint(piece.x, piece.y), strip_, QRect(0, 0, piece.width, piece.height));
        }
    }
}

QRegion PaintedCanvas::regionOf(const HudAreas& areas) const {
    QRegion region;
    const double ratio = devicePixelRatioF();
    for (const QRect& box : {inPixels(areas.panel), inPixels(areas.pill), inPixels(areas.message)})
        region += QRectF(box.x() / ratio, box.y() / ratio, box.width() / ratio, box.height() / ratio).toAlignedRect();
    return region;
}

void PaintedCanvas::updateHud() {
    if (!hudSoon_.isActive() || hudSoon_.remainingTime() > kHudMs) hudSoon_.start(kHudMs);
}

void PaintedCanvas::drawHudPicture() {
    const PictureSize size = canvasSize();
    const double ratio = devicePixelRatioF();
    const bool fits = hud_.width() == size.width && hud_.height() == size.height;
    if (!fits) hud_ = QImage(size.width, size.height, QImage::Format_ARGB32_Premultiplied);
    if (hud_.isNull()) return;
    QPainter painter(&hud_);
    painter.setCompositionMode(QPainter::CompositionMode_Source);
    if (!fits) painter.fillRect(hud_.rect(), Qt::transparent);
    for (const QRect& drawn : {inPixels(hudAreas_.panel), inPixels(hudAreas_.pill), inPixels(hudAreas_.message)})
        painter.fillRect(drawn, Qt::transparent);
    painter.setCompositionMode(QPainter::CompositionMode_SourceOver);
    painter.setRenderHint(QPainter::Antialiasing);
    const HudScene hud = scene_.hudNow();
    const Placement placement = scene_.view.placement();
    hudPlace_ = {placement, size, hud.panelVisible};
    hudAreas_ = {};
    if (hud.isEmpty()) return;
    QtHudPainter hudPainter(painter, ratio);
    hudAreas_ = drawHud(hud, hudRoom(placement, size, ratio), ratio, hudPainter);
}

void PaintedCanvas::paintHud(QPainter& painter) {
    if (hudPlace_ != HudPlace{scene_.view.placement(), canvasSize(), scene_.hud.panelVisible}) drawHudPicture();
    for (const QRect& drawn : {inPixels(hudAreas_.panel), inPixels(hudAreas_.pill), inPixels(hudAreas_.message)})
        if (const QRect there = drawn & hud_.rect(); !there.isEmpty()) painter.drawImage(there.topLeft(), hud_, there);
}

void PaintedCanvas::paintEvent(QPaintEvent* event) {
    QPainter painter(this);
    // Everything below is in device pixels.
    const double ratio = devicePixelRatioF();
    painter.scale(1 / ratio, 1 / ratio);
    const PictureSize size = canvasSize();
    const FrameView picture = scene_.playback.picture();
    scene_.view.setCanvas(size);
    scene_.view.setPicture(picture.size());
    QRegion bars(QRect(0, 0, size.width, size.height));
    paintedSize_ = picture.size();
    paintedPart_ = {};
    if (!picture.empty()) {
        const CanvasPart part = visiblePart(scene_.view.placement(), size);
        bars -= QRect(part.x, part.y, part.width, part.height);
        paintedPart_ = QRectF(part.x / ratio, part.y / ratio, part.width / ratio, part.height / ratio).toAlignedRect();
    }
    for (const QRect& bar : bars) painter.fillRect(bar, kCanvasBackground);
    QRegion pixels;
    for (const QRect& rect : event->region())
        pixels += QRectF(rect.x() * ratio, rect.y() * ratio, rect.width() * ratio, rect.height() * ratio).toAlignedRect();
    if (!picture.empty()) paintPicture(painter, picture, size, pixels);
    paintHud(painter);
    // What the HUD says of showing changes with every frame.
    const bool isNew = std::exchange(hudSerial_, scene_.playback.serial()) != scene_.playback.serial();
    if (isNew && !hudSoon_.isActive()) hudSoon_.start(kHudWhileShowingMs);
    scene_.playback.notePresented();
}

}  // namespace longtake
