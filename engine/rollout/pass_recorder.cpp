#include "engine/rollout/pass_recorder.h"

#include <algorithm>

namespace longtake {

void PassRecorder::run(const PassKey& key, const std::function<void()>& pass) {
    Entry& entry = passes_[key];
    if (entry.recorded) return entry.recorded->run();
    // A pass that could not be recorded the second time is not tried again.
    if (entry.runs++ != 1 || !backend_.beginRecording()) return pass();
    try {
        pass();
    } catch (...) {
        (void)backend_.endRecording();
        throw;
    }
    entry.recorded = backend_.endRecording();
    if (entry.recorded) entry.recorded->run();
    else pass();
}

size_t PassRecorder::recordings() const {
    return static_cast<size_t>(
        std::count_if(passes_.begin(), passes_.end(), [](const auto& pass) { return pass.second.recorded != nullptr; }));
}

}  // namespace longtake
