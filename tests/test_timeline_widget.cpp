#include <QApplication>
#include <QClipboard>
#include <QLineEdit>
#include <QMenu>
#include <QScreen>
#include <QSignalSpy>
#include <QtTest>

#include "ui/theme/theme.h"
#include "ui/timeline/timeline_painter.h"
#include "ui/timeline/timeline_panel.h"
#include "ui/timeline/timeline_view.h"

using namespace longtake;

namespace {

PromptTimeline threePrompts() {
    return *PromptTimeline::create({{.text = "ocean at noon"},
                                    {.firstChunk = 10, .text = "at sunset"},
                                    {.firstChunk = 20, .text = "at night", .transition = Transition::Blend, .blendChunks = 3}});
}

}  // namespace

class TestTimelineWidget final : public QObject {
    Q_OBJECT

private slots:
    void init();
    void cleanup();
    void draggingAnEdgeSnapsToChunksAndIsOneUndoStep();
    void draggingABlockKeepsItsLength();
    void whatIsMadeDoesNotFollowTheMouse();
    void theFrontierPassingADragHoldsItBack();
    void clickingSelectsAndTheRulerScrubs();
    void doubleClickEditsWordsInPlace();
    void escapeLeavesTheWordsAlone();
    void everythingWorksByKeyboard();
    void copyAndPasteGoThroughTheClipboard();
    void theMenuOffersWhatCanBeDone();
    void zoomKeepsThePlaceUnderTheMouse();
    void theViewFollowsThePlayhead();
    void theMovingPlayheadLeavesNoTrace();
    void theSelectionIsSpoken();
    void refusalsAreToldInTheHeaderAndFade();
    void madeIsSolidAndPlannedIsOutlined();
    void neighboursNeverShareAColour();

private:
    QPoint blockPoint(size_t index) const { return blocks(view_->blockRect(index).center().x()); }
    QPoint blocks(double x) const { return {static_cast<int>(std::lround(x)), static_cast<int>(TimelineRows::kBlocksTop + 10)}; }
    void drag(QPoint from, QPoint to) const;
    QWidget* port() const { return view_->viewport(); }

    TimelineModel* model_ = nullptr;
    TimelinePanel* panel_ = nullptr;
    TimelineView* view_ = nullptr;
};

void TestTimelineWidget::init() {
    model_ = new TimelineModel;
    model_->reset(threePrompts());
    model_->setFrontier(5);
    panel_ = new TimelinePanel(*model_);
    view_ = panel_->view();
    panel_->resize(900, 220);
    panel_->show();
    QVERIFY(QTest::qWaitForWindowExposed(panel_));
    view_->setNewestFrame(50);
}

void TestTimelineWidget::cleanup() {
    delete panel_;
    delete model_;
}

void TestTimelineWidget::drag(QPoint from, QPoint to) const {
    QTest::mousePress(port(), Qt::LeftButton, {}, from);
    QTest::mouseMove(port(), from + (to - from) / 2);
    QTest::mouseMove(port(), to);
    QTest::mouseRelease(port(), Qt::LeftButton, {}, to);
}

void TestTimelineWidget::draggingAnEdgeSnapsToChunksAndIsOneUndoStep() {
    const double target = (view_->xOfChunk(14) + view_->xOfChunk(15)) / 2 - 2;  // nearer to 14
    drag(blocks(view_->xOfChunk(10)), blocks(target));
    QCOMPARE(model_->timeline()[1].firstChunk, int64_t(14));
    QCOMPARE(model_->undoStack()->count(), 1);
    model_->undoStack()->undo();
    QCOMPARE(model_->timeline(), threePrompts());
}

void TestTimelineWidget::draggingABlockKeepsItsLength() {
    const QPoint from = blockPoint(1);
    drag(from, from + QPoint(static_cast<int>(view_->xOfChunk(13) - view_->xOfChunk(10)), 0));
    QCOMPARE(model_->timeline()[1].firstChunk, int64_t(13));
    QCOMPARE(model_->timeline()[2].firstChunk, int64_t(23));
    QCOMPARE(model_->undoStack()->count(), 1);
}

