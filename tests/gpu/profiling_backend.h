// A backend that waits before and after every operation and counts what each kind took, for a table of one chunk. What it
// measures holds the wait itself (some microseconds); kernels that would overlap do not.
//
// Owner:  the caller; the inner backend must outlive it. Thread: one.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "kernels/backend.h"

namespace longtake {

class ProfilingBackend final : public Backend {
public:
    explicit ProfilingBackend(Backend& inner) : inner_(inner) {}

    void clear() { spent_.clear(); }
    double totalMs() const {
        double total = 0;
        for (const auto& [name, spent] : spent_) total += spent.ms;
        return total;
    }
    // Longest first.
    void print() const {
        std::vector<std::pair<std::string, Spent>> rows(spent_.begin(), spent_.end());
        std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.second.ms > b.second.ms; });
        std::printf("%-64s %7s %10s %10s %8s\n", "operation", "calls", "ms", "TFLOP/s", "share");
        for (const auto& [name, spent] : rows)
            std::printf("%-64s %7d %10.3f %10.1f %7.1f%%\n", name.c_str(), spent.calls, spent.ms,
                        spent.ms > 0 ? spent.flop / spent.ms * 1e-9 : 0.0, 100 * spent.ms / totalMs());
        std::fflush(stdout);
    }

    std::string name() const override { return inner_.name(); }
    std::string description() const override { return inner_.description(); }
    DType computeType() const override { return inner_.computeType(); }
    int threads() const override { return inner_.threads(); }
    std::shared_ptr<void> allocate(size_t bytes) override { return inner_.allocate(bytes); }
    size_t allocatedBytes() const override { return inner_.allocatedBytes(); }
    size_t freeBytes() const override { return inner_.freeBytes(); }
    void upload(void* device, const void* host, size_t bytes) override {
        timed("upload", 0, [&] { inner_.upload(device, host, bytes); });
    }
    void download(void* host, const void* device, size_t bytes) override {
        timed("download", 0, [&] { inner_.download(host, device, bytes); });
    }
    void copyBytes(void* to, const void* from, size_t bytes) override {
        timed("copyBytes", 0, [&] { inner_.copyBytes(to, from, bytes); });
    }
    void synchronize() override { inner_.synchronize(); }

    std::unique_ptr<PackedWeight> packMatmulAs(DType compute, const void* w, DType dtype, const float* bias, int64_t out,
                                               int64_t in) override {
        return inner_.packMatmulAs(compute, w, dtype, bias, out, in);
    }
    std::unique_ptr<PackedWeight> packConv(const void* w, DType dtype, const float* bias, int64_t out, int64_t in, int kt, int kh,
                                           int kw) override {
        auto packed = inner_.packConv(w, dtype, bias, out, in, kt, kh, kw);
        convs_[packed.get()] = {out, in, int64_t{kt} * kh * kw};
        return packed;
    }
    void matmul(const MatmulParams& p) override {
        timed("matmul " + text(p.x.rows) + " x " + text(p.y.cols) + " x " + text(p.x.cols) + (p.accumulate ? " added" : ""),
              2.0 * static_cast<double>(p.x.rows * p.y.cols * p.x.cols), [&] { inner_.matmul(p); });
    }
    void norm(const NormParams& p) override {
        timed("norm " + text(p.x.rows) + " x " + text(p.x.cols), 0, [&] { inner_.norm(p); });
    }
    void rope(const RopeParams& p) override {
        timed("rope " + text(p.rows) + " x " + text(p.heads), 0, [&] { inner_.rope(p); });
    }
    void attention(const AttentionParams& p) override {
        timed("attention " + text(p.queries) + " x " + text(p.keys) + ", " + text(p.heads) + " x " + text(p.qkDim),
              2.0 * static_cast<double>(p.queries * p.keys * p.heads * (p.qkDim + p.vDim)), [&] { inner_.attention(p); });
    }
    void conv(const ConvParams& p) override {
        const auto [out, in, taps] = convs_[p.weight];
        timed("conv " + text(in) + " to " + text(out) + " taps " + text(taps) + " at " + text(p.height) + " x " + text(p.width),
              2.0 * static_cast<double>(p.frames * p.height * p.width * out * in * taps), [&] { inner_.conv(p); });
    }
    void upsample2x(const UpsampleParams& p) override {
        timed("upsample2x", 0, [&] { inner_.upsample2x(p); });
    }
    void channelNorm(const ChannelNormParams& p) override {
        timed("channelNorm " + text(p.channels), 0, [&] { inner_.channelNorm(p); });
    }
    void planesToMap(const PlanesParams& p) override {
        timed("planesToMap", 0, [&] { inner_.planesToMap(p); });
    }
    void nv12(const Nv12Params& p) override {
        timed("nv12", 0, [&] { inner_.nv12(p); });
    }
    void pictures(const PicturesParams& p) override {
        timed("pictures", 0, [&] { inner_.pictures(p); });
    }
    void activate(Rows x, Rows y, Activation a) override {
        timed("activate", 0, [&] { inner_.activate(x, y, a); });
    }
    void multiply(Rows x, Rows y) override {
        timed("multiply", 0, [&] { inner_.multiply(x, y); });
    }
    void combine(const CombineParams& p) override {
        timed("combine", 0, [&] { inner_.combine(p); });
    }
    void noise(const NoiseParams& p) override {
        timed("noise", 0, [&] { inner_.noise(p); });
    }
    void patchify(const PatchParams& p) override {
        timed("patchify", 0, [&] { inner_.patchify(p); });
    }
    void unpatchify(const PatchParams& p) override {
        timed("unpatchify", 0, [&] { inner_.unpatchify(p); });
    }
    void copy(const CopyParams& p) override {
        timed("copy", 0, [&] { inner_.copy(p); });
    }

private:
    struct Spent {
        int calls = 0;
        double ms = 0, flop = 0;
    };
    struct ConvSize {
        int64_t out = 0, in = 0, taps = 0;
    };
    static std::string text(int64_t value) { return std::to_string(value); }

    template <typename Body>
    void timed(const std::string& name, double flop, Body body) {
        inner_.synchronize();
        const auto start = std::chrono::steady_clock::now();
        body();
        inner_.synchronize();
        Spent& spent = spent_[name];
        ++spent.calls;
        spent.ms += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
        spent.flop += flop;
    }

    Backend& inner_;
    std::map<std::string, Spent> spent_;
    std::map<const PackedWeight*, ConvSize> convs_;
};

}  // namespace longtake
