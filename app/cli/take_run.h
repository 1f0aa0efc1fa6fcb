// Runs a prepared take to its length and hands out its frames.
//
// Owner:  a Command.
// Thread: main thread.
#pragma once

#include <functional>

#include "app/cli/stop_signal.h"
#include "app/cli/take_setup.h"

namespace longtake {

struct RunTotals {
    int64_t frames = 0;
    int64_t chunks = 0;
    double firstFrameMs = 0;  // from the start of the run
    double denoiseMs = 0, cleanPassMs = 0, recacheMs = 0, decodeMs = 0;
    double wallMs = 0;
    bool stopped = false;  // by Ctrl+C or by the sink
    std::string problem;   // what else ended the run before its end

    double framesPerSecond() const { return wallMs > 0 ? static_cast<double>(frames) * 1000.0 / wallMs : 0; }
};

// False: no more frames are wanted.
using TakesFrame = std::function<bool(const Frame8&)>;

// Chunk by chunk, as many takes together as share passes well, all of the same length; frames are handed out with the
// number of their take: when a run ends early, all that were made until then. Totals of each, in that order; wall time, first
// frame and what ended it are those of the whole run.
using TakesNumberedFrame = std::function<bool(size_t take, const Frame8&)>;
std::vector<RunTotals> runTakes(TakeSetup& setup, const std::vector<Take*>& takes, Reporter& reporter, const StopSignal& stop,
                                const TakesNumberedFrame& frames);

// Exactly setup.frames frames, unless stopped: what the last chunk makes beyond them is dropped. Fails with the problem.
Result<RunTotals> runTake(TakeSetup& setup, Reporter& reporter, const StopSignal& stop, const TakesFrame& takes);

}  // namespace longtake
