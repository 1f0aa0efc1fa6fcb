// The studio's window as a whole, without a screen: bad input gives a message and nothing breaks.
#include <QtTest/QtTest>

#include <QApplication>
#include <QLineEdit>
#include <QPushButton>
#include <filesystem>

#include "app/project/project.h"
#include "app/studio/main_window.h"
#include "app/studio/notice_bar.h"
#include "app/studio/project_controller.h"
#include "app/studio/take_controller.h"
#include "ui/canvas/canvas_widget.h"
#include "ui/panels/prompt_bar.h"
#include "ui/theme/theme.h"

using namespace longtake;

namespace {

const StudioOptions kPlain{.useVulkan = false, .remembersLayout = false};

void steer(MainWindow& window, const QString& prompt) {
    window.widgets().prompt->setText(prompt);
    QTest::keyClick(window.widgets().prompt->edit(), Qt::Key_Return);
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

private:
    QTemporaryDir home_;
};

QTEST_MAIN(TestStudio)
#include "test_studio.moc"
