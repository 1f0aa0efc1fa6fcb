#include <QSignalSpy>
#include <QtTest>

#include "ui/timeline/drift_history.h"
#include "ui/timeline/prompt_clipboard.h"
#include "ui/timeline/thumbnail_store.h"
#include "ui/timeline/timeline_model.h"
#include "ui/timeline/timeline_text.h"

#include <QMimeData>

using namespace longtake;

namespace {

PromptTimeline threePrompts() {
    return *PromptTimeline::create({{.text = "ocean at noon"},
                                    {.firstChunk = 10, .text = "at sunset"},
                                    {.firstChunk = 20, .text = "at night", .transition = Transition::Blend, .blendChunks = 3}});
}

}  // namespace

class TestTimelineModel final : public QObject {
    Q_OBJECT

private slots:
    void everyEditCanBeUndoneAndRedone_data();
    void everyEditCanBeUndoneAndRedone();
    void steeringAppliesFromTheFrontier();
    void thePastCannotChange();
    void editingTheRunningPromptTakesOverAtTheFrontier();
    void undoAfterTheTakeGrewChangesOnlyWhatComes();
    void undoOfSomethingMadeSaysSoAndChangesNothing();
    void followingTheTakeKeepsTheEdits();
    void nudgesAreOneStepDragsAreEachTheirOwn();
    void movesStopAtTheFrontierAndTheNeighbours();
    void pasteReplacesItsStretchAndLetsTheRestGoOn();
    void theRangeKeepsItsOrder();
    void marksAreUndoSteps();
    void promptsRoundTripThroughEveryFormat_data();
    void promptsRoundTripThroughEveryFormat();
    void filesThatAreNoPromptsAreRefusedWithAReason_data();
    void filesThatAreNoPromptsAreRefusedWithAReason();
    void plainTextPastesAsAPrompt();
    void thumbnailsStayBoundedAndCoverTheWholeTake();
    void driftStaysBounded();
};

using Edit = std::function<bool(TimelineModel&)>;
Q_DECLARE_METATYPE(Edit)

void TestTimelineModel::everyEditCanBeUndoneAndRedone_data() {
    QTest::addColumn<Edit>("edit");
    QTest::newRow("steer") << Edit([](TimelineModel& m) { return m.steer("snow"); });
    QTest::newRow("add") << Edit([](TimelineModel& m) { return m.add(15, "snow"); });
    QTest::newRow("edit text") << Edit([](TimelineModel& m) { return m.setText(1, "at dawn"); });
    QTest::newRow("transition") << Edit([](TimelineModel& m) { return m.setTransition(1, Transition::Blend, 4); });
    QTest::newRow("delete") << Edit([](TimelineModel& m) { return m.erase(1, 1); });
    QTest::newRow("delete two") << Edit([](TimelineModel& m) { return m.erase(1, 2); });
    QTest::newRow("move edge") << Edit([](TimelineModel& m) { return m.moveEdge(1, 14); });
    QTest::newRow("move block") << Edit([](TimelineModel& m) { return m.moveBlock(1, 5); });
    QTest::newRow("paste") << Edit([](TimelineModel& m) { return m.paste(*PromptTimeline::create("snow"), 4, 12); });
    QTest::newRow("import") << Edit([](TimelineModel& m) { return m.replaceFuture(*PromptTimeline::create("snow")); });
}

void TestTimelineModel::everyEditCanBeUndoneAndRedone() {
    QFETCH(Edit, edit);
    TimelineModel model;
    model.reset(threePrompts());
    model.setFrontier(5);
    const PromptTimeline before = model.timeline();
    QSignalSpy changed(&model, &TimelineModel::changed);
    QVERIFY(edit(model));
    const PromptTimeline after = model.timeline();
    QVERIFY(after != before);
    QVERIFY(after.agreesBefore(5, before));
    QVERIFY(PromptTimeline::create(after.segments()).ok());
    QCOMPARE(model.undoStack()->count(), 1);
    model.undoStack()->undo();
    QCOMPARE(model.timeline(), before);
    model.undoStack()->redo();
    QCOMPARE(model.timeline(), after);
    QCOMPARE(changed.count(), 3);
}

