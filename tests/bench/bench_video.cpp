// How long the tiny decoder takes for chunks of three latents, with the weights' widths of the embedded model or the released one.
//   bench_video [threads]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "engine/video/taehv.h"
#include "tests/random_weights.h"

using namespace longtake;

namespace {

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void measure(const char* what, const WeightSource& weights, Backend& backend, int64_t width, int64_t height, int chunks) {
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
    std::printf(
        "%-34s %4lldx%-4lld best %7.1f ms, mean %7.1f ms, processor %7.1f ms, %6.1f fps; load %4.0f ms, first frame %4.0f ms; state %.1f "
        "MB, scratch %.1f MB, weights %.1f MB\n",
        what, static_cast<long long>(width), static_cast<long long>(height), best * 1e3, sum / chunks * 1e3, processorMs, 12 / best,
        (ready - start) * 1e3, firstFrame * 1e3, static_cast<double>(decoder.stateBytes()) / 1e6,
        static_cast<double>(decoder.scratchBytes()) / 1e6, static_cast<double>(decoder.weightBytes()) / 1e6);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    const auto backend = makeCpuBackend({.threads = argc > 1 ? std::atoi(argv[1]) : 0, .precision = Precision::Bf16});
    std::printf("%s; 3 latents, 12 frames\n", backend->description().c_str());
    measure("widths 96, 64, 48, 32", RandomWeights(taehvShapes({96, 64, 48, 32})), *backend, 256, 144, 10);
    measure("widths 256, 128, 64, 64 (released)", RandomWeights(taehvShapes()), *backend, 256, 144, 5);
    measure("widths 256, 128, 64, 64 (released)", RandomWeights(taehvShapes()), *backend, 832, 480, 1);
    return 0;
}
