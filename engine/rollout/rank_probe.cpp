#include "engine/rollout/rank_probe.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cmath>
#include <functional>
#include <locale>
#include <sstream>

#include "engine/weight_reader.h"

namespace longtake {

namespace {

class Stopwatch {
public:
    double ms() const { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count(); }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Asked between layers.
using Stop = std::function<bool()>;

Error layerError(size_t layer, const std::string& what) { return Error{"rank of layer " + std::to_string(layer) + ": " + what}; }

bool isFinite(const Matrix& a) {
    return std::all_of(a.values.begin(), a.values.end(), [](double value) { return std::isfinite(value); });
}

Matrix stacked(const Matrix& top, const Matrix& bottom) {
    Matrix out(top.rows + bottom.rows, top.cols);
    const auto middle = std::copy(top.values.begin(), top.values.end(), out.values.begin());
    std::copy(bottom.values.begin(), bottom.values.end(), middle);
    return out;
}

double energyWithin(const RankStats& stats, int budget) {
    if (budget < 1 || stats.energyShare.empty()) return 0;
    return stats.energyShare[std::min(static_cast<size_t>(budget), stats.energyShare.size()) - 1];
}

// The columns [first, first + count) of every layer's rows.
Result<RankReport> rankOfColumns(const CacheSnapshot& snapshot, int64_t first, int64_t count, const std::vector<double>& thresholds,
                                 const Stop& stop) {
    const Stopwatch watch;
    RankReport report{.matrix = {},
                      .rows = 0,
                      .columns = count,
                      .chunk = snapshot.chunk,
                      .budget = static_cast<int>(count),
                      .thresholds = thresholds,
                      .layers = {}};
    for (size_t layer = 0; layer < snapshot.layers.size() && !stop(); ++layer) {
        const Tensor& rows = snapshot.layers[layer];
        report.rows = rows.shape()[0];
        Matrix gram = gramFp32(rows.as<float>() + first, report.rows, count, rows.shape()[1]);
        if (!isFinite(gram)) return layerError(layer, "the cache holds numbers that are not finite");
        report.layers.push_back(rankStats(singularValuesFromGram(std::move(gram), std::min(report.rows, count)), thresholds));
    }
    report.costMs = watch.ms();
    return report;
}

Result<CacheRanks> rankOfCacheUnless(const CacheSnapshot& snapshot, const std::vector<double>& thresholds, const Stop& stop) {
    for (size_t layer = 0; layer < snapshot.layers.size(); ++layer) {
        const Tensor& rows = snapshot.layers[layer];
        if (rows.shape().rank() != 2 || rows.dtype() != DType::F32 || rows.shape() != snapshot.layers.front().shape())
            return layerError(layer, "expected F32 rows of one shape in every layer, got " + std::string(nameOf(rows.dtype())) + " " +
                                         rows.shape().text());
        if (snapshot.contentColumns < 1 || snapshot.contentColumns > rows.shape()[1])
            return layerError(layer, "expected 1 to " + std::to_string(rows.shape()[1]) + " content columns, got " +
                                         std::to_string(snapshot.contentColumns));
    }
    const int64_t width = snapshot.layers.empty() ? snapshot.contentColumns : snapshot.layers.front().shape()[1];
    CacheRanks out;
    Result<RankReport> content = rankOfColumns(snapshot, 0, snapshot.contentColumns, thresholds, stop);
    if (!content) return content.error();
    out.content = std::move(*content);
    out.content.matrix = "cached latents c of the window";
    if (width > snapshot.contentColumns) {
        Result<RankReport> positional = rankOfColumns(snapshot, snapshot.contentColumns, width - snapshot.contentColumns, thresholds, stop);
        if (!positional) return positional.error();
        out.positional = std::move(*positional);
    }
    out.positional.matrix = "cached positional keys of the window";
    return out;
}

}  // namespace

RankValues valuesOf(const RankReport& report, double threshold) {
    const auto found = std::find(report.thresholds.begin(), report.thresholds.end(), threshold);
    assert(found != report.thresholds.end());
    const auto which = static_cast<size_t>(found - report.thresholds.begin());
    RankValues out{.matrix = report.matrix,
                   .rows = report.rows,
                   .columns = report.columns,
                   .threshold = threshold,
                   .budget = report.budget,
                   .chunk = report.chunk,
                   .probeMs = report.costMs,
                   .layers = {}};
    for (const RankStats& stats : report.layers) {
        LayerRank layer{.energyRank = static_cast<int>(stats.r[which]),
                        .stableRank = stats.stableRank,
                        .entropyRank = stats.entropyRank,
                        .energyAtBudget = energyWithin(stats, report.budget),
                        .spectrum = {}};
        const double largest = stats.singularValues.empty() ? 0 : stats.singularValues.front();
        // A composed operator has as many values as it is wide, all 0 beyond its budget.
        for (double value : stats.singularValues) {
            if (report.budget > 0 && static_cast<int>(layer.spectrum.size()) >= report.budget) break;
            layer.spectrum.push_back(largest > 0 ? static_cast<float>(value / largest) : 0.0f);
        }
        out.layers.push_back(std::move(layer));
    }
    return out;
}

std::string csvOf(const RankReport& report) {
    std::ostringstream out;
    out.imbue(std::locale::classic());
    out << "layer,matrix,rows,columns";
    for (double threshold : report.thresholds) out << ",r_" << threshold;
    out << ",stable_rank,entropy_rank,energy_in_budget\n";
    out.precision(9);
    for (size_t layer = 0; layer < report.layers.size(); ++layer) {
        const RankStats& stats = report.layers[layer];
        out << layer << ",\"" << report.matrix << "\"," << report.rows << ',' << report.columns;
        for (int64_t r : stats.r) out << ',' << r;
        out << ',' << stats.stableRank << ',' << stats.entropyRank << ',';
        if (report.budget > 0) out << energyWithin(stats, report.budget);
        out << '\n';
    }
    return out.str();
}

Result<RankReport> rankOfWeights(const std::vector<LatentFactors>& layers, const std::vector<double>& thresholds) {
    const Stopwatch watch;
    RankReport report{.matrix = "[k_up kv_down; v_up kv_down]", .thresholds = thresholds, .layers = {}};
    for (size_t layer = 0; layer < layers.size(); ++layer) {
        const Shape &down = layers[layer].kvDown.shape(), &k = layers[layer].kUp.shape(), &v = layers[layer].vUp.shape();
        if (down.rank() != 2 || k.rank() != 2 || v.rank() != 2 || k[1] != down[0] || v[1] != down[0])
            return layerError(layer, "factors do not fit: kv_down " + down.text() + ", k_up " + k.text() + ", v_up " + v.text());
        const Matrix up = stacked(Matrix::of(layers[layer].kUp), Matrix::of(layers[layer].vUp)), kvDown = Matrix::of(layers[layer].kvDown);
        if (!isFinite(up) || !isFinite(kvDown)) return layerError(layer, "the weights hold numbers that are not finite");
        report.rows = up.rows;
        report.columns = kvDown.cols;
        report.budget = static_cast<int>(kvDown.rows);
        report.layers.push_back(rankStats(singularValuesOfProduct(up, kvDown), thresholds));
    }
    report.costMs = watch.ms();
    return report;
}

Result<RankReport> rankOfWeights(const std::vector<DenseFactors>& layers, const std::vector<double>& thresholds) {
    const Stopwatch watch;
    RankReport report{.matrix = "[W_K; W_V]", .thresholds = thresholds, .layers = {}};
    for (size_t layer = 0; layer < layers.size(); ++layer) {
        const Shape &k = layers[layer].k.shape(), &v = layers[layer].v.shape();
        if (k.rank() != 2 || v.rank() != 2 || k[1] != v[1])
            return layerError(layer, "matrices do not fit: W_K " + k.text() + ", W_V " + v.text());
        std::vector<float> both = toFloats(layers[layer].k);
        const std::vector<float> values = toFloats(layers[layer].v);
        both.insert(both.end(), values.begin(), values.end());
        report.rows = k[0] + v[0];
        report.columns = k[1];
        Matrix gram = gramFp64(both.data(), report.rows, report.columns, report.columns);
        if (!isFinite(gram)) return layerError(layer, "the weights hold numbers that are not finite");
        report.layers.push_back(rankStats(singularValuesFromGram(std::move(gram), std::min(report.rows, report.columns)), thresholds));
    }
    report.costMs = watch.ms();
    return report;
}

Result<CacheRanks> rankOfCache(const CacheSnapshot& snapshot, const std::vector<double>& thresholds) {
    return rankOfCacheUnless(snapshot, thresholds, [] { return false; });
}

RankProbe::RankProbe(std::vector<double> thresholds) : thresholds_(std::move(thresholds)), thread_([this] { work(); }) {}

RankProbe::~RankProbe() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
        waiting_.reset();
    }
    changed_.notify_all();
    thread_.join();
}

void RankProbe::submit(CacheSnapshot snapshot) {
    {
        const std::lock_guard lock(mutex_);
        if (waiting_) ++skipped_;
        waiting_ = std::move(snapshot);
    }
    changed_.notify_all();
}

std::optional<Result<CacheRanks>> RankProbe::latest() const {
    const std::lock_guard lock(mutex_);
    return latest_;
}

bool RankProbe::busy() const {
    const std::lock_guard lock(mutex_);
    return running_ || waiting_;
}

int64_t RankProbe::skipped() const {
    const std::lock_guard lock(mutex_);
    return skipped_;
}

void RankProbe::wait() const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !running_ && !waiting_; });
}

void RankProbe::work() {
    const Stop stopped = [this] {
        const std::lock_guard lock(mutex_);
        return stop_;
    };
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stop_ || waiting_; });
        if (stop_) return;
        const CacheSnapshot snapshot = std::move(*waiting_);
        waiting_.reset();
        running_ = true;
        lock.unlock();
        Result<CacheRanks> ranks = rankOfCacheUnless(snapshot, thresholds_, stopped);
        lock.lock();
        if (!stop_) latest_ = std::move(ranks);
        running_ = false;
        changed_.notify_all();
    }
}

}  // namespace longtake
