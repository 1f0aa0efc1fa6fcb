// The studio's window as a whole, without a screen: bad input gives a message and nothing breaks.
#include <QtTest/QtTest>

#include <QAction>
#include <QApplication>
#include <QComboBox>
#include <QDropEvent>
#include <QImage>
#include <QLineEdit>
#include <QMimeData>
#include <QPushButton>
#include <QSettings>
#include <QSlider>
#include <QToolButton>
#include <filesystem>

#include "app/project/project.h"
#include "app/studio/export_controller.h"
#include "app/studio/export_dialog.h"
#include "app/studio/main_window.h"
#include "app/studio/notice_bar.h"
#include "app/studio/project_controller.h"
#include "app/studio/recording_dialog.h"
#include "app/studio/take_controller.h"
#include "tests/plain_home.h"
#include "tests/window_main.h"
#include "ui/canvas/canvas_widget.h"
#include "ui/panels/cache_panel.h"
#include "ui/panels/prompt_bar.h"
#include "ui/panels/rank_panel.h"
#include "ui/panels/session_panel.h"
#include "ui/theme/theme.h"
#include "ui/timeline/timeline_panel.h"

using namespace longtake;

namespace {

const StudioOptions kPlain{.useVulkan = false, .remembersLayout = false};

void steer(MainWindow& window, const QString& prompt) {
    window.widgets().prompt->setText(prompt);
    QTest::keyClick(window.widgets().prompt->edit(), Qt::Key_Return);
}

ExportController& exportsOf(MainWindow& window) { return *window.findChild<ExportController*>(); }

ExportWish wishFor(const QString& path) {
    ExportWish wish;
    wish.path = path;
    wish.rate = {16, 1};
    return wish;
}

int picturesIn(const ExportWish& wish) {
    if (wish.format == ExportFormat::PngSequence) return static_cast<int>(QDir(wish.path).entryList({"*.png"}, QDir::Files).size());
    QFile file(wish.path);
    if (wish.format == ExportFormat::Webp) {
        // Pictures that look the same are one that is shown longer: their milliseconds say how many there were.
        if (!file.open(QIODevice::ReadOnly)) return -1;
        const QByteArray bytes = file.readAll();
        double shownMs = 0;
        for (qsizetype at = bytes.indexOf("ANMF"); at >= 0; at = bytes.indexOf("ANMF", at + 1))
            for (int i = 0; i < 3; ++i) shownMs += static_cast<double>(static_cast<uchar>(bytes[at + 20 + i]) << (8 * i));
        return static_cast<int>(std::lround(shownMs / 1000 * wish.rate.perSecond()));
    }
    QProcess probe;
    probe.start("ffprobe", {"-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries", "stream=nb_read_frames", "-of",
                            "csv=p=0", wish.path});
    return probe.waitForFinished() ? QString::fromUtf8(probe.readAllStandardOutput()).trimmed().remove(',').toInt() : -1;
}

QString codecIn(const QString& path) {
    QProcess probe;
    probe.start("ffprobe", {"-v", "error", "-select_streams", "v:0", "-show_entries", "stream=codec_name", "-of", "csv=p=0", path});
    if (!probe.waitForFinished()) return {};
    return QString::fromUtf8(probe.readAllStandardOutput()).trimmed().remove(',').replace("hevc", "h265");
}

QAction* actionOf(MainWindow& window, const QKeySequence& shortcut) {
    for (QAction* action : window.findChildren<QAction*>())
        if (action->shortcut() == shortcut) return action;
    qFatal("there is no %s", qPrintable(shortcut.toString()));
}

void drop(MainWindow& window, const QString& path) {
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(path)});
    QDragEnterEvent enter(QPoint(10, 10), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&window, &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent event(QPointF(10, 10), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&window, &event);
    QVERIFY(event.isAccepted());
}

}  // namespace

