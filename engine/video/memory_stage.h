// Three memory blocks of one width, each of which sees its input and its own input one frame earlier (engine-spec 7.1).
//
// Owner:  Taehv. The Backend must outlive it.
// Thread: one.
#pragma once

#include <array>
#include <span>
#include <string>

#include "engine/scratch.h"
#include "engine/video/conv_layer.h"

namespace longtake {

class MemoryStage {
public:
    // Blocks `prefix`N.conv.{0,2,4}, N = firstIndex, firstIndex + 1, firstIndex + 2.
    MemoryStage(Backend& backend, WeightReader& reader, const std::string& prefix, int firstIndex, int64_t width);

    int64_t width() const { return width_; }
    size_t weightBytes() const;

    // The inputs of the last frame seen, or nothing before the first.
    std::vector<Tensor>& past() { return past_; }
    const std::vector<Tensor>& past() const { return past_; }
    void reset() { past_.clear(); }

    // maps [1 + frames, height, width, channels]: map 0 is room for the past, the others become the output.
    // Takes slots [slot, slot + 2) of the scratch memory.
    void run(Tensor maps, Scratch& scratch, size_t slot);

private:
    struct Block {
        ConvLayer first, second, third;
    };

    Backend& backend_;
    int64_t width_;
    std::array<Block, 3> blocks_;
    std::vector<Tensor> past_;  // [1, height, width, channels] per block
};

}  // namespace longtake
