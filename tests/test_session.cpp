// The generation thread: commands at chunk boundaries, stop within a pass, errors that leave it usable.
#include <QtTest/QtTest>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "app/session/engine_take_maker.h"
#include "app/session/session.h"

using namespace longtake;
using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 20s;

// What the fake does wrong, and how long its passes take.
struct FakePlan {
    std::atomic<int> passMs = 1;
    std::atomic<int64_t> failAtChunk = -1;
    std::atomic<int64_t> throwAtChunk = -1;
    std::atomic<int64_t> outOfMemoryAtChunk = -1;
    std::atomic<bool> framesComeLater = false;  // with the next chunk, or when they are asked for
    std::atomic<int> passes = 0;                // made in all
    std::atomic<int> alive = 0;                 // takes
    std::mutex mutex;
    std::vector<std::pair<int64_t, std::string>> prompts;  // the prompt that each chunk was made with
    std::string refusesImport;
    std::atomic<int> writers = 0;  // alive
    struct Written {
        int slot;
        uint64_t released;
        uint8_t picture;
    };
    std::vector<Written> written;  // into shared memory
};

class FakeTake final : public TakeSource {
public:
    FakeTake(FakePlan& plan, TakeOptions options) : plan_(plan), options_(std::move(options)) { ++plan_.alive; }
    ~FakeTake() override { --plan_.alive; }

    void setTimeline(PromptTimeline timeline) override { timeline_ = std::move(timeline); }
    Result<TakeChunk> next(const FrameSink& frames, const PassCallback& afterPass) override {
        if (timeline_.empty()) return Error{"there is no prompt"};
        for (int pass = 1; pass <= 5; ++pass) {
            std::this_thread::sleep_for(std::chrono::milliseconds(plan_.passMs));
            ++plan_.passes;
            if (!afterPass({next_, pass, 5, false})) return Error{"stopped"};
        }
        if (plan_.failAtChunk == next_) return Error{"the fake fails"};
        if (plan_.throwAtChunk == next_) throw std::runtime_error("the fake throws");
        if (plan_.outOfMemoryAtChunk == next_) throw std::bad_alloc();
        {
            const std::lock_guard lock(plan_.mutex);
            plan_.prompts.emplace_back(next_, timeline_.segmentAt(next_).text);
        }
        TakeChunk chunk;
        chunk.index = next_;
        chunk.firstFrame = clock().firstFrameOf(next_);
        chunk.frames = static_cast<int>(clock().framesOf(next_));
        finish(frames);
        for (int i = 0; i < chunk.frames; ++i) {
            Frame8 frame;
            frame.width = 16;
            frame.height = 16;
            frame.rgb.assign(16 * 16 * 3, static_cast<uint8_t>(chunk.firstFrame + i + static_cast<int64_t>(options_.seed)));
            if (tap_) tap_({.x = frame.rgb.data(), .pixels = 16 * 16});
            later_.push_back(std::move(frame));
        }
        if (!plan_.framesComeLater) finish(frames);
        ++next_;
        return chunk;
    }
    int64_t framesToCome() const override { return static_cast<int64_t>(later_.size()); }
    void finish(const FrameSink& frames) override {
        for (Frame8& frame : std::exchange(later_, {})) frames(std::move(frame));
    }
    void restart(uint64_t seed) override { options_.seed = seed, next_ = 0, later_.clear(); }
    void setPictureTap(PictureTap tap) override { tap_ = std::move(tap); }
    int64_t nextChunk() const override { return next_; }
    TakeOptions options() const override { return options_; }
    ChunkClock clock() const override { return {}; }
    CacheView cacheView() const override { return {.chunk = next_}; }
    CacheSnapshot cacheSnapshot() const override {
        CacheSnapshot snapshot{.chunk = next_ - 1, .contentColumns = 2, .layers = {}};
        Tensor rows = Tensor::host(DType::F32, {3, 2});
        for (int64_t i = 0; i < rows.count(); ++i) rows.as<float>()[i] = static_cast<float>(i % 3);
        snapshot.layers.push_back(std::move(rows));
        return snapshot;
    }

private:
    FakePlan& plan_;
    TakeOptions options_;
    PromptTimeline timeline_;
    PictureTap tap_;
    std::vector<Frame8> later_;
    int64_t next_ = 0;
};