void TestTimelineModel::steeringAppliesFromTheFrontier() {
    TimelineModel model;
    model.setDefaultTransition(Transition::Blend, 4);
    QVERIFY(model.steer("  ocean at noon "));
    QCOMPARE(model.timeline()[0].text, "ocean at noon");
    model.setFrontier(7);
    QVERIFY(model.steer("at sunset"));
    QCOMPARE(model.timeline()[1], (PromptSegment{7, "at sunset", Transition::Blend, 4}));
    QVERIFY(!model.steer("at sunset"));  // already so
    QVERIFY(model.steer("at night"));    // the chunk has not begun: the words there change
    QCOMPARE(model.timeline().size(), size_t(2));
    QVERIFY(!model.steer("   "));
}

void TestTimelineModel::thePastCannotChange() {
    TimelineModel model;
    model.reset(threePrompts());
    model.setFrontier(16);
    const PromptTimeline before = model.timeline();
    QSignalSpy told(&model, &TimelineModel::told);
    QVERIFY(!model.setText(0, "something else"));
    QVERIFY(!model.erase(0, 1));
    QVERIFY(!model.moveEdge(1, 12));
    QVERIFY(!model.moveBlock(1, 1));
    QVERIFY(!model.setTransition(1, Transition::Keep, 0));
    QCOMPARE(told.count(), 5);
    QCOMPARE(model.timeline(), before);
    QCOMPARE(model.undoStack()->count(), 0);

    QVERIFY(model.erase(0, 2));  // of what was chosen, what can go goes
    QCOMPARE(model.timeline().size(), size_t(2));
    QVERIFY(model.add(3, "snow"));
    QCOMPARE(model.timeline().segmentAt(16).text, "snow");
    QVERIFY(model.timeline().agreesBefore(16, before));
}

void TestTimelineModel::editingTheRunningPromptTakesOverAtTheFrontier() {
    TimelineModel model;
    model.reset(threePrompts());
    model.setFrontier(14);
    QSignalSpy told(&model, &TimelineModel::told);
    QVERIFY(model.setText(1, "at sunset, with gulls"));
    QCOMPARE(told.count(), 1);
    QCOMPARE(model.timeline().segmentAt(13).text, "at sunset");
    QCOMPARE(model.timeline().segmentAt(14).text, "at sunset, with gulls");
    QCOMPARE(model.timeline().segmentAt(20).text, "at night");
}

void TestTimelineModel::undoAfterTheTakeGrewChangesOnlyWhatComes() {
    TimelineModel model;
    model.reset(*PromptTimeline::create("ocean at noon"));
    model.setFrontier(5);
    QVERIFY(model.steer("snow"));
    model.setFrontier(9);
    model.undoStack()->undo();
    QCOMPARE(model.timeline().segmentAt(8).text, "snow");
    QCOMPARE(model.timeline().segmentAt(9).text, "ocean at noon");
    model.setFrontier(12);
    model.undoStack()->redo();
    QCOMPARE(model.timeline().segmentAt(11).text, "ocean at noon");
    QCOMPARE(model.timeline().segmentAt(12).text, "snow");
}

void TestTimelineModel::undoOfSomethingMadeSaysSoAndChangesNothing() {
    TimelineModel model;
    model.reset(threePrompts());
    model.setFrontier(5);
    QVERIFY(model.setTransition(1, Transition::Keep, 0));
    model.setFrontier(30);
    const PromptTimeline before = model.timeline();
    QSignalSpy told(&model, &TimelineModel::told);
    model.undoStack()->undo();
    QCOMPARE(model.timeline(), before);
    QCOMPARE(told.count(), 1);
}

