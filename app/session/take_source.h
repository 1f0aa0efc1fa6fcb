// What the session generates with, behind two small interfaces: the engine's model and take, or a test's fake.
//
// Owner:  Session owns the TakeMaker and the TakeSource it made; the source is destroyed first.
// Thread: generation thread only, except where a value is handed over.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/rollout/rank_probe.h"
#include "engine/rollout/take.h"

namespace longtake {

// What to load, and what it runs on.
struct EngineChoice {
    std::string folder;  // of the model
    std::string device = "cpu";
    int threads = 0;  // of the CPU; 0: as many as the process may use
    Precision precision = Precision::Bf16;

    bool operator==(const EngineChoice&) const = default;
};

struct ModelInfo {
    ModelConfig config;
    EngineChoice choice;
    Precision precision = Precision::Fp32;  // what it really computes in
    std::string backend;                    // for people: "CPU, 2 threads, AVX-512"
    int threads = 0;
    int64_t widthStep = 16, heightStep = 16;  // sizes are multiples of these
};

class TakeSource {
public:
    virtual ~TakeSource() = default;

    virtual void setTimeline(PromptTimeline timeline) = 0;
    // As Take::next().
    virtual Result<TakeChunk> next(const FrameSink& frames, const PassCallback& afterPass) = 0;
    // Frames of made chunks that are still to come: with next(), or here at once.
    virtual int64_t framesToCome() const { return 0; }
    virtual void finish(const FrameSink&) {}
    virtual void restart(uint64_t seed) = 0;
    virtual void setPictureTap(PictureTap tap) = 0;
    virtual int64_t nextChunk() const = 0;
    virtual TakeOptions options() const = 0;
    virtual ChunkClock clock() const = 0;
    virtual CacheView cacheView() const = 0;
    // A copy of the live window for the probe: some MB.
    virtual CacheSnapshot cacheSnapshot() const = 0;
};

// Looks at `stop` between layers; the result is then worthless.
using RankJob = std::function<Result<RankReport>(const std::atomic<bool>& stop)>;

class TakeMaker {
public:
    virtual ~TakeMaker() = default;

    // The model before is given up first, also when this fails. No TakeSource may be alive.
    virtual Result<ModelInfo> load(const EngineChoice& choice) = 0;
    // The rest needs a loaded model.
    virtual MemoryPlan plan(int64_t width, int64_t height, const RolloutConfig& window) const = 0;
    virtual Result<std::unique_ptr<TakeSource>> begin(const TakeOptions& options) = 0;
    // For the pictures that a tap sees; fails with the reason alone. Gone before the next load().
    virtual Result<std::unique_ptr<SharedFrameWriter>> importFrames(const SharedFramesOrigin& origin) = 0;
    // Computes the rank of the weights; refers to nothing of the maker, may run on any thread and takes its time.
    virtual RankJob weightRanks() const = 0;
};

}  // namespace longtake
