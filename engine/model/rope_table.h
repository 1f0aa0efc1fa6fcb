// Cosines and sines of the 3-D rotary embedding for the slots of a window: pairs of an axis turn by
// position * theta^(-2 j / base). Angles in fp64 (engine-spec 3.6; videomla.md for the MLA bands).
//
// Owner:  CausalDit's workspace.
// Thread: generation thread only.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/model/model_config.h"
#include "engine/tensor.h"

namespace longtake {

struct RopeAxes {
    int pairs[3];  // frame, row, column
    int bases[3];  // exponent's denominator of each axis
    int total() const { return pairs[0] + pairs[1] + pairs[2]; }
};

// The split for a dense head of `headDim` numbers.
RopeAxes denseRopeAxes(int headDim);
// The split for the model's rotated numbers: whole heads (dense) or d_r (MLA).
RopeAxes ropeAxes(const DitConfig& config);

class RopeTable {
public:
    RopeTable(const DitConfig& config, Backend& backend) : axes_(ropeAxes(config)), backend_(backend) {}

    // One entry a slot: its position on the frame axis. Does nothing when the table already says so.
    void prepare(const std::vector<int64_t>& framePositions, int64_t gridH, int64_t gridW);

    int64_t pairs() const { return axes_.total(); }
    // [tokens from `firstSlot` on, pairs]
    const float* cosines(int64_t firstSlot) const { return cosines_.as<float>() + firstSlot * gridH_ * gridW_ * pairs(); }
    const float* sines(int64_t firstSlot) const { return sines_.as<float>() + firstSlot * gridH_ * gridW_ * pairs(); }

private:
    RopeAxes axes_;
    Backend& backend_;
    std::vector<int64_t> positions_;
    int64_t gridH_ = 0, gridW_ = 0;
    Tensor cosines_, sines_;
};

}  // namespace longtake
