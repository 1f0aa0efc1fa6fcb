// The one comparator of backends: absolute and relative distance, and NaN exactly where NaN is wanted.
//
// Thread: pure functions.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace longtake {

struct Bound {
    double absolute = 0;
    double relative = 0;  // of the wanted value
};

struct Comparison {
    int64_t count = 0, wrong = 0, first = -1, nanMismatches = 0;
    double largestAbsolute = 0;
    double relativeRms = 0;   // norm(got - want) / norm(want) over the numbers
    float got = 0, want = 0;  // of the first that is wrong

    bool good() const { return wrong == 0; }
    std::string text() const {
        char line[240];
        std::snprintf(line, sizeof line, "%lld numbers, largest difference %.3g, relative rms %.3g", static_cast<long long>(count),
                      largestAbsolute, relativeRms);
        std::string out = line;
        if (wrong == 0) return out;
        std::snprintf(line, sizeof line, "; %lld WRONG, %lld of them NaN on one side, the first at %lld: got %.9g, want %.9g",
                      static_cast<long long>(wrong), static_cast<long long>(nanMismatches), static_cast<long long>(first),
                      static_cast<double>(got), static_cast<double>(want));
        return out + line;
    }
};

// Different lengths count as all wrong.
inline Comparison compare(const std::vector<float>& want, const std::vector<float>& got, Bound bound) {
    Comparison out{.count = static_cast<int64_t>(want.size())};
    if (want.size() != got.size()) {
        out.wrong = out.count + 1;
        return out;
    }
    double difference = 0, size = 0;
    for (size_t i = 0; i < want.size(); ++i) {
        const double w = static_cast<double>(want[i]), g = static_cast<double>(got[i]);
        bool same = g == w;
        if (std::isnan(w) || std::isnan(g)) {
            same = std::isnan(w) && std::isnan(g);
            out.nanMismatches += !same;
        } else if (std::isfinite(w) && std::isfinite(g)) {
            const double distance = std::abs(g - w);
            same = distance <= bound.absolute + bound.relative * std::abs(w);
            out.largestAbsolute = std::max(out.largestAbsolute, distance);
            difference += distance * distance;
            size += w * w;
        }
        if (same) continue;
        if (out.wrong++ == 0) {
            out.first = static_cast<int64_t>(i);
            out.got = got[i];
            out.want = want[i];
        }
    }
    out.relativeRms = size > 0 ? std::sqrt(difference / size) : std::sqrt(difference);
    return out;
}

}  // namespace longtake
