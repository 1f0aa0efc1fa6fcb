#include "engine/model/place_table.h"

#include <cmath>
#include <numbers>
#include <vector>

#include "engine/rows.h"

namespace longtake {

namespace {

float wave(int64_t k, int64_t index, int64_t count) {
    const double place = (static_cast<double>(index) + 0.5) / static_cast<double>(count);
    return static_cast<float>(std::cos(std::numbers::pi * static_cast<double>(k) * place));
}

}  // namespace

Rows PlaceTable::rows(int64_t frames, int64_t gridH, int64_t gridW) {
    if (frames_ != frames || gridH_ != gridH || gridW_ != gridW) {
        std::vector<float> values;
        values.reserve(static_cast<size_t>(frames * gridH * gridW * 2 * features_));
        for (int64_t token = 0; token < frames * gridH * gridW; ++token) {
            for (int k = 1; k <= features_; ++k) values.push_back(wave(k, token / gridW % gridH, gridH));
            for (int k = 1; k <= features_; ++k) values.push_back(wave(k, token % gridW, gridW));
        }
        const Shape shape{frames * gridH * gridW, 2 * features_};
        const Tensor exact = uploadFloats(backend_, values).reshaped(shape);
        table_ = Tensor::allocate(backend_, backend_.computeType(), shape);
        backend_.copy({rowsOf(exact), rowsOf(table_)});
        frames_ = frames;
        gridH_ = gridH;
        gridW_ = gridW;
    }
    return rowsOf(table_);
}

}  // namespace longtake