// Notes what is written where; the pictures themselves go nowhere.
class FakeWriter final : public SharedFrameWriter {
public:
    explicit FakeWriter(FakePlan& plan) : plan_(plan) { ++plan_.writers; }
    ~FakeWriter() override { --plan_.writers; }
    uint64_t write(const PicturesParams& picture, int slot, uint64_t releasedValue) override {
        const std::lock_guard lock(plan_.mutex);
        plan_.written.push_back({slot, releasedValue, *static_cast<const uint8_t*>(picture.x)});
        return ++last_;
    }

private:
    FakePlan& plan_;
    uint64_t last_ = 0;
};

class FakeMaker final : public TakeMaker {
public:
    explicit FakeMaker(FakePlan& plan) : plan_(plan) {}

    Result<ModelInfo> load(const EngineChoice& choice) override {
        if (choice.folder == "missing") return Error{"missing: not a model folder"};
        ModelInfo info;
        info.choice = choice;
        return info;
    }
    MemoryPlan plan(int64_t width, int64_t height, const RolloutConfig&) const override {
        MemoryPlan plan;
        plan.working = static_cast<size_t>(width * height);
        plan.available = size_t{1} << 30;
        return plan;
    }
    Result<std::unique_ptr<TakeSource>> begin(const TakeOptions& options) override {
        if (options.width > 1000) return Error{"a take of that size does not fit"};
        TakeOptions small = options;
        small.width = small.height = 16;
        return std::unique_ptr<TakeSource>(std::make_unique<FakeTake>(plan_, small));
    }
    Result<std::unique_ptr<SharedFrameWriter>> importFrames(const SharedFramesOrigin& origin) override {
        const SharedFramesOffer closed(origin);
        if (!plan_.refusesImport.empty()) return Error{plan_.refusesImport};
        return std::unique_ptr<SharedFrameWriter>(std::make_unique<FakeWriter>(plan_));
    }
    RankJob weightRanks() const override {
        return [](const std::atomic<bool>&) { return Result<RankReport>(Error{"the fake has no weights"}); };
    }

private:
    FakePlan& plan_;
};

// Remembers all events; waits for what the test names.
class Ear final : public SessionListener {
public:
    void stateChanged(SessionState s) override {
        note([&] { states.push_back(s); });
    }
    void modelLoaded(const ModelInfo& info) override {
        note([&] { models.push_back(info.choice.folder); });
    }
    void planned(const MemoryPlan& plan) override {
        note([&] { plans.push_back(plan); });
    }
    void takeStarted(const TakeStarted& started) override {
        note([&] { takes.push_back(started); });
    }
    void sharingAnswered(const SharingAnswer& answer) override {
        note([&] { answers.push_back(answer); });
    }
    void chunkBegun(int64_t, int64_t chunk) override {
        note([&] { begun.push_back(chunk); });
    }
    void progressed(const DenoiseProgress& progress) override {
        note([&] { lastProgress = progress; });
    }
    void framesReady() override {
        note([&] { ++ready; });
    }
    void chunkDone(const ChunkReport& report) override {
        note([&] { chunks.push_back(report); });
    }
    void promptVisible(const PromptSeen& seen) override {
        note([&] { visible.push_back(seen); });
    }
    void cacheViewed(const CacheView&) override {
        note([&] { ++views; });
    }
    void liveRanked(const RankValues& values) override {
        note([&] { live.push_back(values); });
    }
    void weightsRanked(const RankValues& values) override {
        note([&] { weights.push_back(values); });
    }
    void failed(FailedAt, const std::string& message) override {
        note([&] { failures.push_back(message); });
    }

    template <typename Condition>
    bool waitFor(Condition condition) {
        std::unique_lock lock(mutex);
        return heard.wait_for(lock, kPatience, condition);
    }
    bool saidFailure(const std::string& part) {
        return waitFor([&] {
            return std::any_of(failures.begin(), failures.end(),
                               [&](const std::string& line) { return line.find(part) != std::string::npos; });
        });
    }

