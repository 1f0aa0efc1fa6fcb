// RankProbe: the effective rank of a model's weights, and of the latents in the cache of a running rollout.
//
// Which matrices (videomla.md, "Rank analysis"):
//   weights, MLA    M = [k_up kv_down; v_up kv_down] of a layer, never formed; its rank is at most d_c
//   weights, dense  [W_K; W_V] of a layer
//   live cache      the cached rows of a layer's window, content and positional columns apart; not centred
//
// Owner:  the session. It refers to no model and no cache: what it looks at is handed over as a copy.
// Thread: any thread may call the probe; the work is done on its own thread. The functions are pure.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/result.h"
#include "engine/rollout/rank_stats.h"
#include "engine/rollout/rank_values.h"

namespace longtake {

// One kind of matrix in every layer.
struct RankReport {
    std::string matrix;              // in words, e.g. "[W_K; W_V]"
    int64_t rows = 0, columns = 0;   // of one layer
    int64_t chunk = -1;              // -1 for weights
    int budget = 0;                  // d_c; 0 where there is none
    std::vector<double> thresholds;  // of RankStats::r
    std::vector<RankStats> layers;
    double costMs = 0;  // of computing it
};

// What a panel shows of a report: one threshold, which has to be among the report's.
RankValues valuesOf(const RankReport& report, double threshold);
// A table with a heading: layer, matrix, rows, columns, r at each threshold, stable, entropy, energy in the budget.
std::string csvOf(const RankReport& report);

// One layer's factors, host memory, any float type, [out, in].
struct LatentFactors {
    Tensor kvDown;  // [d_c, dim]
    Tensor kUp;     // [heads d_nope, d_c]
    Tensor vUp;     // [heads d_v, d_c]
};
struct DenseFactors {
    Tensor k, v;  // [dim, dim]
};
// Fails on a layer whose factors do not fit together or hold a number that is not finite. A layer of the 1.3B model
// takes about 0.1 s (MLA) or 3 s (dense) of one core.
Result<RankReport> rankOfWeights(const std::vector<LatentFactors>& layers, const std::vector<double>& thresholds);
Result<RankReport> rankOfWeights(const std::vector<DenseFactors>& layers, const std::vector<double>& thresholds);

// A copy of the live window: F32 host memory [tokens, width], one tensor a layer.
struct CacheSnapshot {
    int64_t chunk = 0;
    int64_t contentColumns = 0;  // d_c: the first columns are the content latent, the rest the positional key
    std::vector<Tensor> layers;
};

struct CacheRanks {
    RankReport content;     // "cached latents c of the window"
    RankReport positional;  // "cached positional keys of the window"; no layers where the rows hold none
};

// At once, on the caller's thread; what the probe runs. fp32 products (see rank_stats.h). One core takes 0.8 ms for
// 6 layers of 1008 tokens and 48 columns, 0.55 s for 30 layers of 10920 tokens and 224 columns.
Result<CacheRanks> rankOfCache(const CacheSnapshot& snapshot, const std::vector<double>& thresholds);

class RankProbe {
public:
    explicit RankProbe(std::vector<double> thresholds = {0.9, 0.99, 0.999});
    ~RankProbe();  // drops what waits, ends with the layer being computed
    RankProbe(const RankProbe&) = delete;
    RankProbe& operator=(const RankProbe&) = delete;

    // Hands a snapshot over; one that still waits is replaced, so a slow probe skips chunks and never queues.
    void submit(CacheSnapshot snapshot);
    // The newest finished result; empty before the first. A snapshot that cannot be probed leaves its error here.
    std::optional<Result<CacheRanks>> latest() const;
    bool busy() const;
    int64_t skipped() const;  // snapshots that were replaced while they waited
    void wait() const;        // until nothing waits or runs

private:
    void work();

    const std::vector<double> thresholds_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::optional<CacheSnapshot> waiting_;
    std::optional<Result<CacheRanks>> latest_;
    int64_t skipped_ = 0;
    bool running_ = false;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace longtake
