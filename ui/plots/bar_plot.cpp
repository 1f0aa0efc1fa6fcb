#include "ui/plots/bar_plot.h"

#include <algorithm>
#include <cmath>

#include <QKeyEvent>
#include <QPainter>

#include "ui/theme/colours.h"

namespace longtake {

BarPlot::BarPlot(QWidget* parent) : QWidget(parent) {
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_OpaquePaintEvent);
}

void BarPlot::setBars(std::vector<Bar> bars) {
    bars_ = std::move(bars);
    if (current_ >= static_cast<int>(bars_.size())) setCurrent(-1);
    update();
}

void BarPlot::setBudget(double budget) {
    budget_ = budget;
    update();
}

void BarPlot::setEmptyText(const QString& text) {
    emptyText_ = text;
    update();
}

void BarPlot::setCurrent(int bar) {
    if (bar < 0 || bar >= static_cast<int>(bars_.size())) bar = -1;
    if (bar == current_) return;
    current_ = bar;
    update();
    emit currentChanged(current_);
}

QSize BarPlot::sizeHint() const { return {320, 150}; }
QSize BarPlot::minimumSizeHint() const { return {160, 64}; }

double BarPlot::top() const {
    double greatest = budget_;
    for (const Bar& bar : bars_) greatest = std::max({greatest, bar.outer, bar.inner, bar.tick});
    return greatest > 0 ? greatest * 1.04 : 1;
}

QRectF BarPlot::plotArea() const {
    const int line = fontMetrics().height();
    const int left = std::max(18, fontMetrics().horizontalAdvance(QString::number(std::lround(top()))) + 8);
    return QRectF(rect()).adjusted(left, line / 2 - 2, 0, -(line + 2));
}

QRectF BarPlot::barRect(int bar) const {
    const QRectF area = plotArea();
    const double step = area.width() / static_cast<double>(std::max<size_t>(1, bars_.size()));
    const double width = std::clamp(step * 0.74, 2.0, 36.0);
    const double height = area.height() * bars_[static_cast<size_t>(bar)].outer / top();
    return {area.left() + step * (bar + 0.5) - width / 2, area.bottom() - height, width, height};
}

int BarPlot::barAt(double x) const {
    const QRectF area = plotArea();
    if (bars_.empty() || x < area.left() || x > area.right()) return -1;
    return std::min(static_cast<int>((x - area.left()) / area.width() * static_cast<double>(bars_.size())),
                    static_cast<int>(bars_.size()) - 1);
}

void BarPlot::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Colours& c = coloursFor(*this);
    painter.fillRect(rect(), c.panel);
    const QRectF area = plotArea();
    const double scale = area.height() / top();

    if (bars_.empty()) {
        painter.setPen(c.dim);
        painter.drawText(rect(), Qt::AlignCenter | Qt::TextWordWrap, emptyText_);
        return;
    }
    QFont small = font();
    if (small.pixelSize() > 0) small.setPixelSize(std::max(9, small.pixelSize() - 2));
    painter.setFont(small);
    painter.setPen(c.faint);
    painter.drawLine(QPointF(area.left(), area.bottom() + 0.5), QPointF(area.right(), area.bottom() + 0.5));
    painter.setPen(c.dim);
    const auto axisLabel = [&](double value) {
        painter.drawText(QRectF(0, area.bottom() - value * scale - 8, area.left() - 6, 16), Qt::AlignRight | Qt::AlignVCenter,
                         QString::number(std::lround(value)));
    };
    axisLabel(0);
    axisLabel(budget_ > 0 ? budget_ : top() / 1.04);

    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    const int count = static_cast<int>(bars_.size());
    const int labelEvery = std::max(1, static_cast<int>(std::ceil(count * 22.0 / area.width())));
    for (int i = 0; i < count; ++i) {
        const Bar& bar = bars_[static_cast<size_t>(i)];
        const QRectF outer = barRect(i);
        const bool lit = i == current_;
        const double radius = std::min(2.0, outer.width() / 4);
        painter.setBrush(lit ? mixed(c.rank, c.dark ? Qt::white : Qt::black, 0.2) : c.rank);
        painter.drawRoundedRect(outer, radius, radius);
        QRectF inner = outer;
        inner.setTop(area.bottom() - bar.inner * scale);
        painter.setBrush(lit ? mixed(c.rankSoft, c.dark ? Qt::white : Qt::black, 0.2) : c.rankSoft);
        painter.drawRoundedRect(inner, radius, radius);
        if (bar.tick >= 0) {
            const double y = std::round(area.bottom() - bar.tick * scale);
            painter.fillRect(QRectF(outer.left(), y - 1, outer.width(), 2), c.dark ? c.onBlock : c.panel);
        }
        if (i % labelEvery != 0 && !lit) continue;
        painter.setPen(lit ? c.text : c.dim);
        painter.drawText(QRectF(outer.center().x() - 20, area.bottom() + 2, 40, height() - area.bottom() - 2),
                         Qt::AlignHCenter | Qt::AlignVCenter, QString::number(i));
        painter.setPen(Qt::NoPen);
    }
    if (budget_ > 0) {
        const double y = std::round(area.bottom() - budget_ * scale) + 0.5;
        painter.setPen(QPen(c.budget, 1));
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
    }
    if (hasFocus()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(c.accent, 1));
        painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
    }
}

void BarPlot::mouseMoveEvent(QMouseEvent* event) { setCurrent(barAt(event->position().x())); }

void BarPlot::leaveEvent(QEvent*) {
    if (!hasFocus()) setCurrent(-1);
}

void BarPlot::keyPressEvent(QKeyEvent* event) {
    const int last = static_cast<int>(bars_.size()) - 1;
    switch (event->key()) {
        case Qt::Key_Left: setCurrent(current_ < 0 ? last : std::max(0, current_ - 1)); return;
        case Qt::Key_Right: setCurrent(std::min(last, current_ + 1)); return;
        case Qt::Key_Home: setCurrent(0); return;
        case Qt::Key_End: setCurrent(last); return;
        default: QWidget::keyPressEvent(event);
    }
}

}  // namespace longtake