    std::mutex mutex;
    std::condition_variable heard;
    std::vector<SessionState> states;
    std::vector<std::string> models, failures;
    std::vector<MemoryPlan> plans;
    std::vector<TakeStarted> takes;
    std::vector<SharingAnswer> answers;
    std::vector<int64_t> begun;
    DenoiseProgress lastProgress;
    int ready = 0, views = 0;
    std::vector<ChunkReport> chunks;
    std::vector<PromptSeen> visible;
    std::vector<RankValues> live, weights;

private:
    template <typename Change>
    void note(Change change) {
        {
            const std::lock_guard lock(mutex);
            change();
        }
        heard.notify_all();
    }
};

// A descriptor to give away.
struct SharedFd {
    int fd = ::open("/dev/null", O_RDONLY);
    SharedFramesOffer offer() const { return SharedFramesOffer({.memoryFd = fd}); }
    bool isOpen() const { return ::fcntl(fd, F_GETFD) >= 0; }
};

struct Stage {
    FakePlan plan;
    Ear ear;
    Session session;
    int64_t take = 0;

    explicit Stage(SessionOptions::Pace pace = SessionOptions::Pace::Ring)
        : session(std::make_unique<FakeMaker>(plan), ear, {.pace = pace}) {
        session.load({.folder = "fake"});
    }
    void start(const std::string& prompt = "ocean", uint64_t seed = 0) {
        TakeRequest request;
        request.options.seed = seed;
        request.timeline = *PromptTimeline::create(prompt);
        take = session.start(request);
    }
    // Reads frames until one is enough; false after too long.
    bool readUntil(const std::function<bool(const RingFrame&)>& enough) {
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while (std::chrono::steady_clock::now() < end) {
            const auto frame = session.takeFrame();
            if (!frame) std::this_thread::sleep_for(1ms);
            else if (enough(*frame)) return true;
        }
        return false;
    }
    // Reads frames as a display would, until one of this index came; empty after too long.
    std::optional<RingFrame> show(int64_t index) {
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while (std::chrono::steady_clock::now() < end) {
            const auto frame = session.takeFrame();
            if (!frame) {
                std::this_thread::sleep_for(1ms);
                continue;
            }
            session.noteShown(frame->take, frame->index);
            if (frame->take == take && frame->index >= index) return frame;
        }
        return std::nullopt;
    }
};

}  // namespace

class TestSession final : public QObject {
    Q_OBJECT

private slots:
    void framesComeInOrderWithTheirTake() {
        Stage stage;
        stage.start();
        int64_t expected = 0;
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while (expected < 60 && std::chrono::steady_clock::now() < end) {
            const auto frame = stage.session.takeFrame();
            if (!frame) continue;
            QCOMPARE(frame->index, expected++);
            QCOMPARE(frame->take, stage.take);
        }
        QCOMPARE(expected, int64_t{60});
        QVERIFY(stage.ear.waitFor([&] { return stage.ear.chunks.size() >= 4; }));
        QCOMPARE(stage.ear.chunks[1].chunk.firstFrame, int64_t{9});
        QCOMPARE(stage.ear.chunks[1].hashes.size(), size_t{12});
    }

    void framesThatComeLaterComeWithTheirOwnChunk() {
        Stage stage;
        stage.plan.framesComeLater = true;
        stage.start();
        int64_t expected = 0;
        QVERIFY(stage.readUntil([&](const RingFrame& frame) { return frame.index != expected++ || expected == 60; }));
        QCOMPARE(expected, int64_t{60});
        QVERIFY(stage.ear.waitFor([&] { return stage.ear.chunks.size() >= 4; }));
        for (size_t i = 0; i < 4; ++i) {
            QCOMPARE(stage.ear.chunks[i].chunk.index, static_cast<int64_t>(i));
            QCOMPARE(stage.ear.chunks[i].hashes.size(), size_t{i == 0 ? 9u : 12u});
            QVERIFY(stage.ear.chunks[i].wallMs > 0);
        }
    }

