#include "app/session/session.h"

#include <algorithm>
#include <cmath>

namespace longtake {

namespace {

// Before the first chunk is measured.
constexpr double kGuessedChunkSeconds = 1.0;
// A chunk is begun so early that it is there this long before it is due, for its time varies.
constexpr double kSpareShare = 0.25, kSpareSeconds = 0.15;
constexpr double kMostBeyondChunkSeconds = 0.25;

double secondsSince(std::chrono::steady_clock::time_point when) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - when).count();
}

}  // namespace

Session::Session(std::unique_ptr<TakeMaker> maker, SessionListener& listener, SessionOptions options)
    : listener_(listener), options_(std::move(options)), maker_(std::move(maker)), ring_(1, FrameRing::WhenFull::Block),
      thread_([this] { run(); }) {}

Session::~Session() {
    {
        const std::lock_guard lock(mutex_);
        quit_ = true;
        abort_ = true;
    }
    ring_.stop();
    changed_.notify_all();
    thread_.join();
}

void Session::load(EngineChoice choice) {
    {
        const std::lock_guard lock(mutex_);
        orders_.load = std::move(choice);
        orders_.start.reset();
        orders_.restart.reset();
        abort_ = true;
    }
    changed_.notify_all();
}

int64_t Session::start(TakeRequest request) {
    int64_t take = 0;
    {
        const std::lock_guard lock(mutex_);
        wanted_ = request.timeline;
        playing_ = request.motion == FirstMotion::Playing;
        orders_.start = std::move(request);
        orders_.restart.reset();
        orders_.stop = false;
        abort_ = true;
        take = ++take_;
        shown_ = -1;
        frontier_ = 0;
        awaited_.reset();
    }
    changed_.notify_all();
    return take;
}

int64_t Session::restart(uint64_t seed) {
    int64_t take = 0;
    {
        const std::lock_guard lock(mutex_);
        if (orders_.start) orders_.start->options.seed = seed;
        else orders_.restart = seed;
        orders_.stop = false;
        abort_ = true;
        take = ++take_;
        shown_ = -1;
        frontier_ = 0;
        awaited_.reset();
    }
    changed_.notify_all();
    return take;
}

void Session::stop() {
    {
        const std::lock_guard lock(mutex_);
        orders_.start.reset();
        orders_.restart.reset();
        orders_.stop = true;
        playing_ = false;
        abort_ = true;
        awaited_.reset();
    }
    changed_.notify_all();
}

void Session::play() {
    {
        const std::lock_guard lock(mutex_);
        playing_ = true;
    }
    changed_.notify_all();
}

void Session::pause() {
    {
        const std::lock_guard lock(mutex_);
        playing_ = false;
    }
    changed_.notify_all();  // it may be holding: then this is news too
}

Steering Session::setTimeline(PromptTimeline timeline) {
    Steering steering;
    {
        const std::lock_guard lock(mutex_);
        const auto future = [&] { return frontier_ == 0 ? wanted_ : taken_.continuedAs(wanted_, frontier_); };
        const PromptTimeline before = future();
        wanted_ = std::move(timeline);
        timelineChanged_ = true;
        const PromptTimeline after = future();
        steering = steeringNow();
        const auto textAt = [](const PromptTimeline& prompts, int64_t chunk) {
            return prompts.empty() ? std::string() : prompts.segmentAt(chunk).text;
        };
        const std::string text = textAt(after, frontier_);
        if (hasTake_ && frontier_ > 0 && text != textAt(before, frontier_)) awaited_ = Awaited{text, frontier_, Clock::now()};
        else if (awaited_ && textAt(after, awaited_->chunk) != awaited_->prompt) awaited_.reset();
    }
    changed_.notify_all();
    return steering;
}

void Session::askPlan(int64_t width, int64_t height, const RolloutConfig& window) {
    {
        const std::lock_guard lock(mutex_);
        planQuestion_ = PlanQuestion{width, height, window};
    }
    changed_.notify_all();
}

void Session::shareFrames(SharedRing ring) {
    {
        const std::lock_guard lock(mutex_);
        orders_.share = std::move(ring);
        orders_.endSharing = false;
    }
    changed_.notify_all();
}

void Session::endSharing() {
    {
        const std::lock_guard lock(mutex_);
        orders_.share.reset();
        orders_.endSharing = true;
        sharedRing_ = 0;
    }
    changed_.notify_all();
}

void Session::giveBack(int64_t ring, int slot, uint64_t releasedValue) {
    const std::lock_guard lock(mutex_);
    if (ring == sharedRing_) freeSlots_.push_back({slot, releasedValue});
}

std::optional<RingFrame> Session::takeFrame() {
    std::optional<RingFrame> frame = ring_.pop();
    if (!frame) return frame;
    { const std::lock_guard lock(mutex_); }  // a thread that has just looked at the ring is waiting by now
    changed_.notify_all();
    return frame;
}

void Session::noteShown(int64_t take, int64_t frame) {
    std::optional<PromptSeen> seen;
    {
        const std::lock_guard lock(mutex_);
        if (take != take_ || frame <= shown_) return;
        shown_ = frame;
        if (awaited_ && awaited_->chunk < frontier_ && frame >= clock_.firstFrameOf(awaited_->chunk)) {
            seen = PromptSeen{awaited_->prompt, awaited_->chunk, secondsSince(awaited_->since)};
            awaited_.reset();
        }
    }
    changed_.notify_all();
    if (seen) listener_.promptVisible(*seen);
}

Steering Session::steering() const {
    const std::lock_guard lock(mutex_);
    return steeringNow();
}

bool Session::isPlaying() const {
    const std::lock_guard lock(mutex_);
    return playing_;
}

PromptTimeline Session::takenTimeline() const {
    const std::lock_guard lock(mutex_);
    return taken_;
}

std::shared_ptr<FrameStore> Session::store() const {
    const std::lock_guard lock(mutex_);
    return store_;
}

double Session::chunkSeconds() const { return lastChunkSeconds_ > 0 ? lastChunkSeconds_ : kGuessedChunkSeconds; }

bool Session::isAhead() const {
    if (options_.pace == SessionOptions::Pace::Ring) return false;
    const double waiting = clock_.secondsOfFrame(clock_.firstFrameOf(nextChunk_) - (shown_ + 1));
    const double lead = chunkSeconds() * (1 + kSpareShare) + kSpareSeconds;
    const double most = clock_.secondsOfFrame(clock_.framesPerChunk) + kMostBeyondChunkSeconds;
    return waiting > std::min(lead, most);
}

bool Session::mayMake() const {
    const int64_t toCome = source_ ? source_->framesToCome() : 0;
    return ring_.room() >= static_cast<size_t>(toCome + clock_.framesOf(nextChunk_)) && !isAhead();
}

SessionState Session::stateNow() const {
    if (!model_) return SessionState::Empty;
    if (!hasTake_) return SessionState::Ready;
    if (!playing_) return SessionState::Paused;
    return mayMake() ? SessionState::Generating : SessionState::Holding;
}

// Two things have to happen: the chunk with the prompt is made, and what is made before it is shown.
Steering Session::steeringNow() const {
    const double made = (inChunk_ ? std::max(0.0, chunkSeconds() - secondsSince(chunkBegan_)) : 0) + chunkSeconds();
    const double shown = clock_.secondsOfFrame(clock_.firstFrameOf(frontier_) - (shown_ + 1));
    return {frontier_, std::max(made, shown)};
}

}  // namespace longtake
