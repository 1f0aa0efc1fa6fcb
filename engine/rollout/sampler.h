// Flow matching: the table of noise levels, the steps of a run through it, and the conversions between
// noisy latents, flow and clean prediction (engine-spec 5).
//
// Thread: const after construction.
#pragma once

#include <array>
#include <vector>

#include "engine/model/model_config.h"
#include "kernels/backend.h"

namespace longtake {

struct DenoiseStep {
    float timestep = 0;  // what the model is told, as the table has it: fractional
    float sigma = 0;     // x_t = (1 - sigma) x0 + sigma noise
};

class Sampler {
public:
    static constexpr int kTableSize = 1000;

    explicit Sampler(const SamplerConfig& config);

    SamplerKind kind() const { return kind_; }
    const std::vector<DenoiseStep>& steps() const { return steps_; }

    // Entry i: sigma = s u / (1 + (s - 1) u), u = 1 - i / 1000; timestep = 1000 sigma; all in fp32.
    float sigma(int index) const { return sigmas_[static_cast<size_t>(index)]; }
    float timestep(int index) const { return timesteps_[static_cast<size_t>(index)]; }
    // The entry whose timestep is nearest; a timestep of 0 gives the last one, whose sigma is not 0.
    int nearest(float timestep) const;

    // `steps` indices spread evenly from 1000 down, for runs with another number of steps than the model's own.
    static std::vector<int> evenSteps(int steps);

private:
    SamplerKind kind_;
    std::array<float, kTableSize> sigmas_;
    std::array<float, kTableSize> timesteps_;
    std::vector<DenoiseStep> steps_;
};

// x0 = x_t - sigma flow
void cleanFromFlow(Backend& backend, const float* noisy, const float* flow, float sigma, float* clean, int64_t count);
// flow = (x_t - x0) / sigma; `flow` may be `clean`
void flowFromClean(Backend& backend, const float* noisy, const float* clean, float sigma, float* flow, int64_t count);
// The same for one number, in fp64
float flowFromClean(float noisy, float clean, float sigma);
// x_t = (1 - sigma) x0 + sigma noise
void mixNoise(Backend& backend, const float* clean, const float* noise, float sigma, float* noisy, int64_t count);

}  // namespace longtake
