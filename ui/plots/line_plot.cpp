#include "ui/plots/line_plot.h"

#include <algorithm>
#include <cmath>

#include <QPainter>

#include "ui/plots/fine_line.h"

namespace longtake {
namespace {

// The points of a line, at most two per pixel column: more cannot be seen and cost time. A gap begins a new line.
std::vector<QPolygonF> linesThrough(const std::vector<float>& values, const QRectF& area, const auto& heightOf) {
    std::vector<QPolygonF> lines(1);
    const size_t steps = values.size() > 1 ? values.size() - 1 : 1;
    const size_t perColumn = std::max<size_t>(1, values.size() / std::max<size_t>(1, static_cast<size_t>(area.width())));
    for (size_t first = 0; first < values.size(); first += perColumn) {
        const size_t end = std::min(values.size(), first + perColumn);
        const auto [low, high] =
            std::minmax_element(values.begin() + static_cast<std::ptrdiff_t>(first), values.begin() + static_cast<std::ptrdiff_t>(end));
        if (!std::isfinite(*low) || !std::isfinite(*high)) {
            lines.emplace_back();
            continue;
        }
        const double x = area.left() + area.width() * static_cast<double>(first) / static_cast<double>(steps);
        lines.back() << QPointF(x, area.bottom() - area.height() * heightOf(*low));
        if (*high > *low) lines.back() << QPointF(x, area.bottom() - area.height() * heightOf(*high));
    }
    return lines;
}

}  // namespace

LinePlot::LinePlot(QWidget* parent) : QWidget(parent) { setAttribute(Qt::WA_OpaquePaintEvent); }

void LinePlot::setInk(Ink ink) {
    ink_ = ink;
    update();
}

void LinePlot::setScale(Scale scale) {
    scale_ = scale;
    update();
}

void LinePlot::setRange(double low, double high) {
    range_ = {low, high};
    update();
}

void LinePlot::setAutomaticRange() {
    range_.reset();
    update();
}

void LinePlot::setEmptyText(const QString& text) {
    emptyText_ = text;
    update();
}

void LinePlot::setValues(std::vector<float> values) {
    values_ = std::move(values);
    update();
}

void LinePlot::append(float value) {
    values_.push_back(value);
    if (capacity_ > 0 && values_.size() > static_cast<size_t>(capacity_)) {
        values_.erase(values_.begin());
        for (int& mark : marks_) --mark;
        std::erase_if(marks_, [](int mark) { return mark < 0; });
    }
    update();
}

void LinePlot::setCapacity(int capacity) { capacity_ = capacity; }

void LinePlot::clear() {
    values_.clear();
    marks_.clear();
    update();
}

void LinePlot::setMarks(std::vector<int> indices) {
    marks_ = std::move(indices);
    update();
}

void LinePlot::setDivider(std::optional<int> index, const QString& label) {
    divider_ = index;
    dividerLabel_ = label;
    update();
}

QSize LinePlot::sizeHint() const { return {160, 24}; }
QSize LinePlot::minimumSizeHint() const { return {40, 16}; }

std::pair<double, double> LinePlot::shownRange() const {
    if (range_) return *range_;
    double low = INFINITY;
    double high = -INFINITY;
    for (const float value : values_) {
        if (!std::isfinite(value) || (scale_ == Scale::Logarithmic && value <= 0)) continue;
        low = std::min(low, static_cast<double>(value));
        high = std::max(high, static_cast<double>(value));
    }
    if (!(low <= high)) return {0, 1};
    // A flat line belongs in the middle, and noise of a thousandth must not look like drama.
    const double least = std::max(std::abs(high) * 0.02, 1e-9);
    if (high - low < least) return {low - least, high + least};
    return {low, high};
}

double LinePlot::heightOf(double value, double low, double high) const {
    if (scale_ == Scale::Logarithmic) {
        const double floor = std::max(low, high * 1e-6);
        return std::clamp((std::log(std::max(value, floor)) - std::log(floor)) / std::max(std::log(high / floor), 1e-9), 0.0, 1.0);
    }
    return std::clamp((value - low) / (high - low), 0.0, 1.0);
}

void LinePlot::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Colours& c = coloursFor(*this);
    painter.fillRect(rect(), c.panel);
    const QRectF area = QRectF(rect()).adjusted(1, 3, -1, marks_.empty() ? -3 : -7);

    painter.setPen(QPen(c.faint, 1));
    painter.drawLine(QPointF(area.left(), height() - 0.5), QPointF(area.right(), height() - 0.5));
    if (values_.empty()) {
        painter.setPen(c.dim);
        painter.drawText(area, Qt::AlignLeft | Qt::AlignVCenter, emptyText_);
        return;
    }

    const auto [low, high] = shownRange();
    const auto height01 = [this, low = low, high = high](double value) { return heightOf(value, low, high); };
    const double step = area.width() / static_cast<double>(std::max<size_t>(1, values_.size() - 1));
    if (divider_) {
        const double x = area.left() + step * *divider_;
        painter.setPen(QPen(c.budget, 1, Qt::DashLine));
        painter.drawLine(QPointF(x, area.top() - 2), QPointF(x, height()));
        painter.setPen(c.dim);
        painter.drawText(QRectF(x + 4, 0, area.right() - x - 4, area.height()), Qt::AlignLeft | Qt::AlignTop, dividerLabel_);
    }

    const QColor ink = inked(c, ink_);
    for (const QPolygonF& line : linesThrough(values_, area, height01)) drawFineLine(painter, line, ink);
    if (values_.size() == 1) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(ink);
        painter.drawEllipse(QPointF(area.right() - 2, area.bottom() - area.height() * height01(values_[0])), 1.5, 1.5);
    }

    painter.setPen(QPen(c.writing, 2));
    for (const int mark : marks_) {
        const double x = area.left() + step * mark;
        painter.drawLine(QPointF(x, height() - 5), QPointF(x, height() - 1));
    }
}

}  // namespace longtake
