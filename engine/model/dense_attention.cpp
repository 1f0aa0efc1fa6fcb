#include <cmath>

#include "engine/model/self_attention.h"
#include "engine/rows.h"

namespace longtake {

namespace {

enum Slot : size_t { kProjected, kQueries, kKeys, kOut, kBranch };

// Keys and values as the released Wan-type models have them; cache rows are [k | v].
class DenseAttention final : public SelfAttention {
public:
    DenseAttention(const DitConfig& config, Positions positions, WeightReader& reader, const std::string& prefix, Backend& backend)
        : backend_(backend), heads_(config.numHeads), dim_(config.dim), eps_(config.eps), rotateInCache_(positions == Positions::Absolute) {
        std::vector<float> weight, bias;
        for (const char* name : {"q", "k", "v"}) {
            const std::vector<float> w = reader.floats(prefix + name + ".weight", {dim_, dim_});
            const std::vector<float> b = reader.floats(prefix + name + ".bias", {dim_});
            weight.insert(weight.end(), w.begin(), w.end());
            bias.insert(bias.end(), b.begin(), b.end());
        }
        projections_ = backend.packMatmul(weight.data(), DType::F32, bias.data(), 3 * dim_, dim_);
        out_ = backend.packMatmul(reader.floats(prefix + "o.weight", {dim_, dim_}).data(), DType::F32,
                                  reader.floats(prefix + "o.bias", {dim_}).data(), dim_, dim_);
        queryNorm_ = uploadFloats(backend, reader.floats(prefix + "norm_q.weight", {dim_}));
        keyNorm_ = uploadFloats(backend, reader.floats(prefix + "norm_k.weight", {dim_}));
    }

    void run(const SelfAttentionPass& p) const override;
    size_t weightBytes() const override { return projections_->bytes() + out_->bytes(); }

private:
    int64_t headDim() const { return dim_ / heads_; }

    void writeCache(const SelfAttentionPass& p, const Rows& projected, const Rows& slots) const;
    void attend(const SelfAttentionPass& p, size_t take, const Rows& normed, const Rows& queries, const Rows& out) const;

    void rmsNorm(const Rows& x, const Rows& y, const Tensor& gain) const {
        backend_.norm(
            {.kind = NormKind::Rms, .x = x, .y = y, .gain = gain.as<float>(), .bias = nullptr, .scale = {}, .shift = {}, .eps = eps_});
    }

    void rotate(const Rows& x, const Rows& y, const RopeTable& rope, int64_t firstSlot) const {
        backend_.rope({.x = x.data,
                       .xDtype = x.dtype,
                       .xRowStride = x.stride,
                       .xHeadStride = headDim(),
                       .y = y.data,
                       .yDtype = y.dtype,
                       .yRowStride = y.stride,
                       .yHeadStride = headDim(),
                       .rows = x.rows,
                       .heads = heads_,
                       .pairs = headDim() / 2,
                       .cosines = rope.cosines(firstSlot),
                       .sines = rope.sines(firstSlot)});
    }

    Backend& backend_;
    int64_t heads_, dim_;
    float eps_;
    bool rotateInCache_;
    std::unique_ptr<PackedWeight> projections_, out_;
    Tensor queryNorm_, keyNorm_;
};

void DenseAttention::writeCache(const SelfAttentionPass& p, const Rows& projected, const Rows& slots) const {
    const Rows newKeys = columns(projected, dim_, dim_);
    if (rotateInCache_) {
        rmsNorm(newKeys, newKeys, keyNorm_);
        rotate(newKeys, columns(slots, 0, dim_), *p.rope, p.firstSlot);
    } else {
        rmsNorm(newKeys, columns(slots, 0, dim_), keyNorm_);
    }
    backend_.copy({columns(projected, 2 * dim_, dim_), columns(slots, dim_, dim_)});
}

void DenseAttention::attend(const SelfAttentionPass& p, size_t take, const Rows& normed, const Rows& queries, const Rows& out) const {
    rotate(normed, queries, *p.rope, p.firstSlot);
    const Rows live = p.live(take);
    Rows keys = columns(live, 0, dim_);
    if (!rotateInCache_) {
        keys = p.scratch->rows(kKeys, queries.dtype, live.rows, dim_);
        rotate(columns(live, 0, dim_), keys, *p.rope, 0);
    }
    const Rows values = columns(live, dim_, dim_);
    if (p.observer) {
        (*p.observer)("q_rotated", p.layer, queries);
        (*p.observer)("k_rotated", p.layer, keys);
        (*p.observer)("v", p.layer, values);
    }
    AttentionParams attention;
    attention.dtype = queries.dtype;
    attention.q = queries.data;
    attention.k = keys.data;
    attention.v = values.data;
    attention.out = out.data;
    attention.qRowStride = queries.stride;
    attention.kRowStride = keys.stride;
    attention.vRowStride = values.stride;
    attention.outRowStride = out.stride;
    attention.qHeadStride = attention.kHeadStride = attention.vHeadStride = attention.outHeadStride = headDim();
    attention.qkDim = attention.vDim = headDim();
    attention.queries = queries.rows;
    attention.keys = live.rows;
    attention.heads = heads_;
    attention.scale = 1.0f / std::sqrt(static_cast<float>(headDim()));
    backend_.attention(attention);
}

void DenseAttention::run(const SelfAttentionPass& p) const {
    const DType type = p.u.dtype;
    const int64_t tokens = p.u.rows;
    const Rows projected = p.scratch->rows(kProjected, DType::F32, tokens, 3 * dim_);
    backend_.matmul({.x = p.u, .weight = projections_.get(), .y = projected});
    for (size_t take = 0; take < p.caches.size(); ++take) writeCache(p, p.ofTake(projected, take), p.written(take));
    if (p.onlyWrite) return;

    const Rows newQueries = columns(projected, 0, dim_);
    rmsNorm(newQueries, newQueries, queryNorm_);
    const Rows queries = p.scratch->rows(kQueries, type, tokens, dim_), out = p.scratch->rows(kOut, type, tokens, dim_);
    for (size_t take = 0; take < p.caches.size(); ++take)
        attend(p, take, p.ofTake(newQueries, take), p.ofTake(queries, take), p.ofTake(out, take));
    if (p.observer) {
        const Rows branch = p.scratch->rows(kBranch, DType::F32, tokens, dim_);
        backend_.matmul({.x = out, .weight = out_.get(), .y = branch});
        (*p.observer)("self_attn_out", p.layer, branch);
    }
    backend_.matmul({.x = out, .weight = out_.get(), .y = p.x, .accumulate = true, .gate = p.gate});
}

}  // namespace

std::unique_ptr<SelfAttention> makeDenseAttention(const DitConfig& config, Positions positions, WeightReader& reader,
                                                  const std::string& prefix, Backend& backend) {
    return std::make_unique<DenseAttention>(config, positions, reader, prefix, backend);
}

}  // namespace longtake