void TestTimelineWidget::whatIsMadeDoesNotFollowTheMouse() {
    model_->setFrontier(16);
    drag(blocks(view_->xOfChunk(10)), blocks(view_->xOfChunk(14)));
    drag(blockPoint(1), blockPoint(1) + QPoint(80, 0));
    QCOMPARE(model_->timeline(), threePrompts());
    QVERIFY(panel_->note().contains("begun"));
}

void TestTimelineWidget::theFrontierPassingADragHoldsItBack() {
    QTest::mousePress(port(), Qt::LeftButton, {}, blocks(view_->xOfChunk(10)));
    QTest::mouseMove(port(), blocks(view_->xOfChunk(7)));
    model_->setFrontier(9);
    QTest::mouseRelease(port(), Qt::LeftButton, {}, blocks(view_->xOfChunk(7)));
    QCOMPARE(model_->timeline()[1].firstChunk, int64_t(9));
}

void TestTimelineWidget::clickingSelectsAndTheRulerScrubs() {
    QTest::mouseClick(port(), Qt::LeftButton, {}, blockPoint(1));
    QCOMPARE(*view_->selected(), size_t(1));
    QTest::mouseClick(port(), Qt::LeftButton, Qt::ShiftModifier, blockPoint(2));
    QCOMPARE(view_->selectedLast(), size_t(2));

    QSignalSpy scrubbed(view_, &TimelineView::scrubbed);
    QTest::mouseClick(port(), Qt::LeftButton, {}, QPoint(static_cast<int>(view_->xOfChunk(2)) + 2, 8));
    QCOMPARE(model_->clock().chunkOfFrame(scrubbed.last()[0].toLongLong()), int64_t(2));
    QTest::mouseClick(port(), Qt::LeftButton, {}, QPoint(static_cast<int>(view_->xOfChunk(30)) + 2, 8));
    QCOMPARE(scrubbed.last()[0].toLongLong(), qint64(50));  // nothing newer exists
    QCOMPARE(view_->insertionChunk(), int64_t(30));         // but a prompt may go there
}

void TestTimelineWidget::doubleClickEditsWordsInPlace() {
    QTest::mouseDClick(port(), Qt::LeftButton, {}, blockPoint(1));
    QVERIFY(view_->editor());
    QCOMPARE(view_->editor()->text(), "at sunset");
    QTest::keyClicks(view_->editor(), "at dawn");
    QTest::keyClick(view_->editor(), Qt::Key_Return);
    QVERIFY(!view_->editor());
    QCOMPARE(model_->timeline()[1].text, "at dawn");
}

void TestTimelineWidget::escapeLeavesTheWordsAlone() {
    QTest::mouseDClick(port(), Qt::LeftButton, {}, blockPoint(1));
    QTest::keyClicks(view_->editor(), "nonsense");
    QTest::keyClick(view_->editor(), Qt::Key_Escape);
    QCOMPARE(model_->timeline(), threePrompts());
    QVERIFY(!view_->editor());
}

