// Exporter with a fake sink that can be slow, stuck or broken, and with each of the real sinks.
#include "app/media/exporter.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>

#include <QDir>
#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QtTest>

#include "app/media/animation_writer.h"
#include "app/media/ffmpeg_handles.h"
#include "app/media/png_file.h"
#include "app/media/png_sequence.h"
#include "app/media/video_file.h"
#include "app/media/video_writer.h"
#include "tests/read_picture.h"

using namespace longtake;
using namespace std::chrono_literals;

namespace {

constexpr PictureSize kSize{48, 32};

OwnedFrame makeFrame(int number, PixelFormat format = PixelFormat::Rgb24) {
    OwnedFrame frame(kSize, format);
    const int step = bytesPerPixel(format);
    for (int y = 0; y < kSize.height; ++y) {
        for (int x = 0; x < kSize.width; ++x) {
            uint8_t* pixel = frame.row(y) + x * step;
            pixel[0] = static_cast<uint8_t>(number);
            pixel[1] = static_cast<uint8_t>(x * 5);
            pixel[2] = static_cast<uint8_t>(y * 7);
            if (step == 4) pixel[3] = 255;
        }
    }
    return frame;
}

// What happened to a FakeSink, seen from the test's thread.
struct SinkLog {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = true;  // a closed gate holds write() back
    int failAt = -1;   // the write that fails
    std::vector<int> numbers;
    bool finished = false;
    bool cancelled = false;
    std::string lastWords;

    void setOpen(bool value) {
        const std::lock_guard lock(mutex);
        open = value;
        changed.notify_all();
    }
};

class FakeSink final : public ExportSink {
public:
    explicit FakeSink(SinkLog& log) : log_(log) {}

    Result<void> write(const FrameView& frame) override {
        std::unique_lock lock(log_.mutex);
        log_.changed.wait(lock, [this] { return log_.open; });
        if (static_cast<int>(log_.numbers.size()) == log_.failAt) return Error{"cannot write fake: the disk is full"};
        log_.numbers.push_back(frame.data[0]);
        return {};
    }
    Result<void> finish() override {
        const std::lock_guard lock(log_.mutex);
        log_.finished = true;
        return {};
    }
    void cancel() override {
        const std::lock_guard lock(log_.mutex);
        log_.cancelled = true;
    }
    const std::string& path() const override { return path_; }
    SinkLog& log() { return log_; }

private:
    SinkLog& log_;
    std::string path_ = "fake";
};

std::unique_ptr<Exporter> exporterFor(SinkLog& log, size_t queueFrames, std::chrono::milliseconds maxWait) {
    ExporterOptions options;
    options.queueFrames = queueFrames;
    options.maxWait = maxWait;
    return std::make_unique<Exporter>(std::make_unique<FakeSink>(log), options);
}

struct Decoded {
    int frames = 0;
    PictureSize size;
    double seconds = 0;
};

Decoded decodeGif(const std::string& path) {
    Decoded result;
    AVFormatContext* raw = nullptr;
    if (avformat_open_input(&raw, path.c_str(), nullptr, nullptr) < 0) return result;
    const InputContextPtr input(raw);
    avformat_find_stream_info(input.get(), nullptr);
    const AVStream* stream = input->streams[0];
    result.size = {stream->codecpar->width, stream->codecpar->height};
    const AvPacketPtr packet(av_packet_alloc());
    while (av_read_frame(input.get(), packet.get()) >= 0) {
        ++result.frames;
        result.seconds += static_cast<double>(packet->duration) * av_q2d(stream->time_base);
        av_packet_unref(packet.get());
    }
    return result;
}

int countOf(const std::string& bytes, const std::string& what) {
    int count = 0;
    for (size_t at = bytes.find(what); at != std::string::npos; at = bytes.find(what, at + 1)) ++count;
    return count;
}

QStringList namesIn(const QString& folder) { return QDir(folder).entryList(QDir::Files | QDir::Hidden, QDir::Name); }

}  // namespace