class TestStudio final : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        QVERIFY(home_.isValid());
        useAsHome(home_);
        applyTheme(*qApp, Appearance::Dark);
    }

    void aFileThatIsNoProjectGivesAMessage() {
        const QString path = home_.filePath("broken.longtake");
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("{\"format\": \"something else\"}");
        file.close();
        MainWindow window(kPlain);
        window.show();
        QVERIFY(!window.projects().openPath(path));
        QVERIFY2(window.notice().text().contains("broken.longtake"), qPrintable(window.notice().text()));
        QVERIFY(window.notice().isVisible());
    }

    void anErrorDoesNotLoseTheQuestionItCovers() {
        NoticeBar bar;
        int answered = 0;
        const auto closeIt = [&] { bar.findChild<QToolButton*>()->click(); };
        bar.ask("Restore?", {{"Yes", [&] { ++answered; }}});
        bar.showError("No such file.", "errno 2");
        QCOMPARE(bar.text(), QString("No such file."));
        closeIt();
        QCOMPARE(bar.text(), QString("Restore?"));
        QVERIFY(bar.detail().isEmpty() && !bar.isHidden());
        closeIt();
        QVERIFY(bar.isHidden());
        // And one that comes after an error waits for it.
        bar.showError("No such file.");
        bar.ask("Restore?", {{"Yes", [&] { ++answered; }}});
        QCOMPARE(bar.text(), QString("No such file."));
        closeIt();
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);  // the buttons of the first time
        for (QPushButton* button : bar.findChildren<QPushButton*>())
            if (button->text() == "Yes") button->click();
        QCOMPARE(answered, 1);
        QVERIFY(bar.isHidden());
    }

    void aMissingFileGivesAMessage() {
        MainWindow window(kPlain);
        QVERIFY(!window.projects().openPath(home_.filePath("nowhere.mp4")));
        QVERIFY(window.notice().text().contains("nowhere.mp4"));
    }

    void tenThousandWordsAreRefusedInWords() {
        MainWindow window(kPlain);
        window.show();
        steer(window, QString("ocean ").repeated(10'000));
        QVERIFY(!window.takes().hasTake());
        QVERIFY(!window.widgets().prompt->hint().isEmpty());
        QVERIFY(!window.widgets().prompt->steerButton()->isEnabled());
    }

    void aTakeIsSteeredAndItsProjectComesBack() {
        const std::string folder = LONGTAKE_SOURCE_DIR "/resources/models/tidepool";
        if (!std::filesystem::exists(folder + "/model.json")) QSKIP("the embedded model is not there");
        MainWindow window(kPlain);
        window.show();
        window.begin({});
        QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() >= 8, 60'000);
        steer(window, "a mountain lake at dawn");
        QTRY_VERIFY_WITH_TIMEOUT(window.widgets().prompt->hint().contains("it took"), 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(window.takes().frameHashes().size() >= 21, 60'000);
        const QString path = home_.filePath("take.longtake");
        const Project project = window.projects().current(ProjectController::Hashes::With);
        QVERIFY(project.save(path.toStdString()).ok());
        QCOMPARE(project.timeline.segments().back().text, std::string("a mountain lake at dawn"));
        QVERIFY(!project.frameHashes.empty());

        const std::vector<uint64_t> first = project.frameHashes;
        MainWindow again(kPlain);
        again.show();
        QVERIFY(again.projects().openPath(path));
        QTRY_VERIFY_WITH_TIMEOUT(again.takes().frameHashes().size() >= 21, 60'000);
        for (size_t i = 0; i < 21; ++i) QCOMPARE(again.takes().frameHashes()[i], first[i]);
    }

    void aDroppedPictureBeginsATake() {
        const QString picture = home_.filePath("sea.png");
        QImage image(64, 64, QImage::Format_RGB888);
        image.fill(QColor(20, 90, 160));
        QVERIFY(image.save(picture));
        MainWindow window(kPlain);
        window.show();
        drop(window, picture);
        QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() >= 8, 60'000);
        QCOMPARE(window.widgets().session->startImageEdit()->text(), QStringLiteral("sea.png"));
        const std::optional<Frame8> first = window.takes().store()->read(0);
        QVERIFY(first.has_value());
        const size_t middle =
            3 * (static_cast<size_t>(first->height) / 2 * static_cast<size_t>(first->width) + static_cast<size_t>(first->width) / 2);
        QVERIFY2(std::abs(first->rgb[middle + 2] - 160) < 40 && std::abs(first->rgb[middle] - 20) < 40,
                 "the take does not begin with the picture");
        QCOMPARE(window.projects().current(ProjectController::Hashes::Without).startImage, picture.toStdString());
        QVERIFY(window.projects().isDirty());
        actionOf(window, QKeySequence::Undo)->trigger();
        QVERIFY(window.widgets().session->startImageEdit()->text().isEmpty());
    }

    void aTakeFromAPictureComesBackWithoutItsFile() {
        const QString picture = home_.filePath("lake.png"), video = home_.filePath("lake.mp4");
        QImage image(128, 80, QImage::Format_RGB888);
        for (int y = 0; y < 80; ++y)
            for (int x = 0; x < 128; ++x) image.setPixelColor(x, y, QColor(2 * x, 3 * y, 160));
        QVERIFY(image.save(picture));
        std::vector<uint64_t> hashes;
        {
            MainWindow window(kPlain);
            window.show();
            drop(window, picture);
            QTRY_VERIFY_WITH_TIMEOUT(window.takes().frameHashes().size() >= 33, 60'000);
            exportsOf(window).start(wishFor(video));
            QTRY_VERIFY_WITH_TIMEOUT(QFileInfo::exists(video), 60'000);
            hashes = window.takes().frameHashes();
        }
        QVERIFY(QFile::remove(picture));
        MainWindow again(kPlain);
        again.show();
        drop(again, video);
        QTRY_VERIFY2_WITH_TIMEOUT(again.takes().frameHashes().size() >= 33, qPrintable(again.notice().text()), 60'000);
        for (size_t i = 0; i < 33; ++i) QCOMPARE(again.takes().frameHashes()[i], hashes[i]);
    }

    void aDroppedFileThatIsNoPictureGivesAMessage() {
        const QString picture = home_.filePath("none.png");
        QFile file(picture);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("no picture");
        file.close();
        MainWindow window(kPlain);
        window.show();
        drop(window, picture);
        QTRY_VERIFY_WITH_TIMEOUT(window.notice().text().contains("none.png"), 60'000);
        QVERIFY(!window.takes().isPlaying());
        // And the next take begins without it.
        emit window.widgets().session->startImageChosen({});
        QTest::mouseClick(window.widgets().session->startButton(), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() >= 8, 60'000);
    }

    void aDroppedProjectRestoresTheSession() {
        Project project;
        project.seed = 4711;
        project.timeline = *PromptTimeline::create("The desert at night");
        const QString path = home_.filePath("night.longtake");
        QVERIFY(project.save(path.toStdString()).ok());
        MainWindow window(kPlain);
        window.show();
        drop(window, path);
        QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() >= 8, 60'000);
        QCOMPARE(window.takes().started().options.seed, uint64_t{4711});
        QCOMPARE(window.projects().current(ProjectController::Hashes::Without).timeline, project.timeline);
        QCOMPARE(window.projects().path(), path);
        QVERIFY(!window.projects().isDirty());
    }

    void aDroppedVideoRestoresTheSessionThatMadeIt() {
        const QString video = home_.filePath("take.mp4");
        PromptTimeline made;
        std::vector<uint64_t> hashes;
        {
            MainWindow window(kPlain);
            window.show();
            window.begin({});
            QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() >= 8, 60'000);
            steer(window, "The desert at night");
            QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() >= 44, 60'000);
            exportsOf(window).start(wishFor(video));
            QTRY_VERIFY_WITH_TIMEOUT(QFileInfo::exists(video), 60'000);
            made = window.projects().current(ProjectController::Hashes::Without).timeline;
            hashes = window.takes().frameHashes();
        }
        QCOMPARE(made.size(), size_t{2});
        MainWindow again(kPlain);
        again.show();
        drop(again, video);
        QTRY_VERIFY_WITH_TIMEOUT(again.takes().frameHashes().size() >= 33, 60'000);
        QCOMPARE(again.projects().current(ProjectController::Hashes::Without).timeline, made);
        for (size_t i = 0; i < 33; ++i) QCOMPARE(again.takes().frameHashes()[i], hashes[i]);
        QVERIFY(again.projects().path().isEmpty());  // a video is not overwritten by saving
    }

    void marksAreSavedAndComeBack() {
        const QString path = home_.filePath("marked.longtake"), video = home_.filePath("marked.mp4");
        MainWindow window(kPlain);
        window.show();
        window.begin({});
        QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() >= 20, 60'000);
        TakeController& takes = window.takes();
        QVERIFY(!window.projects().isDirty());
        for (const int key : {Qt::Key_K, Qt::Key_Home, Qt::Key_Right, Qt::Key_Right, Qt::Key_I, Qt::Key_Right, Qt::Key_Right, Qt::Key_O})
            QVERIFY(takes.handleKey(key, {}));
        QVERIFY(window.projects().isDirty());
        QVERIFY(window.projects().saveTo(path));
        QVERIFY(!window.projects().isDirty());
        exportsOf(window).start(wishFor(video));
        QTRY_VERIFY_WITH_TIMEOUT(QFileInfo::exists(video), 60'000);
        // What was saved is no longer what is there.
        actionOf(window, QKeySequence::Undo)->trigger();
        actionOf(window, QKeySequence::Undo)->trigger();
        QVERIFY(!window.projects().current(ProjectController::Hashes::Without).rangeIn);
        QVERIFY(window.projects().isDirty());
        QVERIFY(window.projects().saveTo(home_.filePath("unmarked.longtake")));
        for (const QString& file : {path, video}) {
            MainWindow again(kPlain);
            again.show();
            drop(again, file);
            QTRY_VERIFY_WITH_TIMEOUT(again.takes().newestFrame() >= 4, 60'000);
            const Project project = again.projects().current(ProjectController::Hashes::Without);
            QCOMPARE(project.rangeIn, std::optional<int64_t>(2));
            QCOMPARE(project.rangeOut, std::optional<int64_t>(4));
            QVERIFY(!again.projects().isDirty());
        }
    }

    // All that the dialog offers, of the stretch between I and O, by one take.
    void everyFormatIsExportedBetweenTheMarks() {
        MainWindow window(kPlain);
        window.show();
        window.begin({});
        QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() >= 32, 60'000);
        TakeController& takes = window.takes();
        for (const int key :
             {Qt::Key_K, Qt::Key_Home, Qt::Key_I, Qt::Key_Right, Qt::Key_Right, Qt::Key_Right, Qt::Key_Right, Qt::Key_Right, Qt::Key_O})
            QVERIFY(takes.handleKey(key, {}));
        QCOMPARE(takes.shownFrame(), int64_t{5});
        ExportDialog dialog({.size = {128, 80}, .fps = 16, .frames = 33, .markedFrames = 6, .name = "take"}, &window);
        auto* formats = dialog.findChild<QComboBox*>("format");
        QVERIFY(formats && formats->count() >= 4);
        for (int i = 0; i < formats->count(); ++i) {
            formats->setCurrentIndex(i);
            ExportWish wish = dialog.wish();
            QVERIFY(wish.markedOnly);
            wish.path = home_.filePath("all/" + QFileInfo(wish.path).fileName());
            QDir().mkpath(QFileInfo(wish.path).path());
            exportsOf(window).start(wish);
            QTRY_VERIFY_WITH_TIMEOUT(!exportsOf(window).isExporting(), 60'000);
            QVERIFY2(!window.notice().isVisible(), qPrintable(formats->currentText() + ": " + window.notice().text()));
            QVERIFY2(picturesIn(wish) == 6,
                     qPrintable(QStringLiteral("%1: %2 pictures").arg(formats->currentText()).arg(picturesIn(wish))));
            if (wish.format == ExportFormat::PngSequence) QDir(wish.path).removeRecursively();
            else QVERIFY(QFile::remove(wish.path));
        }
    }

    // As in editing programs: J back, K stop, L on, again is faster; what is made stays, and what is being made goes on.
    void theTakeIsRunThroughBothWays() {
        MainWindow window(kPlain);
        window.show();
        window.begin({});
        TakeController& takes = window.takes();
        CanvasWidget& canvas = *window.widgets().canvas;
        QTRY_VERIFY_WITH_TIMEOUT(takes.shownFrame() >= 36, 60'000);
        QString state;
        connect(&takes, &TakeController::stateText, &window, [&](const QString& text) { state = text; });
        const auto press = [&](int key) { QVERIFY(takes.handleKey(key, {})); };
        press(Qt::Key_J);
        QCOMPARE(canvas.speed(), -1.0);
        QVERIFY(takes.isMoving() && takes.isPlaying());
        int64_t last = takes.shownFrame();
        QTRY_VERIFY_WITH_TIMEOUT(takes.shownFrame() <= last - 6, 10'000);
        QVERIFY(takes.isPlaying());
        press(Qt::Key_J);
        QCOMPARE(canvas.speed(), -2.0);
        press(Qt::Key_K);
        QCOMPARE(canvas.speed(), 1.0);
        QVERIFY(!takes.isMoving());
        last = takes.shownFrame();
        QTest::qWait(200);
        QCOMPARE(takes.shownFrame(), last);
        // While it is paused too, and then nothing is made.
        QTRY_COMPARE_WITH_TIMEOUT(state, QStringLiteral("Paused"), 60'000);  // the chunk that was begun is finished first
        const int64_t newest = takes.newestFrame();
        press(Qt::Key_J);
        QVERIFY(takes.isMoving() && !takes.isPlaying());
        QTRY_COMPARE_WITH_TIMEOUT(takes.shownFrame(), int64_t{0}, 20'000);
        QTRY_VERIFY(!takes.isMoving());
        QCOMPARE(takes.newestFrame(), newest);
        press(Qt::Key_L);
        QVERIFY(takes.isPlaying());
        QCOMPARE(canvas.speed(), 1.0);
        press(Qt::Key_L);
        press(Qt::Key_L);
        QCOMPARE(canvas.speed(), 4.0);
        QTRY_COMPARE_WITH_TIMEOUT(canvas.speed(), 1.0, 20'000);  // the newest is reached
        QVERIFY(takes.isPlaying());
        QTRY_VERIFY_WITH_TIMEOUT(takes.shownFrame() > newest, 60'000);
        // Frames made again would be others.
        const std::vector<uint64_t> hashes = takes.frameHashes();
        for (int64_t index : {int64_t{0}, newest}) QCOMPARE(frameHash(*takes.store()->read(index)), hashes[static_cast<size_t>(index)]);
    }

    void recordsInTheFormatThatWasChosen() {
        const QString folder = home_.filePath("films");
        QDir().mkpath(folder);
        MainWindow window(kPlain);
        window.show();
        window.begin({});
        QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() >= 8, 60'000);
        ExportFormat last = ExportFormat::Gif;
        for (const NamedFormat& one : videoFormats()) {
            QTimer::singleShot(0, [&] {
                auto* dialog = qobject_cast<RecordingDialog*>(QApplication::activeModalWidget());
                QVERIFY(dialog);
                if (last != ExportFormat::Gif) QCOMPARE(dialog->wish().format, last);
                auto* formats = dialog->findChild<QComboBox*>("format");
                formats->setCurrentIndex(formats->findData(static_cast<int>(one.format)));
                dialog->findChild<QSlider*>()->setValue(40);
                dialog->findChild<QLineEdit*>()->setText(folder);
                QTest::keyClick(dialog, Qt::Key_Return);
            });
            exportsOf(window).chooseRecording();
            last = one.format;
            QCOMPARE(RecordingWish::remembered().format, one.format);
            QCOMPARE(RecordingWish::remembered().quality, 40);
            exportsOf(window).toggleRecording();
            QVERIFY2(exportsOf(window).isRecording(), qPrintable(window.notice().text()));
            const int64_t from = window.takes().newestFrame();
            QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() >= from + 12, 60'000);
            exportsOf(window).toggleRecording();
            QTRY_VERIFY_WITH_TIMEOUT(!exportsOf(window).isRecording(), 60'000);
            const QStringList made = QDir(folder).entryList(QDir::Files);
            QCOMPARE(made, QStringList{"Untitled" + endingOf(one.format)});
            QCOMPARE(codecIn(QDir(folder).filePath(made.first())), QString::fromUtf8(nameOf(codecOf(one.format)).data()));
            QVERIFY(QFile::remove(QDir(folder).filePath(made.first())));
        }
        // As when the window is closed just after: the file may not even be open.
        exportsOf(window).toggleRecording();
        exportsOf(window).endRecording();
        QVERIFY(!exportsOf(window).isRecording());
        QCOMPARE(QDir(folder).entryList(QDir::Files), QStringList{"Untitled" + endingOf(last)});
        QSettings().clear();
    }

    void whatCannotBeOpenedGivesAMessage_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("a project that is cut off") << "cut.longtake" << QByteArray("{\"format\": \"longtake-project\", \"seed\": ");
        QTest::newRow("a project of bytes") << "bytes.longtake" << QByteArray(5000, '\xfe');
        QTest::newRow("a prompt of 10 000 words") << "long.longtake"
                                                  << "{\"format\": \"longtake-project\", \"timeline\": [{\"chunk\": 0, \"prompt\": \"" +
                                                         QByteArray("word ").repeated(10'000) + "\"}]}";
        QTest::newRow("a video that is none") << "none.mp4" << QByteArray("this is no video");
        QTest::newRow("a video that is cut off")
            << "cut.mp4" << QByteArray::fromHex("000000206674797069736f6d0000020069736f6d69736f32617663316d703431000f0000");
        QTest::newRow("an empty video") << "empty.mp4" << QByteArray();
    }

    void whatCannotBeOpenedGivesAMessage() {
        QFETCH(QString, name);
        QFETCH(QByteArray, bytes);
        QFile file(home_.filePath(name));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(bytes);
        file.close();
        MainWindow window(kPlain);
        window.show();
        drop(window, file.fileName());
        QVERIFY2(window.notice().isVisible() && window.notice().text().contains(name), qPrintable(window.notice().text()));
        QVERIFY(!window.notice().text().contains('\n'));
        QVERIFY(!window.takes().hasTake());
    }

    void aFolderThatIsNoModelGivesAMessage() {
        QDir(home_.path()).mkdir("nomodel");
        MainWindow window(kPlain);
        window.show();
        drop(window, home_.filePath("nomodel"));
        QVERIFY2(window.notice().text().contains("nomodel"), qPrintable(window.notice().text()));
        // And one whose weights are none: said when it is loaded, and another model can be chosen.
        QDir(home_.path()).mkdir("broken");
        const QString model = QStringLiteral(LONGTAKE_SOURCE_DIR "/resources/models/tidepool/");
        for (const QString& name : QDir(model).entryList(QDir::Files)) QVERIFY(QFile::copy(model + name, home_.filePath("broken/" + name)));
        QFile weights(home_.filePath("broken/dit.safetensors"));
        QVERIFY(weights.open(QIODevice::WriteOnly | QIODevice::Truncate));
        weights.write("no weights");
        weights.close();
        drop(window, home_.filePath("broken"));
        QTRY_VERIFY_WITH_TIMEOUT(window.notice().detail().contains("dit.safetensors"), 60'000);
        QTRY_VERIFY(!window.takes().isPlaying());
    }

    void anExportOfNothingIsToldAndNotBegun() {
        MainWindow window(kPlain);
        QSignalSpy told(&exportsOf(window), &ExportController::told);
        exportsOf(window).start(wishFor(home_.filePath("nothing.mp4")));
        QCOMPARE(told.count(), 1);
        QVERIFY(!exportsOf(window).isExporting());
    }

    void anUnwritableFolderGivesAMessage() {
        QSettings().setValue("export/folder", QStringLiteral("/proc/self"));  // there, and nobody's to write in
        MainWindow window(kPlain);
        window.show();
        window.begin({});
        QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() >= 8, 60'000);
        exportsOf(window).toggleRecording();
        QTRY_VERIFY2(window.notice().text().contains("/proc/self/"), qPrintable(window.notice().text()));
        QVERIFY(!exportsOf(window).isRecording());
        window.findChild<NoticeBar*>()->showHint({});
        exportsOf(window).saveStill();
        QVERIFY2(window.notice().text().contains("/proc/self/"), qPrintable(window.notice().text()));
        QSettings().remove("export/folder");
    }

    void theLayoutIsRememberedWithItsHiddenDocks() {
        const StudioOptions remembers{.useVulkan = false, .remembersLayout = true};
        const auto dock = [](MainWindow& window, const QString& text) {
            for (QAction* action : window.findChildren<QAction*>())
                if (action->text() == text && action->isCheckable()) return action;
            qFatal("there is no such dock");
        };
        {
            MainWindow window(remembers);
            window.show();
            window.resize(1300, 820);
            dock(window, "&Rank")->trigger();
            QVERIFY(window.widgets().rank->isHidden());
            // Full screen shows the picture alone, and what was hidden before stays hidden after.
            actionOf(window, Qt::Key_F11)->trigger();
            QVERIFY(window.widgets().timeline->isHidden() && !window.widgets().cache->isVisible());
            actionOf(window, Qt::Key_F11)->trigger();
            QVERIFY(window.widgets().rank->isHidden());
            QVERIFY(window.widgets().cache->isVisible() && window.widgets().timeline->isVisible());
            window.close();
        }
        {
            MainWindow window(remembers);
            window.show();
            QCOMPARE(window.size(), QSize(1300, 820));
            QVERIFY(window.widgets().rank->isHidden());
            dock(window, "&Rank")->trigger();
            QTRY_VERIFY2(window.widgets().rank->isVisible() && window.widgets().rank->height() > 150,
                         qPrintable(QString::number(window.widgets().rank->height())));
            for (const char* name : {"&Cache", "&Rank", "&Session"}) dock(window, name)->trigger();
            QTRY_VERIFY2(window.widgets().canvas->width() > 1200, "an empty column keeps its place");
            dock(window, "&Session")->trigger();
            QVERIFY(window.widgets().session->isVisible());
            window.close();
        }
        QSettings().clear();
    }

    void aTakeThatDoesNotFitIsRefusedBeforeItStarts() {
        MainWindow window(kPlain);
        window.show();
        window.begin({});
        QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() >= 8, 60'000);
        const uint64_t seed = window.takes().started().options.seed;
        SessionPanel& panel = *window.widgets().session;
        panel.sizeBox()->lineEdit()->selectAll();
        QTest::keyClicks(panel.sizeBox()->lineEdit(), "8192x8192");
        QTest::keyClick(panel.sizeBox()->lineEdit(), Qt::Key_Return);
        QTRY_VERIFY2(panel.planText().contains("GB"), qPrintable(panel.planText()));
        // The same on a machine of a gigabyte: a large one has room for it.
        panel.setPlan({.parts = {{"video", int64_t{10} << 30}}, .availableBytes = int64_t{1} << 30});
        QVERIFY(!panel.misfit().isEmpty());
        QVERIFY(!panel.startButton()->isEnabled());
        actionOf(window, QKeySequence::New)->trigger();
        QVERIFY2(window.notice().text().contains("smaller"), qPrintable(window.notice().text()));
        // What runs goes on.
        QVERIFY(window.takes().isPlaying());
        QCOMPARE(window.takes().started().take, int64_t{1});
        QCOMPARE(window.takes().started().options.seed, seed);
    }

    void anAutosaveThatFailsIsSaidOnce() {
        MainWindow window(kPlain);
        window.show();
        window.begin({});
        QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() >= 8, 60'000);
        int failed = 0, saved = 0;
        connect(&window.projects(), &ProjectController::failed, &window, [&] { ++failed; });
        connect(&window.projects(), &ProjectController::savedText, &window, [&] { ++saved; });
        const QString folder = home_.filePath("data/test_studio/autosave");
        QVERIFY2(QDir(folder).exists(), qPrintable(folder));
        QVERIFY(QDir(folder).removeRecursively());
        QFile inTheWay(folder);
        QVERIFY(inTheWay.open(QIODevice::WriteOnly));
        inTheWay.close();
        for (const char* prompt : {"The desert at night", "The ocean at dawn"}) {
            steer(window, prompt);
            window.projects().setRecording(home_.filePath("take.part.mp4"));  // an autosave at once
            QTRY_VERIFY_WITH_TIMEOUT(saved >= 1, 60'000);
            saved = 0;
        }
        QCOMPARE(failed, 1);
        QVERIFY2(window.notice().text().contains("autosave"), qPrintable(window.notice().text()));
        QVERIFY(window.takes().isPlaying());
        QVERIFY(inTheWay.remove());
    }

    void aFullDiskGivesAMessage() {
        if (disk.isEmpty()) QSKIP("this machine does not let a test mount a small disk");
        MainWindow window(kPlain);
        window.show();
        window.begin({});
        QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() >= 20, 60'000);
        ExportWish wish = wishFor(disk + "/take.mp4");
        wish.scale = 4;
        wish.quality = 100;
        exportsOf(window).start(wish);
        QTRY_VERIFY2_WITH_TIMEOUT(window.notice().text().contains("the disk is full"), qPrintable(window.notice().text()), 60'000);
        QVERIFY(!QFileInfo::exists(disk + "/take.mp4"));
        QVERIFY(window.takes().isPlaying());
    }

    void aFullTemporaryFolderGivesAMessageAndPlaysOn() {
        if (disk.isEmpty()) QSKIP("this machine does not let a test mount a small disk");
        qputenv("TMPDIR", disk.toUtf8());
        MainWindow window(kPlain);
        window.show();
        window.begin({});
        QTRY_VERIFY_WITH_TIMEOUT(window.notice().text().contains("the disk is full"), 60'000);
        qunsetenv("TMPDIR");
        const int64_t then = window.takes().newestFrame();
        QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() > then + 12, 60'000);
    }

public:
    static inline QString disk;  // of few bytes; empty: there is none

private:
    QTemporaryDir home_;
};

int main(int argc, char** argv) { return runWithSmallDisk<TestStudio>(argc, argv); }
#include "test_studio.moc"
