// Where everything of the HUD lies, drawn through a small interface so that Vulkan and the painted fallback agree.
//
// Owner:  one per canvas surface.
// Thread: GUI thread only. Lengths are device pixels; `scale` is device pixels per logical pixel.
#pragma once

#include <span>
#include <string_view>

#include "ui/canvas/canvas_view.h"
#include "ui/canvas/hud.h"

namespace longtake {

enum class HudFont { Text, Strong, Small };

struct HudColor {
    uint8_t red = 0, green = 0, blue = 0, alpha = 255;
};

struct HudBox {
    double x = 0, y = 0, width = 0, height = 0;
};

class HudPainter {
public:
    virtual ~HudPainter() = default;
    virtual double textWidth(HudFont font, std::string_view text) = 0;
    virtual void text(HudFont font, PixelPoint topLeft, HudColor color, std::string_view text) = 0;
    virtual void box(HudBox box, double radius, HudColor color) = 0;
    virtual void line(std::span<const PixelPoint> points, double width, HudColor color) = 0;
};

// Logical pixels; both painters use these fonts.
constexpr double hudFontSize(HudFont font) { return font == HudFont::Small ? 10.5 : 12.0; }

struct HudScene {
    HudValues values;
    bool panelVisible = true;

    bool isEmpty() const { return !panelVisible && values.pill.empty() && values.message.empty(); }
};

// A canvas too small for the panel gets none. Returns what was covered (empty boxes for what was not drawn).
struct HudAreas {
    HudBox panel;
    HudBox pill;
    HudBox message;
};
HudAreas drawHud(const HudScene& scene, HudBox within, double scale, HudPainter& painter);

// What is seen of the picture, so that figures lie on it and not on the bars beside it; the whole canvas where that is
// too small for them.
HudBox hudRoom(const Placement& placement, PictureSize canvas, double scale);

// Every text of the scene as it may be drawn, for fonts that are made of single glyphs.
std::vector<std::string> hudTexts(const HudScene& scene);

// "2.9 MB", decimal units, at most three digits before the point.
std::string formatBytes(uint64_t bytes);

}  // namespace longtake
