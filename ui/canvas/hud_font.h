// The HUD's fonts as Qt knows them.
//
// Thread: GUI thread only.
#pragma once

#include <QFont>
#include <QGuiApplication>
#include <cmath>

#include "ui/canvas/hud_layout.h"

namespace longtake {

inline QFont hudQFont(HudFont font, double scale) {
    QFont face = QGuiApplication::font();
    face.setPixelSize(std::max(6, int(std::lround(hudFontSize(font) * scale))));
    face.setWeight(font == HudFont::Strong ? QFont::DemiBold : QFont::Normal);
    face.setStyleStrategy(QFont::StyleStrategy(QFont::PreferAntialias | QFont::NoSubpixelAntialias));
    return face;
}

}  // namespace longtake
