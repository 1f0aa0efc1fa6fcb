#include "app/cli/take_run.h"

#include <chrono>

namespace longtake {
namespace {

using Clock = std::chrono::steady_clock;

double msSince(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

RenderProgress progressOf(const TakeSetup& setup, const RunTotals& totals) {
    const ChunkClock& clock = setup.take->clock();
    RenderProgress progress;
    progress.chunk = totals.chunks;
    progress.chunks = setup.chunks;
    progress.frames = totals.frames;
    progress.videoSeconds = clock.secondsOfFrame(totals.frames);
    progress.framesPerSecond = totals.framesPerSecond();
    progress.cacheBytes = setup.take->cache().liveBytes();
    progress.secondsLeft = totals.wallMs / 1000 / static_cast<double>(totals.chunks) *
                           static_cast<double>(setup.chunks - totals.chunks);
    return progress;
}

}  // namespace

Result<RunTotals> runTake(TakeSetup& setup, Reporter& reporter, const StopSignal& stop, const TakesFrame& takes) {
    RunTotals totals;
    const Clock::time_point start = Clock::now();
    bool wanted = true;
    const auto takeFrame = [&](const Frame8& frame) {
        if (!wanted || totals.frames == setup.frames) return;
        if (totals.frames == 0) totals.firstFrameMs = msSince(start);
        wanted = takes(frame);
        if (wanted) ++totals.frames;
    };
    while (totals.chunks < setup.chunks) {
        const Result<TakeChunk> chunk =
            setup.take->next(takeFrame, [&](const DenoiseProgress&) { return !stop.asked(); });
        totals.wallMs = msSince(start);
        if (!wanted || stop.asked()) {
            totals.stopped = true;
            return totals;
        }
        if (!chunk) return chunk.error();
        ++totals.chunks;
        totals.denoiseMs += chunk->denoiseMs;
        totals.cleanPassMs += chunk->cleanPassMs;
        totals.recacheMs += chunk->recacheMs;
        totals.decodeMs += chunk->decodeMs;
        reporter.progress(progressOf(setup, totals));
    }
    return totals;
}

}  // namespace longtake