class TestExporter : public QObject {
    Q_OBJECT

private slots:
    void writesEveryFrameInOrder() {
        SinkLog log;
        std::atomic<int> calls{0};
        ExporterOptions options;
        options.queueFrames = 4;
        options.maxWait = std::chrono::milliseconds::max();
        options.onProgress = [&] { ++calls; };
        Exporter exporter(std::make_unique<FakeSink>(log), options);
        std::vector<int> expected;
        for (int i = 0; i < 200; ++i) {
            QVERIFY(exporter.push(makeFrame(i % 250).view()) == PushResult::Accepted);
            expected.push_back(i % 250);
        }
        exporter.finish([](ExportSink& sink) { static_cast<FakeSink&>(sink).log().lastWords = "bye"; });
        QVERIFY(exporter.wait().ok());
        QCOMPARE(log.numbers, expected);
        QVERIFY(log.finished && !log.cancelled);
        QCOMPARE(log.lastWords, std::string("bye"));
        QCOMPARE(exporter.progress().written, int64_t{200});
        QVERIFY(calls >= 200);
        QVERIFY(exporter.push(makeFrame(0).view()) == PushResult::Closed);
    }

    void aFullQueueIsReportedAtOnce() {
        SinkLog log;
        log.open = false;
        const auto exporter = exporterFor(log, 3, 0ms);
        int accepted = 0;
        QElapsedTimer timer;
        timer.start();
        while (exporter->push(makeFrame(accepted).view()) == PushResult::Accepted) ++accepted;
        QVERIFY(accepted >= 3 && accepted <= 4);  // one may be with the sink already
        QVERIFY(timer.elapsed() < 1000);
        QVERIFY(exporter->progress().refused == 1);
        log.setOpen(true);
        exporter->finish();
        QVERIFY(exporter->wait().ok());
        QCOMPARE(static_cast<int>(log.numbers.size()), accepted);
    }

    void aFullQueueBlocksNoLongerThanAllowed() {
        SinkLog log;
        log.open = false;
        const auto exporter = exporterFor(log, 1, 80ms);
        while (exporter->progress().refused == 0) (void)exporter->push(makeFrame(0).view());
        QElapsedTimer timer;
        timer.start();
        QVERIFY(exporter->push(makeFrame(0).view()) == PushResult::Full);
        QVERIFY2(timer.elapsed() >= 75, qPrintable(QString::number(timer.elapsed())));
        QVERIFY2(timer.elapsed() < 2000, qPrintable(QString::number(timer.elapsed())));
        log.setOpen(true);
    }

    void aBlockedProducerIsWokenByCancel() {
        SinkLog log;
        log.open = false;
        const auto exporter = exporterFor(log, 1, std::chrono::milliseconds::max());
        std::atomic<int> accepted{0};
        PushResult last = PushResult::Accepted;
        std::thread producer([&] {
            while (last == PushResult::Accepted) {
                last = exporter->push(makeFrame(0).view());
                ++accepted;
            }
        });
        while (accepted < 1) std::this_thread::yield();
        exporter->cancel();
        producer.join();
        QVERIFY(last == PushResult::Closed);
        log.setOpen(true);
        QVERIFY(!exporter->wait().ok());
        QVERIFY(log.cancelled && !log.finished);
        QVERIFY(exporter->progress().state == ExportState::Cancelled);
    }

    void givesWayToWhatComputesWhenAsked() {
        for (const bool givesWay : {false, true}) {
            std::atomic<int> niceness = -100;
            SinkLog log;
            Exporter exporter(std::make_unique<FakeSink>(log), {.givesWay = givesWay, .onProgress = [&] {
                                                                    niceness = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
                                                                }});
            QCOMPARE(exporter.push(makeFrame(0).view()), PushResult::Accepted);
            exporter.finish();
            QVERIFY(exporter.wait().ok());
            const int own = ::getpriority(PRIO_PROCESS, 0);
            QCOMPARE(niceness.load(), givesWay ? std::max(own, 10) : own);
        }
    }

