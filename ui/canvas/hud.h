// What the head-up display over the picture says. Every figure is optional: an unknown one has no row.
//
// Owner:  whoever fills it; CanvasWidget keeps a copy.
// Thread: a plain value. Text is UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace longtake {

struct HudSeries {
    std::string name;
    std::vector<float> values;  // oldest first; drawn between the least and the largest of them
};

struct HudValues {
    std::optional<double> generationFps;
    std::optional<double> displayFps;  // frames shown a second; 0: none just now. CanvasWidget fills it where nobody did
    std::optional<int64_t> chunk;
    int step = 0;  // denoise passes done of this chunk
    int steps = 0;
    std::optional<double> latencyMs;  // of whatever the caller measures: prompt to picture, frame to screen
    uint64_t cacheBytes = 0;
    uint64_t denseCacheBytes = 0;  // what an uncompressed cache would take; 0: not said
    std::vector<HudSeries> series;
    std::string backend;  // one line: "CPU · 2 threads · embedded model"
    std::string preview;  // how frames come to the screen, and why: broken into a few lines
    std::string pill;     // at the top right, shown even while the panel is hidden; empty: none
    std::string message;  // in the middle, shown even while the panel is hidden: "Loading the model…"
};

}  // namespace longtake
