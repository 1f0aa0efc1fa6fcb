#include "ui/canvas/hud_layout.h"

#include <QCoreApplication>
#include <QLocale>
#include <QString>
#include <algorithm>
#include <cmath>

namespace longtake {
namespace {

constexpr HudColor kPanel{15, 17, 22, 205};
constexpr HudColor kBright{233, 236, 240, 255};
constexpr HudColor kMuted{158, 165, 176, 255};
constexpr HudColor kTrack{255, 255, 255, 38};
constexpr HudColor kTeal{79, 183, 168, 255};
constexpr HudColor kAmber{232, 169, 90, 255};
constexpr HudColor kSeries[] = {kTeal, {154, 127, 214, 255}, kAmber};

// Logical pixels.
constexpr double kMargin = 12;
constexpr double kPadding = 12;
constexpr double kPanelWidth = 244;
constexpr double kRow = 19;
constexpr double kRadius = 7;
constexpr double kSeriesHeight = 20;
constexpr double kSmallRow = 15;
constexpr size_t kMostPreviewLines = 3;
constexpr double kNarrowestPill = 90;
constexpr double kLeastHeight = 200;  // of a picture that the panel fits on

struct HudText {
    Q_DECLARE_TR_FUNCTIONS(Hud)
};

struct Row {
    std::string label;
    std::string value;
    bool isStrong = false;
    int step = 0;  // a row of small bars instead of a value
    int steps = 0;
};

QString fpsText(double fps) { return HudText::tr("%1 fps").arg(QLocale().toString(fps, 'f', 1)); }

std::vector<Row> rowsOf(const HudValues& values) {
    std::vector<Row> rows;
    auto add = [&](const QString& label, const QString& value, bool strong = false) {
        rows.push_back({.label = label.toStdString(), .value = value.toStdString(), .isStrong = strong});
    };
    if (values.generationFps) add(HudText::tr("generation"), fpsText(*values.generationFps), true);
    if (values.displayFps) {
        add(HudText::tr("display"), *values.displayFps > 0 ? fpsText(*values.displayFps) : QString("–"));
    }
    if (values.chunk) {
        QString text = HudText::tr("chunk %1").arg(*values.chunk);
        if (values.steps > 0) text += HudText::tr(" · step %1 / %2").arg(values.step).arg(values.steps);
        rows.push_back({.label = text.toStdString(), .step = values.step, .steps = values.steps});
    }
    if (values.latencyMs) add(HudText::tr("latency"), HudText::tr("%1 ms").arg(*values.latencyMs, 0, 'f', 0));
    if (values.cacheBytes > 0) {
        QString bytes = QString::fromStdString(formatBytes(values.cacheBytes));
        if (values.denseCacheBytes > 0) {
            bytes = HudText::tr("%1 of %2 dense").arg(bytes, QString::fromStdString(formatBytes(values.denseCacheBytes)));
        }
        add(HudText::tr("cache"), bytes);
    }
    return rows;
}

bool hasCacheBar(const HudValues& values) { return values.cacheBytes > 0 && values.denseCacheBytes > 0; }

enum class Keep { Head, Tail };

// As much of the text as fits, cut in whole characters.
std::string elided(HudPainter& painter, HudFont font, const std::string& text, double width, Keep keep = Keep::Head) {
    if (painter.textWidth(font, text) <= width) return text;
    QList<uint> characters = QString::fromStdString(text).toUcs4();
    auto part = [&](qsizetype count) {
        auto* from = reinterpret_cast<const char32_t*>(characters.constData());
        if (keep == Keep::Tail) return "…" + QString::fromUcs4(from + characters.size() - count, count).toStdString();
        return QString::fromUcs4(from, count).toStdString() + "…";
    };
    qsizetype fits = 0, tooMany = characters.size();
    while (fits + 1 < tooMany) {
        qsizetype middle = (fits + tooMany) / 2;
        (painter.textWidth(font, part(middle)) <= width ? fits : tooMany) = middle;
    }
    return part(fits);
}

// Broken at spaces into lines of that width; the last one is cut when there are too many.
std::vector<std::string> wrapped(HudPainter& painter, HudFont font, const std::string& text, double width, size_t mostLines) {
    std::vector<std::string> lines;
    for (const QString& word : QString::fromStdString(text).split(' ', Qt::SkipEmptyParts)) {
        const std::string added = word.toStdString();
        const bool fits = !lines.empty() && painter.textWidth(font, lines.back() + ' ' + added) <= width;
        if (fits || lines.size() == mostLines) lines.back() += ' ' + added;
        else lines.push_back(added);
    }
    for (std::string& line : lines) line = elided(painter, font, line, width);
    return lines;
}

// Draws one panel from top to bottom.
class PanelDrawing {
public:
    PanelDrawing(HudPainter& painter, double scale) : painter_(painter), scale_(scale) {
        left_ = px(kMargin + kPadding);
        right_ = px(kMargin + kPanelWidth - kPadding);
        y_ = px(kMargin + kPadding - 3);
    }

