// Whole rollouts, decoders and the text encoder on the CUDA backend of an emulated device, against the reference's numbers
// and the CPU backend.
#include <QtTest>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/emulation/machine.h"
#include "tests/parity/engine_cases.h"

using namespace longtake;

namespace {

const std::vector<EngineCase>& cases() {
    static const std::vector<EngineCase> all = engineCases();
    return all;
}

std::unique_ptr<Backend> emulated(Precision precision) {
    return std::make_unique<cuda::CudaBackend>(cuda::CudaBackendOptions{.precision = precision});
}

}  // namespace

class TestEmulatedEngine : public QObject {
    Q_OBJECT
    static void addCases() {
        QTest::addColumn<int>("index");
        for (size_t i = 0; i < cases().size(); ++i) QTest::newRow(cases()[i].name.c_str()) << static_cast<int>(i);
    }
    void check(Precision precision) {
        QFETCH(int, index);
        emulation::machine() = {};
        QCOMPARE(QString::fromStdString(cases()[static_cast<size_t>(index)].check(emulated, precision)), QString());
    }

private slots:
    void fp32_data() { addCases(); }
    void fp32() { check(Precision::Fp32); }
    void bf16_data() { addCases(); }
    void bf16() { check(Precision::Bf16); }
};

QTEST_GUILESS_MAIN(TestEmulatedEngine)
#include "test_emulated_engine.moc"
