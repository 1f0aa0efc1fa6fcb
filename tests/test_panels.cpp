#include <QApplication>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QStandardItemModel>
#include <QTemporaryDir>
#include <QToolButton>
#include <QtTest>

#include "tests/gallery_values.h"
#include "ui/panels/cache_panel.h"
#include "ui/panels/panel_header.h"
#include "ui/panels/prompt_bar.h"
#include "ui/panels/rank_panel.h"
#include "ui/panels/session_panel.h"
#include "ui/panels/transport_bar.h"
#include "ui/plots/bar_plot.h"
#include "ui/plots/cell_plot.h"
#include "ui/plots/line_plot.h"
#include "ui/theme/formats.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"

using namespace longtake;

namespace {

PromptGuide harbourGuide() {
    PromptGuide guide;
    for (const char* word : {"a", "boat", "sailing", "ocean", "at", "sunset", "on"}) guide.vocabulary.insert(word);
    guide.knows = {"boat", "ocean", "sunset"};
    guide.readsWords = 6;
    return guide;
}

}  // namespace

class TestPanels final : public QObject {
    Q_OBJECT

private slots:
    void textReadsOnEverySurface_data();
    void textReadsOnEverySurface();
    void everyIconIsDrawnInTheInkOfThePalette();
    void figuresReadAsPeopleWriteThem();
    void csvQuotesWhatNeedsIt();
    void anUnwritableFileIsToldByName();

    void theCacheIsShownSlotBySlot();
    void theCellUnderTheMouseIsDescribed();
    void evictionsAndRecachesBecomeEvents();
    void aTakeThatBeginsAgainForgetsTheLastOne();
    void aCacheOfNothingIsNoAccident();

    void ranksNameTheirMatrixAndThreshold();
    void pointingAtALayerShowsItsSpectrumAndHistory();
    void weightsAndLiveAreKeptApart();

    void theModelSaysWhichWordsItDoesNotKnow();
    void aLongPromptIsAnsweredNotCut();
    void steeringSaysWhenAndThenHowLong();
    void earlierPromptsComeBack();

    void theTransportAsksAndShows();

    void settingsGoInAndComeOutUnchanged();
    void aSizeCanBeTyped_data();
    void aSizeCanBeTyped();
    void aDeviceThatCannotBeUsedSaysWhy();
    void theWindowHoldsSinkAndChunk();
    void whatDoesNotFitCannotStart();
    void editsWhileATakeRunsWaitForTheNext();
};

void TestPanels::textReadsOnEverySurface_data() {
    QTest::addColumn<bool>("dark");
    QTest::newRow("dark") << true;
    QTest::newRow("light") << false;
}

void TestPanels::textReadsOnEverySurface() {
    QFETCH(bool, dark);
    const Colours& c = dark ? darkColours() : lightColours();
    QCOMPARE(&coloursFor(paletteOf(c)), &c);
    constexpr double kReadable = 4.5;  // WCAG AA
    for (const QColor& under : {c.window, c.panel, c.field, c.raised}) QVERIFY(contrast(c.text, under) >= 7);
    for (const QColor& words : {c.dim, c.caution, c.alarm}) QVERIFY2(contrast(words, c.panel) >= kReadable, qPrintable(words.name()));
    QVERIFY(contrast(c.onAccent, c.accent) >= kReadable);
    for (size_t i = 0; i < c.blocks.size(); ++i) {
        QVERIFY2(contrast(c.onBlock, c.blocks[i]) >= kReadable, qPrintable(c.blocks[i].name()));
        QVERIFY2(contrast(c.blockInks[i], mixed(c.panel, c.blocks[i], 0.12)) >= kReadable, qPrintable(c.blockInks[i].name()));
    }
}

