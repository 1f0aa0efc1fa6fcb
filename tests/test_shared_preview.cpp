// Which way the preview goes, and why, as the HUD says it; and the way through the canvas's memory, with a fake backend that
// writes nothing, so that what is on the screen tells where it was drawn from.
#include "ui/canvas/canvas_window.h"  // Vulkan comes before Qt

#include <QGuiApplication>
#include <QScreen>
#include <QtTest/QtTest>

#include <fcntl.h>

#include "app/session/session.h"
#include "app/studio/session_bridge.h"
#include "app/studio/shared_preview.h"
#include "ui/canvas/canvas_widget.h"

using namespace longtake;

namespace {

constexpr int kSide = 64;
const QColor kFromCpu(200, 40, 40);

TakeStarted takeOn(const char* device) {
    TakeStarted started;
    started.take = 1;
    started.device = device;
    started.options.width = started.options.height = kSide;
    return started;
}

// What stands for the device: the timeline that its writes signal, and counts.
struct FakeDevice {
    std::mutex mutex;
    LocalTimeline* ready = nullptr;
    std::atomic<int> imports = 0, writers = 0, writes = 0;
    std::atomic<uint64_t> lastReleased = 0;
};

// Of the canvas, signalled by this process; its descriptor is nothing anybody could use.
class FakeTimeline final : public SharedTimeline {
public:
    explicit FakeTimeline(std::unique_ptr<SharedTimeline> local) : local_(std::move(local)) {}
    VkSemaphore semaphore() const override { return local_->semaphore(); }
    Result<int> exportFd() override { return ::open("/dev/null", O_RDONLY); }
    LocalTimeline* local() { return static_cast<LocalTimeline*>(local_.get()); }

private:
    std::unique_ptr<SharedTimeline> local_;
};

class FakeWriter final : public SharedFrameWriter {
public:
    explicit FakeWriter(FakeDevice& device) : device_(device) {
        ++device_.imports;
        ++device_.writers;
    }
    ~FakeWriter() override { --device_.writers; }
    uint64_t write(const PicturesParams&, int, uint64_t releasedValue) override {
        const std::lock_guard lock(device_.mutex);
        ++device_.writes;
        device_.lastReleased = std::max(device_.lastReleased.load(), releasedValue);
        if (device_.ready) (void)device_.ready->signal(++last_);
        return last_;
    }

private:
    FakeDevice& device_;
    uint64_t last_ = 0;
};

class FakeTake final : public TakeSource {
public:
    explicit FakeTake(TakeOptions options) : options_(std::move(options)) {}
    void setTimeline(PromptTimeline) override {}
    Result<TakeChunk> next(const FrameSink& frames, const PassCallback& afterPass) override {
        if (!afterPass({next_, 1, 1, false})) return Error{"stopped"};
        TakeChunk chunk;
        chunk.index = next_;
        chunk.firstFrame = clock().firstFrameOf(next_);
        chunk.frames = static_cast<int>(clock().framesOf(next_++));
        for (int i = 0; i < chunk.frames; ++i) {
            Frame8 frame;
            frame.width = frame.height = kSide;
            for (int pixel = 0; pixel < kSide * kSide; ++pixel)
                for (int part : {kFromCpu.red(), kFromCpu.green(), kFromCpu.blue()}) frame.rgb.push_back(static_cast<uint8_t>(part));
            if (tap_) tap_({.x = frame.rgb.data(), .pixels = kSide * kSide});
            frames(std::move(frame));
        }
        return chunk;
    }
    void restart(uint64_t) override { next_ = 0; }
    void setPictureTap(PictureTap tap) override { tap_ = std::move(tap); }
    int64_t nextChunk() const override { return next_; }
    TakeOptions options() const override { return options_; }
    ChunkClock clock() const override { return {.fps = 60}; }
    CacheView cacheView() const override { return {.chunk = next_}; }
    CacheSnapshot cacheSnapshot() const override {
        CacheSnapshot snapshot{.chunk = next_ - 1, .contentColumns = 2, .layers = {}};
        snapshot.layers.push_back(Tensor::host(DType::F32, {3, 2}));
        return snapshot;
    }

private:
    TakeOptions options_;
    PictureTap tap_;
    int64_t next_ = 0;
};

class FakeMaker final : public TakeMaker {
public:
    explicit FakeMaker(FakeDevice& device) : device_(device) {}
    Result<ModelInfo> load(const EngineChoice& choice) override {
        ModelInfo info;
        info.choice = choice;
        return info;
    }
    MemoryPlan plan(int64_t, int64_t, const RolloutConfig&) const override { return {}; }
    Result<std::unique_ptr<TakeSource>> begin(const TakeOptions& options) override {
        return std::unique_ptr<TakeSource>(std::make_unique<FakeTake>(options));
    }
    Result<std::unique_ptr<SharedFrameWriter>> importFrames(const SharedFramesOrigin& origin) override {
        const SharedFramesOffer closed(origin);
        return std::unique_ptr<SharedFrameWriter>(std::make_unique<FakeWriter>(device_));
    }
    RankJob weightRanks() const override {
        return [](const std::atomic<bool>&) { return Result<RankReport>(Error{"the fake has no weights"}); };
    }

private:
    FakeDevice& device_;
};

QColor onScreen(const CanvasWidget& canvas) {
    const QPoint middle = canvas.mapToGlobal(canvas.rect().center());
    return QColor(QGuiApplication::primaryScreen()->grabWindow(0, middle.x(), middle.y(), 1, 1).toImage().pixel(0, 0));
}

}  // namespace

