#include "engine/model/rope_table.h"

#include <cmath>

namespace longtake {

namespace {

constexpr double kTheta = 10000.0;

void splitPairs(int numbers, int pairs[3]) {
    const int total = numbers / 2;
    pairs[1] = pairs[2] = total / 3;
    pairs[0] = total - 2 * pairs[1];
}

void axisBases(int numbers, int bases[3]) {
    bases[1] = bases[2] = 2 * (numbers / 6);
    bases[0] = numbers - 2 * bases[1];
}

}  // namespace

RopeAxes denseRopeAxes(int headDim) {
    RopeAxes axes;
    splitPairs(headDim, axes.pairs);
    axisBases(headDim, axes.bases);
    return axes;
}

RopeAxes ropeAxes(const DitConfig& config) {
    if (config.attention == AttentionKind::Dense) return denseRopeAxes(config.headDim());
    RopeAxes axes;
    splitPairs(config.mla.dR, axes.pairs);
    axisBases(config.mla.bands == RopeBands::High ? config.headDim() : config.mla.dR, axes.bases);
    return axes;
}

void RopeTable::prepare(const std::vector<int64_t>& framePositions, int64_t gridH, int64_t gridW) {
    if (positions_ == framePositions && gridH_ == gridH && gridW_ == gridW) return;
    const int64_t frameTokens = gridH * gridW, width = pairs();
    const Shape shape{static_cast<int64_t>(framePositions.size()) * frameTokens, width};
    Tensor cosines = Tensor::host(DType::F32, shape), sines = Tensor::host(DType::F32, shape);

    auto fill = [&](int64_t token, int axis, int64_t column, double position) {
        for (int j = 0; j < axes_.pairs[axis]; ++j) {
            const double angle = position * std::pow(kTheta, -2.0 * j / axes_.bases[axis]);
            cosines.as<float>()[token * width + column + j] = static_cast<float>(std::cos(angle));
            sines.as<float>()[token * width + column + j] = static_cast<float>(std::sin(angle));
        }
    };
    for (size_t slot = 0; slot < framePositions.size(); ++slot)
        for (int64_t y = 0; y < gridH; ++y)
            for (int64_t x = 0; x < gridW; ++x) {
                const int64_t token = static_cast<int64_t>(slot) * frameTokens + y * gridW + x;
                fill(token, 0, 0, static_cast<double>(framePositions[slot]));
                fill(token, 1, axes_.pairs[0], static_cast<double>(y));
                fill(token, 2, axes_.pairs[0] + axes_.pairs[1], static_cast<double>(x));
            }

    if (cosines_.empty() || cosines_.bytes() < cosines.bytes()) {
        cosines_ = Tensor::allocate(backend_, DType::F32, shape);
        sines_ = Tensor::allocate(backend_, DType::F32, shape);
    }
    backend_.upload(cosines_.data(), cosines.data(), cosines.bytes());
    backend_.upload(sines_.data(), sines.data(), sines.bytes());
    positions_ = framePositions;
    gridH_ = gridH;
    gridW_ = gridW;
}

}  // namespace longtake
