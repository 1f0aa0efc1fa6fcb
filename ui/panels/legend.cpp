#include "ui/panels/legend.h"

#include <algorithm>

#include <QPainter>

namespace longtake {
namespace {

constexpr int kMarkWidth = 10;
constexpr int kAfterMark = 5;
constexpr int kAfterText = 14;

QFont smaller(QFont font) {
    if (font.pixelSize() > 0) font.setPixelSize(std::max(9, font.pixelSize() - 2));
    return font;
}

}  // namespace

Legend::Legend(std::vector<Entry> entries, QWidget* parent) : QWidget(parent), entries_(std::move(entries)) {
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

QSize Legend::sizeHint() const {
    const QFontMetrics metrics(smaller(font()));
    int width = 0;
    for (const Entry& entry : entries_) width += kMarkWidth + kAfterMark + metrics.horizontalAdvance(entry.text) + kAfterText;
    return {width, metrics.height() + 2};
}

void Legend::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Colours& c = coloursFor(*this);
    painter.setFont(smaller(font()));
    double x = 0;
    const double middle = height() / 2.0;
    for (const Entry& entry : entries_) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(inked(c, entry.ink));
        if (entry.mark == Mark::Box) {
            painter.drawRoundedRect(QRectF(x, middle - 4, kMarkWidth, 8), 2, 2);
        } else if (entry.mark == Mark::Tick) {
            painter.setBrush(c.rank);
            painter.drawRoundedRect(QRectF(x, middle - 4, kMarkWidth, 8), 2, 2);
            painter.fillRect(QRectF(x, middle - 1, kMarkWidth, 2), c.dark ? c.onBlock : c.panel);
        } else {
            painter.fillRect(QRectF(x, middle - 0.5, kMarkWidth, 1.5), inked(c, entry.ink));
        }
        x += kMarkWidth + kAfterMark;
        painter.setPen(c.dim);
        painter.drawText(QRectF(x, 0, width(), height()), Qt::AlignLeft | Qt::AlignVCenter, entry.text);
        x += painter.fontMetrics().horizontalAdvance(entry.text) + kAfterText;
    }
}

}  // namespace longtake
