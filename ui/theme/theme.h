// The look of the program: colours, style sheet, font and spacing.
//
// Owner:  the QApplication it is applied to.
// Thread: GUI thread.
#pragma once

#include <QString>

#include "ui/theme/colours.h"

class QApplication;

namespace longtake {

// Distances in device-independent pixels; everything sits on a grid of 4.
constexpr int kGap = 8;
constexpr int kPadding = 12;
constexpr int kRowHeight = 28;
constexpr int kRadius = 4;

enum class Appearance { System, Dark, Light };

// System follows the palette the desktop gave the application before the call.
void applyTheme(QApplication& application, Appearance appearance = Appearance::System);

QString styleSheetFor(const Colours& colours);

}  // namespace longtake
