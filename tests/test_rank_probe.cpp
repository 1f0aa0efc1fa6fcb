// The probe names what it measured, keeps to the plain computation, and never holds up whoever submits.
#include <QTest>
#include <cmath>
#include <limits>
#include <random>

#include "engine/rollout/rank_probe.h"

using namespace longtake;

namespace {

const std::vector<double> kThresholds = {0.9, 0.99, 0.999};

Tensor randomTensor(int64_t rows, int64_t cols, uint32_t seed) {
    std::mt19937 random(seed);
    Tensor out = Tensor::host(DType::F32, {rows, cols});
    for (float& value : out.floats()) value = static_cast<float>(random()) / 2147483648.0f - 1.0f;
    return out;
}

CacheSnapshot snapshotOf(int layers, int64_t tokens, int64_t content, int64_t positional, int64_t chunk = 4) {
    CacheSnapshot out{.chunk = chunk, .contentColumns = content, .layers = {}};
    for (int i = 0; i < layers; ++i) out.layers.push_back(randomTensor(tokens, content + positional, static_cast<uint32_t>(i) + 1));
    return out;
}

Matrix columnsOf(const Tensor& rows, int64_t first, int64_t count) {
    Matrix out(rows.shape()[0], count);
    for (int64_t r = 0; r < out.rows; ++r)
        for (int64_t c = 0; c < count; ++c) out(r, c) = static_cast<double>(rows.as<float>()[r * rows.shape()[1] + first + c]);
    return out;
}

void compareLayer(const RankStats& got, const Matrix& matrix) {
    const RankStats want = rankStats(singularValues(matrix), kThresholds);
    QCOMPARE(got.r, want.r);
    QVERIFY(std::abs(got.stableRank - want.stableRank) < 1e-4 * want.stableRank);
    QVERIFY(std::abs(got.entropyRank - want.entropyRank) < 1e-4 * want.entropyRank);
}

}  // namespace

class TestRankProbe final : public QObject {
    Q_OBJECT

private slots:
    void theCacheIsMeasuredInItsTwoParts();
    void aWindowShorterThanItIsWide();
    void aCacheWithoutPositionalKeys();
    void mlaWeightsAreTheComposedOperator();
    void denseWeightsAreKeysOverValues();
    void whatDoesNotFitIsNamed();
    void valuesForAPanelHaveOneThreshold();
    void theTableHasARowALayer();
    void theWorkerGivesTheSameNumbers();
    void aWaitingSnapshotIsReplaced();
    void stoppingDoesNotWaitForTheWholeWindow();
};

void TestRankProbe::theCacheIsMeasuredInItsTwoParts() {
    const CacheSnapshot snapshot = snapshotOf(2, 200, 24, 8);
    const Result<CacheRanks> ranks = rankOfCache(snapshot, kThresholds);
    QVERIFY(ranks.ok());
    QCOMPARE(ranks->content.layers.size(), size_t(2));
    QCOMPARE(ranks->content.rows, 200);
    QCOMPARE(ranks->content.columns, 24);
    QCOMPARE(ranks->content.budget, 24);
    QCOMPARE(ranks->content.chunk, 4);
    QCOMPARE(ranks->positional.columns, 8);
    QCOMPARE(ranks->content.matrix, std::string("cached latents c of the window"));
    QCOMPARE(ranks->positional.matrix, std::string("cached positional keys of the window"));
    for (size_t layer = 0; layer < 2; ++layer) {
        compareLayer(ranks->content.layers[layer], columnsOf(snapshot.layers[layer], 0, 24));
        compareLayer(ranks->positional.layers[layer], columnsOf(snapshot.layers[layer], 24, 8));
    }
}

void TestRankProbe::aWindowShorterThanItIsWide() {
    const CacheSnapshot snapshot = snapshotOf(1, 10, 24, 0);
    const Result<CacheRanks> ranks = rankOfCache(snapshot, kThresholds);
    QVERIFY(ranks.ok());
    QCOMPARE(ranks->content.layers[0].singularValues.size(), size_t(10));
    compareLayer(ranks->content.layers[0], columnsOf(snapshot.layers[0], 0, 24));
}

