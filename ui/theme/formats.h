// Figures as people read them: bytes, times, percentages, in the user's language.
//
// Thread: pure functions.
#pragma once

#include <cstdint>

#include <QString>

class QFont;
class QPainter;
class QPointF;

namespace longtake {

QString bytesText(int64_t bytes);                        // "2.9 MB", "412 MB", "15.6 GB" (powers of 1000)
QString timecodeText(double seconds);                    // "00:30.75"; "1:02:03.50" from an hour on
QString clockText(double seconds);                       // "0:30", "1:02:03"
QString secondsText(double seconds);                     // "0.8 s"
QString percentText(double share);                       // 0.908 -> "90.8 %"
QString shortened(const QString& text, int characters);  // with an ellipsis at the end when cut

// Draws text whose digits all take the same width, so that a running figure does not tremble in a proportional
// font; `baseline` is its left end. Gives the width. With a null painter it only measures.
double drawFigures(QPainter* painter, const QPointF& baseline, const QFont& font, const QString& text);

}  // namespace longtake
