// RankValues: effective ranks per layer, with the matrix and the threshold they belong to.
//
// Owner:  whoever asked for it; it refers to nothing.
// Thread: a plain value; the probe fills one and hands it over.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace longtake {

struct LayerRank {
    int energyRank = 0;           // r_threshold: the fewest leading squared singular values that hold `threshold` of their sum
    double stableRank = 0;        // sum s^2 / s_1^2
    double entropyRank = 0;       // exp of the entropy of s^2 / sum s^2
    double energyAtBudget = 0;    // share of the energy in the first `budget` values, 0 .. 1
    std::vector<float> spectrum;  // s_i / s_1, descending; may be cut where nothing follows

    bool operator==(const LayerRank&) const = default;
};

struct RankValues {
    std::string matrix;  // which one, in words: "cached latents c of the window", "[W_K; W_V]"
    int64_t rows = 0;    // its shape in one layer
    int64_t columns = 0;
    double threshold = 0.99;  // share of the energy that energyRank has to reach
    int budget = 0;           // d_c; 0 where there is no budget (a dense model)
    int64_t chunk = -1;       // the chunk it was taken at; -1 for weights
    double probeMs = 0;       // what the probe took, on its own thread
    std::vector<LayerRank> layers;

    bool operator==(const RankValues&) const = default;
};

}  // namespace longtake
