// The CUDA kernels, compiled for an emulated device, against the CPU backend through the one comparator.
#include <QtTest>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/emulation/machine.h"
#include "tests/parity/operation_cases.h"

using namespace longtake;

namespace {

const std::vector<OperationCase>& cases() {
    static const std::vector<OperationCase> all = operationCases(Sizes::Tiles);
    return all;
}

}  // namespace

class TestEmulatedKernels : public QObject {
    Q_OBJECT
    // The plain kernels, which serve all of fp32, are as slow here as they are plain: small cases are enough for them.
    static void addCases(bool tensorCores) {
        QTest::addColumn<int>("index");
        const size_t count = tensorCores ? cases().size() : operationCases(Sizes::Small).size();
        for (size_t i = 0; i < count; ++i) QTest::newRow((cases()[i].name + " #" + std::to_string(i)).c_str()) << static_cast<int>(i);
    }
    // In fp32 the CPU backend hands out and reads what it is given; its bf16 sizes are those of the case.
    void equalCpu(Precision precision, bool plain, bool library, bool warpgroups = false) {
        QFETCH(int, index);
        const OperationCase& c = cases()[static_cast<size_t>(index)];
        emulation::machine() = {};
        emulation::machine().libraryHasProducts = library;
        const auto cpu = makeCpuBackend({.threads = 1, .precision = Precision::Fp32});
        cuda::CudaBackend tested({.precision = precision, .warpgroupAttention = warpgroups, .plainKernels = plain});
        const Comparison found = checkOperation(c, *cpu, tested, tested.computeType());
        QVERIFY2(found.good(), found.text().c_str());
    }

private slots:
    void fp32_data() { addCases(false); }
    void fp32() { equalCpu(Precision::Fp32, false, true); }
    void bf16_data() { addCases(true); }
    void bf16() { equalCpu(Precision::Bf16, false, true); }
    void warpgroups_data() { addCases(true); }
    void warpgroups() { equalCpu(Precision::Bf16, false, true, true); }
    void plainKernelsInFp32_data() { addCases(false); }
    void plainKernelsInFp32() { equalCpu(Precision::Fp32, true, false); }
    void plainKernelsInBf16_data() { addCases(false); }
    void plainKernelsInBf16() { equalCpu(Precision::Bf16, true, false); }
};

QTEST_GUILESS_MAIN(TestEmulatedKernels)
#include "test_emulated_kernels.moc"