    // Nothing is held back when nobody goes on: by pausing, or because the ring is full.
    void framesThatComeLaterComeWhenGenerationRests() {
        for (const bool pauses : {true, false}) {
            Stage stage;
            stage.plan.framesComeLater = true;
            stage.plan.passMs = 10;
            stage.start();
            QVERIFY(stage.ear.waitFor([&] { return stage.ear.begun.size() == 1; }));
            if (pauses) stage.session.pause();
            const size_t chunks = pauses ? 1 : 2;  // the ring holds two
            QVERIFY(stage.ear.waitFor([&] { return stage.ear.chunks.size() == chunks; }));
            QTRY_COMPARE(stage.session.state(), pauses ? SessionState::Paused : SessionState::Holding);
            int frames = 0;
            while (stage.session.takeFrame()) ++frames;
            QCOMPARE(frames, pauses ? 9 : 21);
        }
    }

    void framesComeWithTheirPlaceInSharedMemory() {
        for (const bool later : {false, true}) {
            placesIn(later);
            if (QTest::currentTestFailed()) return;
        }
    }

    void memoryThatCannotBeSharedIsSaidAndFramesComeAllTheSame() {
        Stage stage;
        stage.plan.refusesImport = "the display is on another GPU";
        stage.start();
        SharedFd fd;
        stage.session.shareFrames({.number = 1, .take = stage.take, .slotCount = 4, .offer = fd.offer()});
        QVERIFY(stage.ear.waitFor([&] { return stage.ear.answers.size() == 1; }));
        QCOMPARE(stage.ear.answers[0].refusal, std::string("the display is on another GPU"));
        QVERIFY(!fd.isOpen());
        const auto frame = stage.show(40);
        QVERIFY(frame && !frame->shared);
    }

    void sharedMemoryEndsWithItsTakeOrWhenTheDisplayLosesIt() {
        Stage stage;
        stage.start();
        const int64_t first = stage.take;
        SharedFd used, late;
        stage.session.shareFrames({.number = 1, .take = first, .slotCount = 1000, .offer = used.offer()});
        QVERIFY(stage.ear.waitFor([&] { return stage.ear.answers.size() == 1; }));
        QCOMPARE(stage.plan.writers.load(), 1);
        stage.take = stage.session.restart(3);
        QVERIFY(stage.ear.waitFor([&] { return stage.ear.takes.size() == 2; }));
        QCOMPARE(stage.plan.writers.load(), 0);
        stage.session.shareFrames({.number = 2, .take = first, .slotCount = 4, .offer = late.offer()});  // too late
        QTRY_VERIFY(!late.isOpen());
        SharedFd lost;
        stage.session.shareFrames({.number = 3, .take = stage.take, .slotCount = 1000, .offer = lost.offer()});
        QVERIFY(stage.readUntil([&](const RingFrame& frame) { return frame.shared && frame.shared->ring == 3; }));
        stage.session.endSharing();
        QVERIFY(stage.readUntil([&](const RingFrame& frame) { return !frame.shared; }));
        QTRY_COMPARE(stage.plan.writers.load(), 0);
        QCOMPARE(stage.ear.answers.size(), size_t{2});
    }

    void generationStopsWhenNobodyReads() {
        Stage stage;
        stage.start();
        QVERIFY(stage.ear.waitFor([&] { return stage.ear.chunks.size() == 2; }));
        QTRY_COMPARE(stage.session.state(), SessionState::Holding);
        std::this_thread::sleep_for(50ms);
        {
            const std::lock_guard lock(stage.ear.mutex);
            QCOMPARE(stage.ear.chunks.size(), size_t{2});  // 21 frames; the ring holds 24
        }
        stage.session.pause();
        QTRY_COMPARE(stage.session.state(), SessionState::Paused);
    }

    void generationStaysAboutAChunkAheadOfTheDisplay() {
        Stage stage(SessionOptions::Pace::Display);
        stage.start();
        QVERIFY(stage.show(40));
        std::this_thread::sleep_for(100ms);
        while (stage.session.takeFrame()) {
        }
        const std::lock_guard lock(stage.ear.mutex);
        // Shown up to 40: at most a chunk and a quarter second wait, and one chunk more may have begun before.
        QVERIFY(stage.ear.chunks.back().chunk.firstFrame + 12 <= 41 + 16 + 12);
    }

