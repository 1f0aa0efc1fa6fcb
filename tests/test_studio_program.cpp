// The studio as a person uses it: the real program in a window, keys on a keyboard, pictures on a screen, files on disk.
#include <QtTest/QtTest>

#include <csignal>

#include "app/media/video_file.h"
#include "app/project/project.h"
#include "tests/virtual_screen.h"

using namespace longtake;

namespace {

constexpr int kPatience = 120'000;  // a busy machine is slow; nothing here waits for the time itself

// What a player sees: pictures in the first video stream, -1 where the file does not open.
int pictures(const QString& file) {
    QProcess probe;
    probe.start("ffprobe", {"-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries", "stream=nb_read_frames", "-of",
                            "csv=p=0", file});
    if (!probe.waitForFinished(kPatience) || probe.exitCode() != 0) return -1;
    bool ok = false;
    const int count = QString::fromUtf8(probe.readAllStandardOutput()).trimmed().remove(',').toInt(&ok);
    return ok ? count : -1;
}

// Mean colour where the canvas shows its picture, below the figures.
QColor shown(VirtualScreen& screen) {
    const QImage all = screen.picture();
    if (all.isNull()) return {};
    const QImage part = all.copy(QRect(all.width() * 3 / 10, all.height() * 4 / 10, all.width() / 4, all.height() / 8));
    const QColor mean = part.scaled(1, 1, Qt::IgnoreAspectRatio, Qt::SmoothTransformation).pixelColor(0, 0);
    return mean;
}

// Whether it is seen once; QTRY_VERIFY looks a second time, and a picture moves.
template <typename Condition>
bool comes(Condition condition) {
    QElapsedTimer waited;
    waited.start();
    while (!condition()) {
        if (waited.elapsed() > kPatience) return false;
        QTest::qWait(50);
    }
    return true;
}

int distance(QColor a, QColor b) { return std::abs(a.red() - b.red()) + std::abs(a.green() - b.green()) + std::abs(a.blue() - b.blue()); }

}  // namespace

