// All that a canvas surface draws, as values: the surfaces differ only in how.
//
// Owner:  CanvasWidget; surfaces refer to it.
// Thread: GUI thread only.
#pragma once

#include "ui/canvas/canvas_playback.h"
#include "ui/canvas/canvas_view.h"
#include "ui/canvas/hud_layout.h"

namespace longtake {

struct CanvasScene {
    CanvasPlayback playback;
    CanvasView view;
    HudScene hud;
    Magnify magnify = Magnify::Bicubic;

    // The HUD with the figures that only the canvas knows.
    HudScene hudNow() const;
};

inline HudScene CanvasScene::hudNow() const {
    HudScene now = hud;
    PlaybackFigures figures = playback.figures();
    bool isKnown = figures.displayFps > 0 || now.values.generationFps;
    if (!now.values.displayFps && isKnown) now.values.displayFps = figures.displayFps;
    return now;
}

}  // namespace longtake
