// The rollouts of the golden data, made twice: by the engine's Rollout, and pass by pass, where every output can be seen.
#pragma once

#include "engine/rollout/rollout.h"
#include "tests/golden/golden_dit.h"

namespace longtake {

struct GoldenRollout {
    const GoldenCase& golden;
    DitConfig config;
    Positions positions = Positions::Absolute;
    int windowFrames = 0;  // 0: the whole past
    int sinkFrames = 0;
    std::string prefix = "out.";  // "out.w6."
    MlaForm form = MlaForm::Automatic;
    Precision precision = Precision::Fp32;
    std::function<std::unique_ptr<Backend>(Precision)> makeBackend = goldenBackend;  // compare() touches its memory through it alone

    int64_t chunkFrames() const { return golden.config().at("frames_per_chunk"); }
    int64_t chunks() const { return golden.config().at("chunks"); }
    int64_t height() const { return golden.config().at("latent_h"); }
    int64_t width() const { return golden.config().at("latent_w"); }
    Shape chunkShape() const { return {chunkFrames(), config.inDim, height(), width()}; }
    int capacity() const { return windowFrames ? windowFrames : static_cast<int>(chunks() * chunkFrames()); }

    SamplerConfig sampler() const {
        SamplerConfig out;
        out.shift = golden.config().at("shift");
        out.steps = golden.config().at("denoising_steps").get<std::vector<int>>();
        return out;
    }
    Tensor promptRows() const {
        const Tensor context = golden.input("in.context").reshaped({config.textLen, config.textDim});
        return context.slice(0, golden.config().at("prompt_tokens"));
    }
    // Step 0 of a chunk is its starting noise, step s the noise mixed in after step s - 1.
    void noise(int64_t chunk, int step, float* out, int64_t count) const {
        const Tensor start = golden.input("in.noise"), later = golden.input("in.renoise");
        const int64_t steps = later.shape()[1];
        const float* from = step == 0 ? start.as<float>() + chunk * count : later.as<float>() + (chunk * steps + step - 1) * count;
        std::copy_n(from, count, out);
    }