    void aPromptTakesOverAtTheNextChunkAndItsDelayIsMeasured() {
        Stage stage(SessionOptions::Pace::Display);
        stage.plan.passMs = 5;
        stage.start("ocean");
        QVERIFY(stage.show(20));
        PromptTimeline wanted = stage.session.takenTimeline();
        const Steering before = stage.session.steering();
        QVERIFY(wanted.insert({.firstChunk = before.chunk + 1, .text = "desert"}).ok());
        QVERIFY(wanted.erase(wanted.size() - 1).ok());
        QVERIFY(wanted.insert({.firstChunk = before.chunk, .text = "desert"}).ok());
        const Steering steering = stage.session.setTimeline(wanted);
        QVERIFY(stage.show(ChunkClock{}.firstFrameOf(steering.chunk)));
        QVERIFY(stage.ear.waitFor([&] { return stage.ear.visible.size() == 1; }));
        QCOMPARE(stage.ear.visible[0].prompt, std::string("desert"));
        QCOMPARE(stage.ear.visible[0].chunk, steering.chunk);
        QVERIFY(stage.ear.visible[0].seconds > 0 && stage.ear.visible[0].seconds < 20);
        const std::lock_guard lock(stage.plan.mutex);
        for (const auto& [chunk, prompt] : stage.plan.prompts) QCOMPARE(prompt, std::string(chunk < steering.chunk ? "ocean" : "desert"));
    }

    void whatIsBegunKeepsItsPrompt() {
        Stage stage;
        stage.plan.passMs = 20;
        stage.start("ocean");
        QVERIFY(stage.ear.waitFor([&] { return !stage.ear.begun.empty(); }));
        const Steering steering = stage.session.setTimeline(*PromptTimeline::create("desert"));  // asks for chunk 0 too
        QVERIFY(steering.chunk >= 1);
        QVERIFY(stage.show(ChunkClock{}.firstFrameOf(steering.chunk)));
        const PromptTimeline taken = stage.session.takenTimeline();
        QCOMPARE(taken.segmentAt(0).text, std::string("ocean"));
        QCOMPARE(taken.segmentAt(steering.chunk).text, std::string("desert"));
        QCOMPARE(taken.segmentAt(steering.chunk).firstChunk, steering.chunk);
    }

    void stopIsHeardWithinAPass() {
        Stage stage;
        stage.plan.passMs = 100;
        stage.start();
        QVERIFY(stage.ear.waitFor([&] { return !stage.ear.begun.empty(); }));
        const int passes = stage.plan.passes;
        stage.session.stop();
        QTRY_COMPARE(stage.plan.alive.load(), 0);
        QVERIFY(stage.plan.passes <= passes + 1);
        QTRY_COMPARE(stage.session.state(), SessionState::Ready);
        QVERIFY(stage.ear.failures.empty());
    }

    void pauseEndsTheChunkAndPlayGoesOn() {
        Stage stage;
        stage.start();
        QVERIFY(stage.show(0));
        stage.session.pause();
        QTRY_COMPARE(stage.session.state(), SessionState::Paused);
        const int passes = stage.plan.passes;
        QCOMPARE(passes % 5, 0);
        while (stage.session.takeFrame()) {
        }
        std::this_thread::sleep_for(30ms);
        QCOMPARE(stage.plan.passes.load(), passes);
        stage.session.play();
        QVERIFY(stage.ear.waitFor([&] { return static_cast<int>(stage.ear.chunks.size()) > passes / 5; }));
    }

    void restartBeginsAtFrameZeroWithTheOtherSeed() {
        Stage stage;
        stage.start("ocean", 1);
        QVERIFY(stage.show(30));
        stage.take = stage.session.restart(100);
        const auto frame = stage.show(0);
        QVERIFY(frame);
        QCOMPARE(frame->index, int64_t{0});
        QCOMPARE(frame->picture.rgb[0], uint8_t{100});
        QCOMPARE(stage.ear.takes.size(), size_t{2});
    }

