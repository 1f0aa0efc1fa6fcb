#include "ui/theme/colours.h"

#include <algorithm>
#include <cmath>

#include <QWidget>

namespace longtake {
namespace {

Colours makeDark() {
    Colours c;
    c.dark = true;
    c.window = "#15171c";
    c.panel = "#1e2128";
    c.raised = "#282c35";
    c.field = "#14161a";
    c.border = "#343945";
    c.text = "#e3e6ec";
    c.dim = "#959cab";
    c.faint = "#2c313b";
    c.accent = "#4fb5a4";
    c.onAccent = "#0d1f1c";
    c.sink = "#4aa896";
    c.held = "#5586e4";
    c.writing = "#d39c55";
    c.rank = "#8f6fc8";
    c.rankSoft = "#b093dd";
    c.budget = "#cf6f55";
    c.now = "#e8695b";
    c.caution = "#e2b067";
    c.alarm = "#f0857a";
    c.onBlock = "#0f1217";
    c.blocks = {"#5586e4", "#9472cc", "#4fae9e", "#d5a053", "#cf7f9c", "#86a94f"};
    c.blockInks = {"#8aaef2", "#b79be6", "#68c7b6", "#e2b067", "#e39bb6", "#a6c76f"};
    return c;
}

Colours makeLight() {
    Colours c;
    c.dark = false;
    c.window = "#e9ebf0";
    c.panel = "#fbfbfd";
    c.raised = "#eceff4";
    c.field = "#ffffff";
    c.border = "#c6ccd7";
    c.text = "#1b1f27";
    c.dim = "#5a6272";
    c.faint = "#e3e7ed";
    c.accent = "#187f70";
    c.onAccent = "#ffffff";
    c.sink = "#4bab99";
    c.held = "#5d8be6";
    c.writing = "#e0a24d";
    c.rank = "#8a67c6";
    c.rankSoft = "#b9a0e2";
    c.budget = "#c0563c";
    c.now = "#d24a3c";
    c.caution = "#8a5a00";
    c.alarm = "#b5372b";
    c.onBlock = "#10131a";
    c.blocks = {"#86aaf0", "#b497e4", "#6cc4b4", "#e6b76c", "#e3a0b8", "#a6c472"};
    c.blockInks = {"#2d5cbd", "#6a43ad", "#146e61", "#8a5a00", "#a03c66", "#4d6b1c"};
    return c;
}

double luminance(const QColor& colour) {
    const auto linear = [](double v) { return v <= 0.03928 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); };
    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF());
}

}  // namespace

const Colours& darkColours() {
    static const Colours colours = makeDark();
    return colours;
}

const Colours& lightColours() {
    static const Colours colours = makeLight();
    return colours;
}

const Colours& coloursFor(const QPalette& palette) {
    return palette.color(QPalette::Window).lightness() < palette.color(QPalette::WindowText).lightness() ? darkColours() : lightColours();
}

const Colours& coloursFor(const QWidget& widget) { return coloursFor(widget.palette()); }

QPalette paletteOf(const Colours& c) {
    QPalette palette;
    palette.setColor(QPalette::Window, c.window);
    palette.setColor(QPalette::WindowText, c.text);
    palette.setColor(QPalette::Base, c.field);
    palette.setColor(QPalette::AlternateBase, c.panel);
    palette.setColor(QPalette::Text, c.text);
    palette.setColor(QPalette::PlaceholderText, c.dim);
    palette.setColor(QPalette::Button, c.raised);
    palette.setColor(QPalette::ButtonText, c.text);
    palette.setColor(QPalette::BrightText, c.now);
    palette.setColor(QPalette::ToolTipBase, c.raised);
    palette.setColor(QPalette::ToolTipText, c.text);
    palette.setColor(QPalette::Highlight, c.accent);
    palette.setColor(QPalette::HighlightedText, c.onAccent);
    palette.setColor(QPalette::Link, c.blockInks[0]);
    palette.setColor(QPalette::Light, mixed(c.raised, Qt::white, c.dark ? 0.1 : 0.6));
    palette.setColor(QPalette::Mid, c.border);
    palette.setColor(QPalette::Dark, mixed(c.border, Qt::black, 0.3));
    for (const QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, mixed(c.panel, c.dim, 0.6));
    return palette;
}

QColor mixed(const QColor& under, const QColor& over, double share) {
    const auto part = [share](double a, double b) { return static_cast<float>(a + (b - a) * share); };
    return QColor::fromRgbF(part(under.redF(), over.redF()), part(under.greenF(), over.greenF()), part(under.blueF(), over.blueF()));
}

double contrast(const QColor& a, const QColor& b) {
    const double first = luminance(a);
    const double second = luminance(b);
    return (std::max(first, second) + 0.05) / (std::min(first, second) + 0.05);
}

}  // namespace longtake
