// The generation thread: commands in, frames and events out. It runs ahead of the display by a bounded amount.
//
//   Session session(std::make_unique<EngineTakeMaker>(), listener);
//   session.load({.folder = ...});
//   session.start({.options = ..., .timeline = ...});        // applied as soon as the model is there
//   on framesReady(): while (auto frame = session.takeFrame()) show(*frame);
//   on each frame shown: session.noteShown(take, index);
//
// Commands are parked and applied at the next chunk boundary; stop(), start(), restart() and load() also end the
// chunk that is being made, within one denoise pass. Nothing here throws at the caller.
//
// Owner:  the window (through its bridge), or a test. The listener must outlive it.
// Thread: every function from any thread; in the studio, the GUI thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "app/session/drift.h"
#include "app/session/frame_store.h"
#include "app/session/session_listener.h"
#include "engine/rollout/frame_ring.h"

namespace longtake {

struct SessionOptions {
    int ringChunks = 2;
    // Holds back while more than about one chunk waits to be shown, so that a prompt is seen soon. Without a display
    // (noteShown() is never called) only the ring holds back.
    enum class Pace : uint8_t { Display, Ring } pace = Pace::Display;
    FrameStoreOptions store;
    double rankThreshold = 0.99;
};

enum class FirstMotion : uint8_t { Playing, Paused };

struct TakeRequest {
    TakeOptions options;
    PromptTimeline timeline;
    FirstMotion motion = FirstMotion::Playing;
};

// Memory of the display that the frames of a take may be written into as well.
struct SharedRing {
    int64_t number = 0;  // tells it from others, above 0
    int64_t take = 0;
    int slotCount = 0;
    SharedFramesOffer offer;
};

// Where a prompt given now takes over.
struct Steering {
    int64_t chunk = 0;
    double seconds = 0;  // about, until it can be seen
};

class Session {
public:
    Session(std::unique_ptr<TakeMaker> maker, SessionListener& listener, SessionOptions options = {});
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void load(EngineChoice choice);
    // Give the new take's number: frames of earlier ones may be thrown away.
    int64_t start(TakeRequest request);
    int64_t restart(uint64_t seed);
    void stop();  // the take ends; its frames stay in store()
    void play();
    void pause();
    // The future as it is wanted now; what is made or begun stays. Gives where it takes over.
    Steering setTimeline(PromptTimeline timeline);
    void askPlan(int64_t width, int64_t height, const RolloutConfig& window);

    // Frames that are made from then on come with their place there too; it replaces what was shared before. A new take
    // needs another one. Where no slot is free a frame comes without.
    void shareFrames(SharedRing ring);
    void endSharing();
    // The display has done with that slot when its timeline reaches the value; 0: it never used it.
    void giveBack(int64_t ring, int slot, uint64_t releasedValue);

    std::optional<RingFrame> takeFrame();
    void noteShown(int64_t take, int64_t frame);

    Steering steering() const;
    SessionState state() const { return state_; }
    bool isPlaying() const;
    // Prompts as the running take really follows them.
    PromptTimeline takenTimeline() const;
    // The pictures of the running or last take; null before the first.
    std::shared_ptr<FrameStore> store() const;

private:
    using Clock = std::chrono::steady_clock;
    struct PlanQuestion {
        int64_t width = 0, height = 0;
        RolloutConfig window;
    };
    struct Orders {
        bool stop = false;
        std::optional<EngineChoice> load;
        std::optional<TakeRequest> start;
        std::optional<uint64_t> restart;
        std::optional<SharedRing> share;
        bool endSharing = false;
        bool any() const { return stop || load || start || restart || share || endSharing; }
    };
    struct FreeSlot {
        int slot = 0;
        uint64_t released = 0;
    };
    struct Awaited {  // a prompt on its way to the screen
        std::string prompt;
        int64_t chunk = 0;
        Clock::time_point since;
    };

    void run();
    void turn(std::unique_lock<std::mutex>& lock);
    void obey(Orders orders);
    void loadNow(const EngineChoice& choice);
    void startNow(const TakeRequest& request);
    void restartNow(uint64_t seed);
    void adopt();
    void dropTake();
    void shareNow(SharedRing ring);
    void dropSharing();
    void writeShared(const PicturesParams& picture);
    void endRanking();
    void rankWeights();
    void makeChunk();
    bool beginChunk(int64_t chunk);
    void keepFrame(Frame8 picture);
    void reportChunks();
    void lookAtCache();
    void answerPlan();
    void collectRanks();
    void tellState(SessionState state);
    void refuse(FailedAt at, const std::string& message);
    void failTake(FailedAt at, const std::string& message);
    SessionState stateNow() const;  // these five: mutex_ held
    bool mayMake() const;
    bool isAhead() const;
    double chunkSeconds() const;
    Steering steeringNow() const;

    SessionListener& listener_;
    const SessionOptions options_;

    // Generation thread only. The source is destroyed before the maker.
    std::unique_ptr<TakeMaker> maker_;
    std::unique_ptr<TakeSource> source_;
    std::unique_ptr<SharedFrameWriter> writer_;
    std::deque<std::optional<SharedPlace>> written_;  // of the pictures that are yet to come as frames
    std::optional<ModelInfo> model_;
    std::string loadProblem_;  // why there is none
    RankProbe probe_;
    int64_t submittedChunk_ = -1, rankedChunk_ = -1;  // to the probe and back
    struct OpenChunk {
        ChunkReport report;
        Clock::time_point begun;
        bool made = false;
    };
    std::deque<OpenChunk> open_;   // begun, and not all of their frames are there: the first one gets them
    Clock::time_point lastFrame_;  // of the newest chunk that is complete
    ColourFields firstColours_;
    int64_t running_ = 0;  // number of source_'s take
    bool storeFailed_ = false;
    bool weightsRanked_ = false;
    std::atomic<bool> stopRanking_ = false;
    std::thread weightsRank_;

    FrameRing ring_;
    std::atomic<SessionState> state_ = SessionState::Empty;
    std::atomic<bool> abort_ = false;  // the chunk being made is not wanted any more

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Orders orders_;
    std::optional<PlanQuestion> planQuestion_;
    bool quit_ = false;
    bool playing_ = false;
    bool hasTake_ = false;
    int64_t take_ = 0;  // number of the newest take asked for
    int64_t nextChunk_ = 0;
    int64_t frontier_ = 0;  // the first chunk not begun
    int64_t shown_ = -1;
    ChunkClock clock_;
    PromptTimeline wanted_, taken_;
    bool timelineChanged_ = false;
    std::optional<Awaited> awaited_;
    double lastChunkSeconds_ = 0;
    Clock::time_point chunkBegan_;
    bool inChunk_ = false;
    std::shared_ptr<FrameStore> store_;
    int64_t sharedRing_ = 0;  // whose slots these are; 0: none
    std::deque<FreeSlot> freeSlots_;

    std::thread thread_;  // last: starts when all else is there
};

}  // namespace longtake