void TestPanels::everyIconIsDrawnInTheInkOfThePalette() {
    const QDir folder(":/longtake/icons");
    QVERIFY(folder.entryList({"*.svg"}).size() > 20);
    for (const QString& file : folder.entryList({"*.svg"})) {
        const QImage picture = icon(file.chopped(4)).pixmap(QSize(32, 32)).toImage();
        int inked = 0;
        for (int y = 0; y < picture.height(); ++y)
            for (int x = 0; x < picture.width(); ++x) inked += qAlpha(picture.pixel(x, y)) > 128;
        QVERIFY2(inked > 20, qPrintable(file));
    }
    const QImage play = icon("play", IconInk::OnAccent).pixmap(QSize(32, 32)).toImage();
    QCOMPARE(QColor(play.pixel(12, 16)), coloursFor(QApplication::palette()).onAccent);
    QVERIFY(icon("no such drawing").isNull());
}

void TestPanels::figuresReadAsPeopleWriteThem() {
    QLocale::setDefault(QLocale::c());
    const QChar space(QChar::Nbsp);
    QCOMPARE(bytesText(999), QString("999%1B").arg(space));
    QCOMPARE(bytesText(2'900'000), QString("2.9%1MB").arg(space));
    QCOMPARE(bytesText(412'000'000), QString("412%1MB").arg(space));
    QCOMPARE(bytesText(15'600'000'000), QString("15.6%1GB").arg(space));
    QCOMPARE(bytesText(999'999), QString("1.0%1MB").arg(space));
    QCOMPARE(timecodeText(30.75), "00:30.75");
    QCOMPARE(timecodeText(3723.5), "1:02:03.50");
    QCOMPARE(clockText(62), "1:02");
    QCOMPARE(clockText(3600), "1:00:00");
    QCOMPARE(percentText(0.908), "90.8 %");
    QCOMPARE(shortened("a  small\nboat", 40), "a small boat");
    QVERIFY(shortened(QString(100, 'x'), 10).size() <= 10);
}

void TestPanels::csvQuotesWhatNeedsIt() {
    const ValueTable table{{"a", "b"}, {{"1", "two, \"three\""}, {"x\ny", ""}}};
    QCOMPARE(table.csv(), QByteArray("a,b\r\n1,\"two, \"\"three\"\"\"\r\n\"x\ny\",\r\n"));
    QCOMPARE(plainNumber(0.1).toDouble(), 0.1);
}

void TestPanels::anUnwritableFileIsToldByName() {
    const auto saved = saveBytes("/nowhere/at/all.csv", "a");
    QVERIFY(!saved.ok());
    QVERIFY(saved.message().find("/nowhere/at/all.csv") != std::string::npos);
    QTemporaryDir folder;
    CachePanel panel;
    panel.setView(gallery::cache(4, 7, 1, 9, 4, 144, 96));
    panel.resize(400, 260);
    const QString path = folder.filePath("cache.png");
    QVERIFY(savePicture(panel, path).ok());
    QCOMPARE(QImage(path).size(), QSize(800, 520));
}

void TestPanels::theCacheIsShownSlotBySlot() {
    CachePanel panel;
    panel.setView(gallery::cache(12, 7, 1, 41, 8, 144, 96));
    const CellPlot& cells = *panel.cells();
    QCOMPARE(cells.rows(), 12);
    QCOMPARE(cells.columns(), 7);
    QVERIFY(cells.cell(0, 0).ink == Ink::Sink);
    QVERIFY(cells.cell(0, 1).ink == Ink::Held);
    QVERIFY(cells.cell(7, 6).ink == Ink::Writing);
    QVERIFY(cells.cell(8, 6).ink == Ink::Empty);
    QVERIFY(cells.cell(0, 3).strength > cells.cell(0, 1).strength);  // newer is stronger
    QVERIFY2(panel.header()->summary().contains("90.9"), qPrintable(panel.header()->summary()));
    const ValueTable table = panel.slotTable();
    QCOMPARE(table.rows.size(), 12 * 7);
    QCOMPARE(table.rows[0], (QStringList{"41", "0", "0", "sink", "0", "144", "13824", "0"}));
}

void TestPanels::theCellUnderTheMouseIsDescribed() {
    CachePanel panel;
    panel.resize(420, 300);
    panel.setView(gallery::cache(12, 7, 1, 41, 8, 144, 96));
    panel.show();
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    QTest::mouseMove(panel.cells(), panel.cells()->cellRect(5, 2).center().toPoint());
    QTRY_COMPARE(panel.cells()->current(), QPoint(2, 5));
    for (const char* part : {"layer 5", "frame 121", "144 tokens", "13.8", "window"})
        QVERIFY2(panel.footerText().contains(part), qPrintable(panel.footerText()));
    QTest::keyClick(panel.cells(), Qt::Key_Down);
    QVERIFY(panel.footerText().contains("layer 6"));
    panel.cells()->setCurrent({6, 11});
    QVERIFY(panel.footerText().contains("free"));
}

void TestPanels::evictionsAndRecachesBecomeEvents() {
    CachePanel panel;
    CacheView view = gallery::cache(2, 7, 1, 4, 2, 10, 4);
    view.recacheChunks = {};
    view.evictedFrames = 5;
    panel.setView(view);
    view.chunk = 5;
    view.evictedFrames = 8;
    view.recacheChunks = {5};
    panel.setView(view);
    panel.setView(view);  // the same again is no event
    const ValueTable events = panel.eventTable();
    QCOMPARE(events.rows.size(), 3);
    QCOMPARE(events.rows[1], (QStringList{"5", plainNumber(57 / 16.0), "evict", "3"}));
    QCOMPARE(events.rows[2][2], "recache");
    QVERIFY2(panel.footerText().contains("8") && panel.footerText().contains("0:03"), qPrintable(panel.footerText()));
}

void TestPanels::aTakeThatBeginsAgainForgetsTheLastOne() {
    CachePanel panel;
    for (int64_t chunk = 2; chunk < 9; ++chunk) panel.setView(gallery::cache(2, 7, 1, chunk, 2, 10, 4));
    QVERIFY(panel.eventTable().rows.size() > 1);
    QCOMPARE(panel.historyTable().rows.size(), 6);
    QCOMPARE(panel.historyTable().rows[1],
             (QStringList{"3", plainNumber(33 / 16.0), QString::number(gallery::cache(2, 7, 1, 3, 2, 10, 4).bytes)}));
    CacheView first = gallery::cache(2, 7, 1, 0, 2, 10, 4);
    first.evictedFrames = 0;
    panel.setView(first);
    QCOMPARE(panel.eventTable().rows.size(), 0);
    QCOMPARE(panel.historyTable().rows.size(), 0);
}

void TestPanels::aCacheOfNothingIsNoAccident() {
    CachePanel panel;
    panel.resize(300, 200);
    panel.setView({});
    QVERIFY(!panel.grab().isNull());
    CacheView ragged;
    ragged.layers = {{{.kind = SlotKind::Sink}}, {}};
    panel.setView(ragged);
    panel.cells()->setCurrent({0, 1});
    QVERIFY(!panel.grab().isNull());
    QVERIFY(!panel.footerText().isEmpty());
}

void TestPanels::ranksNameTheirMatrixAndThreshold() {
    RankPanel panel;
    panel.setLive(gallery::ranks(12, 48, 3, "cached latents c of the window"));
    QVERIFY(panel.matrixText().contains("cached latents c of the window"));
    QVERIFY(panel.matrixText().contains("1008 × 48"));
    QVERIFY2(panel.header()->summary().contains("99 %") && panel.header()->summary().contains("48"), qPrintable(panel.header()->summary()));
    QVERIFY2(panel.figuresText().contains(QStringLiteral("r₀.₉₉")), qPrintable(panel.figuresText()));
    QCOMPARE(panel.layerTable().rows.size(), 12);
    QCOMPARE(panel.layerTable().rows[0][3], "0.99");
}

void TestPanels::pointingAtALayerShowsItsSpectrumAndHistory() {
    RankPanel panel;
    panel.resize(420, 300);
    for (int64_t chunk = 0; chunk < 20; ++chunk) panel.setLive(gallery::ranks(12, 48, chunk, "c"));
    panel.show();
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    QTest::mouseMove(panel.barPlot(), panel.barPlot()->barRect(5).center().toPoint());
    QTRY_COMPARE(panel.barPlot()->current(), 5);
    const RankValues now = gallery::ranks(12, 48, 19, "c");
    QVERIFY(panel.figuresText().startsWith("Layer 5:"));
    QVERIFY(panel.figuresText().contains(QString::number(now.layers[5].energyRank)));
    QCOMPARE(panel.spectrumPlot()->values(), now.layers[5].spectrum);
    QCOMPARE(panel.historyPlot()->values().size(), size_t(20));
    QCOMPARE(panel.historyPlot()->values().back(), static_cast<float>(now.layers[5].energyRank));
    QCOMPARE(panel.historyTable().rows.size(), 20 * 12);
    panel.setLive(gallery::ranks(12, 48, 0, "c"));  // the take began again
    QCOMPARE(panel.historyPlot()->values().size(), size_t(1));
}

void TestPanels::weightsAndLiveAreKeptApart() {
    RankPanel panel;
    panel.setLive(gallery::ranks(12, 48, 3, "live"));
    panel.setWeights(gallery::ranks(6, 32, -1, "[W_K; W_V]"));
    QCOMPARE(panel.barPlot()->bars().size(), size_t(12));
    panel.setSource(RankPanel::Source::Weights);
    QCOMPARE(panel.barPlot()->bars().size(), size_t(6));
    QVERIFY(panel.matrixText().contains("[W_K; W_V]"));
    QVERIFY(panel.historyPlot()->values().empty());
    panel.clear();  // another take of the same model
    QCOMPARE(panel.barPlot()->bars().size(), size_t(6));
    panel.setSource(RankPanel::Source::Live);
    QCOMPARE(panel.barPlot()->bars().size(), size_t(0));
}

void TestPanels::theModelSaysWhichWordsItDoesNotKnow() {
    PromptBar bar;
    bar.setGuide(harbourGuide());
    bar.setText("A zeppelin at sunset");
    QVERIFY2(bar.hint().contains("zeppelin") && bar.hint().contains("boat, ocean"), qPrintable(bar.hint()));
    QVERIFY(bar.steerButton()->isEnabled());  // a hint, not a wall
    bar.setText("a boat at sunsett");
    QVERIFY2(bar.hint().contains("Did you mean") && bar.hint().contains("sunset"), qPrintable(bar.hint()));
    bar.setText("A boat, at SUNSET!");
    QVERIFY2(!bar.hint().contains("know"), qPrintable(bar.hint()));
    bar.setText("a boat a boat a boat a boat");
    QVERIFY2(bar.hint().contains("first 6"), qPrintable(bar.hint()));
    bar.setGuide({});  // a large model: no list, no complaint
    bar.setText("a zeppelin");
    QVERIFY(!bar.hint().contains("zeppelin"));
}

void TestPanels::aLongPromptIsAnsweredNotCut() {
    PromptBar bar;
    QSignalSpy steered(&bar, &PromptBar::steerRequested);
    QString words;
    for (int i = 0; i < 10'000; ++i) words += "boat ";
    bar.setText(words);
    QVERIFY2(bar.hint().contains("too long"), qPrintable(bar.hint()));
    QVERIFY(!bar.steerButton()->isEnabled());
    QTest::keyClick(bar.edit(), Qt::Key_Return);
    bar.setText("   ");
    QTest::keyClick(bar.edit(), Qt::Key_Return);
    QCOMPARE(steered.count(), 0);
    bar.setText(" a boat ");
    QTest::keyClick(bar.edit(), Qt::Key_Return);
    QCOMPARE(steered.count(), 1);
    QCOMPARE(steered[0][0].toString(), "a boat");
}

void TestPanels::steeringSaysWhenAndThenHowLong() {
    PromptBar bar;
    bar.setText("a boat");
    bar.setNextChunk(42, 0.8);
    QVERIFY2(bar.hint().contains("42") && bar.hint().contains("0.8 s"), qPrintable(bar.hint()));
    bar.setSeen(5);  // nothing was waited for
    QVERIFY(bar.hint().contains("42"));
    bar.setPending("a boat", 0.5);
    QVERIFY2(bar.hint().contains("a boat") && bar.hint().contains("visible in"), qPrintable(bar.hint()));
    QTRY_VERIFY_WITH_TIMEOUT(bar.hint().contains("any moment"), 3000);
    bar.setSeen(0.9);
    QVERIFY2(bar.hint().contains("took 0.9 s"), qPrintable(bar.hint()));
    QTest::keyClicks(bar.edit(), "s");
    QVERIFY(!bar.hint().contains("took"));
    bar.setPending("a boat", 60);
    bar.clearPending();
    QVERIFY(!bar.hint().contains("visible in 6"));
}

void TestPanels::earlierPromptsComeBack() {
    PromptBar bar;
    for (const char* prompt : {"first", "second", "third"}) {
        bar.setText(prompt);
        QTest::keyClick(bar.edit(), Qt::Key_Return);
    }
    QTest::keyClick(bar.edit(), Qt::Key_Up);
    QTest::keyClick(bar.edit(), Qt::Key_Up);
    QCOMPARE(bar.text(), "second");
    QTest::keyClick(bar.edit(), Qt::Key_Down);
    QCOMPARE(bar.text(), "third");
}

void TestPanels::theTransportAsksAndShows() {
    TransportBar bar;
    QSignalSpy play(&bar, &TransportBar::playRequested);
    QSignalSpy pause(&bar, &TransportBar::pauseRequested);
    QSignalSpy record(&bar, &TransportBar::recordRequested);
    QSignalSpy stop(&bar, &TransportBar::stopRecordRequested);
    bar.playButton()->click();
    QCOMPARE(play.count(), 1);
    QVERIFY(bar.motion() == TransportBar::Motion::Paused);  // it shows what it is told, not what it hopes
    bar.setMotion(TransportBar::Motion::Playing);
    bar.playButton()->click();
    QCOMPARE(pause.count(), 1);
    QCOMPARE(bar.playButton()->accessibleName(), "Pause");
    bar.recordButton()->click();
    bar.setRecording(TransportBar::Recording::On);
    bar.recordButton()->click();
    QCOMPARE(record.count(), 1);
    QCOMPARE(stop.count(), 1);
    bar.setHasTake(false);
    QVERIFY(!bar.recordButton()->isEnabled());
    QVERIFY(bar.playButton()->isEnabled());
}

void TestPanels::settingsGoInAndComeOutUnchanged() {
    SessionPanel panel;
    panel.setChoices(gallery::choices());
    QCOMPARE(panel.settings().modelId, "tidepool");
    QCOMPARE(panel.settings().width, 256);
    QSignalSpy edited(&panel, &SessionPanel::settingsEdited);
    SessionSettings settings;
    settings.modelId = "a model of another machine";
    settings.width = 320;
    settings.height = 192;
    settings.seed = 1'234'567'890'123;
    settings.newSeedEachTake = true;
    settings.steps = 8;
    settings.sinkFrames = 2;
    settings.windowFrames = 24;
    settings.deviceId = "cuda:1";
    settings.threads = 3;
    settings.precision = "fp32";
    settings.startImage = "/home/ada/sea.png";
    panel.setSettings(settings);
    QVERIFY(panel.settings() == settings);
    QCOMPARE(edited.count(), 0);
    panel.setChoices(gallery::choices());  // a device appeared or went
    QVERIFY(panel.settings() == settings);

    panel.modelBox()->setCurrentIndex(1);
    QCOMPARE(edited.count(), 1);
    QCOMPARE(panel.settings().modelId, "videomla");
    QCOMPARE(panel.settings().width, 832);
    panel.seedEdit()->setText("77");
    QCOMPARE(panel.settings().seed, uint64_t(77));
}

void TestPanels::aSizeCanBeTyped_data() {
    QTest::addColumn<QString>("typed");
    QTest::addColumn<QSize>("size");
    QTest::newRow("as it is shown") << "320 × 208" << QSize(320, 208);
    QTest::newRow("as it is typed") << "320x208" << QSize(320, 208);
    QTest::newRow("between two steps") << "325 200" << QSize(320, 208);
    QTest::newRow("nothing of a size") << "0x0" << QSize(16, 16);
    QTest::newRow("one of the list") << "192x112" << QSize(192, 112);
    QTest::newRow("no size") << "large" << QSize(256, 144);
    QTest::newRow("not all of a size") << "320x" << QSize(256, 144);
    QTest::newRow("beyond any size") << "99999x99999" << QSize(256, 144);
}

void TestPanels::aSizeCanBeTyped() {
    QFETCH(QString, typed);
    QFETCH(QSize, size);
    SessionPanel panel;
    panel.setChoices(gallery::choices());
    QSignalSpy edited(&panel, &SessionPanel::settingsEdited);
    QLineEdit* edit = panel.sizeBox()->lineEdit();
    edit->selectAll();
    QTest::keyClicks(edit, typed);
    QTest::keyClick(edit, Qt::Key_Return);
    QCOMPARE(QSize(panel.settings().width, panel.settings().height), size);
    QCOMPARE(edit->text(), QStringLiteral("%1 × %2").arg(size.width()).arg(size.height()));
    QCOMPARE(edited.count(), size == QSize(256, 144) ? 0 : 1);
}

void TestPanels::aDeviceThatCannotBeUsedSaysWhy() {
    SessionPanel panel;
    SessionChoices choices = gallery::choices();
    choices.devices.push_back({.id = "cuda", .name = "NVIDIA GPU", .problem = "there is no driver"});
    panel.setChoices(choices);
    const int index = panel.deviceBox()->findData("cuda");
    QVERIFY(index >= 0);
    const auto* model = qobject_cast<QStandardItemModel*>(panel.deviceBox()->model());
    QVERIFY(!model->item(index)->isEnabled());
    QCOMPARE(model->item(index)->toolTip(), QStringLiteral("there is no driver"));
    QVERIFY(model->item(panel.deviceBox()->findData("cpu"))->isEnabled());
}

void TestPanels::theWindowHoldsSinkAndChunk() {
    SessionPanel panel;
    panel.setChoices(gallery::choices());
    panel.windowSpin()->setValue(0);
    QCOMPARE(panel.settings().windowFrames, panel.settings().sinkFrames + 3);
}

void TestPanels::whatDoesNotFitCannotStart() {
    SessionPanel panel;
    panel.setChoices(gallery::choices());
    QSignalSpy start(&panel, &SessionPanel::startRequested);
    MemoryPlanValues plan = gallery::plan(1, 15'600'000'000);
    panel.setPlan(plan);
    panel.startButton()->click();
    QCOMPARE(start.count(), 1);
    plan.availableBytes = 300'000'000;
    panel.setPlan(plan);
    QVERIFY(!panel.canStart());
    QVERIFY(!panel.startButton()->isEnabled());
    QVERIFY2(panel.planText().contains("412") && panel.planText().contains("300"), qPrintable(panel.planText()));
    QVERIFY(panel.startButton()->toolTip().contains("smaller"));
    plan.availableBytes = 0;  // unknown is no refusal
    panel.setPlan(plan);
    QVERIFY(panel.canStart());
}

void TestPanels::editsWhileATakeRunsWaitForTheNext() {
    SessionPanel panel;
    panel.setChoices(gallery::choices());
    panel.setPlan(gallery::plan(1, 15'600'000'000));
    panel.setTakeState(SessionPanel::TakeState::Running);
    const auto notes = [&] {
        QString all;
        for (const QLabel* label : panel.findChildren<QLabel*>())
            if (!label->isHidden()) all += label->text();
        return all;
    };
    QVERIFY(!notes().contains("next one"));
    panel.seedEdit()->setText("99");
    QVERIFY2(notes().contains("next one"), qPrintable(notes()));
    panel.setTakeState(SessionPanel::TakeState::Running);  // the new take began with them
    QVERIFY(!notes().contains("next one"));
}

int main(int argc, char** argv) {
    if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication application(argc, argv);
    applyTheme(application, Appearance::Dark);
    TestPanels test;
    return QTest::qExec(&test, argc, argv);
}
#include "test_panels.moc"
