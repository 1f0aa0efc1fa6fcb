#include "app/cli/take_run.h"

#include <algorithm>
#include <chrono>
#include <span>

namespace longtake {
namespace {

using Clock = std::chrono::steady_clock;

double msSince(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

RenderProgress progressOf(const TakeSetup& setup, const std::vector<RunTotals>& totals, double wallMs) {
    RenderProgress progress;
    for (const RunTotals& take : totals) {
        progress.chunk += take.chunks;
        progress.frames += take.frames;
    }
    progress.chunks = setup.chunks * static_cast<int64_t>(totals.size());
    progress.videoSeconds = setup.take->clock().secondsOfFrame(progress.frames);
    progress.framesPerSecond = wallMs > 0 ? static_cast<double>(progress.frames) * 1000.0 / wallMs : 0;
    progress.cacheBytes = setup.take->cache().liveBytes() * totals.size();
    progress.secondsLeft = wallMs / 1000 / static_cast<double>(progress.chunk) * static_cast<double>(progress.chunks - progress.chunk);
    return progress;
}

void add(RunTotals& totals, const TakeChunk& chunk) {
    ++totals.chunks;
    totals.denoiseMs += chunk.denoiseMs;
    totals.cleanPassMs += chunk.cleanPassMs;
    totals.recacheMs += chunk.recacheMs;
    totals.decodeMs += chunk.decodeMs;
}

}  // namespace

Result<std::vector<RunTotals>> runTakes(TakeSetup& setup, const std::vector<Take*>& takes, Reporter& reporter, const StopSignal& stop,
                                        const TakesNumberedFrame& frames) {
    std::vector<RunTotals> totals(takes.size());
    const Clock::time_point start = Clock::now();
    bool wanted = true;
    const auto takeFrame = [&](size_t i, const Frame8& frame) {
        RunTotals& mine = totals[i];
        if (!wanted || mine.frames == setup.frames) return;
        if (mine.frames == 0) mine.firstFrameMs = msSince(start);
        wanted = frames(i, frame);
        if (wanted) ++mine.frames;
    };
    // Whether it goes on.
    const auto noteTime = [&] {
        const bool stopped = !wanted || stop.asked();
        for (RunTotals& one : totals) {
            one.wallMs = msSince(start);
            one.stopped = stopped;
        }
        return !stopped;
    };
    const auto together = static_cast<size_t>(takes.front()->joinedTakes());
    for (int64_t index = 0; index < setup.chunks; ++index) {
        for (size_t first = 0; first < takes.size(); first += together) {
            const std::span<Take* const> group = std::span(takes).subspan(first, std::min(together, takes.size() - first));
            const auto chunks = Take::nextTogether(group, [&](size_t i, const Frame8& frame) { takeFrame(first + i, frame); },
                                                   [&](const DenoiseProgress&) { return !stop.asked(); });
            if (!noteTime()) return totals;
            if (!chunks) return chunks.error();
            for (size_t i = 0; i < group.size(); ++i) add(totals[first + i], (*chunks)[i]);
            reporter.progress(progressOf(setup, totals, totals[first].wallMs));
        }
    }
    for (size_t i = 0; i < takes.size(); ++i) takes[i]->finish([&](const Frame8& frame) { takeFrame(i, frame); });
    noteTime();
    return totals;
}

Result<RunTotals> runTake(TakeSetup& setup, Reporter& reporter, const StopSignal& stop, const TakesFrame& takes) {
    Result<std::vector<RunTotals>> totals =
        runTakes(setup, {setup.take.get()}, reporter, stop, [&](size_t, const Frame8& frame) { return takes(frame); });
    if (!totals) return totals.error();
    return totals->front();
}

}  // namespace longtake