    void aFailingSinkIsReportedAndClosesTheQueue() {
        SinkLog log;
        log.failAt = 2;
        const auto exporter = exporterFor(log, 8, std::chrono::milliseconds::max());
        PushResult result = PushResult::Accepted;
        for (int i = 0; i < 100000 && result == PushResult::Accepted; ++i) result = exporter->push(makeFrame(0).view());
        QVERIFY(result == PushResult::Closed);
        const auto over = exporter->wait();
        QVERIFY(!over.ok());
        QCOMPARE(over.message(), std::string("cannot write fake: the disk is full"));
        QVERIFY(exporter->progress().state == ExportState::Failed);
        QVERIFY(!log.finished);
    }

    void anAbandonedExporterStops() {
        SinkLog log;
        {
            const auto exporter = exporterFor(log, 8, 0ms);
            for (int i = 0; i < 4; ++i) (void)exporter->push(makeFrame(i).view());
        }
        QVERIFY(!log.finished && !log.cancelled);
    }

    void exportsVideo() {
        QTemporaryDir folder;
        const std::string path = folder.filePath("a.mp4").toStdString();
        auto writer = VideoWriter::create(path, kSize, VideoOptions{});
        QVERIFY(writer.ok());
        ExporterOptions options;
        options.maxWait = std::chrono::milliseconds::max();
        Exporter exporter(std::move(*writer), options);
        for (int i = 0; i < 40; ++i) QVERIFY(exporter.push(makeFrame(i).view()) == PushResult::Accepted);
        exporter.finish([](ExportSink& sink) { (void)static_cast<VideoWriter&>(sink).setProject("{\"at\":\"end\"}"); });
        QVERIFY(exporter.wait().ok());
        QCOMPARE(namesIn(folder.path()), QStringList{"a.mp4"});
        const auto project = readEmbeddedProject(path);
        QVERIFY(project.ok());
        QCOMPARE(*project, std::string("{\"at\":\"end\"}"));
    }

    void cancelledVideoLeavesNothing() {
        QTemporaryDir folder;
        auto writer = VideoWriter::create(folder.filePath("a.mp4").toStdString(), kSize, VideoOptions{});
        QVERIFY(writer.ok());
        Exporter exporter(std::move(*writer), ExporterOptions{});
        for (int i = 0; i < 10; ++i) (void)exporter.push(makeFrame(i).view());
        exporter.cancel();
        QVERIFY(!exporter.wait().ok());
        QCOMPARE(namesIn(folder.path()), QStringList{});
    }

    void writesNumberedPngs() {
        QTemporaryDir folder;
        const QString frames = folder.filePath("deep/frames");
        auto sequence = PngSequence::create(frames.toStdString());
        QVERIFY2(sequence.ok(), sequence.ok() ? "" : sequence.message().c_str());
        for (int i = 0; i < 3; ++i) {
            const PixelFormat format = i == 1 ? PixelFormat::Rgba : PixelFormat::Rgb24;
            QVERIFY((*sequence)->write(makeFrame(100 + i, format).view()).ok());
        }
        QVERIFY((*sequence)->finish().ok());
        QCOMPARE(namesIn(frames), (QStringList{"frame_000001.png", "frame_000002.png", "frame_000003.png"}));
        for (int i = 0; i < 3; ++i) {
            const ReadPicture image(frames.toStdString() + "/" + PngSequence::frameName(i + 1));
            QCOMPARE(image.width, kSize.width);
            QCOMPARE(image.height, kSize.height);
            QVERIFY((image.at(7, 9) == std::array<int, 3>{100 + i, 35, 63}));
        }
        const auto again = PngSequence::create(frames.toStdString());
        QVERIFY(!again.ok());
        QVERIFY(again.message().find("already holds frames") != std::string::npos);
    }

    void cancelledPngsAreRemoved() {
        QTemporaryDir folder;
        const QString frames = folder.filePath("frames");
        auto sequence = PngSequence::create(frames.toStdString());
        QVERIFY(sequence.ok());
        QVERIFY((*sequence)->write(makeFrame(1).view()).ok());
        (*sequence)->cancel();
        QVERIFY(!QFileInfo::exists(frames));
    }

