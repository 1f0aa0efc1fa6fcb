// What the session tells the world. Everything is a value; nothing refers to the session.
//
// Owner:  whoever listens; it must outlive the session.
// Thread: called on the generation thread; weightsRanked() and its failure on one of their own, promptVisible() on the
//         thread that shows frames. Must not block and must not call the session: hand the value on and return.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/session/take_source.h"

namespace longtake {

enum class SessionState : uint8_t {
    Empty,  // no model
    Loading,
    Ready,  // a model, no take
    Generating,
    Holding,  // far enough ahead of the display, or its frames are not read
    Paused,
};

struct TakeStarted {
    int64_t take = 0;    // number of the take in this session, as in RingFrame
    std::string device;  // what computes it, as in EngineChoice
    TakeOptions options;
    ChunkClock clock;
    MemoryPlan plan;
};

struct ChunkReport {
    int64_t take = 0;
    TakeChunk chunk;
    double wallMs = 0;             // to its last frame in the ring: from its begin, or from the last frame before where that was later
    double fps = 0;                // frames a second at that pace
    double drift = 0;              // how far the colours have come from the take's first frame, 0 .. 1 (see drift.h)
    std::vector<uint64_t> hashes;  // of its frames
};

struct PromptSeen {
    std::string prompt;
    int64_t chunk = 0;
    double seconds = 0;  // from setTimeline() to its first frame on the screen
};

// The answer to shareFrames().
struct SharingAnswer {
    int64_t ring = 0;
    std::string refusal;  // empty: frames come with their place in that memory
};

// What the session was at when it failed.
enum class FailedAt : uint8_t {
    Loading,    // the model: there is none now
    Beginning,  // a take
    NoModel,
    NoTake,
    Generating,  // the take is paused before the chunk that was not made
    Memory,
    Inside,         // of either the take has ended
    KeepingFrames,  // in the frame store; the take goes on
    Ranking,
};

class SessionListener {
public:
    virtual ~SessionListener() = default;

    virtual void stateChanged(SessionState state) = 0;
    virtual void modelLoaded(const ModelInfo& info) = 0;
    virtual void planned(const MemoryPlan& plan) = 0;  // the answer to askPlan()
    virtual void takeStarted(const TakeStarted& started) = 0;
    virtual void sharingAnswered(const SharingAnswer& answer) = 0;
    virtual void chunkBegun(int64_t take, int64_t chunk) = 0;
    virtual void progressed(const DenoiseProgress& progress) = 0;
    virtual void framesReady() = 0;  // takeFrame() has some
    virtual void chunkDone(const ChunkReport& report) = 0;
    virtual void promptVisible(const PromptSeen& seen) = 0;
    virtual void cacheViewed(const CacheView& view) = 0;
    virtual void liveRanked(const RankValues& values) = 0;
    virtual void weightsRanked(const RankValues& values) = 0;
    // message: one line, what failed, why, what to do. The session stays usable.
    virtual void failed(FailedAt at, const std::string& message) = 0;
};

}  // namespace longtake
