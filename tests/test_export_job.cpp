// Exports of a take's frames: afterwards, while it grows, cancelled, and with the project inside.
#include <QtTest/QtTest>

#include <filesystem>
#include <thread>

#include "app/media/png_sequence.h"
#include "app/media/video_file.h"
#include "app/media/video_writer.h"
#include "app/session/export_job.h"

using namespace longtake;

namespace {

constexpr int kSide = 32;

std::shared_ptr<FrameStore> storeOf(int frames, int64_t maxBytes = int64_t{1} << 30) {
    auto store = FrameStore::create(kSide, kSide, {.folder = {}, .maxBytes = maxBytes});
    if (!store) return nullptr;
    for (int i = 0; i < frames; ++i) {
        const Frame8 frame{kSide, kSide, std::vector<uint8_t>(kSide * kSide * 3, static_cast<uint8_t>(i))};
        if (!(*store)->append(frame)) return nullptr;
    }
    return *store;
}

Result<std::unique_ptr<ExportSink>> video(const std::string& path, const std::string& project = {}) {
    auto made = VideoWriter::create(path, {kSide, kSide}, {.projectJson = project});
    if (!made) return made.error();
    return std::unique_ptr<ExportSink>(std::move(*made));
}

}  // namespace

class TestExportJob final : public QObject {
    Q_OBJECT

private slots:
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void aRangeIsWrittenWithBothEnds() {
        auto sink = PngSequence::create(path("frames"));
        QVERIFY(sink.ok());
        ExportJob job(storeOf(20), std::move(*sink), {.first = 5, .last = 8}, nullptr);
        QVERIFY(job.wait().ok());
        QCOMPARE(job.progress().written, int64_t{4});
        QCOMPARE(job.share(), 1.0);
        QCOMPARE(QDir(folder_->filePath("frames")).entryList(QDir::Files).size(), 4);
    }

    void aRecordingFollowsTheTakeUntilItIsFinished() {
        const auto store = storeOf(3);
        auto sink = video(path("take.mp4"), "{\"early\": 1}");
        QVERIFY2(sink.ok(), sink.ok() ? "" : sink.message().c_str());
        ExportJob job(store, std::move(*sink), {.first = 1, .last = {}}, nullptr);
        for (int i = 3; i < 90; ++i) {
            QVERIFY(store->append({kSide, kSide, std::vector<uint8_t>(kSide * kSide * 3, static_cast<uint8_t>(i))}).ok());
            if (i % 12 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        job.finish("{\"late\": 1}");
        QVERIFY(job.wait().ok());
        QCOMPARE(job.progress().written, int64_t{89});
        const auto project = readEmbeddedProject(path("take.mp4"));
        QVERIFY(project.ok());
        QVERIFY(project->find("late") != std::string::npos);
    }

    void aRecordingEndsWithItsTake() {
        const auto store = storeOf(10);
        auto sink = video(path("take.mp4"));
        QVERIFY(sink.ok());
        ExportJob job(store, std::move(*sink), {.first = 0, .last = {}}, nullptr);
        store->close();
        QVERIFY(job.wait().ok());
        QCOMPARE(job.progress().written, int64_t{10});
    }

    void cancellingLeavesNothing() {
        const auto store = storeOf(200);
        auto sink = video(path("take.mp4"));
        QVERIFY(sink.ok());
        ExportJob job(store, std::move(*sink), {.first = 0, .last = {}}, nullptr);
        job.cancel();
        QVERIFY(!job.wait().ok());
        QCOMPARE(job.progress().state, ExportState::Cancelled);
        QVERIFY(QDir(folder_->path()).entryList(QDir::Files).isEmpty());
    }

    void aDestroyedRecordingCanBeRecovered() {
        const auto store = storeOf(60);
        auto sink = video(path("take.mp4"), "{}");
        QVERIFY(sink.ok());
        const std::string part = static_cast<VideoWriter&>(**sink).partPath();
        {
            ExportJob job(store, std::move(*sink), {.first = 0, .last = {}}, nullptr);
            QTRY_VERIFY(job.progress().written == 60);
        }
        QVERIFY(!std::filesystem::exists(path("take.mp4")));
        const auto recovered = recoverPartial(part);
        QVERIFY2(recovered.ok(), recovered.ok() ? "" : recovered.message().c_str());
        QVERIFY(recovered->frames >= 32);
    }

    void forgottenFramesAreSkipped() {
        const auto store = storeOf(40, 24 * kSide * kSide * 3);
        auto sink = PngSequence::create(path("frames"));
        QVERIFY(sink.ok());
        ExportJob job(store, std::move(*sink), {.first = 0, .last = 39}, nullptr);
        QVERIFY(job.wait().ok());
        QCOMPARE(job.progress().written, 40 - store->firstFrame());
    }

private:
    std::string path(const char* name) const { return folder_->filePath(QString::fromLatin1(name)).toStdString(); }

    std::unique_ptr<QTemporaryDir> folder_;
};

QTEST_APPLESS_MAIN(TestExportJob)
#include "test_export_job.moc"
