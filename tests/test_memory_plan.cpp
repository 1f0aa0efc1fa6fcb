// The memory plan said before a take against what the take then holds, counted from its allocations.
#include <QTest>

#include "engine/rollout/take.h"

using namespace longtake;

class MemoryPlanTest : public QObject {
    Q_OBJECT
private slots:
    void theTakeHoldsWhatThePlanSaid_data();
    void theTakeHoldsWhatThePlanSaid();
};

void MemoryPlanTest::theTakeHoldsWhatThePlanSaid_data() {
    QTest::addColumn<int>("width");
    QTest::addColumn<int>("height");
    QTest::addColumn<int>("window");
    QTest::addColumn<bool>("bf16");
    QTest::newRow("own size") << 256 << 160 << 7 << false;
    QTest::newRow("wide") << 512 << 96 << 7 << true;
    QTest::newRow("large, long window") << 640 << 384 << 13 << false;
}

void MemoryPlanTest::theTakeHoldsWhatThePlanSaid() {
    QFETCH(int, width);
    QFETCH(int, height);
    QFETCH(int, window);
    QFETCH(bool, bf16);
    const auto backend = makeCpuBackend({.threads = 2, .precision = bf16 ? Precision::Bf16 : Precision::Fp32});
    auto model = Model::load(LONGTAKE_SOURCE_DIR "/resources/models/tidepool", *backend);
    QVERIFY2(model.ok(), model.ok() ? "" : model.message().c_str());
    TakeOptions options = TakeOptions::of((*model)->config());
    options.width = width;
    options.height = height;
    options.window.windowFrames = window;
    options.sampler.steps = {1000};
    const MemoryPlan plan = (*model)->plan(width, height, options.window);
    auto take = Take::create(**model, options);
    QVERIFY2(take.ok(), take.ok() ? "" : take.message().c_str());
    const int full = window / options.window.chunkFrames;  // chunks that fill the window
    (*take)->setTimeline(
        PromptTimeline::create({{0, "the ocean", Transition::Keep, 0}, {full + 1, "a desert", Transition::Recache, 0}}).value());
    for (int i = 0; i < full + 2; ++i) QVERIFY((*take)->next([](Frame8) {}).ok());

    const auto planned = static_cast<double>(plan.forTake()), held = static_cast<double>((*take)->bytes());
    QVERIFY2(held <= 1.02 * planned && held >= 0.8 * planned,
             qPrintable(QString("planned %1 bytes, held %2").arg(planned, 0, 'f', 0).arg(held, 0, 'f', 0)));
    QCOMPARE((*take)->cache().bytes(), plan.cache);
}

QTEST_GUILESS_MAIN(MemoryPlanTest)
#include "test_memory_plan.moc"
