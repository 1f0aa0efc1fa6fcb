// The application's own font, drawn glyph by glyph, so that the HUD reads like the rest of the window and knows every
// script that the system's fonts know.
//
// Owner:  ImGuiHud.
// Thread: GUI thread only (a QGuiApplication must exist).
#pragma once

#include <set>
#include <string>
#include <vector>

#include "ui/canvas/hud_layout.h"

namespace longtake {

struct HudGlyph {
    char32_t character = 0;
    double advance = 0;  // device pixels, as the other lengths
    int left = 0;        // from the pen to the picture's corner
    int top = 0;         // from the top of the line
    int width = 0;
    int height = 0;
    std::vector<uint8_t> coverage;  // [height, width]
};

// Printable Latin-1 and the signs that the HUD itself writes.
std::set<char32_t> basicHudCharacters();
void addCharacters(std::set<char32_t>& characters, const std::string& utf8);

std::vector<HudGlyph> drawGlyphs(HudFont font, double scale, const std::set<char32_t>& characters);

}  // namespace longtake
