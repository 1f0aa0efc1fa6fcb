// The studio's window as a whole, without a screen: bad input gives a message and nothing breaks.
#include <QtTest/QtTest>

#include <QAction>
#include <QApplication>
#include <QDropEvent>
#include <QImage>
#include <QLineEdit>
#include <QMimeData>
#include <QPushButton>
#include <filesystem>

#include "app/project/project.h"
#include "app/studio/main_window.h"
#include "app/studio/notice_bar.h"
#include "app/studio/project_controller.h"
#include "app/studio/take_controller.h"
#include "ui/canvas/canvas_widget.h"
#include "ui/panels/prompt_bar.h"
#include "ui/panels/session_panel.h"
#include "ui/theme/theme.h"

using namespace longtake;

namespace {

const StudioOptions kPlain{.useVulkan = false, .remembersLayout = false};

void steer(MainWindow& window, const QString& prompt) {
    window.widgets().prompt->setText(prompt);
    QTest::keyClick(window.widgets().prompt->edit(), Qt::Key_Return);
}

QAction* undoOf(MainWindow& window) {
    for (QAction* action : window.findChildren<QAction*>())
        if (action->shortcut() == QKeySequence(QKeySequence::Undo)) return action;
    qFatal("there is no undo");
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
        // Nothing of the user's is read or written.
        qputenv("HOME", home_.path().toUtf8());
        qputenv("XDG_DATA_HOME", home_.filePath("data").toUtf8());
        qputenv("XDG_CONFIG_HOME", home_.filePath("config").toUtf8());
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
        const size_t middle = 3 * (static_cast<size_t>(first->height) / 2 * static_cast<size_t>(first->width) + static_cast<size_t>(first->width) / 2);
        QVERIFY2(std::abs(first->rgb[middle + 2] - 160) < 40 && std::abs(first->rgb[middle] - 20) < 40, "the take does not begin with the picture");
        QCOMPARE(window.projects().current(ProjectController::Hashes::Without).startImage, picture.toStdString());
        QVERIFY(window.projects().isDirty());
        undoOf(window)->trigger();
        QVERIFY(window.widgets().session->startImageEdit()->text().isEmpty());
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

private:
    QTemporaryDir home_;
};

QTEST_MAIN(TestStudio)
#include "test_studio.moc"
