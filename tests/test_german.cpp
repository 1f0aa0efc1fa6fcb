// What goes wrong is said in the language of the window: each failure that a user can meet, in a German one.
#include <QtTest/QtTest>

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QLineEdit>
#include <QMimeData>
#include <QRegularExpression>
#include <QSettings>
#include <QTranslator>
#include <functional>

#include "app/project/project.h"
#include "app/studio/export_controller.h"
#include "app/studio/main_window.h"
#include "app/studio/notice_bar.h"
#include "app/studio/project_controller.h"
#include "app/studio/setup_controller.h"
#include "app/studio/take_controller.h"
#include "tests/plain_home.h"
#include "tests/window_main.h"
#include "ui/canvas/canvas_widget.h"
#include "ui/panels/prompt_bar.h"
#include "ui/panels/session_panel.h"
#include "ui/theme/theme.h"
#include "ui/timeline/timeline_panel.h"
#include "ui/timeline/timeline_text.h"
#include "ui/timeline/timeline_view.h"

using namespace longtake;

namespace {

const QString kModel = QStringLiteral(LONGTAKE_SOURCE_DIR "/resources/models/tidepool/");

// Words that no German sentence has; names of files are none.
bool isGerman(const QString& text) {
    static const QRegularExpression name(QStringLiteral("„[^“]*“")),
        english(QStringLiteral("\\b(the|is|are|cannot|not|and|or|it|of|with|choose|file|folder|there|too)\\b"),
                QRegularExpression::CaseInsensitiveOption);
    return !text.isEmpty() && !QString(text).remove(name).contains(english);
}

#define COMPARE_GERMAN(text) QVERIFY2(isGerman(text), qPrintable(text))

}  // namespace

