#include "app/session/drift.h"

#include <cmath>

namespace longtake {

ColourFields colourFields(const Frame8& frame) {
    ColourFields fields;
    constexpr int side = ColourFields::kSide;
    if (frame.width < side || frame.height < side || frame.rgb.empty()) return fields;
    for (int field = 0; field < side * side; ++field) {
        const int fx = field % side, fy = field / side;
        const int x0 = fx * frame.width / side, x1 = (fx + 1) * frame.width / side;
        const int y0 = fy * frame.height / side, y1 = (fy + 1) * frame.height / side;
        std::array<int64_t, 3> sum{};
        for (int y = y0; y < y1; ++y) {
            const uint8_t* pixel =
                frame.rgb.data() + (static_cast<size_t>(y) * static_cast<size_t>(frame.width) + static_cast<size_t>(x0)) * 3;
            for (int x = x0; x < x1; ++x, pixel += 3)
                for (size_t c = 0; c < 3; ++c) sum[c] += pixel[c];
        }
        const auto count = static_cast<float>((x1 - x0) * (y1 - y0)) * 255.0f;
        for (size_t c = 0; c < 3; ++c) fields.values[static_cast<size_t>(field) * 3 + c] = static_cast<float>(sum[c]) / count;
    }
    fields.filled = true;
    return fields;
}

double driftBetween(const ColourFields& a, const ColourFields& b) {
    if (!a.filled || !b.filled) return 0;
    double sum = 0;
    for (size_t i = 0; i < a.values.size(); ++i) {
        const double difference = a.values[i] - b.values[i];
        sum += difference * difference;
    }
    return std::sqrt(sum / static_cast<double>(a.values.size()));
}

}  // namespace longtake
