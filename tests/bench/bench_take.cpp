// The embedded model as a user meets it: time to the first frame, frames a second, memory, and a long take.
//   bench_take MODEL [threads] [seconds of video]
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "engine/rollout/take.h"

using namespace longtake;

namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double residentMb() {
    std::ifstream in("/proc/self/statm");
    long pages = 0, resident = 0;
    in >> pages >> resident;
    return static_cast<double>(resident) * 4096.0 / 1e6;
}

double peakMb() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) * 1024.0 / 1e6;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: bench_take MODEL [threads] [seconds of video]\n");
        return 2;
    }
    const int threads = argc > 2 ? std::atoi(argv[2]) : 2;
    const double seconds = argc > 3 ? std::atof(argv[3]) : 30;
    const auto begun = std::chrono::steady_clock::now();
    const auto backend = makeCpuBackend({.threads = threads, .precision = Precision::Bf16});
    auto model = Model::load(argv[1], *backend);
    if (!model) return std::fprintf(stderr, "%s\n", model.message().c_str()), 1;
    TakeOptions options = TakeOptions::of((*model)->config());
    auto take = Take::create(**model, options);
    if (!take) return std::fprintf(stderr, "%s\n", take.message().c_str()), 1;
    (*take)->setTimeline(PromptTimeline::create((*model)->config().examples.at(0)).value());

    int64_t frames = 0;
    double firstFrame = 0, denoise = 0, decode = 0, clean = 0, minuteOne = 0;
    std::chrono::steady_clock::time_point steady;
    const double fps = (*model)->config().fps;
    while (static_cast<double>(frames) < seconds * fps) {
        auto chunk = (*take)->next([&](Frame8) {
            if (frames++ == 0) firstFrame = secondsSince(begun);
        });
        if (!chunk) return std::fprintf(stderr, "%s\n", chunk.message().c_str()), 1;
        if (chunk->index == 3) steady = std::chrono::steady_clock::now();  // the window is full from here on
        if (chunk->index > 3) {
            denoise += chunk->denoiseMs;
            clean += chunk->cleanPassMs;
            decode += chunk->decodeMs;
        }
        if (minuteOne == 0 && static_cast<double>(frames) >= 60 * fps) minuteOne = residentMb();
    }
    const double chunks = static_cast<double>((*take)->nextChunk() - 4);
    const double perChunk = static_cast<double>((*take)->clock().framesPerChunk);
    std::printf("%s, %ldx%ld, %zu denoise steps\n", backend->description().c_str(), static_cast<long>((*take)->options().width),
                static_cast<long>((*take)->options().height), options.sampler.steps.size());
    std::printf("start to first frame   %8.2f s\n", firstFrame);
    std::printf("steady generation      %8.1f fps (denoise + clean pass + decode)\n", chunks * perChunk / secondsSince(steady));
    std::printf("a chunk of %2.0f frames   %8.1f ms: denoise %.1f, clean pass %.1f, decode %.1f\n", perChunk,
                (denoise + clean + decode) / chunks, denoise / chunks, clean / chunks, decode / chunks);
    std::printf("cache                  %8.3f MB, dense %.3f MB\n", static_cast<double>((*take)->cache().bytes()) / 1e6,
                static_cast<double>((*take)->cache().denseBytes()) / 1e6);
    std::printf("peak resident memory   %8.1f MB\n", peakMb());
    if (minuteOne > 0)
        std::printf("resident after minute 1 %7.1f MB, after %.0f s %.1f MB (%+.2f %%)\n", minuteOne, seconds, residentMb(),
                    100 * (residentMb() / minuteOne - 1));
    return 0;
}
