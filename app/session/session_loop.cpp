// The part of Session that runs on the generation thread.
#include <new>

#include "app/session/session.h"
#include "kernels/thread_signals.h"

namespace longtake {

namespace {

constexpr auto kRankPoll = std::chrono::milliseconds(50);

}  // namespace

void Session::run() {
    letNoSignalIn();
    std::unique_lock lock(mutex_);
    while (!quit_) {
        try {
            turn(lock);
        } catch (const std::bad_alloc&) {
            if (lock.owns_lock()) lock.unlock();
            failTake(FailedAt::Memory, "the take ended: there is not enough memory; choose a smaller size or window and start again");
            lock.lock();
        } catch (const std::exception& error) {
            if (lock.owns_lock()) lock.unlock();
            failTake(FailedAt::Inside, std::string("the take ended: ") + error.what() + "; start again, or load the model again");
            lock.lock();
        }
    }
    lock.unlock();
    endRanking();
    dropSharing();
    source_.reset();
    maker_.reset();
}

void Session::turn(std::unique_lock<std::mutex>& lock) {
    if (orders_.any()) {
        Orders orders = std::exchange(orders_, {});
        abort_ = quit_;
        lock.unlock();
        obey(std::move(orders));
        return lock.lock();
    }
    const bool asked = planQuestion_ && model_;
    const SessionState now = stateNow();
    if (now != SessionState::Generating && source_ && source_->framesToCome() > 0) {
        lock.unlock();
        source_->finish([this](Frame8 picture) { keepFrame(std::move(picture)); });
        reportChunks();
        return lock.lock();
    }
    if (asked || now != state_) {
        lock.unlock();
        if (asked) answerPlan();
        tellState(now);
        return lock.lock();
    }
    if (now == SessionState::Generating) {
        lock.unlock();
        makeChunk();
        collectRanks();
        return lock.lock();
    }
    if (submittedChunk_ == rankedChunk_) return changed_.wait(lock);
    changed_.wait_for(lock, kRankPoll);
    lock.unlock();
    collectRanks();
    lock.lock();
}

void Session::obey(Orders orders) {
    if (orders.stop) dropTake();
    if (orders.load) {
        loadNow(*orders.load);
        if (!model_) return;  // said already
    }
    if (orders.start) startNow(*orders.start);
    if (orders.restart) restartNow(*orders.restart);
    if (orders.endSharing) dropSharing();
    if (orders.share) shareNow(std::move(*orders.share));
}

void Session::dropTake() {
    {
        const std::lock_guard lock(mutex_);
        hasTake_ = false;
        inChunk_ = false;
        if (store_) store_->close();
    }
    dropSharing();
    source_.reset();
}

void Session::dropSharing() {
    {
        const std::lock_guard lock(mutex_);
        sharedRing_ = 0;
        freeSlots_.clear();
    }
    if (source_) source_->setPictureTap({});
    writer_.reset();
    written_.clear();
}

void Session::shareNow(SharedRing ring) {
    dropSharing();
    if (!source_ || ring.take != running_) return;  // of a take that is no more
    Result<std::unique_ptr<SharedFrameWriter>> writer = maker_->importFrames(ring.offer.take());
    if (writer) {
        writer_ = std::move(*writer);
        source_->setPictureTap([this](const PicturesParams& picture) { writeShared(picture); });
        const std::lock_guard lock(mutex_);
        sharedRing_ = ring.number;
        for (int slot = 0; slot < ring.slotCount; ++slot) freeSlots_.push_back({slot, 0});
    }
    listener_.sharingAnswered({ring.number, writer ? std::string() : writer.message()});
}

// Where no slot is free the display still shows what it has: the frame then comes through the CPU's memory alone.
void Session::writeShared(const PicturesParams& picture) {
    std::optional<FreeSlot> free;
    SharedPlace place;
    {
        const std::lock_guard lock(mutex_);
        if (sharedRing_ != 0 && !freeSlots_.empty()) {
            free = freeSlots_.front();
            freeSlots_.pop_front();
            place = {.ring = sharedRing_, .slot = free->slot};
        }
    }
    if (!free) return written_.push_back(std::nullopt);
    place.ready = writer_->write(picture, free->slot, free->released);
    written_.push_back(place);
}

void Session::endRanking() {
    stopRanking_ = true;
    if (weightsRank_.joinable()) weightsRank_.join();
    stopRanking_ = false;
}

void Session::loadNow(const EngineChoice& choice) {
    dropTake();
    endRanking();
    model_.reset();
    weightsRanked_ = false;
    tellState(SessionState::Loading);
    Result<ModelInfo> loaded = maker_->load(choice);
    loadProblem_ = loaded ? std::string() : loaded.message();
    if (!loaded) return refuse(FailedAt::Loading, loadProblem_);
    model_ = std::move(loaded).value();
    listener_.modelLoaded(*model_);
}

void Session::startNow(const TakeRequest& request) {
    dropTake();
    // A start that was asked for right after a load that failed must not hide why.
    if (!model_ && loadProblem_.empty()) return refuse(FailedAt::NoModel, "a take needs a model; open a model folder first");
    if (!model_) return refuse(FailedAt::Loading, loadProblem_);
    Result<std::unique_ptr<TakeSource>> begun = maker_->begin(request.options);
    if (!begun) return refuse(FailedAt::Beginning, begun.message());
    source_ = std::move(begun).value();
    adopt();
}

void Session::restartNow(uint64_t seed) {
    if (!source_) return refuse(FailedAt::NoTake, "there is no take to begin again; start a new one");
    dropSharing();
    source_->restart(seed);
    adopt();
}

// Source_ stands at chunk 0: everything that is counted begins again.
void Session::adopt() {
    const TakeOptions options = source_->options();
    Result<std::shared_ptr<FrameStore>> store =
        FrameStore::create(static_cast<int>(options.width), static_cast<int>(options.height), options_.store);
    storeFailed_ = !store;
    if (!store) listener_.failed(FailedAt::KeepingFrames, store.message() + "; what was shown cannot be exported afterwards");
    firstColours_ = {};
    open_.clear();
    submittedChunk_ = rankedChunk_ = -1;
    TakeStarted started;
    {
        const std::lock_guard lock(mutex_);
        running_ = take_;
        hasTake_ = true;
        nextChunk_ = frontier_ = 0;
        shown_ = -1;
        clock_ = source_->clock();
        timelineChanged_ = true;
        taken_ = PromptTimeline();
        lastChunkSeconds_ = 0;
        if (store_) store_->close();
        store_ = store ? *store : nullptr;
        ring_.reset();
        ring_.resize(static_cast<size_t>(clock_.framesPerChunk * options_.ringChunks));
        started = {running_, model_->choice.device, options, clock_, {}};
    }
    started.plan = maker_->plan(options.width, options.height, options.window);
    listener_.takeStarted(started);
    listener_.cacheViewed(source_->cacheView());
}

// Takes over the prompts; false when there is something else to do first.
bool Session::beginChunk(int64_t chunk) {
    {
        const std::lock_guard lock(mutex_);
        if (orders_.any() || quit_ || !playing_) return false;
        if (timelineChanged_) {
            taken_ = chunk == 0 ? wanted_ : taken_.continuedAs(wanted_, chunk);
            source_->setTimeline(taken_);
            timelineChanged_ = false;
        }
        frontier_ = chunk + 1;
        chunkBegan_ = Clock::now();
        inChunk_ = true;
    }
    listener_.chunkBegun(running_, chunk);
    return true;
}

void Session::makeChunk() {
    const int64_t index = source_->nextChunk();
    if (!beginChunk(index)) return;
    OpenChunk& open = open_.emplace_back();
    open.begun = Clock::now();
    open.report.take = running_;
    open.report.chunk.firstFrame = source_->clock().firstFrameOf(index);
    open.report.chunk.frames = static_cast<int>(source_->clock().framesOf(index));
    const auto afterPass = [&](const DenoiseProgress& progress) {
        reportChunks();
        listener_.progressed(progress);
        if (progress.step == 1) listener_.cacheViewed(source_->cacheView());
        answerPlan();
        return !abort_;
    };
    Result<TakeChunk> made = source_->next([this](Frame8 picture) { keepFrame(std::move(picture)); }, afterPass);
    {
        const std::lock_guard lock(mutex_);
        inChunk_ = false;
        if (!made) {
            frontier_ = index;
            if (!abort_) playing_ = false;
        } else {
            nextChunk_ = index + 1;
        }
    }
    if (!made) {
        open_.pop_back();
        if (!abort_) listener_.failed(FailedAt::Generating, made.message());
        return;
    }
    if (abort_) return;
    open_.back().report.chunk = *made;
    open_.back().made = true;
    reportChunks();
    lookAtCache();
    if (!weightsRanked_) rankWeights();
}

// Tells of the chunks whose frames are all there.
void Session::reportChunks() {
    while (!open_.empty() && open_.front().made && !abort_) {
        OpenChunk& first = open_.front();
        ChunkReport& report = first.report;
        if (static_cast<int64_t>(report.hashes.size()) < report.chunk.frames) return;
        {
            const std::lock_guard lock(mutex_);
            lastChunkSeconds_ = std::chrono::duration<double>(lastFrame_ - first.begun).count();
        }
        report.fps = report.wallMs > 0 ? report.chunk.frames * 1000.0 / report.wallMs : 0;
        listener_.chunkDone(report);
        open_.pop_front();
    }
}

void Session::keepFrame(Frame8 picture) {
    std::optional<SharedPlace> shared;
    if (!written_.empty()) {
        shared = written_.front();
        written_.pop_front();
    }
    if (abort_) return;
    ChunkReport& report = open_.front().report;
    const int64_t index = report.chunk.firstFrame + static_cast<int64_t>(report.hashes.size());
    report.hashes.push_back(frameHash(picture));
    if (!storeFailed_) {
        if (const Result<void> kept = store_->append(picture); !kept) {
            storeFailed_ = true;
            listener_.failed(FailedAt::KeepingFrames, kept.message());
        }
    }
    const ColourFields colours = colourFields(picture);
    if (!firstColours_.filled) firstColours_ = colours;
    report.drift = driftBetween(firstColours_, colours);
    if (ring_.push({std::move(picture), index, running_, shared})) listener_.framesReady();
    if (static_cast<int64_t>(report.hashes.size()) < report.chunk.frames) return;
    const Clock::time_point before = std::exchange(lastFrame_, Clock::now());
    report.wallMs = std::chrono::duration<double, std::milli>(lastFrame_ - std::max(before, open_.front().begun)).count();
}

void Session::lookAtCache() {
    listener_.cacheViewed(source_->cacheView());
    if (probe_.busy()) return;
    CacheSnapshot snapshot = source_->cacheSnapshot();
    submittedChunk_ = snapshot.chunk;
    probe_.submit(std::move(snapshot));
}

void Session::collectRanks() {
    if (submittedChunk_ == rankedChunk_ || probe_.busy()) return;
    const std::optional<Result<CacheRanks>> latest = probe_.latest();
    if (!latest) return;
    rankedChunk_ = submittedChunk_;
    if (!*latest) return listener_.failed(FailedAt::Ranking, "the rank of the cache cannot be computed: " + latest->message());
    listener_.liveRanked(valuesOf((*latest)->content, options_.rankThreshold));
}

// After the first chunk, so that the first picture does not wait for it.
void Session::rankWeights() {
    weightsRanked_ = true;
    endRanking();
    weightsRank_ = std::thread([this, job = maker_->weightRanks()] {
        try {
            const Result<RankReport> report = job(stopRanking_);
            if (stopRanking_) return;
            if (!report) return listener_.failed(FailedAt::Ranking, "the rank of the weights cannot be computed: " + report.message());
            listener_.weightsRanked(valuesOf(*report, options_.rankThreshold));
        } catch (const std::exception& error) {
            listener_.failed(FailedAt::Ranking, std::string("the rank of the weights cannot be computed: ") + error.what());
        }
    });
}

void Session::answerPlan() {
    std::optional<PlanQuestion> question;
    {
        const std::lock_guard lock(mutex_);
        if (!model_) return;
        question = std::exchange(planQuestion_, std::nullopt);
    }
    if (question) listener_.planned(maker_->plan(question->width, question->height, question->window));
}

void Session::tellState(SessionState state) {
    if (state_.exchange(state) != state) listener_.stateChanged(state);
}

// There will be no take that could play.
void Session::refuse(FailedAt at, const std::string& message) {
    {
        const std::lock_guard lock(mutex_);
        if (!orders_.start) playing_ = false;
    }
    listener_.failed(at, message);
}

void Session::failTake(FailedAt at, const std::string& message) {
    dropTake();
    {
        const std::lock_guard lock(mutex_);
        playing_ = false;
        frontier_ = 0;
    }
    listener_.failed(at, message);
}

}  // namespace longtake
