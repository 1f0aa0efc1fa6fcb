#include <QtTest>

#include "engine/rollout/prompt_timeline.h"

using namespace longtake;

namespace {

PromptTimeline threePrompts() {
    return *PromptTimeline::create({{.firstChunk = 0, .text = "ocean at noon"},
                                    {.firstChunk = 10, .text = "at sunset"},
                                    {.firstChunk = 20, .text = "at night, stars", .transition = Transition::Blend, .blendChunks = 3}});
}

// An edit that fails must leave the value as it was and say something.
template <typename Edit>
bool refusedWithoutChange(const PromptTimeline& before, Edit edit) {
    PromptTimeline after = before;
    const auto result = edit(after);
    return !result.ok() && !result.message().empty() && after == before;
}

}  // namespace

class TestPromptTimeline final : public QObject {
    Q_OBJECT

private slots:
    void aChunkBelongsToTheLastPromptStartedBeforeIt();
    void createRefusesWhatIsNoTimeline_data();
    void createRefusesWhatIsNoTimeline();
    void insertKeepsOrder();
    void editsThatWouldBreakThePromisesChangeNothing();
    void eraseGivesTheTimeToANeighbour();
    void anEdgeMovesBetweenItsNeighbours();
    void sharesAddUpToOneAndRise();
    void aBlendThatBeginsInsideABlendMixesThree();
    void onlyARecacheTransitionRecaches();
    void agreementLooksAtThePastAlone();
    void aWishIsGrantedFromItsChunkOn();
    void transitionNamesRoundTrip();
};

void TestPromptTimeline::aChunkBelongsToTheLastPromptStartedBeforeIt() {
    const PromptTimeline timeline = threePrompts();
    QCOMPARE(timeline.segmentAt(0).text, "ocean at noon");
    QCOMPARE(timeline.segmentAt(9).text, "ocean at noon");
    QCOMPARE(timeline.segmentAt(10).text, "at sunset");
    QCOMPARE(timeline.segmentAt(19).text, "at sunset");
    QCOMPARE(timeline.segmentAt(1'000'000).text, "at night, stars");
    QCOMPARE(timeline.endOf(0), int64_t(10));
    QCOMPARE(timeline.endOf(2), PromptTimeline::kMaxChunk);
}

void TestPromptTimeline::createRefusesWhatIsNoTimeline_data() {
    QTest::addColumn<std::vector<PromptSegment>>("segments");
    QTest::addColumn<QString>("says");
    using List = std::vector<PromptSegment>;
    QTest::newRow("nothing") << List{} << "no prompt";
    QTest::newRow("late start") << List{{.firstChunk = 3, .text = "a"}} << "has to start at 0";
    QTest::newRow("negative") << List{{.firstChunk = -1, .text = "a"}} << "chunk -1";
    QTest::newRow("unsorted") << List{{.text = "a"}, {.firstChunk = 9, .text = "b"}, {.firstChunk = 4, .text = "c"}} << "prompt 3";
    QTest::newRow("same start") << List{{.text = "a"}, {.firstChunk = 4, .text = "b"}, {.firstChunk = 4, .text = "c"}} << "not after";
    QTest::newRow("no text") << List{{.text = ""}} << "empty";
    QTest::newRow("spaces") << List{{.text = " \t\n"}} << "empty";
    QTest::newRow("too long") << List{{.text = std::string(PromptTimeline::kMaxPromptBytes + 1, 'x')}} << "shorten";
    QTest::newRow("not UTF-8") << List{{.text = "caf\xe9"}} << "byte 3";
    QTest::newRow("overlong") << List{{.text = "a\xc0\xaf"}} << "byte 1";
    QTest::newRow("surrogate") << List{{.text = "\xed\xa0\x80"}} << "byte 0";
    QTest::newRow("cut character") << List{{.text = "a\xe2\x82"}} << "byte 1";
    QTest::newRow("zero byte") << List{{.text = std::string("a\0b", 3)}} << "zero byte";
    QTest::newRow("blend of nothing") << List{{.text = "a", .transition = Transition::Blend, .blendChunks = 0}} << "1 to 64";
    QTest::newRow("endless blend") << List{{.text = "a", .transition = Transition::Blend, .blendChunks = 65}} << "1 to 64";
    QTest::newRow("cut with blend") << List{{.text = "a", .transition = Transition::Recache, .blendChunks = 2}} << "no blend";
}

void TestPromptTimeline::createRefusesWhatIsNoTimeline() {
    QFETCH(std::vector<PromptSegment>, segments);
    QFETCH(QString, says);
    const auto made = PromptTimeline::create(segments);
    QVERIFY(!made.ok());
    QVERIFY2(QString::fromStdString(made.message()).contains(says), made.message().c_str());
}

void TestPromptTimeline::insertKeepsOrder() {
    PromptTimeline timeline = threePrompts();
    const auto index = timeline.insert({.firstChunk = 15, .text = "snow fällt ❄"});
    QVERIFY(index.ok());
    QCOMPARE(*index, size_t(2));
    QCOMPARE(timeline.segmentAt(17).text, "snow fällt ❄");
    QCOMPARE(timeline.segmentAt(20).text, "at night, stars");
    QVERIFY(PromptTimeline::create(timeline.segments()).ok());
}

