#include <QTest>

#include "golden_rollout.h"

using namespace longtake;

class GoldenDitDenseRollout : public QObject {
    Q_OBJECT
private slots:
    void wholePastInTheCache();
};

void GoldenDitDenseRollout::wholePastInTheCache() {
    for (const GoldenCase& golden : GoldenCase::find("dit_dense_rollout")) {
        const GoldenRollout rollout{golden, goldenDitConfig(golden)};
        std::set<std::string> compared;
        QCOMPARE(QString::fromStdString(rollout.compare(compared)), QString());
        QCOMPARE(QString::fromStdString(rollout.compareByPasses(compared)), QString());
        for (const std::string& name : golden.outputs()) QVERIFY2(compared.contains(name), (name + " was not compared").c_str());
        QVERIFY2(golden.allWeightsRead(), golden.report());
    }
}

QTEST_GUILESS_MAIN(GoldenDitDenseRollout)
#include "golden_dit_dense_rollout.moc"
