// Singular values and ranks of matrices whose spectrum is known.
#include <QTest>

#include "engine/rollout/rank_stats.h"
#include "tests/golden/golden_case.h"

using namespace longtake;

namespace {

Tensor vectorOf(const std::vector<double>& values) {
    Tensor out = Tensor::host(DType::F64, {static_cast<int64_t>(values.size())});
    std::copy(values.begin(), values.end(), out.as<double>());
    return out;
}

Tensor scalarOf(double value) {
    Tensor out = Tensor::host(DType::F64, {});
    *out.as<double>() = value;
    return out;
}

Tensor vectorOf(const std::vector<int64_t>& values) {
    Tensor out = Tensor::host(DType::I64, {static_cast<int64_t>(values.size())});
    std::copy(values.begin(), values.end(), out.as<int64_t>());
    return out;
}

Matrix stacked(const Matrix& top, const Matrix& bottom) {
    Matrix out(top.rows + bottom.rows, top.cols);
    std::copy(top.values.begin(), top.values.end(), out.values.begin());
    std::copy(bottom.values.begin(), bottom.values.end(), out.values.begin() + top.rows * top.cols);
    return out;
}

Matrix product(const Matrix& a, const Matrix& b) {
    Matrix out(a.rows, b.cols);
    for (int64_t i = 0; i < a.rows; ++i)
        for (int64_t k = 0; k < a.cols; ++k)
            for (int64_t j = 0; j < b.cols; ++j) out(i, j) += a(i, k) * b(k, j);
    return out;
}

// The names between "out." and ".singular_values".
std::vector<std::string> kindsOf(const GoldenCase& golden) {
    std::vector<std::string> out;
    const std::string end = ".singular_values";
    for (const std::string& name : golden.outputs()) {
        if (name.ends_with(end)) out.push_back(name.substr(4, name.size() - 4 - end.size()));
    }
    return out;
}

}  // namespace

class GoldenRank final : public QObject {
    Q_OBJECT

private slots:
    void valuesAndRanksMatch();
    void theFastWayGivesTheSameRanks();
};

void GoldenRank::valuesAndRanksMatch() {
    for (const GoldenCase& golden : GoldenCase::find("rank")) {
        const std::vector<double> thresholds = golden.config().at("thresholds");
        QVERIFY(kindsOf(golden).size() >= golden.config().at("matrices").size());
        for (const std::string& kind : kindsOf(golden)) {
            std::vector<std::vector<double>> ways;
            if (kind == "composed") {
                const Matrix up = stacked(Matrix::of(golden.input("in.composed.k_up")), Matrix::of(golden.input("in.composed.v_up")));
                const Matrix down = Matrix::of(golden.input("in.composed.kv_down"));
                ways = {singularValuesOfProduct(up, down), singularValues(product(up, down))};
            } else {
                ways = {singularValues(Matrix::of(golden.input("in." + kind)))};
            }
            for (const std::vector<double>& values : ways) {
                const RankStats stats = rankStats(values, thresholds);
                const std::string out = "out." + kind + ".";
                QVERIFY2(golden.matches(out + "singular_values", vectorOf(stats.singularValues)), golden.report());
                QVERIFY2(golden.matches(out + "energy_share", vectorOf(stats.energyShare)), golden.report());
                QVERIFY2(golden.matches(out + "r", vectorOf(stats.r)), golden.report());
                QVERIFY2(golden.matches(out + "stable_rank", scalarOf(stats.stableRank)), golden.report());
                QVERIFY2(golden.matches(out + "entropy_rank", scalarOf(stats.entropyRank)), golden.report());
            }
        }
    }
}

// In fp32 and through the Gram matrix, as the live probe does; small singular values are noise there, ranks are not.
void GoldenRank::theFastWayGivesTheSameRanks() {
    for (const GoldenCase& golden : GoldenCase::find("rank")) {
        const std::vector<double> thresholds = golden.config().at("thresholds");
        for (const std::string& kind : kindsOf(golden)) {
            if (kind == "composed") continue;
            const Matrix a = Matrix::of(golden.input("in." + kind));
            const std::vector<float> values(a.values.begin(), a.values.end());
            const RankStats stats =
                rankStats(singularValuesFromGram(gramFp32(values.data(), a.rows, a.cols, a.cols), std::min(a.rows, a.cols)), thresholds);
            const std::string out = "out." + kind + ".";
            Tensor share = Tensor::host(DType::F32, {static_cast<int64_t>(stats.energyShare.size())});
            std::copy(stats.energyShare.begin(), stats.energyShare.end(), share.as<float>());
            QVERIFY2(golden.matches(out + "energy_share", share), golden.report());
            QVERIFY2(golden.matches(out + "r", vectorOf(stats.r)), golden.report());
            const double stable = *golden.expected(out + "stable_rank").as<double>(),
                         entropy = *golden.expected(out + "entropy_rank").as<double>();
            QVERIFY(std::abs(stats.stableRank - stable) <= 1e-4 + 1e-5 * stable);
            QVERIFY(std::abs(stats.entropyRank - entropy) <= 1e-4 + 1e-5 * entropy);
        }
    }
}

QTEST_APPLESS_MAIN(GoldenRank)
#include "golden_rank.moc"