class TestGerman final : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        QVERIFY(home_.isValid());
        useAsHome(home_);
        applyTheme(*qApp, Appearance::Dark);
        QVERIFY(german_.load(QStringLiteral(LONGTAKE_BINARY_DIR "/translations/longtake_de.qm")));
        QApplication::installTranslator(&german_);
        QVERIFY(!isGerman("The disk is full.") && isGerman("Der Datenträger „the file“ ist voll."));
    }

    void whatCannotBeOpened_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("nothing of that name") << "missing.longtake" << QByteArray();
        QTest::newRow("an empty project") << "empty.longtake" << QByteArray("");
        QTest::newRow("a damaged project") << "cut.longtake" << QByteArray("{\"format\": ");
        QTest::newRow("a newer project") << "newer.longtake" << QByteArray("{\"format\": \"longtake-project\", \"version\": 99}");
        QTest::newRow("a file of another kind") << "notes.txt" << QByteArray("some notes");
        QTest::newRow("a damaged video") << "none.mp4" << QByteArray("this is no video");
        QTest::newRow("a damaged picture") << "none.png" << QByteArray("this is no picture");
        QTest::newRow("a folder that is no model") << "nothing/" << QByteArray();
        QTest::newRow("a damaged description of a model") << "damaged/model.json" << QByteArray("{\"dit\": 7}");
    }

    void whatCannotBeOpened() {
        QFETCH(QString, name);
        QFETCH(QByteArray, bytes);
        QString path = home_.filePath(name);
        const QString folder = QFileInfo(path).path();
        if (name.contains('/')) QVERIFY(QDir().mkpath(folder));
        if (!bytes.isNull()) write(path, bytes);
        if (name.contains('/')) path = folder;
        MainWindow window(kWindow);
        window.show();
        window.begin({path});
        QTRY_VERIFY_WITH_TIMEOUT(window.notice().isVisible(), 60'000);
        COMPARE_GERMAN(window.notice().text());
        QVERIFY2(window.notice().text().contains(QFileInfo(path).fileName()), qPrintable(window.notice().text()));
        QVERIFY(!window.notice().detail().isEmpty());
    }

    void damagedWeights() {
        QVERIFY(QDir().mkpath(home_.filePath("broken")));
        for (const QString& name : QDir(kModel).entryList(QDir::Files))
            QVERIFY(QFile::copy(kModel + name, home_.filePath("broken/" + name)));
        write(home_.filePath("broken/dit.safetensors"), "no weights");
        MainWindow window(kWindow);
        window.show();
        window.findChild<SetupController*>()->openModelFolder(home_.filePath("broken"));
        QTRY_VERIFY_WITH_TIMEOUT(window.notice().isVisible(), 60'000);
        COMPARE_GERMAN(window.notice().text());
        QVERIFY2(window.notice().detail().contains("dit.safetensors"), qPrintable(window.notice().detail()));
    }

    // Of one running take: what cannot be written, a take that is too large, prompts that are none.
    void whatATakeCanMeet() {
        MainWindow window(kWindow);
        window.show();
        window.begin({});
        COMPARE_GERMAN(window.widgets().canvas->deviceText());
        QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() >= 8, 60'000);
        auto& exports = *window.findChild<ExportController*>();
        auto& notice = *window.findChild<NoticeBar*>();
        const auto said = [&](const char* what, const std::function<void()>& act) {
            notice.hide();
            act();
            QTRY_VERIFY2_WITH_TIMEOUT(notice.isVisible(), what, 60'000);
            QVERIFY2(isGerman(notice.text()), qPrintable(what + (": " + notice.text())));
        };
        QSettings().setValue("export/folder", QStringLiteral("/proc/self"));  // there, and nobody's to write in
        said("record", [&] { exports.toggleRecording(); });
        said("still", [&] { exports.saveStill(); });
        QSettings().remove("export/folder");
        said("save", [&] { QVERIFY(!window.projects().saveTo("/proc/self/take.longtake")); });
        said("save into a folder that is not there", [&] { QVERIFY(!window.projects().saveTo(home_.filePath("no/such/take.longtake"))); });
        said("save over a folder", [&] { QVERIFY(!window.projects().saveTo(home_.path())); });
        if (!disk.isEmpty()) {
            said("full disk", [&] {
                ExportWish wish;
                wish.path = disk + "/take.mp4";
                wish.rate = {16, 1};
                wish.scale = 4;
                wish.quality = 100;
                exports.start(wish);
            });
            QVERIFY2(notice.text().contains("voll"), qPrintable(notice.text()));
        }
        SessionPanel& panel = *window.widgets().session;
        panel.sizeBox()->lineEdit()->selectAll();
        QTest::keyClicks(panel.sizeBox()->lineEdit(), "8192x8192");
        QTest::keyClick(panel.sizeBox()->lineEdit(), Qt::Key_Return);
        QTRY_VERIFY2(panel.planText().contains("GB"), qPrintable(panel.planText()));
        // The same on a machine of a gigabyte: a large one has room for it.
        panel.setPlan({.parts = {{"video", int64_t{10} << 30}}, .availableBytes = int64_t{1} << 30});
        QVERIFY(!panel.misfit().isEmpty());
        said("too large", [&] { window.findChild<SetupController*>()->startTake(); });

        window.widgets().prompt->setText(QString("meer ").repeated(10'000));
        COMPARE_GERMAN(window.widgets().prompt->hint());
        QApplication::clipboard()->setText("0:00 a\nb\n");
        window.widgets().timeline->view()->paste();
        COMPARE_GERMAN(window.widgets().timeline->note());
    }

    void aFullTemporaryFolder() {
        if (disk.isEmpty()) QSKIP("this machine does not let a test mount a small disk");
        qputenv("TMPDIR", disk.toUtf8());
        MainWindow window(kWindow);
        window.show();
        window.begin({});
        QTRY_VERIFY_WITH_TIMEOUT(window.notice().isVisible(), 60'000);
        qunsetenv("TMPDIR");
        COMPARE_GERMAN(window.notice().text());
        QVERIFY2(window.notice().text().contains("voll"), qPrintable(window.notice().text()));
    }

    void everyFailureOfTheSession() {
        for (int at = 0; at <= static_cast<int>(FailedAt::Ranking); ++at)
            for (const QString& subject : {QString(), home_.filePath("x")})
                COMPARE_GERMAN(sessionFailure(static_cast<FailedAt>(at), subject, "the line").text);
        for (const ExportFormat format : {ExportFormat::Mp4H264, ExportFormat::Mp4Av1, ExportFormat::Gif})
            COMPARE_GERMAN(notExported("/proc/self/x", format, "").text);
        COMPARE_GERMAN(notRecovered(home_.filePath("x.part.mp4"), "").text);
    }

    void filesOfPromptsThatAreNone() {
        const std::pair<const char*, PromptFormat> files[] = {{"", PromptFormat::Text},
                                                              {"0:00 a\nb\n", PromptFormat::Text},
                                                              {"0:00 a\n0:05 [dissolve] b\n", PromptFormat::Text},
                                                              {"0:00 a\n0:09 b\n0:04 c\n", PromptFormat::Text},
                                                              {"0:00 a\n0:05 [blend 99999] b\n", PromptFormat::Text},
                                                              {"time,words\n0,a\n", PromptFormat::Csv},
                                                              {"chunk,prompt\n0,\"a\n", PromptFormat::Csv},
                                                              {"chunk,prompt\nx,a\n", PromptFormat::Csv},
                                                              {"{", PromptFormat::Json},
                                                              {"{\"format\": \"x\"}", PromptFormat::Json}};
        for (const auto& [bytes, format] : files) {
            const auto read = readPrompts(bytes, {}, format);
            QVERIFY(!read.ok());
            COMPARE_GERMAN(QString::fromStdString(read.message())
                               .remove("re-cache oder blend")
                               .remove("chunk,seconds,transition,blend_chunks,prompt"));
        }
    }

public:
    static inline QString disk;  // of few bytes; empty: there is none

private:
    static inline const StudioOptions kWindow{.useVulkan = true, .remembersLayout = false};  // where there is no Vulkan: offscreen

    static void write(const QString& path, const QByteArray& bytes) {
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
        file.write(bytes);
    }

    QTemporaryDir home_;
    QTranslator german_;
};

int main(int argc, char** argv) { return runWithSmallDisk<TestGerman>(argc, argv); }
#include "test_german.moc"
