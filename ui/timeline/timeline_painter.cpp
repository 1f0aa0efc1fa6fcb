#include "ui/timeline/timeline_painter.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <QLinearGradient>
#include <QPainterPath>

#include "ui/plots/fine_line.h"
#include "ui/theme/formats.h"

namespace longtake {
namespace {

using Rows = TimelineRows;
constexpr double kFade = 90;       // pixels over which the open end of the last block fades
constexpr double kPlainBelow = 8;  // narrower blocks are bare bars: thousands of them must not cost a frame

QColor withAlpha(QColor colour, double alpha) {
    colour.setAlphaF(static_cast<float>(alpha));
    return colour;
}

}  // namespace

std::vector<size_t> blockColours(const PromptTimeline& timeline) {
    constexpr size_t kCount = std::tuple_size_v<decltype(Colours::blocks)>;
    std::vector<size_t> colours;
    for (const PromptSegment& segment : timeline.segments()) {
        uint32_t hash = 2166136261u;  // FNV-1a
        for (const char c : segment.text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
        size_t colour = (hash ^ (hash >> 15)) % kCount;
        if (!colours.empty() && colour == colours.back()) colour = (colour + 1) % kCount;
        colours.push_back(colour);
    }
    return colours;
}

TimelinePainter::TimelinePainter(QPainter& painter, const TimelineScene& scene, const TimelineScale& scale, const Colours& colours,
                                 const QSizeF& size)
    : painter_(painter), scene_(scene), scale_(scale), c_(colours), size_(size), base_(painter.font()), small_(painter.font()) {
    if (small_.pixelSize() > 0) small_.setPixelSize(std::max(9, small_.pixelSize() - 2));
}

void TimelinePainter::paintTake() {
    paintRange();
    paintRuler();
    painter_.setRenderHint(QPainter::Antialiasing);
    paintBlocks();
    paintThumbnails();
    paintDrift();
}

void TimelinePainter::paintRuler() {
    static constexpr std::array<double, 17> kSteps = {0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000};
    double step = kSteps.back();
    for (const double candidate : kSteps)
        if (candidate * scale_.pixelsPerSecond >= 64) {
            step = candidate;
            break;
        }
    painter_.setFont(small_);
    for (auto k = static_cast<int64_t>(std::floor(std::max(0.0, scale_.scrollSeconds) / step));; ++k) {
        const double seconds = static_cast<double>(k) * step;
        const double x = std::round(scale_.xOf(seconds)) + 0.5;
        if (x > size_.width()) break;
        painter_.setPen(c_.border);
        painter_.drawLine(QPointF(x, Rows::kRulerTop + 4), QPointF(x, Rows::kRulerHeight - 3));
        painter_.setPen(c_.dim);
        painter_.drawText(QPointF(x + 4, Rows::kRulerHeight - 5), step < 1 ? QString::number(seconds, 'f', 2) : clockText(seconds));
    }
    const double x = chunkX(scene_.frontier);
    QPainterPath mark;
    mark.moveTo(x - 4, Rows::kRulerHeight - 3);
    mark.lineTo(x + 4, Rows::kRulerHeight - 3);
    mark.lineTo(x, Rows::kRulerHeight + 2);
    painter_.setRenderHint(QPainter::Antialiasing);
    painter_.fillPath(mark, c_.accent);
}

void TimelinePainter::paintRange() {
    if (!scene_.range) return;
    const double left = frameX(scene_.range->first);
    const double right = frameX(scene_.range->last + 1);
    painter_.fillRect(QRectF(left, 0, right - left, size_.height()), withAlpha(c_.accent, c_.dark ? 0.10 : 0.12));
    painter_.fillRect(QRectF(left, 0, right - left, 2), c_.accent);
    painter_.fillRect(QRectF(left, 0, 2, 9), c_.accent);
    painter_.fillRect(QRectF(right - 2, 0, 2, 9), c_.accent);
}

void TimelinePainter::paintBlocks() {
    if (scene_.timeline.empty()) {
        painter_.setFont(base_);
        painter_.setPen(QPen(c_.border, 1, Qt::DashLine));
        painter_.setBrush(Qt::NoBrush);
        painter_.drawRoundedRect(QRectF(0.5, Rows::kBlocksTop + 0.5, size_.width() - 1, Rows::kBlocksHeight - 1), 4, 4);
        painter_.setPen(c_.dim);
        painter_.drawText(QRectF(12, Rows::kBlocksTop, size_.width() - 24, Rows::kBlocksHeight), Qt::AlignVCenter | Qt::AlignLeft,
                          tr("Type a prompt above and press play; the prompts of the take appear here."));
        return;
    }
    const std::vector<size_t> colours = blockColours(scene_.timeline);
    const double visibleFrom = std::max(0.0, scale_.secondsAt(0));
    const size_t first = scene_.timeline.indexAt(scene_.clock.chunkOfFrame(scene_.clock.frameAt(visibleFrom)));
    for (size_t i = first; i < scene_.timeline.size(); ++i) {
        if (chunkX(scene_.timeline[i].firstChunk) > size_.width()) break;
        paintBlock(i, c_.blocks[colours[i]], c_.blockInks[colours[i]], i > 0 ? c_.blocks[colours[i - 1]] : c_.blocks[colours[i]]);
    }
}

void TimelinePainter::paintBlock(size_t index, const QColor& fill, const QColor& ink, const QColor& before) {
    const PromptSegment& segment = scene_.timeline[index];
    const bool last = index + 1 == scene_.timeline.size();
    const double left = chunkX(segment.firstChunk);
    const double right = last ? size_.width() + 4 : chunkX(scene_.timeline.endOf(index));
    // Far ends are cut to the view: a path a million pixels long costs time and precision.
    const QRectF box(QPointF(std::max(left + 0.5, -20.0), Rows::kBlocksTop + 0.5),
                     QPointF(std::min(right - 1.5, size_.width() + 20), Rows::kBlocksTop + Rows::kBlocksHeight - 0.5));
    const double frontierX = chunkX(scene_.frontier);
    if (right - left < kPlainBelow) {
        const QColor plain = left < frontierX ? fill : mixed(c_.panel, fill, 0.45);
        return painter_.fillRect(QRectF(left, box.top(), std::max(1.0, right - left - 1), box.height()), plain);
    }
    const double madeX = scene_.newestFrame >= 0 ? frameX(scene_.newestFrame + 1) : -1e9;
    QPainterPath shape;
    shape.addRoundedRect(box, 4, 4);

    painter_.setPen(Qt::NoPen);
    painter_.fillPath(shape, mixed(c_.panel, fill, c_.dark ? 0.07 : 0.12));
    const bool openEnd = last && right > frontierX;
    if (box.right() > frontierX || box.right() > madeX) {
        painter_.setPen(QPen(ink, 1));
        painter_.drawPath(shape);
    }
    // What exists is solid; what is being made now stands between the two.
    painter_.save();
    QBrush solid = fill;
    const double blendEnd = chunkX(segment.firstChunk + segment.blendChunks);
    if (index > 0 && segment.blendChunks > 0) {
        QLinearGradient gradient(left, 0, blendEnd, 0);
        gradient.setColorAt(0, mixed(fill, before, 0.85));
        gradient.setColorAt(1, fill);
        solid = gradient;
    }
    painter_.setClipRect(
        QRectF(box.left() - 1, box.top() - 1, std::max(0.0, std::min(frontierX, madeX) - box.left() + 1), box.height() + 2),
        Qt::IntersectClip);
    painter_.fillPath(shape, solid);
    painter_.restore();
    if (frontierX > std::max(madeX, box.left()) && madeX < box.right()) {
        painter_.save();
        const double from = std::max(madeX, box.left());
        painter_.setClipRect(QRectF(from, box.top() - 1, std::max(0.0, std::min(frontierX, box.right() + 1) - from), box.height() + 2),
                             Qt::IntersectClip);
        painter_.setOpacity(0.5);
        painter_.fillPath(shape, solid);
        painter_.restore();
    }
    if (openEnd && size_.width() > std::max(left, frontierX)) {
        const double from = std::max({left, frontierX, size_.width() - kFade});
        QLinearGradient fade(from, 0, size_.width(), 0);
        fade.setColorAt(0, withAlpha(c_.panel, 0));
        fade.setColorAt(1, c_.panel);
        painter_.fillRect(QRectF(from, box.top() - 1, size_.width() - from, box.height() + 2), fade);
    }
    paintBlockText(box, std::min(madeX, frontierX), QString::fromStdString(segment.text), ink, openEnd);

    if (scene_.selectedFirst && index >= *scene_.selectedFirst && index <= scene_.selectedLast) {
        painter_.setBrush(Qt::NoBrush);
        painter_.setPen(QPen(scene_.focused ? c_.text : c_.dim, 2));
        painter_.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
    }
    if (scene_.litEdge == index) painter_.fillRect(QRectF(left - 2, box.top() - 2, 3, box.height() + 4), c_.text);
    paintNote(index, box);
}

void TimelinePainter::paintBlockText(const QRectF& box, double madeX, const QString& text, const QColor& ink, bool openEnd) {
    QFont font = small_;
    if (font.pixelSize() > 0) font.setPixelSize(font.pixelSize() + 1);
    font.setWeight(QFont::Medium);
    painter_.setFont(font);
    // The words stay in sight while their block is scrolled out to the left.
    const QRectF words(QPointF(std::max(box.left(), 0.0) + 8, box.top()),
                       QPointF(std::min(box.right(), size_.width()) - (openEnd ? 24 : 6), box.bottom()));
    if (words.width() < 14) return;
    const QString shown = painter_.fontMetrics().elidedText(text, Qt::ElideRight, static_cast<int>(words.width()));
    const auto draw = [&](const QRectF& clip, const QColor& colour) {
        painter_.save();
        painter_.setClipRect(clip, Qt::IntersectClip);
        painter_.setPen(colour);
        painter_.drawText(words, Qt::AlignLeft | Qt::AlignVCenter, shown);
        painter_.restore();
    };
    if (madeX > words.left()) draw(QRectF(QPointF(box.left(), box.top()), QPointF(std::min(madeX, box.right()), box.bottom())), c_.onBlock);
    if (madeX < words.right()) draw(QRectF(QPointF(std::max(madeX, box.left()), box.top()), box.bottomRight()), ink);
}

void TimelinePainter::paintNote(size_t index, const QRectF& box) {
    const PromptSegment& segment = scene_.timeline[index];
    if (index == 0 || segment.transition == Transition::Recache || box.left() < -10) return;
    const double left = chunkX(segment.firstChunk);
    const QString words = segment.transition == Transition::Keep ? tr("keep") : tr("blend %1").arg(segment.blendChunks);
    painter_.setFont(small_);
    const double width = painter_.fontMetrics().horizontalAdvance(words);
    if (width > box.width() + 10) return;
    if (segment.transition == Transition::Blend) {
        painter_.setPen(QPen(c_.dim, 1));
        const double end = chunkX(segment.firstChunk + segment.blendChunks);
        painter_.drawLine(QPointF(left + 1, Rows::kNotesTop + 1.5), QPointF(std::min(end, box.right()), Rows::kNotesTop + 1.5));
    }
    painter_.setPen(c_.dim);
    painter_.drawText(QRectF(left + 1, Rows::kNotesTop + 2, width + 4, Rows::kNotesHeight - 2), Qt::AlignLeft | Qt::AlignVCenter, words);
}

void TimelinePainter::paintThumbnails() {
    const double end = frameX(scene_.newestFrame + 1);
    if (scene_.newestFrame < 0 || end <= 0) return;
    const double width = std::round(Rows::kThumbsHeight * scene_.thumbnails.aspect());
    painter_.setRenderHint(QPainter::SmoothPixmapTransform);
    // Tiles stand on a grid of the take, not of the window: they move with it when it scrolls.
    const double secondsPerTile = width / scale_.pixelsPerSecond;
    for (auto k = static_cast<int64_t>(std::floor(std::max(0.0, scale_.scrollSeconds) / secondsPerTile));; ++k) {
        const double x = scale_.xOf(static_cast<double>(k) * secondsPerTile);
        if (x >= std::min(end, size_.width())) break;
        const auto middle = scene_.clock.frameAt((static_cast<double>(k) + 0.5) * secondsPerTile);
        const QImage* picture = scene_.thumbnails.nearest(std::min(middle, scene_.newestFrame));
        const double shown = std::min(width - 1, end - x);
        const QRectF target(x, Rows::kThumbsTop, shown, Rows::kThumbsHeight);
        if (picture) painter_.drawImage(target, *picture, QRectF(0, 0, picture->width() * shown / (width - 1), picture->height()));
        else painter_.fillRect(target, c_.faint);
    }
}

void TimelinePainter::paintDrift() {
    const auto& points = scene_.drift.points();
    if (scene_.newestFrame < 0) return;
    const double bottom = Rows::kDriftTop + Rows::kDriftHeight;
    const double end = std::clamp(frameX(scene_.newestFrame + 1), 0.0, size_.width());
    painter_.setPen(QPen(c_.faint, 1));
    painter_.drawLine(QPointF(std::max(0.0, scale_.xOf(0)), bottom - 0.5), QPointF(end, bottom - 0.5));
    if (points.size() < 2) return;
    double greatest = 0;
    for (const DriftPoint& point : points) greatest = std::max(greatest, point.value);
    const double scale = (Rows::kDriftHeight - 4) / std::max(greatest, 1e-9);
    const auto visible = std::lower_bound(points.begin(), points.end(), scene_.clock.frameAt(scale_.scrollSeconds),
                                          [](const DriftPoint& p, int64_t frame) { return p.frame < frame; });
    QPolygonF line;
    double lastX = -1e9;
    for (auto it = visible == points.begin() ? visible : visible - 1; it != points.end(); ++it) {
        const double x = frameX(it->frame);
        if (x - lastX < 1 && it + 1 != points.end()) continue;
        line << QPointF(x, bottom - 2 - it->value * scale);
        lastX = x;
        if (x > size_.width()) break;
    }
    drawFineLine(painter_, line, c_.sink);
    painter_.setFont(small_);
    const QString name = tr("drift");
    painter_.fillRect(QRectF(0, Rows::kDriftTop, driftNameWidth(), Rows::kDriftHeight), c_.panel);
    painter_.setPen(c_.dim);
    painter_.drawText(QRectF(0, Rows::kDriftTop, 60, Rows::kDriftHeight), Qt::AlignLeft | Qt::AlignVCenter, name);
}

double TimelinePainter::driftNameWidth() const { return QFontMetricsF(small_).horizontalAdvance(tr("drift")) + 6; }

void TimelinePainter::paintPlayhead() {
    if (scene_.insertChunk) {
        const double x = std::round(chunkX(*scene_.insertChunk)) + 0.5;
        painter_.setPen(QPen(c_.accent, 1, Qt::DashLine));
        painter_.drawLine(QPointF(x, Rows::kRulerHeight), QPointF(x, Rows::kThumbsTop + Rows::kThumbsHeight));
    }
    if (scene_.newestFrame < 0) return;
    const double x = std::round(frameX(scene_.playheadFrame)) + 0.5;
    if (x < -60 || x > size_.width() + 2) return;
    painter_.setRenderHint(QPainter::Antialiasing, false);
    painter_.fillRect(QRectF(x - 1, Rows::kRulerTop + 2, 2, Rows::kDriftTop + Rows::kDriftHeight - 4), c_.now);
    painter_.setRenderHint(QPainter::Antialiasing);
    const bool live = scene_.newestFrame - scene_.playheadFrame < 2 * scene_.clock.framesPerChunk;
    const QString label = live ? tr("now") : timecodeText(scene_.clock.secondsOfFrame(scene_.playheadFrame));
    painter_.setFont(small_);
    painter_.setPen(c_.dark ? c_.now : mixed(c_.now, Qt::black, 0.15));
    const double width = painter_.fontMetrics().horizontalAdvance(label);
    double labelX = x + 6 + width < size_.width() ? x + 5 : x - 5 - width;
    if (x >= 0) labelX = std::max(labelX, driftNameWidth());  // at the start of a take the row's own name is in the way
    painter_.drawText(QPointF(labelX, Rows::kDriftTop + Rows::kDriftHeight - 8), label);
}

}  // namespace longtake
