#include "ui/theme/formats.h"

#include <array>
#include <cmath>

#include <QCoreApplication>
#include <QFontMetricsF>
#include <QLocale>
#include <QPainter>

namespace longtake {

QString bytesText(int64_t bytes) {
    static constexpr std::array<const char*, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
    double value = static_cast<double>(bytes);
    size_t unit = 0;
    while (std::abs(value) >= 999.5 && unit + 1 < kUnits.size()) {
        value /= 1000;
        ++unit;
    }
    const int decimals = unit == 0 || std::abs(value) >= 99.95 ? 0 : 1;
    return QLocale().toString(value, 'f', decimals) + QChar(QChar::Nbsp) + QLatin1String(kUnits[unit]);
}

QString timecodeText(double seconds) {
    const auto hundredths = static_cast<int64_t>(std::floor(std::max(0.0, seconds) * 100 + 1e-6));
    const int64_t minutes = hundredths / 6000;
    const QString rest = QStringLiteral("%1.%2").arg(hundredths / 100 % 60, 2, 10, QChar('0')).arg(hundredths % 100, 2, 10, QChar('0'));
    if (minutes < 60) return QStringLiteral("%1:%2").arg(minutes, 2, 10, QChar('0')).arg(rest);
    return QStringLiteral("%1:%2:%3").arg(minutes / 60).arg(minutes % 60, 2, 10, QChar('0')).arg(rest);
}

QString clockText(double seconds) {
    const auto whole = static_cast<int64_t>(std::floor(std::max(0.0, seconds) + 1e-6));
    const QString tail = QStringLiteral(":%1").arg(whole % 60, 2, 10, QChar('0'));
    if (whole < 3600) return QString::number(whole / 60) + tail;
    return QStringLiteral("%1:%2").arg(whole / 3600).arg(whole / 60 % 60, 2, 10, QChar('0')) + tail;
}

QString secondsText(double seconds) {
    return QCoreApplication::translate("Formats", "%1 s").arg(QLocale().toString(seconds, 'f', seconds < 99.95 ? 1 : 0));
}

QString percentText(double share) { return QCoreApplication::translate("Formats", "%1 %").arg(QLocale().toString(share * 100, 'f', 1)); }

QString shortened(const QString& text, int characters) {
    const QString plain = text.simplified();
    return plain.size() <= characters ? plain : plain.left(characters - 1).trimmed() + QChar(0x2026);
}

double drawFigures(QPainter* painter, const QPointF& baseline, const QFont& font, const QString& text) {
    const QFontMetricsF metrics(font);
    double digit = 0;
    for (char c = '0'; c <= '9'; ++c) digit = std::max(digit, metrics.horizontalAdvance(QChar(c)));
    if (painter) painter->setFont(font);
    double x = baseline.x();
    for (const QChar c : text) {
        const double width = metrics.horizontalAdvance(c);
        const double cell = c.isDigit() ? digit : width;
        if (painter) painter->drawText(QPointF(x + (cell - width) / 2, baseline.y()), QString(c));
        x += cell;
    }
    return x - baseline.x();
}

}  // namespace longtake