void TestRankProbe::aCacheWithoutPositionalKeys() {
    const Result<CacheRanks> ranks = rankOfCache(snapshotOf(1, 30, 8, 0), kThresholds);
    QVERIFY(ranks.ok());
    QVERIFY(ranks->positional.layers.empty());
    QVERIFY(rankOfCache(snapshotOf(0, 0, 8, 0), kThresholds)->content.layers.empty());
}

void TestRankProbe::mlaWeightsAreTheComposedOperator() {
    const LatentFactors factors{.kvDown = randomTensor(6, 40, 1), .kUp = randomTensor(20, 6, 2), .vUp = randomTensor(30, 6, 3)};
    const Result<RankReport> report = rankOfWeights(std::vector{factors, factors}, kThresholds);
    QVERIFY(report.ok());
    QCOMPARE(report->layers.size(), size_t(2));
    QCOMPARE(report->rows, 50);
    QCOMPARE(report->columns, 40);
    QCOMPARE(report->budget, 6);
    Matrix composed(50, 40);
    const Matrix down = Matrix::of(factors.kvDown), k = Matrix::of(factors.kUp), v = Matrix::of(factors.vUp);
    for (int64_t i = 0; i < 50; ++i)
        for (int64_t j = 0; j < 40; ++j)
            for (int64_t c = 0; c < 6; ++c) composed(i, j) += (i < 20 ? k(i, c) : v(i - 20, c)) * down(c, j);
    const std::vector<double> want = singularValues(composed);
    const std::vector<double>& got = report->layers[1].singularValues;
    QCOMPARE(got.size(), size_t(40));
    for (size_t i = 0; i < got.size(); ++i) QVERIFY(std::abs(got[i] - want[i]) < 1e-12);
    QVERIFY(report->layers[1].r[2] <= 6);
}

void TestRankProbe::denseWeightsAreKeysOverValues() {
    const DenseFactors factors{.k = randomTensor(16, 16, 1), .v = randomTensor(16, 16, 2)};
    const Result<RankReport> report = rankOfWeights(std::vector{factors}, kThresholds);
    QVERIFY(report.ok());
    QCOMPARE(report->rows, 32);
    QCOMPARE(report->budget, 0);
    QCOMPARE(report->matrix, std::string("[W_K; W_V]"));
    Matrix both(32, 16);
    for (int64_t i = 0; i < 256; ++i) {
        both.values[static_cast<size_t>(i)] = static_cast<double>(factors.k.as<float>()[i]);
        both.values[static_cast<size_t>(256 + i)] = static_cast<double>(factors.v.as<float>()[i]);
    }
    compareLayer(report->layers[0], both);
}

void TestRankProbe::whatDoesNotFitIsNamed() {
    const LatentFactors odd{.kvDown = randomTensor(6, 40, 1), .kUp = randomTensor(20, 5, 2), .vUp = randomTensor(30, 6, 3)};
    const Result<RankReport> refused = rankOfWeights(std::vector{odd}, kThresholds);
    QVERIFY(!refused);
    QCOMPARE(refused.message(), std::string("rank of layer 0: factors do not fit: kv_down [6, 40], k_up [20, 5], v_up [30, 6]"));

    CacheSnapshot snapshot = snapshotOf(2, 30, 8, 0);
    snapshot.layers[1].as<float>()[17] = std::numeric_limits<float>::quiet_NaN();
    const Result<CacheRanks> notFinite = rankOfCache(snapshot, kThresholds);
    QVERIFY(!notFinite);
    QCOMPARE(notFinite.message(), std::string("rank of layer 1: the cache holds numbers that are not finite"));

    snapshot.layers[1] = randomTensor(29, 8, 1);
    QVERIFY(!rankOfCache(snapshot, kThresholds));
    snapshot.layers[1] = Tensor::host(DType::BF16, {30, 8});
    QVERIFY(!rankOfCache(snapshot, kThresholds));
    snapshot = snapshotOf(1, 30, 8, 0);
    snapshot.contentColumns = 9;
    QVERIFY(!rankOfCache(snapshot, kThresholds));
}