    // "" when everything matches; each output name compared is added to `compared`.
    std::string compare(std::set<std::string>& compared) const;
    std::string compareByPasses(std::set<std::string>& compared) const;

private:
    std::unique_ptr<CausalDit> load(Backend& backend) const {
        auto dit = CausalDit::load(config, positions, golden.weights(), backend, form);
        if (!dit) throw std::runtime_error(dit.message());
        return std::move(dit).value();
    }
    std::string check(const std::string& name, const Tensor& got, std::set<std::string>& compared) const {
        if (!golden.has(name)) return {};
        compared.insert(name);
        const bool same = precision == Precision::Fp32 ? golden.matches(name, got) : golden.matchesIn16Bit(name, got);
        return same ? std::string() : golden.report();
    }
    std::string checkCache(const KvCache& cache, const std::string& suffix, std::set<std::string>& compared) const;
};

inline std::string GoldenRollout::compare(std::set<std::string>& compared) const {
    const auto backend = makeBackend(precision);
    const auto dit = load(*backend);
    RolloutOptions options;
    options.window = {static_cast<int>(chunkFrames()), windowFrames, sinkFrames, positions, 0.0f};
    options.sampler = sampler();
    options.latentHeight = height();
    options.latentWidth = width();
    options.maxFrames = chunks() * chunkFrames();
    auto rollout = Rollout::create(*dit, *backend, options, [&](const std::string&) -> Result<Tensor> { return promptRows(); });
    if (!rollout) return rollout.message();
    (*rollout)->setTimeline(PromptTimeline::create("the only prompt").value());
    (*rollout)->noiseOverride = [&](int64_t chunk, int step, float* out, int64_t count) { noise(chunk, step, out, count); };
    std::string failure;
    (*rollout)->observeClean = [&](int64_t chunk, int step, const Tensor& x0) {
        const std::string at = "x0.chunk." + std::to_string(chunk) + ".step." + std::to_string(step);
        if (failure.empty()) failure = check(prefix + at, x0, compared);
    };
    const Shape shape = chunkShape();
    Tensor all = Tensor::host(DType::F32, {chunks() * chunkFrames(), shape[1], shape[2], shape[3]});
    for (int64_t chunk = 0; chunk < chunks(); ++chunk) {
        auto made = (*rollout)->next();
        if (!made) return made.message();
        backend->download(all.as<float>() + chunk * made->latents.count(), made->latents.data(), made->latents.bytes());
        if (!failure.empty()) return failure;
    }
    if (std::string wrong = check(prefix + "latents", all, compared); !wrong.empty()) return wrong;
    return checkCache((*rollout)->cache(), "", compared);
}

// Dense: keys and values of block 0 beside the passes; latent: every block's cache at the end.
inline std::string GoldenRollout::checkCache(const KvCache& cache, const std::string& suffix, std::set<std::string>& compared) const {
    for (int layer = 0; layer < cache.layers(); ++layer) {
        const Tensor held = cache.snapshot(layer);
        const std::string block = ".block." + std::to_string(layer) + suffix;
        std::string failure;
        if (config.attention == AttentionKind::Mla) {
            failure = check(prefix + "cache_c" + block, columnsOf(held, 0, config.mla.dC), compared);
            if (failure.empty()) failure = check(prefix + "cache_k_rope" + block, columnsOf(held, config.mla.dC, config.mla.dR), compared);
        } else {
            const Shape heads{held.shape()[0], config.numHeads, config.headDim()};
            failure = check(prefix + "cache_k" + block, columnsOf(held, 0, config.dim).reshaped(heads), compared);
            if (failure.empty())
                failure = check(prefix + "cache_v" + block, columnsOf(held, config.dim, config.dim).reshaped(heads), compared);
        }
        if (!failure.empty()) return failure;
    }
    return {};
}

inline std::string GoldenRollout::compareByPasses(std::set<std::string>& compared) const {
    const auto backend = makeBackend(precision);
    const auto dit = load(*backend);
    KvCache cache(*backend, config, capacity(), sinkFrames, dit->tokensPerFrame(height(), width()));
    DitWorkspace workspace(config, *backend);
    const PromptContext prompt = dit->encodePrompt(promptRows(), workspace);
    const Sampler table(sampler());
    Tensor timesteps = Tensor::host(DType::F32, {static_cast<int64_t>(table.steps().size())});
    for (size_t i = 0; i < table.steps().size(); ++i) timesteps.as<float>()[i] = table.steps()[i].timestep;
    if (std::string wrong = check("out.timesteps", timesteps, compared); !wrong.empty()) return wrong;

    Tensor noisy = Tensor::host(DType::F32, chunkShape()), clean = Tensor::host(DType::F32, chunkShape()),
           flow = Tensor::host(DType::F32, chunkShape()), fresh = Tensor::host(DType::F32, chunkShape());
    auto pass = [&](const Tensor& latents, float timestep) {
        const std::vector<float> all(static_cast<size_t>(chunkFrames()), timestep);
        dit->forward({.latents = latents,
                      .timesteps = all,
                      .prompt = &prompt,
                      .cache = &cache,
                      .firstSlot = static_cast<int>(cache.liveFrames() - chunkFrames()),
                      .output = &flow},
                     workspace);
    };
    for (int64_t chunk = 0; chunk < chunks(); ++chunk) {
        const std::string name = "chunk." + std::to_string(chunk);
        cache.beginChunk(chunk * chunkFrames(), static_cast<int>(chunkFrames()));
        noise(chunk, 0, noisy.as<float>(), noisy.count());
        for (size_t s = 0; s < table.steps().size(); ++s) {
            pass(noisy, table.steps()[s].timestep);
            if (std::string wrong = checkCache(cache, "." + name + ".step." + std::to_string(s), compared); !wrong.empty()) return wrong;
            cleanFromFlow(*backend, noisy.as<float>(), flow.as<float>(), table.steps()[s].sigma, clean.as<float>(), clean.count());
            if (s + 1 == table.steps().size()) break;
            noise(chunk, static_cast<int>(s) + 1, fresh.as<float>(), fresh.count());
            mixNoise(*backend, clean.as<float>(), fresh.as<float>(), table.steps()[s + 1].sigma, noisy.as<float>(), noisy.count());
        }
        pass(clean, 0.0f);
        if (std::string wrong = check(prefix + "flow." + name + ".context", flow, compared); !wrong.empty()) return wrong;
        if (std::string wrong = checkCache(cache, "." + name + ".context", compared); !wrong.empty()) return wrong;
    }
    return {};
}

// A rollout of the case mla_dit_rollout with one of the windows it names.
inline GoldenRollout mlaGoldenRollout(const GoldenCase& golden, const std::string& window, MlaForm form) {
    GoldenRollout rollout{golden, goldenDitConfig(golden)};
    const nlohmann::json& held = golden.json().at("windows").at(window);
    rollout.positions = Positions::Window;
    rollout.windowFrames = held.at("cache_frames");
    rollout.sinkFrames = held.at("sink_frames");
    rollout.prefix = "out." + window + ".";
    rollout.form = form;
    return rollout;
}

}  // namespace longtake
