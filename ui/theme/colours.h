// Colours: what every widget paints with, for dark and for light surroundings.
//
// The hues mean the same everywhere: green = sink and "go", blue = kept in the window, amber = being written,
// violet = rank, red = now and "too much".
// Owner:  static tables.
// Thread: GUI thread.
#pragma once

#include <array>

#include <QColor>
#include <QPalette>

class QWidget;

namespace longtake {

struct Colours {
    bool dark = true;
    QColor window;  // behind the panels
    QColor panel;
    QColor raised;  // buttons, empty cells under the mouse
    QColor field;   // what can be typed into
    QColor border;
    QColor text;
    QColor dim;    // labels, units: still readable (4.5 : 1 on panel)
    QColor faint;  // empty cells, tracks, rulers
    QColor accent;
    QColor onAccent;
    QColor sink;
    QColor held;
    QColor writing;
    QColor rank;
    QColor rankSoft;
    QColor budget;
    QColor now;
    QColor caution;                   // text of a hint that wants to be seen
    QColor alarm;                     // text of a refusal
    QColor onBlock;                   // text on a solid block
    std::array<QColor, 6> blocks;     // fills of prompts
    std::array<QColor, 6> blockInks;  // the same hues as text and outline on panel
};

const Colours& darkColours();
const Colours& lightColours();

// The table that goes with a palette, by the lightness of its window colour.
const Colours& coloursFor(const QPalette& palette);
const Colours& coloursFor(const QWidget& widget);

QPalette paletteOf(const Colours& colours);

// `share` of `over` laid on `under`, opaque.
QColor mixed(const QColor& under, const QColor& over, double share);
// WCAG contrast ratio, 1 .. 21.
double contrast(const QColor& a, const QColor& b);

}  // namespace longtake
