#include "ui/panels/memory_bar.h"

#include <algorithm>
#include <array>

#include <QPainter>
#include <QPainterPath>

#include "ui/theme/colours.h"
#include "ui/theme/formats.h"

namespace longtake {

MemoryBar::MemoryBar(QWidget* parent) : QWidget(parent) { setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed); }

void MemoryBar::setPlan(const MemoryPlanValues& plan) {
    plan_ = plan;
    QStringList lines;
    for (const MemoryPart& part : plan.parts)
        lines += QStringLiteral("%1  %2").arg(QString::fromStdString(part.name), bytesText(part.bytes));
    setToolTip(lines.join('\n'));
    setAccessibleDescription(lines.join(QStringLiteral(", ")));
    update();
}

void MemoryBar::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Colours& c = coloursFor(*this);
    const QRectF track(0, height() / 2.0 - 4, width(), 8);
    QPainterPath shape;
    shape.addRoundedRect(track, 4, 4);
    painter.fillPath(shape, c.faint);
    if (plan_.parts.empty()) return;

    painter.setClipPath(shape);
    const auto whole = static_cast<double>(std::max(plan_.availableBytes, plan_.neededBytes()));
    const std::array<QColor, 4> inks = {c.sink, c.held, c.writing, c.rank};
    double x = 0;
    for (size_t i = 0; i < plan_.parts.size(); ++i) {
        const double piece = std::max(2.0, width() * static_cast<double>(plan_.parts[i].bytes) / std::max(1.0, whole));
        painter.fillRect(QRectF(x, track.top(), piece, track.height()),
                         plan_.fits() ? inks[i % inks.size()] : mixed(c.now, c.panel, 0.15 * static_cast<double>(i % 3)));
        x += piece;
    }
    if (!plan_.fits()) {
        const double limit = width() * static_cast<double>(plan_.availableBytes) / whole;
        painter.setClipping(false);
        painter.fillRect(QRectF(limit - 1, 0, 2, height()), c.text);
    }
}

}  // namespace longtake
