// How long the tiny decoder takes for chunks of three latents, with the weights' widths of the embedded model or the released one.
//   bench_video [threads]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <map>
#include <random>

#include "engine/video/taehv.h"

using namespace longtake;

namespace {

// A decoder of any widths with random weights: speed does not depend on what they are.
class RandomTaehv final : public WeightSource {
public:
    RandomTaehv(int64_t latent, const std::vector<int64_t>& widths, const std::vector<int64_t>& growth) {
        add("decoder.1", {widths[0], latent, 3, 3}, true);
        for (size_t stage = 0; stage < 3; ++stage) {
            const int64_t w = widths[stage];
            const int first = 3 + 6 * static_cast<int>(stage);
            for (int block = first; block < first + 3; ++block)
                for (int part : {0, 2, 4})
                    add("decoder." + std::to_string(block) + ".conv." + std::to_string(part), {w, part ? w : 2 * w, 3, 3}, true);
            add("decoder." + std::to_string(first + 4) + ".conv", {growth[stage] * w, w, 1, 1}, false);
            add("decoder." + std::to_string(first + 5), {widths[stage + 1], w, 3, 3}, false);
        }
        add("decoder.22", {3, widths[3], 3, 3}, true);
    }
    std::vector<std::string> names() const override {
        std::vector<std::string> out;
        for (const auto& [name, tensor] : tensors_) out.push_back(name);
        return out;
    }
    bool has(const std::string& name) const override { return tensors_.contains(name); }
    Result<Tensor> tensor(const std::string& name) const override {
        const auto found = tensors_.find(name);
        if (found == tensors_.end()) return Error{"no tensor named " + name};
        return found->second;
    }

private:
    void add(const std::string& name, const Shape& shape, bool bias) {
        Tensor weight = Tensor::host(DType::F32, shape);
        std::normal_distribution<float> normal(0.0f, 1.0f / std::sqrt(static_cast<float>(shape.count() / shape[0])));
        for (float& value : weight.floats()) value = normal(generator_);
        tensors_[name + ".weight"] = weight;
        if (bias) tensors_[name + ".bias"] = Tensor::host(DType::F32, {shape[0]});
    }
    std::mt19937 generator_{7};
    std::map<std::string, Tensor> tensors_;
};

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void measure(const char* what, const RandomTaehv& weights, Backend& backend, int64_t width, int64_t height, int chunks) {
    const double start = seconds();
    const auto loaded = TaehvDecoder::load(weights, backend);
    if (!loaded) {
        std::printf("%s\n", loaded.message().c_str());
        std::exit(1);
    }
    TaehvDecoder& decoder = **loaded;
    const double ready = seconds();
    const Tensor latents = Tensor::host(DType::F32, {3, decoder.latentChannels(), height / 8, width / 8});
    int frames = 0;
    double firstFrame = 0;
    const FrameSink count = [&](const Frame8&) {
        if (frames++ == 0) firstFrame = seconds() - ready;
    };
    decoder.decodeRgb8(latents, count);
    double best = 1e9, sum = 0;
    const std::clock_t processor = std::clock();
    for (int i = 0; i < chunks; ++i) {
        const double before = seconds();
        decoder.decodeRgb8(latents, count);
        best = std::min(best, seconds() - before);
        sum += seconds() - before;
    }
    const double processorMs = 1e3 * static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC / chunks;
    std::printf("%-34s %4lldx%-4lld best %7.1f ms, mean %7.1f ms, processor %7.1f ms, %6.1f fps; load %4.0f ms, first frame %4.0f ms; state %.1f MB, scratch %.1f MB, weights %.1f MB\n",
                what, static_cast<long long>(width), static_cast<long long>(height), best * 1e3, sum / chunks * 1e3, processorMs, 12 / best, (ready - start) * 1e3,
                firstFrame * 1e3, static_cast<double>(decoder.stateBytes()) / 1e6, static_cast<double>(decoder.scratchBytes()) / 1e6,
                static_cast<double>(decoder.weightBytes()) / 1e6);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    const auto backend = makeCpuBackend({.threads = argc > 1 ? std::atoi(argv[1]) : 0, .precision = Precision::Bf16});
    std::printf("%s; 3 latents, 12 frames\n", backend->description().c_str());
    measure("widths 96, 64, 48, 32", RandomTaehv(16, {96, 64, 48, 32}, {1, 2, 2}), *backend, 256, 144, 10);
    measure("widths 256, 128, 64, 64 (released)", RandomTaehv(16, {256, 128, 64, 64}, {1, 2, 2}), *backend, 256, 144, 5);
    measure("widths 256, 128, 64, 64 (released)", RandomTaehv(16, {256, 128, 64, 64}, {1, 2, 2}), *backend, 832, 480, 1);
    return 0;
}
