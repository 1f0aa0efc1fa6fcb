#include <QTest>

#include <vector>

#include "kernels/backend.h"
#include "kernels/philox.h"

using namespace longtake;

class PhiloxTest : public QObject {
    Q_OBJECT
private slots:
    void matchesThePublishedVectors();
    void isAPureFunctionOfItsPlace();
    void isStandardNormal();
};

// Known answers of Philox4x32-10 from the authors' Random123 distribution.
void PhiloxTest::matchesThePublishedVectors() {
    const Philox4 zero = philox(0, {{0, 0, 0, 0}});
    const uint32_t wantZero[] = {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u};
    const Philox4 ones = philox(~0ull, {{~0u, ~0u, ~0u, ~0u}});
    const uint32_t wantOnes[] = {0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu};
    const Philox4 pi = philox(0x299f31d0a4093822ull, {{0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}});
    const uint32_t wantPi[] = {0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u};
    for (int i = 0; i < 4; ++i) {
        QCOMPARE(zero.x[i], wantZero[i]);
        QCOMPARE(ones.x[i], wantOnes[i]);
        QCOMPARE(pi.x[i], wantPi[i]);
    }
}

void PhiloxTest::isAPureFunctionOfItsPlace() {
    const int64_t count = 100003;
    std::vector<std::vector<float>> runs;
    for (int threads : {1, 2}) {
        const auto backend = makeCpuBackend({.threads = threads, .precision = Precision::Fp32});
        std::vector<float> values(static_cast<size_t>(count));
        backend->noise({values.data(), count, 7, 3, 2});
        runs.push_back(values);
    }
    QCOMPARE(runs[0], runs[1]);
    const auto backend = makeCpuBackend({.threads = 1, .precision = Precision::Fp32});
    std::vector<float> other(static_cast<size_t>(count));
    for (const NoiseParams& place : {NoiseParams{other.data(), count, 8, 3, 2}, NoiseParams{other.data(), count, 7, 4, 2},
                                     NoiseParams{other.data(), count, 7, 3, 1}}) {
        backend->noise(place);
        int equal = 0;
        for (int64_t i = 0; i < count; ++i) equal += other[static_cast<size_t>(i)] == runs[0][static_cast<size_t>(i)];
        QVERIFY(equal < 10);
    }
}

void PhiloxTest::isStandardNormal() {
    const int64_t count = 1 << 20;
    const auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
    std::vector<float> values(static_cast<size_t>(count));
    backend->noise({values.data(), count, 1, 0, 0});
    double sum = 0, squares = 0, fourth = 0, beyond = 0;
    for (float v : values) {
        const double d = static_cast<double>(v);
        QVERIFY(std::isfinite(v));
        sum += d;
        squares += d * d;
        fourth += d * d * d * d;
        beyond += std::abs(d) > 1.959964 ? 1 : 0;
    }
    const double n = static_cast<double>(count);
    QVERIFY(std::abs(sum / n) < 0.005);
    QVERIFY(std::abs(squares / n - 1) < 0.01);
    QVERIFY(std::abs(fourth / n - 3) < 0.06);
    QVERIFY(std::abs(beyond / n - 0.05) < 0.002);
}

QTEST_GUILESS_MAIN(PhiloxTest)
#include "test_philox.moc"
