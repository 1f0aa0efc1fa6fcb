#include "app/cli/take_run.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <new>
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

// What the engine throws ends the run, not what was made of it.
Result<std::vector<TakeChunk>> nextOf(std::span<Take* const> group, const NumberedFrameSink& frames, const StopSignal& stop) {
    try {
        return Take::nextTogether(group, frames, [&](const DenoiseProgress&) { return !stop.asked(); });
    } catch (const std::bad_alloc&) {
        return Error{"there is not enough memory to go on; choose a smaller size, window or model"};
    } catch (const std::exception& error) {
        return Error{error.what()};
    }
}

}  // namespace

std::vector<RunTotals> runTakes(TakeSetup& setup, const std::vector<Take*>& takes, Reporter& reporter, const StopSignal& stop,
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
    // The end of the run: frames that are still being decoded come too, except from a device that has failed.
    const auto end = [&](const std::string& problem) {
        for (size_t i = 0; problem.empty() && i < takes.size(); ++i) takes[i]->finish([&](const Frame8& frame) { takeFrame(i, frame); });
        for (RunTotals& one : totals) {
            one.wallMs = msSince(start);
            one.stopped = problem.empty() && (!wanted || stop.asked());
            one.problem = problem;
        }
        return totals;
    };
    const auto together = static_cast<size_t>(takes.front()->joinedTakes());
    for (int64_t index = 0; index < setup.chunks; ++index) {
        for (size_t first = 0; first < takes.size(); first += together) {
            const std::span<Take* const> group = std::span(takes).subspan(first, std::min(together, takes.size() - first));
            const auto chunks = nextOf(
                group, [&](size_t i, const Frame8& frame) { takeFrame(first + i, frame); }, stop);
            if (!wanted || stop.asked()) return end({});
            if (!chunks) return end(chunks.message());
            for (size_t i = 0; i < group.size(); ++i) add(totals[first + i], (*chunks)[i]);
            reporter.progress(progressOf(setup, totals, msSince(start)));
        }
    }
    return end({});
}

Result<RunTotals> runTake(TakeSetup& setup, Reporter& reporter, const StopSignal& stop, const TakesFrame& takes) {
    const std::vector<RunTotals> totals =
        runTakes(setup, {setup.take.get()}, reporter, stop, [&](size_t, const Frame8& frame) { return takes(frame); });
    if (!totals.front().problem.empty()) return Error{totals.front().problem};
    return totals.front();
}

}  // namespace longtake