// The take may be further than the model has heard when an edit or its undo arrives: it then answers within `changed`.
void TestTimelineModel::followingTheTakeKeepsTheEdits() {
    TimelineModel model;
    model.reset(*PromptTimeline::create("ocean at noon"));
    model.setFrontier(5);
    QVERIFY(model.steer("snow"));
    bool answered = false;
    connect(&model, &TimelineModel::changed, &model, [&] {
        if (std::exchange(answered, true)) return;
        PromptTimeline followed = *PromptTimeline::create("ocean at noon");
        QVERIFY(followed.insert({.firstChunk = 5, .text = "snow"}).ok());
        QVERIFY(followed.insert({.firstChunk = 6, .text = "ocean at noon"}).ok());
        model.follow(std::move(followed));
        model.setFrontier(6);
    });
    model.undoStack()->undo();
    QVERIFY(answered);
    QCOMPARE(model.undoStack()->count(), 1);
    QCOMPARE(model.timeline().segmentAt(5).text, "snow");
    QCOMPARE(model.timeline().segmentAt(6).text, "ocean at noon");
    model.undoStack()->redo();
    QCOMPARE(model.timeline().segmentAt(6).text, "snow");
}

void TestTimelineModel::nudgesAreOneStepDragsAreEachTheirOwn() {
    using Gesture = TimelineModel::Gesture;
    TimelineModel model;
    model.reset(threePrompts());
    for (int chunk = 11; chunk <= 13; ++chunk) QVERIFY(model.moveEdge(1, chunk, Gesture::Nudge));
    QCOMPARE(model.undoStack()->count(), 1);
    QVERIFY(model.moveEdge(1, 15));
    QVERIFY(model.moveEdge(1, 16));
    QCOMPARE(model.undoStack()->count(), 3);
    for (int i = 0; i < 3; ++i) model.undoStack()->undo();
    QCOMPARE(model.timeline(), threePrompts());
}

void TestTimelineModel::movesStopAtTheFrontierAndTheNeighbours() {
    TimelineModel model;
    model.reset(threePrompts());
    model.setFrontier(6);
    QVERIFY(model.moveEdge(1, 0));
    QCOMPARE(model.timeline()[1].firstChunk, int64_t(6));
    QVERIFY(model.moveEdge(1, 1000));
    QCOMPARE(model.timeline()[1].firstChunk, int64_t(19));
    model.undoStack()->undo();
    model.undoStack()->undo();
    QVERIFY(model.moveBlock(1, -50));
    QCOMPARE(model.timeline()[1].firstChunk, int64_t(6));
    QCOMPARE(model.timeline()[2].firstChunk, int64_t(16));
    QVERIFY(model.moveBlock(2, 50));
    QCOMPARE(model.timeline()[1].firstChunk, int64_t(6));
    QCOMPARE(model.timeline()[2].firstChunk, int64_t(66));
}

void TestTimelineModel::pasteReplacesItsStretchAndLetsTheRestGoOn() {
    TimelineModel model;
    model.reset(threePrompts());
    const CopiedPrompts taken = copied(model.timeline(), 1, 1, 8);
    QCOMPARE(taken.lengthChunks, int64_t(10));
    QVERIFY(model.paste(taken.timeline, taken.lengthChunks, 25));
    QCOMPARE(model.timeline().segmentAt(24).text, "at night");
    QCOMPARE(model.timeline().segmentAt(25).text, "at sunset");
    QCOMPARE(model.timeline().segmentAt(34).text, "at sunset");
    QCOMPARE(model.timeline().segmentAt(35).text, "at night");
}

void TestTimelineModel::theRangeKeepsItsOrder() {
    TimelineModel model;
    QVERIFY(!model.range());
    model.markIn(100);
    model.markOut(200);
    QCOMPARE(*model.range(), (FrameRange{100, 200}));
    model.markOut(50);
    QCOMPARE(*model.range(), (FrameRange{0, 50}));
    model.markIn(70);
    QCOMPARE(model.marks(), (RangeMarks{70, std::nullopt}));
    model.clearMarks();
    QVERIFY(!model.range());
}

