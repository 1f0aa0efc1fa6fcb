// CacheView: what the attention cache holds at one moment, as values for a panel, a log or a test.
//
// Owner:  whoever asked for it; it refers to nothing.
// Thread: a plain value; the generation thread fills one and hands it over.
#pragma once

#include <cstdint>
#include <vector>

namespace longtake {

enum class SlotKind {
    Free,
    Sink,     // never evicted
    Window,   // a past frame that the current chunk attends to
    Writing,  // a frame of the chunk being made
};

// One latent frame's place in one layer's cache.
struct CacheSlot {
    SlotKind kind = SlotKind::Free;
    int64_t frame = -1;  // latent frame of the take; -1 when free
    int tokens = 0;
    int64_t bytes = 0;  // allocated and in use
    int ageChunks = 0;  // chunks since it was written; 0 while being written

    bool operator==(const CacheSlot&) const = default;
};

struct CacheView {
    int64_t chunk = 0;  // the chunk being made
    int sinkFrames = 0;
    int windowFrames = 0;                        // slots of a layer: sink, window and current chunk together
    std::vector<std::vector<CacheSlot>> layers;  // [layers][windowFrames], oldest frame first, the sink before all
    int64_t evictedFrames = 0;                   // latent frames dropped since the take began
    std::vector<int64_t> recacheChunks;          // the chunks before which the window was written again, in order
    int64_t bytes = 0;                           // in use now, all layers
    int64_t denseBytes = 0;                      // what keys and values of the same tokens would take, uncompressed

    bool operator==(const CacheView&) const = default;
};

}  // namespace longtake
