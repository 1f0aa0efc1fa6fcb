#include "ui/panels/labels.h"

#include <cmath>
#include <utility>

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include "ui/theme/colours.h"
#include "ui/theme/formats.h"

namespace longtake {

FigureLabel::FigureLabel(QWidget* parent) : QWidget(parent) {
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setAttribute(Qt::WA_OpaquePaintEvent);
}

void FigureLabel::setText(const QString& text) {
    if (text == text_) return;
    // Digits are of one width, so a text is no wider than another as long, but for its other characters.
    const bool mayBeWider = text.size() > std::max(text_.size(), widest_.size());
    text_ = text;
    setAccessibleName(text);
    if (mayBeWider) updateGeometry();
    update();
}

void FigureLabel::setWidest(const QString& text) {
    widest_ = text;
    updateGeometry();
}

QSize FigureLabel::sizeHint() const {
    const double width = std::max(drawFigures(nullptr, {}, font(), text_), drawFigures(nullptr, {}, font(), widest_));
    return {static_cast<int>(std::ceil(width)) + 1, fontMetrics().height()};
}

void FigureLabel::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), coloursFor(*this).panel);
    painter.setPen(palette().color(foregroundRole()));
    drawFigures(&painter, {0, (height() - fontMetrics().height()) / 2.0 + fontMetrics().ascent()}, font(), text_);
}

ElidedLabel::ElidedLabel(QWidget* parent, Tone tone, Qt::Alignment alignment) : QWidget(parent), tone_(tone), alignment_(alignment) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAttribute(Qt::WA_OpaquePaintEvent);
}

void ElidedLabel::setText(const QString& text, Tone tone) {
    if (text == text_ && tone == tone_) return;
    text_ = text;
    tone_ = tone;
    setAccessibleName(text);
    if (const int width = sizeHint().width(); std::exchange(askedWidth_, width) != width) updateGeometry();
    update();
}

// A long line asks for no more than a part of it: it is there to be cut.
QSize ElidedLabel::sizeHint() const {
    constexpr int kMost = 200;
    return {std::min(fontMetrics().horizontalAdvance(text_) + 2, kMost), fontMetrics().height() + 2};
}
QSize ElidedLabel::minimumSizeHint() const { return {40, fontMetrics().height() + 2}; }

void ElidedLabel::paintEvent(QPaintEvent*) {
    const Colours& c = coloursFor(*this);
    QPainter painter(this);
    painter.fillRect(rect(), c.panel);
    switch (tone_) {
        case Tone::Plain: painter.setPen(c.text); break;
        case Tone::Dim: painter.setPen(c.dim); break;
        case Tone::Caution: painter.setPen(c.caution); break;
        case Tone::Alarm: painter.setPen(c.alarm); break;
        case Tone::Good: painter.setPen(c.blockInks[2]); break;
    }
    painter.drawText(rect(), alignment_ | Qt::AlignVCenter, fontMetrics().elidedText(text_, Qt::ElideRight, width()));
}

bool ElidedLabel::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip) return QWidget::event(event);
    if (!toolTip().isEmpty()) return QWidget::event(event);
    const bool cut = fontMetrics().horizontalAdvance(text_) > width();
    QToolTip::showText(static_cast<QHelpEvent*>(event)->globalPos(), cut ? text_ : QString(), this);
    return true;
}

}  // namespace longtake