    void aModelThatIsNoneLeavesTheSessionUsable() {
        Stage stage;
        stage.session.load({.folder = "missing"});
        QVERIFY(stage.ear.saidFailure("missing: not a model folder"));
        QTRY_COMPARE(stage.session.state(), SessionState::Empty);
        // What comes last is what people read: it still says why.
        stage.start();
        QVERIFY(stage.ear.waitFor([&] { return stage.ear.failures.size() == 2; }));
        QCOMPARE(stage.ear.failures.back(), std::string("missing: not a model folder"));
        QVERIFY(!stage.session.isPlaying());
        stage.session.load({.folder = "fake"});
        stage.start();
        QVERIFY(stage.show(10));
    }

    void aTakeThatDoesNotFitIsSaidAndTheNextOneRuns() {
        Stage stage;
        TakeRequest request;
        request.options.width = 4000;
        request.timeline = *PromptTimeline::create("ocean");
        stage.session.start(request);
        QVERIFY(stage.ear.saidFailure("does not fit"));
        QVERIFY(!stage.session.isPlaying());
        stage.start();
        QVERIFY(stage.show(10));
    }

    void failuresInsideAreReportedAndTheNextTakeRuns_data() {
        QTest::addColumn<QString>("how");
        QTest::addColumn<QString>("said");
        QTest::newRow("exception") << "throw"
                                   << "the fake throws";
        QTest::newRow("memory") << "memory"
                                << "not enough memory";
    }
    void failuresInsideAreReportedAndTheNextTakeRuns() {
        QFETCH(QString, how);
        QFETCH(QString, said);
        Stage stage;
        (how == "throw" ? stage.plan.throwAtChunk : stage.plan.outOfMemoryAtChunk) = 1;
        stage.start();
        QVERIFY(stage.ear.saidFailure(said.toStdString()));
        QTRY_COMPARE(stage.plan.alive.load(), 0);
        stage.plan.throwAtChunk = stage.plan.outOfMemoryAtChunk = -1;
        stage.start();
        QVERIFY(stage.show(30));
    }

    void aChunkThatFailsPausesAndPlayTriesAgain() {
        Stage stage;
        stage.plan.failAtChunk = 1;
        stage.start();
        QVERIFY(stage.ear.saidFailure("the fake fails"));
        QTRY_COMPARE(stage.session.state(), SessionState::Paused);
        stage.plan.failAtChunk = -1;
        stage.session.play();
        QVERIFY(stage.show(30));
    }

    void thePlanIsAnsweredWhileGenerating() {
        Stage stage;
        stage.plan.passMs = 20;
        stage.start();
        QVERIFY(stage.ear.waitFor([&] { return !stage.ear.begun.empty(); }));
        stage.session.askPlan(10, 7, {});
        QVERIFY(stage.ear.waitFor([&] { return stage.ear.plans.size() == 1; }));
        QCOMPARE(stage.ear.plans[0].working, size_t{70});
    }

    void ranksOfTheCacheArrive() {
        Stage stage;
        stage.start();
        QVERIFY(stage.ear.waitFor([&] { return !stage.ear.live.empty(); }));
        QCOMPARE(stage.ear.live[0].layers.size(), size_t{1});
        QVERIFY(stage.ear.saidFailure("the fake has no weights"));
    }

    void theStoreKeepsEveryFrameOfTheTake() {
        Stage stage;
        stage.start("ocean", 3);
        QVERIFY(stage.show(30));
        const auto store = stage.session.store();
        QVERIFY(store && store->frames() > 30);
        const auto frame = store->read(17);
        QVERIFY(frame);
        QCOMPARE(frame->rgb[0], uint8_t{20});
        QVERIFY(!store->read(store->frames() + 100));
        stage.session.stop();
        QTRY_VERIFY(store->isClosed());
        QVERIFY(store->read(0));
    }

    void aFullStoreForgetsTheOldestFrames() {
        auto store = FrameStore::create(4, 4, {.folder = {}, .maxBytes = 24 * 48});
        QVERIFY(store.ok());
        for (int i = 0; i < 40; ++i) {
            Frame8 frame{4, 4, std::vector<uint8_t>(48, static_cast<uint8_t>(i))};
            QVERIFY((*store)->append(frame).ok());
        }
        QCOMPARE((*store)->firstFrame(), int64_t{17});
        QVERIFY(!(*store)->read(16));
        QCOMPARE((*store)->read(17)->rgb[0], uint8_t{17});
        QCOMPARE((*store)->read(39)->rgb[0], uint8_t{39});
    }