class TestStudioProgram final : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        QVERIFY2(QFileInfo::exists(QStringLiteral(LONGTAKE_SOURCE_DIR "/resources/models/tidepool/model.json")),
                 "the embedded model is missing");
        QVERIFY2(screen_.start(), qPrintable(screen_.problem()));
    }
    void init() {
        home_ = std::make_unique<QTemporaryDir>();
        QVERIFY(home_->isValid());
    }
    void cleanup() {
        program_.kill();
        program_.waitForFinished();
    }

    void steersAndExports() {
        const QString window = start();
        QVERIFY(!window.isEmpty());
        QVERIFY2(comes([&] { return shown(screen_).blue() > 120; }), "the ocean at noon was not seen");
        const QColor before = shown(screen_);

        screen_.focus(window);
        screen_.press("ctrl+l");
        screen_.type("The desert at night");
        screen_.press("Return");
        QVERIFY2(comes([&] { return distance(shown(screen_), before) > 60; }), "the picture did not change");

        screen_.press("ctrl+e");
        QVERIFY(!screen_.window("^Export$").isEmpty());
        screen_.press("alt+l");
        screen_.press("ctrl+a");
        screen_.type(file("out.mp4"));
        screen_.press("Return");
        QTRY_VERIFY2_WITH_TIMEOUT(QFileInfo::exists(file("out.mp4")), "nothing was exported", kPatience);
        QVERIFY(!QFileInfo::exists(file("out.part.mp4")));
        const int frames = pictures(file("out.mp4"));
        QVERIFY2(frames >= 21, qPrintable(QString::number(frames)));
        const Result<std::string> json = readEmbeddedProject(file("out.mp4").toStdString());
        QVERIFY2(json.ok(), json.ok() ? "" : json.message().c_str());
        const Result<Project> project = Project::parse(*json, "out.mp4");
        QVERIFY2(project.ok(), project.ok() ? "" : project.message().c_str());
        QCOMPARE(project->timeline.segments().back().text, std::string("The desert at night"));
        QCOMPARE(project->timeline.size(), size_t{2});
        QVERIFY(project->chunks * 12 >= frames);

        // An ordinary end, asked for at the window; unsaved edits are asked about.
        screen_.focus(window);
        screen_.press("ctrl+q");
        QVERIFY(!screen_.window("^Save changes").isEmpty());
        screen_.press("alt+d");
        QVERIFY(program_.waitForFinished(kPatience));
        QCOMPARE(program_.exitStatus(), QProcess::NormalExit);
        QCOMPARE(program_.exitCode(), 0);
        QVERIFY2(autosaves().isEmpty(), "an ordinary end left an autosave");
    }

    void aKilledRecordingIsPlayableAndOfferedAgain() {
        QString window = start();
        QVERIFY(!window.isEmpty());
        QVERIFY(comes([&] { return shown(screen_).blue() > 120; }));
        screen_.focus(window);
        screen_.press("ctrl+l");
        screen_.type("The desert at sunset");
        screen_.press("Return");
        screen_.press("Escape");
        screen_.press("r");
        const QString part = file("Untitled.part.mp4");
        QTRY_VERIFY2_WITH_TIMEOUT(pictures(part) >= 16, "nothing reached the disk while recording", kPatience);
        QVERIFY(::kill(static_cast<pid_t>(program_.processId()), SIGKILL) == 0);
        QVERIFY(program_.waitForFinished(kPatience));
        const int recorded = pictures(part);
        QVERIFY2(recorded >= 16, qPrintable(QString::number(recorded)));
        QCOMPARE(autosaves().size(), 1);

        window = start();
        QVERIFY(!window.isEmpty());
        QVERIFY(comes([&] { return shown(screen_).blue() > 120; }));
        screen_.focus(window);
        screen_.press("alt+o");  // Restore
        const QString whole = file("Untitled.mp4");
        QTRY_VERIFY2_WITH_TIMEOUT(QFileInfo::exists(whole), "the recording was not offered", kPatience);
        QTRY_VERIFY(!QFileInfo::exists(part));
        QVERIFY(pictures(whole) >= 16);
        QVERIFY(readEmbeddedProject(whole.toStdString()).ok());
    }

    void withoutVulkanItPaints() {
        vulkanDrivers_ = "/nowhere.json";
        const bool started = !start().isEmpty();
        vulkanDrivers_.clear();
        QVERIFY(started);
        QVERIFY2(comes([&] { return shown(screen_).blue() > 120; }), "the ocean at noon was not seen");
    }

    void withoutADisplayItSaysSo_data() {
        QTest::addColumn<QString>("display");
        QTest::newRow("none") << "";
        QTest::newRow("one that is not there") << ":4711";
    }
    void withoutADisplayItSaysSo() {
        QFETCH(QString, display);
        const auto run = [&](const QStringList& arguments) {
            QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
            for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}) environment.remove(name);
            if (!display.isEmpty()) environment.insert("DISPLAY", display);
            program_.setProcessEnvironment(environment);
            program_.setProcessChannelMode(QProcess::SeparateChannels);
            program_.start(QStringLiteral(LONGTAKE_BINARY_DIR "/bin/longtake"), arguments);
            return program_.waitForFinished(kPatience) && program_.exitStatus() == QProcess::NormalExit;
        };
        QVERIFY(run({}));
        QCOMPARE(program_.exitCode(), 1);
        const QByteArray line = program_.readAllStandardError();
        QVERIFY2(line.contains(display.isEmpty() ? "DISPLAY" : display.toUtf8()) && line.count('\n') == 1, line.constData());
        QVERIFY(run({"--version"}));
        QCOMPARE(program_.exitCode(), 0);
        QCOMPARE(program_.readAllStandardOutput(), QByteArray("longtake 0.1.0\n"));
        QVERIFY(run({"--help", "--language", "de"}));
        QVERIFY(program_.readAllStandardOutput().contains("--no-vulkan"));
    }

private:
    // The title's window once it is on the screen.
    QString start() {
        QProcessEnvironment environment = screen_.environment();
        for (const char* name : {"HOME", "XDG_RUNTIME_DIR"}) environment.insert(name, home_->path());
        environment.insert("XDG_DATA_HOME", home_->filePath("data"));
        environment.insert("XDG_CONFIG_HOME", home_->filePath("config"));
        if (!vulkanDrivers_.isEmpty()) environment.insert("VK_ICD_FILENAMES", vulkanDrivers_);
        program_.setProcessEnvironment(environment);
        program_.setProcessChannelMode(QProcess::ForwardedChannels);
        program_.start(QStringLiteral(LONGTAKE_BINARY_DIR "/bin/longtake"), {"--dark", "--language", "en"});
        return program_.waitForStarted() ? screen_.window("Longtake$", kPatience) : QString();
    }
    QString file(const QString& name) const { return home_->filePath(name); }

    QStringList autosaves() const { return QDir(file("data/longtake/longtake/autosave")).entryList({"*.longtake"}, QDir::Files); }

    VirtualScreen screen_;
    QString vulkanDrivers_;  // of the next start; empty: lavapipe
    std::unique_ptr<QTemporaryDir> home_;
    QProcess program_;
};

QTEST_GUILESS_MAIN(TestStudioProgram)
#include "test_studio_program.moc"
