// Where in the picture a token lies: cosines of its height and width, for models that add a learned projection of them
// to every token. cos(pi k (i + 1/2) / n), k = 1 ... features, first of the row i of n, then of the column.
//
// Owner:  CausalDit's workspace.
// Thread: generation thread only.
#pragma once

#include <cstdint>

#include "engine/tensor.h"

namespace longtake {

class PlaceTable {
public:
    PlaceTable(int features, Backend& backend) : features_(features), backend_(backend) {}

    // [frames * gridH * gridW, 2 features], compute type. Made anew only when the grid or the number of frames changes.
    Rows rows(int64_t frames, int64_t gridH, int64_t gridW);

private:
    int features_;
    Backend& backend_;
    int64_t frames_ = 0, gridH_ = 0, gridW_ = 0;
    Tensor table_;
};

}  // namespace longtake