    void quittingInTheMiddleIsQuick() {
        QElapsedTimer timer;
        {
            Stage stage;
            stage.plan.passMs = 50;
            stage.start();
            QVERIFY(stage.ear.waitFor([&] { return !stage.ear.begun.empty(); }));
            timer.start();
        }
        QVERIFY(timer.elapsed() < 2000);
    }

    void theEmbeddedModelPlaysAndStops() {
        const std::string folder = LONGTAKE_SOURCE_DIR "/resources/models/tidepool";
        if (!std::filesystem::exists(folder + "/model.json")) QSKIP("the embedded model is not there");
        Ear ear;
        Session session(std::make_unique<EngineTakeMaker>(), ear, {.pace = SessionOptions::Pace::Ring});
        session.load({.folder = folder});
        QVERIFY(ear.waitFor([&] { return !ear.models.empty() || !ear.failures.empty(); }));
        QVERIFY2(ear.failures.empty(), ear.failures.empty() ? "" : ear.failures[0].c_str());
        const ModelConfig config = *Model::readConfig(folder);
        TakeRequest request;
        request.options = TakeOptions::of(config);
        request.timeline = *PromptTimeline::create(config.examples.front());
        session.start(request);
        QVERIFY(ear.waitFor([&] { return ear.chunks.size() >= 1; }));
        const auto frame = session.takeFrame();
        QVERIFY(frame);
        QCOMPARE(frame->picture.width, config.width);
        QVERIFY(ear.waitFor([&] { return !ear.weights.empty(); }));
        QCOMPARE(ear.weights[0].layers.size(), static_cast<size_t>(config.dit.numLayers));
        session.stop();
        QTRY_COMPARE_WITH_TIMEOUT(session.state(), SessionState::Ready, 20000);
        QVERIFY(ear.failures.empty());
    }

private:
    void placesIn(bool framesComeLater) {
        Stage stage;
        stage.plan.framesComeLater = framesComeLater;
        stage.start();
        SharedFd fd;
        stage.session.shareFrames({.number = 7, .take = stage.take, .slotCount = 4, .offer = fd.offer()});
        QVERIFY(stage.ear.waitFor([&] { return stage.ear.answers.size() == 1; }));
        QCOMPARE(stage.ear.answers[0].ring, int64_t{7});
        QVERIFY(stage.ear.answers[0].refusal.empty());
        // The frames of four slots, then none is free.
        std::vector<RingFrame> placed;
        int without = 0;
        const bool came = stage.readUntil([&](const RingFrame& frame) {
            if (frame.shared) placed.push_back(frame);
            else if (!placed.empty()) ++without;
            return without == 30;
        });
        QVERIFY(came);
        QCOMPARE(placed.size(), size_t{4});
        {
            const std::lock_guard lock(stage.plan.mutex);
            QCOMPARE(stage.plan.written.size(), placed.size());
            for (size_t i = 0; i < placed.size(); ++i) {
                QCOMPARE(placed[i].shared->ring, int64_t{7});
                QCOMPARE(placed[i].shared->slot, static_cast<int>(i));
                QCOMPARE(placed[i].shared->ready, uint64_t{i + 1});
                QCOMPARE(stage.plan.written[i].released, uint64_t{0});
                QCOMPARE(stage.plan.written[i].picture, placed[i].picture.rgb[0]);
            }
        }
        // One comes back, another that nobody knows does not.
        stage.session.giveBack(6, 3, 1);
        stage.session.giveBack(7, 2, 9);
        RingFrame again;
        QVERIFY(stage.readUntil([&](const RingFrame& frame) {
            again = frame;
            return frame.shared.has_value();
        }));
        QCOMPARE(again.shared->slot, 2);
        QCOMPARE(again.shared->ready, uint64_t{5});
        const std::lock_guard lock(stage.plan.mutex);
        QCOMPARE(stage.plan.written.size(), size_t{5});
        QCOMPARE(stage.plan.written.back().released, uint64_t{9});  // what the GPU waits for
        QCOMPARE(stage.plan.written.back().picture, again.picture.rgb[0]);
    }
};

QTEST_APPLESS_MAIN(TestSession)
#include "test_session.moc"
