#include <QTest>

#include "golden_rollout.h"

using namespace longtake;

class GoldenMlaDitRollout : public QObject {
    Q_OBJECT
private slots:
    void bothWindowsInBothForms_data();
    void bothWindowsInBothForms();
    void in16Bit();
};

void GoldenMlaDitRollout::bothWindowsInBothForms_data() {
    QTest::addColumn<int>("form");
    QTest::newRow("materialised") << static_cast<int>(MlaForm::Materialised);
    QTest::newRow("absorbed") << static_cast<int>(MlaForm::Absorbed);
}

void GoldenMlaDitRollout::bothWindowsInBothForms() {
    QFETCH(int, form);
    for (const GoldenCase& golden : GoldenCase::find("mla_dit_rollout")) {
        std::set<std::string> compared;
        for (const auto& [window, sizes] : golden.json().at("windows").items()) {
            const GoldenRollout rollout = mlaGoldenRollout(golden, window, static_cast<MlaForm>(form));
            QCOMPARE(QString::fromStdString(rollout.compare(compared)), QString());
            QCOMPARE(QString::fromStdString(rollout.compareByPasses(compared)), QString());
        }
        for (const std::string& name : golden.outputs()) QVERIFY2(compared.contains(name), (name + " was not compared").c_str());
        QVERIFY2(golden.allWeightsRead(), golden.report());
    }
}

void GoldenMlaDitRollout::in16Bit() {
    if (!cpuHasBf16()) QSKIP("no bf16 instructions on this processor");
    for (const GoldenCase& golden : GoldenCase::find("mla_dit_rollout")) {
        std::set<std::string> compared;
        GoldenRollout rollout = mlaGoldenRollout(golden, golden.json().at("windows").begin().key(), MlaForm::Materialised);
        rollout.precision = Precision::Bf16;
        QCOMPARE(QString::fromStdString(rollout.compareByPasses(compared)), QString());
        QVERIFY(compared.size() > 1);
    }
}

QTEST_GUILESS_MAIN(GoldenMlaDitRollout)
#include "golden_mla_dit_rollout.moc"
