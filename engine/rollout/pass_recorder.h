// Repeats passes that are the same chunk after chunk as one recorded sequence of operations, where the backend can.
//
// Owner:  Rollout. Recordings hold addresses: what a pass reads and writes must live as long, or clear() be called.
// Thread: generation thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <tuple>

#include "kernels/backend.h"

namespace longtake {

// All that tells two passes apart, beside what lies in memory.
struct PassKey {
    float timestep = 0;
    int firstSlot = 0, liveFrames = 0;
    const void* latents = nullptr;
    const void* output = nullptr;
    size_t workingBytes = 0;  // working memory that has grown lies elsewhere

    auto operator<=>(const PassKey&) const = default;
};

class PassRecorder {
public:
    explicit PassRecorder(Backend& backend) : backend_(backend) {}

    // Queues the pass: the first time as it is, so that everything it needs is there; from the second on as a recording.
    void run(const PassKey& key, const std::function<void()>& pass);
    void clear() { passes_.clear(); }
    size_t recordings() const;

private:
    struct Entry {
        int runs = 0;
        std::unique_ptr<RecordedPass> recorded;
    };
    Backend& backend_;
    std::map<PassKey, Entry> passes_;
};

}  // namespace longtake
