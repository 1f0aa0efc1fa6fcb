// Singular values of matrices whose spectrum is known, the two ways to them side by side, and the ranks.
#include <QTest>
#include <cmath>
#include <random>

#include "engine/rollout/rank_stats.h"

using namespace longtake;

namespace {

double unit(std::mt19937& random) { return static_cast<double>(random()) / 2147483648.0 - 1.0; }

Matrix randomMatrix(int64_t rows, int64_t cols, uint32_t seed) {
    std::mt19937 random(seed);
    Matrix out(rows, cols);
    for (double& value : out.values) value = unit(random);
    return out;
}

// A diagonal matrix turned by reflections from both sides, which leave its singular values alone.
Matrix withSpectrum(int64_t rows, int64_t cols, const std::vector<double>& values, uint32_t seed) {
    Matrix out(rows, cols);
    for (size_t i = 0; i < values.size(); ++i) out(static_cast<int64_t>(i), static_cast<int64_t>(i)) = values[i];
    std::mt19937 random(seed);
    for (int round = 0; round < 4; ++round) {
        std::vector<double> v(static_cast<size_t>(rows)), w(static_cast<size_t>(cols));
        double vv = 0, ww = 0;
        for (double& x : v) x = unit(random), vv += x * x;
        for (double& x : w) x = unit(random), ww += x * x;
        for (int64_t c = 0; c < cols; ++c) {
            double sum = 0;
            for (int64_t r = 0; r < rows; ++r) sum += v[static_cast<size_t>(r)] * out(r, c);
            for (int64_t r = 0; r < rows; ++r) out(r, c) -= 2 * sum / vv * v[static_cast<size_t>(r)];
        }
        for (int64_t r = 0; r < rows; ++r) {
            double sum = 0;
            for (int64_t c = 0; c < cols; ++c) sum += w[static_cast<size_t>(c)] * out(r, c);
            for (int64_t c = 0; c < cols; ++c) out(r, c) -= 2 * sum / ww * w[static_cast<size_t>(c)];
        }
    }
    return out;
}

std::vector<double> falling(size_t count, double factor) {
    std::vector<double> out;
    double value = 3;
    for (size_t i = 0; i < count; ++i, value *= factor) out.push_back(value);
    return out;
}

std::vector<float> floats(const Matrix& a) { return {a.values.begin(), a.values.end()}; }

double largestDifference(const std::vector<double>& a, const std::vector<double>& b) {
    double out = a.size() == b.size() ? 0 : INFINITY;
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) out = std::max(out, std::abs(a[i] - b[i]));
    return out;
}

const std::vector<double> kThresholds = {0.9, 0.99, 0.999};

}  // namespace

class TestRankStats final : public QObject {
    Q_OBJECT

private slots:
    void findsAKnownSpectrum_data();
    void findsAKnownSpectrum();
    void aProductIsNotFormedAndAgreesWithTheFormedOne();
    void theGramMatrixIsThePlainSum_data();
    void theGramMatrixIsThePlainSum();
    void theGramWayLosesOnlyTheSmallestValues();
    void eigenvaluesOfAKnownMatrix();
    void ranksOfKnownSpectra();
    void aZeroMatrixHasNoRank();
    void aMatrixComesFromATensorOfAnyFloatType();
};

void TestRankStats::findsAKnownSpectrum_data() {
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("cols");
    QTest::addColumn<int>("rank");
    QTest::newRow("tall") << 60 << 17 << 17;
    QTest::newRow("wide") << 17 << 60 << 17;
    QTest::newRow("square") << 33 << 33 << 33;
    QTest::newRow("deficient") << 40 << 30 << 5;
    QTest::newRow("a row") << 1 << 9 << 1;
    QTest::newRow("a column") << 9 << 1 << 1;
    QTest::newRow("zero") << 6 << 4 << 0;
}

void TestRankStats::findsAKnownSpectrum() {
    QFETCH(int, rows);
    QFETCH(int, cols);
    QFETCH(int, rank);
    std::vector<double> want = falling(static_cast<size_t>(rank), 0.6);
    const Matrix a = withSpectrum(rows, cols, want, 5);
    want.resize(static_cast<size_t>(std::min(rows, cols)));
    QVERIFY(largestDifference(singularValues(a), want) < 1e-14);
    const std::vector<float> values = floats(a);
    QVERIFY(largestDifference(singularValuesFromGram(gramFp64(values.data(), rows, cols, cols), std::min(rows, cols)), want) < 2e-7);
}

void TestRankStats::aProductIsNotFormedAndAgreesWithTheFormedOne() {
    // Narrow, exactly square and wide in between.
    for (const int64_t inner : {3, 12, 40}) {
        const Matrix left = randomMatrix(20, inner, 1), right = randomMatrix(inner, 12, 2);
        Matrix product(20, 12);
        for (int64_t i = 0; i < 20; ++i)
            for (int64_t j = 0; j < 12; ++j)
                for (int64_t k = 0; k < inner; ++k) product(i, j) += left(i, k) * right(k, j);
        const std::vector<double> got = singularValuesOfProduct(left, right);
        QCOMPARE(got.size(), size_t(12));
        QVERIFY(largestDifference(got, singularValues(product)) < 1e-13);
    }
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, (void)singularValuesOfProduct(Matrix(3, 4), Matrix(5, 3)));
}

void TestRankStats::theGramMatrixIsThePlainSum_data() {
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("cols");
    QTest::newRow("less than a tile") << 5 << 3;
    QTest::newRow("one block") << 64 << 16;
    QTest::newRow("one more") << 65 << 17;
    QTest::newRow("many blocks") << 500 << 70;
}