    void row(const Row& row) {
        painter_.text(HudFont::Text, {left_, y_}, kMuted, row.label);
        if (row.steps > 0) steps(row.step, row.steps, left_ + painter_.textWidth(HudFont::Text, row.label) + px(12));
        HudFont font = row.isStrong ? HudFont::Strong : HudFont::Text;
        painter_.text(font, {right_ - painter_.textWidth(font, row.value), y_}, kBright, row.value);
        y_ += px(kRow);
    }

    void cacheBar(double fraction) {
        y_ += px(2);
        double height = px(3), width = right_ - left_;
        painter_.box({left_, y_, width, height}, height / 2, kTrack);
        double part = std::clamp(fraction, 0.0, 1.0) * width;
        painter_.box({left_, y_, std::max(part, height), height}, height / 2, kTeal);
        y_ += px(9);
    }

    void series(const HudSeries& series, HudColor color) {
        double label = px(76);
        painter_.text(HudFont::Small, {left_, y_ + px(3)}, kMuted, elided(painter_, HudFont::Small, series.name, label - px(8)));
        auto [low, high] = std::minmax_element(series.values.begin(), series.values.end());
        double range = std::max(double(*high - *low), 1e-6 + 0.02 * std::abs(double(*high)));
        double middle = (double(*high) + double(*low)) / 2;
        double width = right_ - left_ - label, height = px(kSeriesHeight - 6);
        std::vector<PixelPoint> points;
        for (size_t i = 0; i < series.values.size(); ++i) {
            double up = (double(series.values[i]) - middle) / range + 0.5;
            points.push_back({left_ + label + width * double(i) / double(series.values.size() - 1), y_ + px(3) + height * (1 - up)});
        }
        painter_.line(points, px(1.4), color);
        y_ += px(kSeriesHeight);
    }

    void backend(const std::string& text) {
        y_ += px(3);
        small(elided(painter_, HudFont::Small, text, right_ - left_));
    }

    void small(const std::string& line) {
        painter_.text(HudFont::Small, {left_, y_}, kMuted, line);
        y_ += px(kSmallRow);
    }

private:
    double px(double logical) const { return logical * scale_; }

    void steps(int done, int all, double from) {
        double gap = px(3), height = px(5);
        double width = std::min((right_ - from - gap * (all - 1)) / all, px(18));
        if (width < px(4)) {
            HudBox track{from, y_ + px(5), right_ - from, height};
            if (track.width < px(12)) return;
            painter_.box(track, px(1.5), kTrack);
            track.width *= std::clamp(double(done) / all, 0.0, 1.0);
            if (done > 0) painter_.box(track, px(1.5), kTeal);
            return;
        }
        double x = right_ - (width + gap) * all + gap;
        for (int i = 0; i < all; ++i, x += width + gap) {
            painter_.box({x, y_ + px(5), width, height}, px(1.5), i < done ? kTeal : kTrack);
        }
    }

    HudPainter& painter_;
    double scale_;
    double left_ = 0, right_ = 0, y_ = 0;
};

bool isDrawable(const HudSeries& series) { return series.values.size() >= 2; }

// Lays everything at another place.
class MovedPainter final : public HudPainter {
public:
    MovedPainter(HudPainter& target, double x, double y) : target_(target), x_(x), y_(y) {}

