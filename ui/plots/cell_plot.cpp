#include "ui/plots/cell_plot.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <QKeyEvent>
#include <QPainter>

namespace longtake {

CellPlot::CellPlot(QWidget* parent) : QWidget(parent) {
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_OpaquePaintEvent);
}

void CellPlot::setCells(int rows, int columns, std::vector<Cell> cells) {
    assert(cells.size() == static_cast<size_t>(rows) * static_cast<size_t>(columns));
    if (rows != rows_) updateGeometry();
    rows_ = rows;
    columns_ = columns;
    cells_ = std::move(cells);
    if (current_.x() >= columns_ || current_.y() >= rows_) setCurrent({-1, -1});
    update();
}

void CellPlot::setColumnLabels(const QStringList& labels) {
    columnLabels_ = labels;
    update();
}

void CellPlot::setEmptyText(const QString& text) {
    emptyText_ = text;
    update();
}

void CellPlot::setCurrent(QPoint cell) {
    if (cell.x() < 0 || cell.y() < 0 || cell.x() >= columns_ || cell.y() >= rows_) cell = {-1, -1};
    if (cell == current_) return;
    current_ = cell;
    update();
    emit currentChanged(current_);
}

QSize CellPlot::sizeHint() const { return {320, std::clamp(rows_ * 16, 96, 260) + 20}; }
QSize CellPlot::minimumSizeHint() const { return {160, std::clamp(rows_ * 4, 40, 120) + 20}; }

QFont CellPlot::smallFont() const {
    QFont small = font();
    if (small.pixelSize() > 0) small.setPixelSize(std::max(9, small.pixelSize() - 2));
    return small;
}

QRectF CellPlot::gridArea() const { return QRectF(rect()).adjusted(24, 4, 2, -18); }

QRectF CellPlot::cellRect(int row, int column) const {
    const QRectF area = gridArea();
    const double width = area.width() / columns_;
    // Whole pixels in height keep thin rows even; what is left over stays free at the bottom.
    const double pitch = std::max(3.0, std::min(std::floor(area.height() / rows_), 26.0));
    const double gap = pitch >= 8 ? 2 : 1;
    return {area.left() + column * width, area.top() + row * pitch, width - 2, pitch - gap};
}

void CellPlot::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Colours& c = coloursFor(*this);
    painter.fillRect(rect(), c.panel);
    if (cells_.empty()) {
        painter.setPen(c.dim);
        painter.drawText(rect(), Qt::AlignCenter | Qt::TextWordWrap, emptyText_);
        return;
    }
    paintLabels(painter, c);
    const bool rounded = cellRect(0, 0).height() >= 7 && cells_.size() <= 400;
    painter.setRenderHint(QPainter::Antialiasing, rounded);
    painter.setPen(Qt::NoPen);
    for (int row = 0; row < rows_; ++row) {
        for (int column = 0; column < columns_; ++column) {
            const Cell& one = cell(row, column);
            const QRectF box = cellRect(row, column);
            const QColor fill = one.ink == Ink::Empty ? c.faint : mixed(c.panel, inked(c, one.ink), one.strength);
            if (rounded) {
                painter.setBrush(fill);
                painter.drawRoundedRect(box, 2, 2);
            } else {
                painter.fillRect(box, fill);
            }
        }
    }
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    if (current_.x() >= 0) {
        painter.setPen(QPen(c.text, 1.5));
        painter.drawRoundedRect(cellRect(current_.y(), current_.x()).adjusted(-1, -1, 1, 1), 2, 2);
    }
    if (hasFocus()) {
        painter.setPen(QPen(c.accent, 1));
        painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
    }
}

void CellPlot::paintLabels(QPainter& painter, const Colours& c) const {
    painter.setFont(smallFont());
    const double pitch = rows_ > 1 ? cellRect(1, 0).top() - cellRect(0, 0).top() : 18;
    const int every = pitch >= 11 ? 1 : static_cast<int>(std::ceil(13 / pitch / 5)) * 5;
    for (int row = 0; row < rows_; row += every) {
        painter.setPen(row == current_.y() ? c.text : c.dim);
        const QRectF box = cellRect(row, 0);
        painter.drawText(QRectF(0, box.center().y() - 8, 18, 16), Qt::AlignRight | Qt::AlignVCenter, QString::number(row));
    }
    const double below = cellRect(rows_ - 1, 0).bottom() + 2;
    for (int column = 0; column < columns_ && column < columnLabels_.size(); ++column) {
        painter.setPen(column == current_.x() ? c.text : c.dim);
        const QRectF box = cellRect(0, column);
        const QString label = painter.fontMetrics().elidedText(columnLabels_[column], Qt::ElideRight, static_cast<int>(box.width()) + 2);
        painter.drawText(QRectF(box.left() - 2, below, box.width() + 4, 16), Qt::AlignCenter, label);
    }
}

void CellPlot::mouseMoveEvent(QMouseEvent* event) {
    if (cells_.empty()) return;
    const QRectF first = cellRect(0, 0);
    const double pitch = rows_ > 1 ? cellRect(1, 0).top() - first.top() : first.height() + 2;
    const double column = (event->position().x() - first.left()) / (first.width() + 2);
    const double row = (event->position().y() - first.top()) / pitch;
    setCurrent(column < 0 || row < 0 ? QPoint(-1, -1) : QPoint(static_cast<int>(column), static_cast<int>(row)));
}

void CellPlot::leaveEvent(QEvent*) {
    if (!hasFocus()) setCurrent({-1, -1});
}

void CellPlot::keyPressEvent(QKeyEvent* event) {
    const QPoint here = current_.x() < 0 ? QPoint(0, 0) : current_;
    const auto go = [this](int column, int row) { setCurrent({std::clamp(column, 0, columns_ - 1), std::clamp(row, 0, rows_ - 1)}); };
    if (cells_.empty()) return QWidget::keyPressEvent(event);
    switch (event->key()) {
        case Qt::Key_Left: return go(here.x() - 1, here.y());
        case Qt::Key_Right: return go(here.x() + 1, here.y());
        case Qt::Key_Up: return go(here.x(), here.y() - 1);
        case Qt::Key_Down: return go(here.x(), here.y() + 1);
        default: QWidget::keyPressEvent(event);
    }
}

}  // namespace longtake