    void unwritablePlacesAreSaid() {
        QTemporaryDir folder;
        std::ofstream(folder.filePath("file").toStdString()) << "x";
        const std::string inFile = folder.filePath("file/frames").toStdString();
        const std::string missing = folder.filePath("none/a.gif").toStdString();
        QVERIFY(PngSequence::create(inFile).message().find("cannot make the folder " + inFile) == 0);
        QVERIFY(writePng(missing, makeFrame(0).view()).message().find("cannot write " + missing) == 0);
        const auto gif = AnimationWriter::create(missing, kSize, AnimationOptions{});
        QVERIFY(!gif.ok());
        QVERIFY(gif.message().find("cannot write " + missing + ": there is no such file or folder") == 0);
    }

    void writesGif() {
        QTemporaryDir folder;
        const std::string path = folder.filePath("a.gif").toStdString();
        AnimationOptions options;
        options.size = {24, 16};
        auto gif = AnimationWriter::create(path, kSize, options);
        QVERIFY2(gif.ok(), gif.ok() ? "" : gif.message().c_str());
        for (int i = 0; i < 17; ++i) QVERIFY((*gif)->write(makeFrame(i * 10).view()).ok());
        QVERIFY(!std::filesystem::exists(path));
        QVERIFY((*gif)->finish().ok());
        QCOMPARE(namesIn(folder.path()), QStringList{"a.gif"});
        const Decoded seen = decodeGif(path);
        QCOMPARE(seen.frames, 17);
        QVERIFY((seen.size == PictureSize{24, 16}));
        QVERIFY2(std::abs(seen.seconds - 17 / 16.0) < 0.02, qPrintable(QString::number(seen.seconds)));
        // The colours survive the palette, here in the first frame.
        const auto [red, green, blue] = ReadPicture(path).at(12, 8);
        QVERIFY2(red < 24, qPrintable(QString::number(red)));
        QVERIFY2(std::abs(green - 120) < 24, qPrintable(QString::number(green)));
        QVERIFY2(std::abs(blue - 112) < 24, qPrintable(QString::number(blue)));
    }

    void writesWebp() {
        QTemporaryDir folder;
        const std::string path = folder.filePath("a.webp").toStdString();
        AnimationOptions options;
        options.kind = AnimationKind::Webp;
        auto webp = AnimationWriter::create(path, kSize, options);
        QVERIFY2(webp.ok(), webp.ok() ? "" : webp.message().c_str());
        for (int i = 0; i < 9; ++i) QVERIFY((*webp)->write(makeFrame(i * 25).view()).ok());
        QVERIFY((*webp)->finish().ok());
        std::ifstream file(path, std::ios::binary);
        const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
        QCOMPARE(bytes.substr(0, 4), std::string("RIFF"));
        QCOMPARE(bytes.substr(8, 4), std::string("WEBP"));
        QCOMPARE(countOf(bytes, "ANMF"), 9);
    }

    void aCancelledAnimationLeavesNothing() {
        QTemporaryDir folder;
        {
            auto gif = AnimationWriter::create(folder.filePath("a.gif").toStdString(), kSize, AnimationOptions{});
            QVERIFY(gif.ok());
            QVERIFY((*gif)->write(makeFrame(1).view()).ok());
        }
        QCOMPARE(namesIn(folder.path()), QStringList{});
    }

    void hashesSeeThePictureOnly() {
        const OwnedFrame rgb = makeFrame(7);
        QCOMPARE(frameHash(rgb.view()), frameHash(makeFrame(7, PixelFormat::Rgba).view()));
        QVERIFY(frameHash(rgb.view()) != frameHash(makeFrame(8).view()));
        FrameView cropped = rgb.view();
        cropped.width /= 2;  // rows with bytes between them
        QCOMPARE(frameHash(cropped), frameHash(OwnedFrame(cropped).view()));
    }
};

QTEST_GUILESS_MAIN(TestExporter)
#include "test_exporter.moc"
