// DriftHistory: one figure per chunk of a take of any length, in bounded memory.
//
// When it is full, neighbours are averaged pairwise: the line keeps its shape and loses detail.
// Owner:  the timeline view.
// Thread: GUI thread.
#pragma once

#include <cstdint>
#include <vector>

namespace longtake {

struct DriftPoint {
    int64_t frame = 0;
    double value = 0;
};

class DriftHistory {
public:
    static constexpr size_t kMost = 4096;

    // Frames in order; one that is not newer than the last begins another take.
    void add(int64_t frame, double value) {
        if (!points_.empty() && frame <= points_.back().frame) points_.clear();
        points_.push_back({frame, value});
        if (points_.size() < kMost) return;
        for (size_t i = 0; i < kMost / 2; ++i) points_[i] = {points_[2 * i].frame, (points_[2 * i].value + points_[2 * i + 1].value) / 2};
        points_.resize(kMost / 2);
    }
    void clear() { points_.clear(); }
    const std::vector<DriftPoint>& points() const { return points_; }

private:
    std::vector<DriftPoint> points_;
};

}  // namespace longtake