class TestSharedPreview final : public QObject {
    Q_OBJECT

private slots:
    void framesOfTheProcessorComeFromThere() {
        SharedPreview preview(session_, bridge_, painted_);
        QVERIFY(preview.text().isEmpty());
        QSignalSpy changed(&preview, &SharedPreview::changed);
        preview.begin(takeOn("cpu"));
        QCOMPARE(preview.text(), QString("preview via CPU: the model runs there"));
        preview.begin(takeOn("cpu"));
        QCOMPARE(changed.count(), 1);
    }

    void aCanvasWithoutVulkanIsTheReason() {
        SharedPreview preview(session_, bridge_, painted_);
        preview.begin(takeOn("cuda"));
        QVERIFY2(preview.text().startsWith("preview via CPU: ") && preview.text().contains("Painted by the CPU: as asked"),
                 qPrintable(preview.text()));
    }

    // A canvas has no device before it is shown; one on the processor shares no semaphores.
    void aVulkanDeviceThatSharesNothingIsTheReason() {
        CanvasWidget canvas({.drawing = CanvasDrawing::Vulkan});
        QVERIFY(canvas.usesVulkan());
        SharedPreview preview(session_, bridge_, canvas);
        preview.begin(takeOn("cuda"));
        QVERIFY2(preview.text().contains("has not been shown yet"), qPrintable(preview.text()));
        canvas.resize(200, 120);
        canvas.show();
        QTRY_VERIFY(canvas.vulkanWindow()->context() != nullptr);
        const DeviceFacts& facts = canvas.vulkanWindow()->context()->facts();
        if (facts.sharesMemory && facts.sharesSemaphores) QSKIP("this Vulkan device shares with other APIs");
        QTRY_VERIFY2(preview.text().contains("shares no"), qPrintable(preview.text()));
        QVERIFY(preview.text().contains(QString::fromStdString(facts.name)));
    }

    // Through session and canvas: frames are drawn from the shared memory, slots come back and are written again, and a lost
    // device is followed by another offer.
    void framesAreDrawnFromTheSharedMemory() {
        std::vector<FakeTimeline*> timelines;  // ready, released, ready, released ...
        CanvasWidget canvas(
            {.drawing = CanvasDrawing::Vulkan, .timelines = [&](VulkanContext& context) -> Result<std::unique_ptr<SharedTimeline>> {
                 auto local = LocalTimeline::create(context);
                 if (!local) return local.error();
                 auto made = std::make_unique<FakeTimeline>(std::move(*local));
                 timelines.push_back(made.get());
                 const std::lock_guard lock(device_.mutex);
                 if (timelines.size() % 2 == 1) device_.ready = made->local();
                 return std::unique_ptr<SharedTimeline>(std::move(made));
             }});
        canvas.resize(200, 200);
        canvas.show();
        canvas.setFrameRate(60);
        QTRY_VERIFY(canvas.vulkanWindow()->context() != nullptr);
        SessionBridge bridge;
        Session session(std::make_unique<FakeMaker>(device_), bridge);
        SharedPreview preview(session, bridge, canvas);
        int64_t take = 0;
        connect(&bridge, &SessionBridge::takeTold, &preview, [&](const TakeStarted& started) { preview.begin(started); });
        connect(&canvas, &CanvasWidget::frameShown, &preview, [&](qint64 index) { session.noteShown(take, index); });
        connect(&bridge, &SessionBridge::framesTold, &preview, [&] {
            bridge.framesTaken();
            while (const auto frame = session.takeFrame()) {
                const FrameStamp stamp{.index = frame->index, .seconds = static_cast<double>(frame->index) / 60};
                if (frame->shared) preview.show(*frame->shared, stamp);
                canvas.submitFrame(viewOf(frame->picture), stamp);
            }
        });
        session.load({.folder = "fake", .device = "cuda"});
        TakeRequest request;
        request.options.width = request.options.height = kSide;
        request.timeline = PromptTimeline::create("ocean").value();
        canvas.setPlaying(true);
        take = session.start(request);
        QTRY_COMPARE(preview.text(), QString("preview stays on the GPU"));
        QTRY_COMPARE(onScreen(canvas), QColor(Qt::black));  // nothing was written there
        constexpr int kSlots = 4 * 12;
        QTRY_VERIFY_WITH_TIMEOUT(device_.writes > kSlots + 12, 20'000);
        QVERIFY(device_.lastReleased > 0);
        QCOMPARE(onScreen(canvas), QColor(Qt::black));

        {
            const std::lock_guard lock(device_.mutex);
            device_.ready = nullptr;
        }
        canvas.vulkanWindow()->restartDevice();
        QTRY_COMPARE(device_.imports.load(), 2);
        QTRY_COMPARE(device_.writers.load(), 1);
        QTRY_COMPARE(onScreen(canvas), QColor(Qt::black));
        session.stop();
    }

private:
    FakeDevice device_;
    SessionBridge bridge_;
    Session session_{std::make_unique<FakeMaker>(device_), bridge_};
    CanvasWidget painted_{{.drawing = CanvasDrawing::Painted}};
};

QTEST_MAIN(TestSharedPreview)
#include "test_shared_preview.moc"
