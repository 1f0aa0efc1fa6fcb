#include <cmath>

#include "engine/model/self_attention.h"
#include "engine/rows.h"

namespace longtake {

namespace {

enum Slot : size_t { kDown, kQueryLatent, kQueries, kKeys, kOut };

void* offset(const Rows& rows, int64_t column) { return columns(rows, column, 0).data; }

class MlaAttention final : public SelfAttention {
public:
    MlaAttention(const DitConfig& config, MlaForm form, WeightReader& reader, const std::string& prefix, Backend& backend)
        : backend_(backend), m_(config.mla), heads_(config.numHeads), dim_(config.dim),
          absorbed_((form == MlaForm::Automatic ? chooseMlaForm(config.mla) : form) == MlaForm::Absorbed) {
        loadDown(reader, prefix);
        kvNorm_ = uploadFloats(backend, reader.floats(prefix + "kv_norm.weight", {m_.dC}));
        queryNorm_ = uploadFloats(backend, reader.floats(prefix + "q_norm.weight", {m_.dCq}));
        const Projections w{reader.floats(prefix + "q_up.weight", {heads_ * m_.dNope, m_.dCq}),
                            reader.floats(prefix + "q_rope.weight", {heads_ * m_.dR, m_.dCq}),
                            reader.floats(prefix + "k_up.weight", {heads_ * m_.dNope, m_.dC}),
                            reader.floats(prefix + "v_up.weight", {heads_ * m_.dV, m_.dC}),
                            reader.floats(prefix + "o.weight", {dim_, heads_ * m_.dV}),
                            reader.floats(prefix + "o.bias", {dim_})};
        if (absorbed_) packAbsorbed(w);
        else packMaterialised(w);
    }

    void run(const SelfAttentionPass& p) const override;
    size_t weightBytes() const override { return down_->bytes() + queries_->bytes() + (window_ ? window_->bytes() : 0) + out_->bytes(); }

private:
    struct Projections {
        std::vector<float> queryUp, queryRope, keyUp, valueUp, out, outBias;
    };

    // Width of a head's query and key, and of its value, in the form in use.
    int64_t queryWidth() const { return (absorbed_ ? m_.dC : m_.dNope) + m_.dR; }
    int64_t valueWidth() const { return absorbed_ ? m_.dC : m_.dV; }

    void loadDown(WeightReader& reader, const std::string& prefix);
    void packMaterialised(const Projections& w);
    void packAbsorbed(const Projections& w);
    void packQueries(const std::vector<float>& content, int64_t contentRows, const std::vector<float>& rope);
    void writeCache(const Rows& down, const Rows& slots) const;
    void attend(const SelfAttentionPass& p, size_t take, const Rows& queries, const Rows& out) const;
    void materialise(const SelfAttentionPass& p, const Rows& live, AttentionParams& attention) const;
    void gatherLatents(const SelfAttentionPass& p, const Rows& live, AttentionParams& attention) const;
    void rotateKeys(const SelfAttentionPass& p, const Rows& live, const Rows& keys, int64_t contentWidth, int64_t heads) const;

