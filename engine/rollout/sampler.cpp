#include "engine/rollout/sampler.h"

#include <cmath>

namespace longtake {

Sampler::Sampler(const SamplerConfig& config) : kind_(config.kind) {
    const float shift = config.shift;
    for (int i = 0; i < kTableSize; ++i) {
        const float u = static_cast<float>(kTableSize - i) / static_cast<float>(kTableSize);  // 1 - i / 1000 would lose the small ones
        sigmas_[static_cast<size_t>(i)] = shift * u / (1.0f + (shift - 1.0f) * u);
        timesteps_[static_cast<size_t>(i)] = sigmas_[static_cast<size_t>(i)] * static_cast<float>(kTableSize);
    }
    for (int step : config.steps) {
        const int index = kTableSize - step;
        steps_.push_back({timestep(index), sigma(index)});
    }
}

int Sampler::nearest(float wanted) const {
    int best = 0;
    for (int i = 1; i < kTableSize; ++i)
        if (std::abs(timestep(i) - wanted) < std::abs(timestep(best) - wanted)) best = i;
    return best;
}

std::vector<int> Sampler::evenSteps(int steps) {
    std::vector<int> out;
    for (int i = 0; i < steps; ++i) out.push_back(kTableSize - i * kTableSize / steps);
    return out;
}

void cleanFromFlow(Backend& backend, const float* noisy, const float* flow, float sigma, float* clean, int64_t count) {
    backend.combine({noisy, flow, clean, count, 1.0f, -sigma});
}

void flowFromClean(Backend& backend, const float* noisy, const float* clean, float sigma, float* flow, int64_t count) {
    backend.combine({noisy, clean, flow, count, 1.0f / sigma, -1.0f / sigma});
}

float flowFromClean(float noisy, float clean, float sigma) {
    return static_cast<float>((static_cast<double>(noisy) - static_cast<double>(clean)) / static_cast<double>(sigma));
}

void mixNoise(Backend& backend, const float* clean, const float* noise, float sigma, float* noisy, int64_t count) {
    backend.combine({clean, noise, noisy, count, 1.0f - sigma, sigma});
}

}  // namespace longtake