void TestTimelineModel::marksAreUndoSteps() {
    TimelineModel model;
    model.reset(threePrompts(), {10, 90});
    QCOMPARE(model.undoStack()->count(), 0);
    QSignalSpy changed(&model, &TimelineModel::rangeChanged);
    model.markIn(20);
    model.markIn(20);  // where it is already
    model.markOut(15);
    model.clearMarks();
    QCOMPARE(model.undoStack()->count(), 3);
    const std::vector<RangeMarks> steps{{20, 90}, {std::nullopt, 15}, {}};
    for (size_t i = steps.size(); i-- > 0;) {
        QCOMPARE(model.marks(), steps[i]);
        model.undoStack()->undo();
    }
    QCOMPARE(model.marks(), (RangeMarks{10, 90}));
    for (const RangeMarks& step : steps) {
        model.undoStack()->redo();
        QCOMPARE(model.marks(), step);
    }
    QCOMPARE(changed.count(), 9);
    QCOMPARE(model.timeline(), threePrompts());  // the prompts are not touched
}

void TestTimelineModel::promptsRoundTripThroughEveryFormat_data() {
    QTest::addColumn<int>("format");
    QTest::newRow("text") << static_cast<int>(PromptFormat::Text);
    QTest::newRow("csv") << static_cast<int>(PromptFormat::Csv);
    QTest::newRow("json") << static_cast<int>(PromptFormat::Json);
}

void TestTimelineModel::promptsRoundTripThroughEveryFormat() {
    QFETCH(int, format);
    const PromptTimeline timeline =
        *PromptTimeline::create({{.text = "a \"quiet\" bay, at noon"},
                                 {.firstChunk = 7, .text = "Schnee fällt ❄, leise", .transition = Transition::Keep},
                                 {.firstChunk = 8, .text = "[12] lanterns", .transition = Transition::Recache},
                                 {.firstChunk = 4000, .text = "12 boats", .transition = Transition::Blend, .blendChunks = 9}});
    for (const ChunkClock& clock : {ChunkClock{}, ChunkClock{.framesPerChunk = 12, .firstChunkFrames = 9, .fps = 24}}) {
        const QByteArray bytes = writePrompts(timeline, clock, static_cast<PromptFormat>(format));
        const auto read = readPrompts(bytes, clock, static_cast<PromptFormat>(format));
        QVERIFY2(read.ok(), read.ok() ? "" : read.message().c_str());
        QCOMPARE(*read, timeline);
    }
}

void TestTimelineModel::filesThatAreNoPromptsAreRefusedWithAReason_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("format");
    QTest::addColumn<QString>("says");
    const int text = static_cast<int>(PromptFormat::Text), csv = static_cast<int>(PromptFormat::Csv),
              json = static_cast<int>(PromptFormat::Json);
    QTest::newRow("nothing") << QByteArray() << text << "no prompt";
    QTest::newRow("second line without time") << QByteArray("0:00 a\nb\n") << text << "line 2";
    QTest::newRow("unknown transition") << QByteArray("0:00 a\n0:05 [dissolve] b\n") << text << "dissolve";
    QTest::newRow("out of order") << QByteArray("0:00 a\n0:09 b\n0:04 c\n") << text << "sort";
    QTest::newRow("csv without prompt") << QByteArray("time,words\n0,a\n") << csv << "prompt";
    QTest::newRow("csv open quote") << QByteArray("chunk,prompt\n0,\"a\n") << csv << "quotes";
    QTest::newRow("csv no number") << QByteArray("chunk,prompt\nx,a\n") << csv << "line 2";
    QTest::newRow("no json") << QByteArray("{") << json << "JSON";
    QTest::newRow("other json") << QByteArray("{\"format\": \"x\"}") << json << "format";
    QTest::newRow("later version") << QByteArray("{\"format\": \"longtake-prompts\", \"version\": 2}") << json << "version";
    QTest::newRow("json without place") << QByteArray(R"({"format": "longtake-prompts", "version": 1, "prompts": [{"prompt": "a"}]})")
                                        << json << "prompt 1";
    QTest::newRow("huge blend") << QByteArray("0:00 a\n0:05 [blend 99999] b\n") << text << "1 to 64";
    QTest::newRow("huge file") << QByteArray(kMaxPromptFileBytes + 1, 'a') << text << "larger";
}