void TestRankProbe::valuesForAPanelHaveOneThreshold() {
    const LatentFactors factors{.kvDown = randomTensor(6, 40, 1), .kUp = randomTensor(20, 6, 2), .vUp = randomTensor(30, 6, 3)};
    const Result<RankReport> report = rankOfWeights(std::vector{factors}, kThresholds);
    const RankValues values = valuesOf(*report, 0.99);
    QCOMPARE(values.matrix, report->matrix);
    QCOMPARE(values.threshold, 0.99);
    QCOMPARE(values.chunk, -1);
    QCOMPARE(values.budget, 6);
    QCOMPARE(values.layers.size(), size_t(1));
    QCOMPARE(values.layers[0].energyRank, static_cast<int>(report->layers[0].r[1]));
    QVERIFY(values.layers[0].energyAtBudget > 0.999999);
    QCOMPARE(values.layers[0].spectrum.size(), size_t(6));
    QCOMPARE(values.layers[0].spectrum.front(), 1.0f);
}

void TestRankProbe::theTableHasARowALayer() {
    const Result<CacheRanks> ranks = rankOfCache(snapshotOf(3, 30, 4, 0), kThresholds);
    const QStringList lines = QString::fromStdString(csvOf(ranks->content)).split('\n');
    QCOMPARE(lines.size(), 5);
    QCOMPARE(lines[0], QString("layer,matrix,rows,columns,r_0.9,r_0.99,r_0.999,stable_rank,entropy_rank,energy_in_budget"));
    QVERIFY(lines[3].startsWith("2,\"cached latents c of the window\",30,4,4,4,4,"));
    QCOMPARE(lines[3].count(','), lines[0].count(','));
}

void TestRankProbe::theWorkerGivesTheSameNumbers() {
    RankProbe probe(kThresholds);
    QVERIFY(!probe.latest());
    const CacheSnapshot snapshot = snapshotOf(2, 300, 16, 4, 7);
    probe.submit(snapshot);
    probe.wait();
    QVERIFY(!probe.busy());
    QCOMPARE(probe.skipped(), 0);
    const auto latest = probe.latest();
    QVERIFY(latest && latest->ok());
    const Result<CacheRanks> want = rankOfCache(snapshot, kThresholds);
    for (size_t layer = 0; layer < 2; ++layer)
        QCOMPARE((**latest).content.layers[layer].singularValues, want->content.layers[layer].singularValues);
    QCOMPARE((**latest).content.chunk, 7);

    CacheSnapshot wrong = snapshot;
    wrong.contentColumns = 0;
    probe.submit(wrong);
    probe.wait();
    QVERIFY(!probe.latest()->ok());
}

void TestRankProbe::aWaitingSnapshotIsReplaced() {
    RankProbe probe(kThresholds);
    const CacheSnapshot slow = snapshotOf(4, 4000, 96, 0, 0);
    for (int64_t chunk = 0; chunk < 50; ++chunk) {
        CacheSnapshot next = slow;  // shares the tensors
        next.chunk = chunk;
        probe.submit(std::move(next));
    }
    probe.wait();
    QCOMPARE((**probe.latest()).content.chunk, 49);
    QVERIFY(probe.skipped() > 0);
}

void TestRankProbe::stoppingDoesNotWaitForTheWholeWindow() {
    CacheSnapshot slow = snapshotOf(1, 4000, 192, 0);
    QElapsedTimer timer;
    timer.start();
    QVERIFY(rankOfCache(slow, kThresholds).ok());
    const qint64 oneLayer = timer.nsecsElapsed();
    slow.layers.resize(400, slow.layers.front());
    timer.restart();
    {
        RankProbe probe(kThresholds);
        probe.submit(slow);
        QTest::qSleep(5);
    }
    QVERIFY2(timer.nsecsElapsed() < oneLayer * 100 + 1'000'000'000, qPrintable(QString::number(timer.elapsed()) + " ms"));
}

QTEST_APPLESS_MAIN(TestRankProbe)
#include "test_rank_probe.moc"