    double textWidth(HudFont font, std::string_view text) override { return target_.textWidth(font, text); }
    void text(HudFont font, PixelPoint topLeft, HudColor color, std::string_view text) override {
        target_.text(font, {topLeft.x + x_, topLeft.y + y_}, color, text);
    }
    void box(HudBox box, double radius, HudColor color) override {
        target_.box({box.x + x_, box.y + y_, box.width, box.height}, radius, color);
    }
    void line(std::span<const PixelPoint> points, double width, HudColor color) override {
        std::vector<PixelPoint> moved(points.begin(), points.end());
        for (PixelPoint& point : moved) point = {point.x + x_, point.y + y_};
        target_.line(moved, width, color);
    }

private:
    HudPainter& target_;
    double x_, y_;
};

HudBox drawPanel(const HudValues& values, PictureSize canvas, double scale, HudPainter& painter) {
    std::vector<Row> rows = rowsOf(values);
    auto lines = std::count_if(values.series.begin(), values.series.end(), isDrawable);
    double height = 2 * kPadding - 6 + kRow * double(rows.size()) + kSeriesHeight * double(lines);
    if (hasCacheBar(values)) height += 11;
    if (!values.backend.empty()) height += 17;
    const auto preview = wrapped(painter, HudFont::Small, values.preview, (kPanelWidth - 2 * kPadding) * scale, kMostPreviewLines);
    height += kSmallRow * double(preview.size());
    HudBox box{kMargin * scale, kMargin * scale, kPanelWidth * scale, height * scale};
    bool isEmpty = rows.empty() && lines == 0 && values.backend.empty() && preview.empty();
    if (isEmpty || box.x + box.width > canvas.width || box.y + box.height > canvas.height) return {};

    painter.box(box, kRadius * scale, kPanel);
    PanelDrawing drawing(painter, scale);
    for (const Row& row : rows) drawing.row(row);
    if (hasCacheBar(values)) drawing.cacheBar(double(values.cacheBytes) / double(values.denseCacheBytes));
    size_t color = 0;
    for (const HudSeries& series : values.series) {
        HudColor own = kSeries[color++ % std::size(kSeries)];
        if (isDrawable(series)) drawing.series(series, own);
    }
    if (!values.backend.empty()) drawing.backend(values.backend);
    for (const std::string& line : preview) drawing.small(line);
    return box;
}

HudBox drawPill(const std::string& text, HudBox panel, PictureSize canvas, double scale, HudPainter& painter) {
    double padding = kPadding * scale, margin = kMargin * scale;
    double top = margin;
    double room = canvas.width - 2 * margin;
    if (panel.width > 0) {
        double beside = room - panel.width - margin;
        if (beside >= kNarrowestPill * scale) {
            room = beside;
        } else {
            top = panel.y + panel.height + margin;
        }
    }
    double height = 26 * scale;
    if (room < 3 * padding || top + height > canvas.height) return {};
    // What a pill says last (how long until it is visible) matters most.
    std::string shown = elided(painter, HudFont::Text, text, room - 2 * padding, Keep::Tail);
    double width = painter.textWidth(HudFont::Text, shown) + 2 * padding;
    HudBox box{std::round(canvas.width - margin - width), top, std::ceil(width), height};
    painter.box(box, kRadius * scale, kPanel);
    painter.text(HudFont::Text, {box.x + padding, box.y + 5.5 * scale}, kAmber, shown);
    return box;
}

HudBox drawMessage(const std::string& text, PictureSize canvas, double scale, HudPainter& painter) {
    double room = canvas.width - 2 * (kMargin + kPadding) * scale;
    if (room < 40 * scale || canvas.height < 40 * scale) return {};
    std::string shown = elided(painter, HudFont::Text, text, room);
    double width = painter.textWidth(HudFont::Text, shown) + 2 * kPadding * scale;
    double height = 34 * scale;
    HudBox box{std::round((canvas.width - width) / 2), std::round((canvas.height - height) / 2), width, height};
    painter.box(box, kRadius * scale, kPanel);
    painter.text(HudFont::Text, {box.x + kPadding * scale, box.y + 9.5 * scale}, kBright, shown);
    return box;
}

}  // namespace

HudAreas drawHud(const HudScene& scene, HudBox within, double scale, HudPainter& target) {
    MovedPainter painter(target, within.x, within.y);
    const PictureSize room{static_cast<int>(within.width), static_cast<int>(within.height)};
    HudAreas areas;
    if (scene.panelVisible) areas.panel = drawPanel(scene.values, room, scale, painter);
    if (!scene.values.pill.empty()) areas.pill = drawPill(scene.values.pill, areas.panel, room, scale, painter);
    if (!scene.values.message.empty()) areas.message = drawMessage(scene.values.message, room, scale, painter);
    for (HudBox* box : {&areas.panel, &areas.pill, &areas.message}) {
        if (box->width == 0) continue;
        box->x += within.x;
        box->y += within.y;
    }
    return areas;
}

HudBox hudRoom(const Placement& placement, PictureSize canvas, double scale) {
    const double left = std::max(0, placement.x), right = std::min(canvas.width, placement.x + placement.width);
    const double top = std::max(0, placement.y), bottom = std::min(canvas.height, placement.y + placement.height);
    const bool isLarge = right - left >= (kPanelWidth + 2 * kMargin) * scale && bottom - top >= kLeastHeight * scale;
    if (!isLarge) return {0, 0, static_cast<double>(canvas.width), static_cast<double>(canvas.height)};
    return {left, top, right - left, bottom - top};
}

std::vector<std::string> hudTexts(const HudScene& scene) {
    std::vector<std::string> texts{scene.values.pill, scene.values.backend, scene.values.preview, scene.values.message, "…"};
    for (const HudSeries& series : scene.values.series) texts.push_back(series.name);
    for (const Row& row : rowsOf(scene.values)) {
        texts.push_back(row.label);
        texts.push_back(row.value);
    }
    return texts;
}

std::string formatBytes(uint64_t bytes) {
    static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
    double value = double(bytes);
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < std::size(kUnits)) {
        value /= 1000;
        ++unit;
    }
    int digits = unit == 0 || value >= 99.95 ? 0 : 1;
    return (QLocale().toString(value, 'f', digits) + ' ' + kUnits[unit]).toStdString();
}

}  // namespace longtake