void TestPromptTimeline::editsThatWouldBreakThePromisesChangeNothing() {
    const PromptTimeline timeline = threePrompts();
    QVERIFY(refusedWithoutChange(timeline, [](auto& t) { return t.insert({.firstChunk = 10, .text = "taken"}); }));
    QVERIFY(refusedWithoutChange(timeline, [](auto& t) { return t.insert({.firstChunk = 12, .text = " "}); }));
    QVERIFY(refusedWithoutChange(timeline, [](auto& t) { return t.setText(1, ""); }));
    QVERIFY(refusedWithoutChange(timeline, [](auto& t) { return t.setTransition(1, Transition::Blend, 0); }));
    QVERIFY(refusedWithoutChange(timeline, [](auto& t) { return t.moveEdge(0, 1); }));
    QVERIFY(refusedWithoutChange(timeline, [](auto& t) { return t.moveEdge(1, 0); }));
    QVERIFY(refusedWithoutChange(timeline, [](auto& t) { return t.moveEdge(1, 20); }));
    QVERIFY(refusedWithoutChange(PromptTimeline(), [](auto& t) { return t.insert({.firstChunk = 5, .text = "late"}); }));
    QVERIFY(refusedWithoutChange(*PromptTimeline::create("only"), [](auto& t) { return t.erase(0); }));
}

void TestPromptTimeline::eraseGivesTheTimeToANeighbour() {
    PromptTimeline timeline = threePrompts();
    QVERIFY(timeline.erase(1).ok());
    QCOMPARE(timeline.segmentAt(19).text, "ocean at noon");
    QVERIFY(timeline.erase(0).ok());
    QCOMPARE(timeline.segmentAt(0).text, "at night, stars");
    QCOMPARE(timeline.sharesAt(0).size(), size_t(1));
}

void TestPromptTimeline::anEdgeMovesBetweenItsNeighbours() {
    PromptTimeline timeline = threePrompts();
    QVERIFY(timeline.moveEdge(1, 1).ok());
    QVERIFY(timeline.moveEdge(1, 19).ok());
    QCOMPARE(timeline.segmentAt(18).text, "ocean at noon");
    QVERIFY(timeline.moveEdge(2, 500).ok());
    QCOMPARE(timeline.segmentAt(499).text, "at sunset");
}

void TestPromptTimeline::sharesAddUpToOneAndRise() {
    const PromptTimeline timeline = threePrompts();
    QCOMPARE(timeline.sharesAt(12), (std::vector<PromptShare>{{1, 1.0}}));
    QCOMPARE(timeline.sharesAt(20), (std::vector<PromptShare>{{1, 0.75}, {2, 0.25}}));
    QCOMPARE(timeline.sharesAt(22), (std::vector<PromptShare>{{1, 0.25}, {2, 0.75}}));
    QCOMPARE(timeline.sharesAt(23), (std::vector<PromptShare>{{2, 1.0}}));
}

void TestPromptTimeline::aBlendThatBeginsInsideABlendMixesThree() {
    PromptTimeline timeline = threePrompts();
    QVERIFY(timeline.insert({.firstChunk = 21, .text = "snow", .transition = Transition::Blend, .blendChunks = 1}).ok());
    const std::vector<PromptShare> shares = timeline.sharesAt(21);
    QCOMPARE(shares, (std::vector<PromptShare>{{1, 0.25}, {2, 0.25}, {3, 0.5}}));
}

void TestPromptTimeline::onlyARecacheTransitionRecaches() {
    PromptTimeline timeline = threePrompts();
    QVERIFY(!timeline.recachesAt(0));
    QVERIFY(timeline.recachesAt(10));
    QVERIFY(!timeline.recachesAt(11));
    QVERIFY(!timeline.recachesAt(20));
    QVERIFY(timeline.setTransition(1, Transition::Keep).ok());
    QVERIFY(!timeline.recachesAt(10));
}

void TestPromptTimeline::agreementLooksAtThePastAlone() {
    const PromptTimeline timeline = threePrompts();
    PromptTimeline other = timeline;
    QVERIFY(other.setText(2, "snow").ok());
    QVERIFY(timeline.agreesBefore(20, other));
    QVERIFY(!timeline.agreesBefore(21, other));
    QVERIFY(other.erase(2).ok());
    QVERIFY(timeline.agreesBefore(20, other));
    QVERIFY(!timeline.agreesBefore(21, other));
    QVERIFY(PromptTimeline().agreesBefore(0, timeline));
}

void TestPromptTimeline::aWishIsGrantedFromItsChunkOn() {
    const PromptTimeline made = threePrompts();
    PromptTimeline wanted = made;
    QVERIFY(wanted.erase(1).ok());
    QVERIFY(wanted.setText(1, "snow").ok());

    QCOMPARE(made.continuedAs(wanted, 0), wanted);
    QCOMPARE(made.continuedAs(wanted, 10), wanted);
    const PromptTimeline late = made.continuedAs(wanted, 15, Transition::Keep);
    QVERIFY(late.agreesBefore(15, made));
    QCOMPARE(late.segmentAt(15).text, "ocean at noon");
    QCOMPARE(late.segmentAt(15).firstChunk, int64_t(15));
    QVERIFY(late.segmentAt(15).transition == Transition::Keep);
    QCOMPARE(late.segmentAt(20).text, "snow");
    QCOMPARE(made.continuedAs(made, 15), made);
    QCOMPARE(PromptTimeline().continuedAs(made, 7), made);
}

void TestPromptTimeline::transitionNamesRoundTrip() {
    for (const Transition transition : {Transition::Keep, Transition::Recache, Transition::Blend})
        QVERIFY(*transitionNamed(nameOf(transition)) == transition);
    QVERIFY(!transitionNamed("dissolve").ok());
}

QTEST_APPLESS_MAIN(TestPromptTimeline)
#include "test_prompt_timeline.moc"