void TestTimelineModel::filesThatAreNoPromptsAreRefusedWithAReason() {
    QFETCH(QByteArray, bytes);
    QFETCH(int, format);
    QFETCH(QString, says);
    const auto read = readPrompts(bytes, {}, static_cast<PromptFormat>(format));
    QVERIFY(!read.ok());
    QVERIFY2(QString::fromStdString(read.message()).contains(says), read.message().c_str());
}

void TestTimelineModel::plainTextPastesAsAPrompt() {
    QMimeData words;
    words.setText("a lighthouse in fog");
    const auto prompts = fromMime(words, {});
    QVERIFY(prompts.ok());
    QCOMPARE(prompts->timeline[0].text, "a lighthouse in fog");
    TimelineModel model;
    model.reset(threePrompts());
    QVERIFY(model.paste(prompts->timeline, prompts->lengthChunks, 15));
    QCOMPARE(model.timeline().segmentAt(19).text, "a lighthouse in fog");
    QCOMPARE(model.timeline().segmentAt(20).text, "at night");
}

void TestTimelineModel::thumbnailsStayBoundedAndCoverTheWholeTake() {
    ThumbnailStore store;
    const auto picture = [](int64_t frame) {
        QImage image(32, 18, QImage::Format_RGB32);
        image.fill(static_cast<uint>(frame));
        return image;
    };
    constexpr int64_t kFrames = 400'000;  // seven hours
    for (int64_t frame = 0; frame < kFrames - 6000; frame += 16 * ThumbnailStore::kBaseSpacing) store.add(frame, picture(frame));
    for (int64_t frame = kFrames - 5998; frame < kFrames; ++frame) store.add(frame, picture(frame));
    QVERIFY(store.count() <= ThumbnailStore::kLevels * (ThumbnailStore::kPerLevel + 1));
    for (const int64_t frame : {int64_t(0), int64_t(1000), int64_t(77'777), int64_t(200'000), int64_t(399'900)}) {
        const QImage* nearest = store.nearest(frame);
        QVERIFY(nearest);
        const auto shown = static_cast<int64_t>(nearest->pixel(1, 1) & 0xffffff);
        const int64_t age = kFrames - frame;
        QVERIFY2(std::abs(shown - frame) <= std::max<int64_t>(ThumbnailStore::kBaseSpacing, age / 32), qPrintable(QString::number(shown)));
    }
    store.add(0, picture(1));  // another take
    QCOMPARE(store.newest(), int64_t(0));
    QCOMPARE(*store.nearest(5000), store.nearest(0)->copy());
}

void TestTimelineModel::driftStaysBounded() {
    DriftHistory drift;
    for (int64_t i = 0; i < 100'000; ++i) drift.add(i * 12, 0.5);
    QVERIFY(drift.points().size() <= DriftHistory::kMost);
    QCOMPARE(drift.points().front().frame, int64_t(0));
    QCOMPARE(drift.points().back().frame, int64_t(99'999 * 12));
    QVERIFY(std::is_sorted(drift.points().begin(), drift.points().end(), [](const auto& a, const auto& b) { return a.frame < b.frame; }));
    QCOMPARE(drift.points()[100].value, 0.5);
}

QTEST_GUILESS_MAIN(TestTimelineModel)
#include "test_timeline_model.moc"
