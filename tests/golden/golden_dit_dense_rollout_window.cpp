#include <QTest>

#include "golden_rollout.h"

using namespace longtake;

class GoldenDitDenseRolloutWindow : public QObject {
    Q_OBJECT
private slots:
    void rollingCacheWithSink();
};

void GoldenDitDenseRolloutWindow::rollingCacheWithSink() {
    for (const GoldenCase& golden : GoldenCase::find("dit_dense_rollout_window")) {
        GoldenRollout rollout{golden, goldenDitConfig(golden)};
        rollout.windowFrames = golden.config().at("local_attn_size");
        rollout.sinkFrames = golden.config().at("sink_size");
        std::set<std::string> compared;
        QCOMPARE(QString::fromStdString(rollout.compare(compared)), QString());
        QCOMPARE(QString::fromStdString(rollout.compareByPasses(compared)), QString());
        for (const std::string& name : golden.outputs()) QVERIFY2(compared.contains(name), (name + " was not compared").c_str());
        QVERIFY2(golden.allWeightsRead(), golden.report());
    }
}

QTEST_GUILESS_MAIN(GoldenDitDenseRolloutWindow)
#include "golden_dit_dense_rollout_window.moc"