void TestRankStats::theGramMatrixIsThePlainSum() {
    QFETCH(int, rows);
    QFETCH(int, cols);
    const int64_t stride = cols + 7, skip = 5;
    const std::vector<float> a = floats(randomMatrix(rows, stride, 3));
    const Matrix fp32 = gramFp32(a.data() + skip, rows - 1, cols, stride), fp64 = gramFp64(a.data() + skip, rows - 1, cols, stride);
    for (int64_t i = 0; i < cols; ++i) {
        for (int64_t j = 0; j < cols; ++j) {
            double want = 0;
            for (int64_t r = 0; r + 1 < rows; ++r)
                want += static_cast<double>(a[static_cast<size_t>(r * stride + skip + i)]) *
                        static_cast<double>(a[static_cast<size_t>(r * stride + skip + j)]);
            QVERIFY(std::abs(fp64(i, j) - want) < 1e-12);
            QVERIFY(std::abs(fp32(i, j) - want) < 1e-6 * rows);
        }
    }
}

void TestRankStats::theGramWayLosesOnlyTheSmallestValues() {
    const int64_t rows = 1008, cols = 32;
    const Matrix a = withSpectrum(rows, cols, falling(32, 0.75), 9);
    const std::vector<float> values = floats(a);
    const std::vector<double> plain = singularValues(a), fast = singularValuesFromGram(gramFp32(values.data(), rows, cols, cols), cols);
    QVERIFY(plain.back() / plain.front() > 1e-4);
    QVERIFY(largestDifference(plain, fast) < 3e-4 * plain.front());
    const RankStats want = rankStats(plain, kThresholds), got = rankStats(fast, kThresholds);
    QCOMPARE(got.r, want.r);
    QVERIFY(largestDifference(got.energyShare, want.energyShare) < 1e-6);
    QVERIFY(std::abs(got.stableRank - want.stableRank) < 1e-6);
    QVERIFY(std::abs(got.entropyRank - want.entropyRank) < 1e-5);
}

void TestRankStats::eigenvaluesOfAKnownMatrix() {
    // The second difference matrix: 2 - 2 cos(k pi / (n + 1)).
    const int64_t n = 50;
    Matrix a(n, n);
    for (int64_t i = 0; i < n; ++i) {
        a(i, i) = 2;
        if (i + 1 < n) a(i, i + 1) = a(i + 1, i) = -1;
    }
    const std::vector<double> got = symmetricEigenvalues(a);
    for (int64_t k = 1; k <= n; ++k)
        QVERIFY(std::abs(got[static_cast<size_t>(k - 1)] - (2 - 2 * std::cos(static_cast<double>(k) * M_PI / (n + 1)))) < 1e-13);
    Matrix repeated(4, 4);
    for (int64_t i = 0; i < 4; ++i) repeated(i, i) = i == 3 ? -1 : 2;
    QCOMPARE(symmetricEigenvalues(repeated), (std::vector<double>{-1, 2, 2, 2}));
    QVERIFY(symmetricEigenvalues(Matrix()).empty());
}

void TestRankStats::ranksOfKnownSpectra() {
    const RankStats flat = rankStats(std::vector<double>(100, 2.0), kThresholds);
    QCOMPARE(flat.r, (std::vector<int64_t>{90, 99, 100}));
    QVERIFY(std::abs(flat.stableRank - 100) < 1e-9 && std::abs(flat.entropyRank - 100) < 1e-9);
    // Squares 0.81, 0.18, 0.01: 0.99 is reached with two.
    const RankStats three = rankStats({0.9, std::sqrt(0.18), 0.1}, std::vector<double>{0.8, 0.985, 0.995, 1.0});
    QCOMPARE(three.r, (std::vector<int64_t>{1, 2, 3, 3}));
    QVERIFY(std::abs(three.stableRank - 1 / 0.81) < 1e-12);
    const double entropy = -(0.81 * std::log(0.81) + 0.18 * std::log(0.18) + 0.01 * std::log(0.01));
    QVERIFY(std::abs(three.entropyRank - std::exp(entropy)) < 1e-12);
}

void TestRankStats::aZeroMatrixHasNoRank() {
    const RankStats stats = rankStats(singularValues(Matrix(5, 3)), kThresholds);
    QCOMPARE(stats.r, (std::vector<int64_t>{0, 0, 0}));
    QCOMPARE(stats.energyShare, (std::vector<double>{0, 0, 0}));
    QCOMPARE(stats.stableRank, 0.0);
    QCOMPARE(stats.entropyRank, 0.0);
    QCOMPARE(rankStats({}, kThresholds).r, (std::vector<int64_t>{0, 0, 0}));
}

void TestRankStats::aMatrixComesFromATensorOfAnyFloatType() {
    Tensor doubles = Tensor::host(DType::F64, {1, 2}), halves = Tensor::host(DType::BF16, {1, 2});
    doubles.as<double>()[1] = 1.0 + 1e-12;
    halves.as<uint16_t>()[1] = bf16FromFloat(1.5f);
    QCOMPARE(Matrix::of(doubles).values, (std::vector<double>{0, 1.0 + 1e-12}));
    QCOMPARE(Matrix::of(halves).values, (std::vector<double>{0, 1.5}));
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, (void)Matrix::of(Tensor::host(DType::F32, {4})));
}

QTEST_APPLESS_MAIN(TestRankStats)
#include "test_rank_stats.moc"