void TestTimelineWidget::everythingWorksByKeyboard() {
    const auto press = [this](int key, Qt::KeyboardModifiers modifiers = {}) {
        QTest::keyClick(view_, static_cast<Qt::Key>(key), modifiers);
    };
    view_->setFocus();
    press(Qt::Key_Right, Qt::ControlModifier);
    press(Qt::Key_Right, Qt::ControlModifier);
    QCOMPARE(*view_->selected(), size_t(1));
    press(Qt::Key_Right, Qt::AltModifier);
    press(Qt::Key_Right, Qt::AltModifier);
    QCOMPARE(model_->timeline()[1].firstChunk, int64_t(12));
    press(Qt::Key_Left, Qt::AltModifier | Qt::ShiftModifier);
    QCOMPARE(model_->timeline()[1].firstChunk, int64_t(11));
    QCOMPARE(model_->timeline()[2].firstChunk, int64_t(19));
    press(Qt::Key_T);
    QVERIFY(model_->timeline()[1].transition == Transition::Blend);
    press(Qt::Key_Return);
    QTest::keyClicks(view_->editor(), "at dawn");
    QTest::keyClick(view_->editor(), Qt::Key_Return);
    QCOMPARE(model_->timeline()[1].text, "at dawn");
    press(Qt::Key_Right, Qt::ShiftModifier);
    press(Qt::Key_Right, Qt::ShiftModifier);
    press(Qt::Key_Insert);
    QTest::keyClicks(view_->editor(), "snow");
    QTest::keyClick(view_->editor(), Qt::Key_Return);
    QCOMPARE(model_->timeline().segmentAt(6).text, "snow");
    QCOMPARE(model_->timeline().segmentAt(6).firstChunk, int64_t(6));
    view_->select(1, 1);
    press(Qt::Key_Delete);
    QCOMPARE(model_->timeline().segmentAt(6).text, "ocean at noon");

    press(Qt::Key_Home);
    QCOMPARE(view_->playhead(), int64_t(0));
    press(Qt::Key_Right);
    press(Qt::Key_I);
    press(Qt::Key_End);
    press(Qt::Key_O);
    QCOMPARE(*model_->range(), (FrameRange{1, 50}));
    press(Qt::Key_X);
    QVERIFY(!model_->range());
    while (model_->undoStack()->canUndo()) press(Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(model_->timeline(), threePrompts());
}

void TestTimelineWidget::copyAndPasteGoThroughTheClipboard() {
    view_->select(1, 1);
    view_->copy();
    QCOMPARE(QGuiApplication::clipboard()->text(), "at sunset");
    QTest::mouseClick(port(), Qt::LeftButton, {}, QPoint(static_cast<int>(view_->xOfChunk(30)) + 1, 8));
    view_->paste();
    QCOMPARE(model_->timeline().segmentAt(30).text, "at sunset");
    QCOMPARE(model_->timeline().segmentAt(40).text, "at night");
    view_->select(1, 1);
    view_->cut();
    QCOMPARE(model_->timeline().segmentAt(12).text, "ocean at noon");
    QGuiApplication::clipboard()->clear();
    view_->paste();
    QVERIFY(!panel_->note().isEmpty());
}

void TestTimelineWidget::theMenuOffersWhatCanBeDone() {
    const auto action = [](QMenu& menu, const QString& start) -> QAction* {
        for (QAction* one : menu.actions())
            if (one->text().remove('&').startsWith(start)) return one;
        return nullptr;
    };
    view_->select(2, 2);
    std::unique_ptr<QMenu> open(view_->contextMenu(2, 22));
    QVERIFY(action(*open, "Delete")->isEnabled());
    QMenu* transitions = action(*open, "Transition")->menu();
    QVERIFY(transitions->isEnabled());
    action(*transitions, "Keep")->trigger();
    QVERIFY(model_->timeline()[2].transition == Transition::Keep);
    action(*open, "Delete")->trigger();
    QCOMPARE(model_->timeline().size(), size_t(2));

    view_->select(0, 0);
    std::unique_ptr<QMenu> made(view_->contextMenu(0, 1));
    QVERIFY(!action(*made, "Delete")->isEnabled());
    QVERIFY(!action(*made, "Transition")->menu()->isEnabled());
}

void TestTimelineWidget::zoomKeepsThePlaceUnderTheMouse() {
    const double before = view_->xOfChunk(12);
    QWheelEvent wheel(QPointF(before, 40), port()->mapToGlobal(QPointF(before, 40)), {}, {0, 240}, {}, Qt::ControlModifier,
                      Qt::NoScrollPhase, false);
    const double zoomed = view_->pixelsPerSecond();
    QApplication::sendEvent(port(), &wheel);
    QVERIFY(view_->pixelsPerSecond() > zoomed * 1.3);
    QVERIFY(std::abs(view_->xOfChunk(12) - before) < 1.5);
    view_->zoomToFit();
    QVERIFY(view_->xOfChunk(20) < port()->width());
    QCOMPARE(view_->xOfChunk(0), 0.0);
}

void TestTimelineWidget::theViewFollowsThePlayhead() {
    model_->setFrontier(500);
    view_->setNewestFrame(5990);
    view_->setPlayhead(5985);
    const double x = view_->xOfChunk(model_->clock().chunkOfFrame(5985));
    QVERIFY(x > 0 && x < port()->width());
    QWheelEvent wheel(QPointF(50, 40), port()->mapToGlobal(QPointF(50, 40)), {}, {0, 12000}, {}, {}, Qt::NoScrollPhase, false);
    QApplication::sendEvent(port(), &wheel);
    const double looked = view_->xOfChunk(0);
    view_->setPlayhead(5987);
    QCOMPARE(view_->xOfChunk(0), looked);  // whoever scrolls back is left in peace
}

// It is painted alone, over what was painted before: what is on the screen is what would be painted as a whole.
void TestTimelineWidget::theMovingPlayheadLeavesNoTrace() {
    const auto onScreen = [this] {
        QCoreApplication::processEvents();
        const QPoint at = port()->mapTo(panel_, QPoint());
        return panel_->screen()
            ->grabWindow(panel_->winId(), at.x(), at.y(), port()->width(), port()->height())
            .toImage()
            .convertToFormat(QImage::Format_RGB32);
    };
    const auto whole = [this] { return port()->grab().toImage().convertToFormat(QImage::Format_RGB32); };
    view_->setPlayhead(0);
    QTRY_COMPARE(onScreen(), whole());
    const QImage first = onScreen();
    for (const int64_t frame : {12, 13, 50, 30}) {
        view_->setPlayhead(frame);
        QCOMPARE(onScreen(), whole());
        model_->setFrontier(5 + frame / 12);
        QTRY_COMPARE(onScreen(), whole());
    }
    QVERIFY(onScreen() != first);
}

void TestTimelineWidget::theSelectionIsSpoken() {
    view_->select(2, 2);
    QVERIFY(view_->accessibleDescription().contains("at night"));
    QVERIFY(view_->accessibleDescription().contains("blends over 3 chunks"));
    QVERIFY(!view_->accessibleName().isEmpty());
}

void TestTimelineWidget::refusalsAreToldInTheHeaderAndFade() {
    model_->setFrontier(30);
    QVERIFY(!model_->setText(0, "other"));
    QVERIFY2(panel_->note().contains("already made"), qPrintable(panel_->note()));
}

void TestTimelineWidget::madeIsSolidAndPlannedIsOutlined() {
    model_->setFrontier(12);
    view_->setNewestFrame(model_->clock().firstFrameOf(12) - 1);
    view_->setPlayhead(0);
    const QImage picture = view_->viewport()->grab().toImage();
    const Colours& c = coloursFor(*view_);
    const std::vector<size_t> colours = blockColours(model_->timeline());
    const auto at = [&](double x) { return QColor(picture.pixel(static_cast<int>(x), static_cast<int>(TimelineRows::kBlocksTop + 5))); };
    const auto near = [](const QColor& a, const QColor& b) {
        return std::abs(a.red() - b.red()) + std::abs(a.green() - b.green()) + std::abs(a.blue() - b.blue()) < 24;
    };
    QVERIFY(near(at(view_->xOfChunk(2)), c.blocks[colours[0]]));
    QVERIFY(near(at(view_->xOfChunk(11)), c.blocks[colours[1]]));
    QVERIFY(!near(at(view_->xOfChunk(15)), c.blocks[colours[1]]));
}

void TestTimelineWidget::neighboursNeverShareAColour() {
    std::vector<PromptSegment> segments;
    for (int i = 0; i < 500; ++i) segments.push_back({.firstChunk = i, .text = "prompt " + std::to_string(i % 7)});
    const std::vector<size_t> colours = blockColours(*PromptTimeline::create(segments));
    for (size_t i = 1; i < colours.size(); ++i) QVERIFY(colours[i] != colours[i - 1]);
}

int main(int argc, char** argv) {
    if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication application(argc, argv);
    applyTheme(application, Appearance::Dark);
    TestTimelineWidget test;
    return QTest::qExec(&test, argc, argv);
}
#include "test_timeline_widget.moc"