    Backend& backend_;
    MlaConfig m_;
    int64_t heads_, dim_;
    bool absorbed_;
    std::unique_ptr<PackedWeight> down_;     // [d_cq + d_c + d_r, dim]
    std::unique_ptr<PackedWeight> queries_;  // [heads * queryWidth, d_cq]
    std::unique_ptr<PackedWeight> window_;   // materialised only: [heads * queryWidth + heads * d_v, d_c]
    std::unique_ptr<PackedWeight> out_;      // [dim, heads * valueWidth]
    Tensor kvNorm_, queryNorm_;
};

void MlaAttention::loadDown(WeightReader& reader, const std::string& prefix) {
    std::vector<float> fused = reader.floats(prefix + "q_down.weight", {m_.dCq, dim_});
    for (const std::vector<float>& part :
         {reader.floats(prefix + "kv_down.weight", {m_.dC, dim_}), reader.floats(prefix + "k_rope.weight", {m_.dR, dim_})})
        fused.insert(fused.end(), part.begin(), part.end());
    down_ = backend_.packMatmul(fused.data(), DType::F32, nullptr, m_.dCq + m_.dC + m_.dR, dim_);
}

// Rows of each head side by side: [content rows, d_r rotated rows].
void MlaAttention::packQueries(const std::vector<float>& content, int64_t contentRows, const std::vector<float>& rope) {
    std::vector<float> fused;
    for (int64_t h = 0; h < heads_; ++h) {
        fused.insert(fused.end(), content.begin() + h * contentRows * m_.dCq, content.begin() + (h + 1) * contentRows * m_.dCq);
        fused.insert(fused.end(), rope.begin() + h * m_.dR * m_.dCq, rope.begin() + (h + 1) * m_.dR * m_.dCq);
    }
    queries_ = backend_.packMatmul(fused.data(), DType::F32, nullptr, heads_ * (contentRows + m_.dR), m_.dCq);
}

void MlaAttention::packMaterialised(const Projections& w) {
    packQueries(w.queryUp, m_.dNope, w.queryRope);
    std::vector<float> fused;
    for (int64_t h = 0; h < heads_; ++h) {
        fused.insert(fused.end(), w.keyUp.begin() + h * m_.dNope * m_.dC, w.keyUp.begin() + (h + 1) * m_.dNope * m_.dC);
        fused.insert(fused.end(), static_cast<size_t>(m_.dR * m_.dC), 0.0f);  // the place of the rotated key
    }
    fused.insert(fused.end(), w.valueUp.begin(), w.valueUp.end());
    window_ = backend_.packMatmul(fused.data(), DType::F32, nullptr, heads_ * (queryWidth() + m_.dV), m_.dC);
    out_ = backend_.packMatmul(w.out.data(), DType::F32, w.outBias.data(), dim_, heads_ * m_.dV);
}

// q . (W_k c) = (W_k^T q) . c and W_o (W_v c) = (W_o W_v) c, head by head.
void MlaAttention::packAbsorbed(const Projections& w) {
    std::vector<float> query(static_cast<size_t>(heads_ * m_.dC * m_.dCq)), out(static_cast<size_t>(dim_ * heads_ * m_.dC));
    std::vector<double> row(static_cast<size_t>(std::max(m_.dCq, m_.dC)));
    for (int64_t h = 0; h < heads_; ++h) {
        for (int64_t c = 0; c < m_.dC; ++c) {
            std::fill(row.begin(), row.end(), 0.0);
            for (int64_t n = 0; n < m_.dNope; ++n) {
                const double key = static_cast<double>(w.keyUp[static_cast<size_t>((h * m_.dNope + n) * m_.dC + c)]);
                const float* up = w.queryUp.data() + (h * m_.dNope + n) * m_.dCq;
                for (int64_t i = 0; i < m_.dCq; ++i) row[static_cast<size_t>(i)] += key * static_cast<double>(up[i]);
            }
            for (int64_t i = 0; i < m_.dCq; ++i)
                query[static_cast<size_t>((h * m_.dC + c) * m_.dCq + i)] = static_cast<float>(row[static_cast<size_t>(i)]);
        }
        for (int64_t o = 0; o < dim_; ++o) {
            std::fill(row.begin(), row.end(), 0.0);
            for (int64_t v = 0; v < m_.dV; ++v) {
                const double weight = static_cast<double>(w.out[static_cast<size_t>(o * heads_ * m_.dV + h * m_.dV + v)]);
                const float* up = w.valueUp.data() + (h * m_.dV + v) * m_.dC;
                for (int64_t c = 0; c < m_.dC; ++c) row[static_cast<size_t>(c)] += weight * static_cast<double>(up[c]);
            }
            for (int64_t c = 0; c < m_.dC; ++c)
                out[static_cast<size_t>((o * heads_ + h) * m_.dC + c)] = static_cast<float>(row[static_cast<size_t>(c)]);
        }
    }
    packQueries(query, m_.dC, w.queryRope);
    out_ = backend_.packMatmul(out.data(), DType::F32, w.outBias.data(), dim_, heads_ * m_.dC);
}

// The normalised latent and the unrotated positional key go straight into the chunk's slots.
void MlaAttention::writeCache(const Rows& down, const Rows& slots) const {
    backend_.norm({.kind = NormKind::Rms,
                   .x = columns(down, m_.dCq, m_.dC),
                   .y = columns(slots, 0, m_.dC),
                   .gain = kvNorm_.as<float>(),
                   .bias = nullptr,
                   .scale = {},
                   .shift = {},
                   .eps = m_.eps});
    backend_.copy({columns(down, m_.dCq + m_.dC, m_.dR), columns(slots, m_.dC, m_.dR)});
}

void MlaAttention::rotateKeys(const SelfAttentionPass& p, const Rows& live, const Rows& keys, int64_t contentWidth, int64_t heads) const {
    backend_.rope({.x = offset(live, m_.dC),
                   .xDtype = live.dtype,
                   .xRowStride = live.stride,
                   .xHeadStride = 0,
                   .y = offset(keys, contentWidth),
                   .yDtype = keys.dtype,
                   .yRowStride = keys.stride,
                   .yHeadStride = queryWidth(),
                   .rows = keys.rows,
                   .heads = heads,
                   .pairs = m_.dR / 2,
                   .cosines = p.rope->cosines(0),
                   .sines = p.rope->sines(0)});
}

void MlaAttention::materialise(const SelfAttentionPass& p, const Rows& live, AttentionParams& attention) const {
    const Rows keys = p.scratch->rows(kKeys, p.u.dtype, attention.keys, heads_ * (queryWidth() + m_.dV));
    backend_.matmul({.x = columns(live, 0, m_.dC), .weight = window_.get(), .y = keys});
    rotateKeys(p, live, keys, m_.dNope, heads_);
    if (p.observer) (*p.observer)("keys", p.layer, columns(keys, 0, heads_ * queryWidth()));
    attention.k = keys.data;
    attention.kRowStride = attention.vRowStride = keys.stride;
    attention.kHeadStride = queryWidth();
    attention.v = offset(keys, heads_ * queryWidth());
    attention.vHeadStride = m_.dV;
}

void MlaAttention::gatherLatents(const SelfAttentionPass& p, const Rows& live, AttentionParams& attention) const {
    const Rows keys = p.scratch->rows(kKeys, p.u.dtype, attention.keys, queryWidth());
    backend_.copy({columns(live, 0, m_.dC), columns(keys, 0, m_.dC)});
    rotateKeys(p, live, keys, m_.dC, 1);
    attention.k = attention.v = keys.data;
    attention.kRowStride = attention.vRowStride = keys.stride;
    attention.kHeadStride = attention.vHeadStride = 0;
}

void MlaAttention::attend(const SelfAttentionPass& p, size_t take, const Rows& queries, const Rows& out) const {
    void* rotated = offset(queries, queryWidth() - m_.dR);
    backend_.rope({.x = rotated,
                   .xDtype = queries.dtype,
                   .xRowStride = queries.stride,
                   .xHeadStride = queryWidth(),
                   .y = rotated,
                   .yDtype = queries.dtype,
                   .yRowStride = queries.stride,
                   .yHeadStride = queryWidth(),
                   .rows = queries.rows,
                   .heads = heads_,
                   .pairs = m_.dR / 2,
                   .cosines = p.rope->cosines(p.firstSlot),
                   .sines = p.rope->sines(p.firstSlot)});
    if (p.observer) (*p.observer)("queries", p.layer, queries);
    AttentionParams attention;
    attention.dtype = queries.dtype;
    attention.q = queries.data;
    attention.qRowStride = queries.stride;
    attention.qHeadStride = attention.qkDim = queryWidth();
    attention.out = out.data;
    attention.outRowStride = out.stride;
    attention.outHeadStride = attention.vDim = valueWidth();
    attention.queries = queries.rows;
    attention.heads = heads_;
    attention.scale = 1.0f / std::sqrt(static_cast<float>(m_.dNope + m_.dR));
    const Rows live = p.live(take);
    attention.keys = live.rows;
    if (absorbed_) gatherLatents(p, live, attention);
    else materialise(p, live, attention);
    backend_.attention(attention);
}

void MlaAttention::run(const SelfAttentionPass& p) const {
    const DType type = p.u.dtype;
    const int64_t tokens = p.u.rows;
    const Rows down = p.scratch->rows(kDown, DType::F32, tokens, m_.dCq + m_.dC + m_.dR);
    backend_.matmul({.x = p.u, .weight = down_.get(), .y = down});
    for (size_t take = 0; take < p.caches.size(); ++take) writeCache(p.ofTake(down, take), p.written(take));
    if (p.onlyWrite) return;

    const Rows latent = p.scratch->rows(kQueryLatent, type, tokens, m_.dCq);
    backend_.norm({.kind = NormKind::Rms,
                   .x = columns(down, 0, m_.dCq),
                   .y = latent,
                   .gain = queryNorm_.as<float>(),
                   .bias = nullptr,
                   .scale = {},
                   .shift = {},
                   .eps = m_.eps});
    if (p.observer) (*p.observer)("query_latent", p.layer, latent);
    const Rows queries = p.scratch->rows(kQueries, type, tokens, heads_ * queryWidth());
    backend_.matmul({.x = latent, .weight = queries_.get(), .y = queries});
    const Rows out = p.scratch->rows(kOut, type, tokens, heads_ * valueWidth());
    for (size_t take = 0; take < p.caches.size(); ++take) attend(p, take, p.ofTake(queries, take), p.ofTake(out, take));
    backend_.matmul({.x = out, .weight = out_.get(), .y = p.x, .accumulate = true, .gate = p.gate});
}

}  // namespace

MlaForm chooseMlaForm(const MlaConfig& m) { return 2 * m.dC + m.dR < m.dNope + m.dR + m.dV ? MlaForm::Absorbed : MlaForm::Materialised; }

std::unique_ptr<SelfAttention> makeMlaAttention(const DitConfig& config, MlaForm form, WeightReader& reader, const std::string& prefix,
                                                Backend& backend) {
    return std::make_unique<MlaAttention>(config, form, reader, prefix, backend);
}

}  // namespace longtake
