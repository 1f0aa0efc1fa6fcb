#include "engine/checkpoint/dit_names.h"

namespace longtake {

namespace {

// The fused matrices of one block under the names of a layout (videomla.md, "Released weights").
struct FusedNames {
    std::string qDown, qNorm, qUp, kvDown, kvNorm, kvUp, o;
    bool isTransposed = false;  // the fused matrices lie in x out
    bool isOutputTransposed = false;
};

// A parameter may be bare or the weight of a module.
std::string eitherName(const NameResolver& resolver, const std::string& bare) {
    return !resolver.has(bare) && resolver.has(bare + ".weight") ? bare + ".weight" : bare;
}

FusedNames fusedNames(const NameResolver& resolver, SelfAttentionLayout layout, const std::string& at) {
    if (layout == SelfAttentionLayout::DeepSeek) {
        const std::string o = resolver.has(at + "o_proj.weight") ? "o_proj.weight" : "o.weight";
        return {at + "q_a_proj.weight",
                at + "q_a_layernorm.weight",
                at + "q_b_proj.weight",
                at + "kv_a_proj_with_mqa.weight",
                at + "kv_a_layernorm.weight",
                at + "kv_b_proj.weight",
                at + o};
    }
    FusedNames names{eitherName(resolver, at + "W_q_downsampled"),
                     eitherName(resolver, at + "norm_q_latent"),
                     eitherName(resolver, at + "W_q_upsampled"),
                     eitherName(resolver, at + "W_kv_downsampled"),
                     eitherName(resolver, at + "norm_kv_latent"),
                     eitherName(resolver, at + "W_kv_upsampled"),
                     eitherName(resolver, at + "W_o")};
    if (!resolver.has(names.o)) names.o = at + "o.weight";
    // In x out as published; a re-saved one may be out x in, which the latent's length tells.
    const int64_t latent = resolver.size(names.kvNorm, 0);
    names.isTransposed = resolver.size(names.kvUp, 0) == latent && resolver.size(names.kvUp, 1) != latent;
    // The output projection is square, so only its kind tells: a bare parameter lies like the others, the
    // weight of a linear layer is out x in.
    names.isOutputTransposed = names.isTransposed && !names.o.ends_with(".weight");
    return names;
}

int64_t rowsOf(const NameResolver& resolver, const std::string& name, bool isTransposed) {
    return resolver.size(name, isTransposed ? 1 : 0);
}

Error contradiction(const NameResolver& resolver) {
    return {resolver.checkpoint().path() +
            ": the sizes of its latent attention contradict each other, so its heads "
            "cannot be told apart; this layout is not known"};
}

Result<void> inferSeparate(const NameResolver& resolver, DitConfig& config) {
    const std::string at = "blocks.0.self_attn.";
    MlaConfig& mla = config.mla;
    mla.dC = static_cast<int>(resolver.size(at + "kv_down.weight", 0));
    mla.dCq = static_cast<int>(resolver.size(at + "q_down.weight", 0));
    mla.dR = static_cast<int>(resolver.size(at + "k_rope.weight", 0));
    const int64_t rope = resolver.size(at + "q_rope.weight", 0);
    if (mla.dR == 0 || rope == 0 || rope % mla.dR != 0) return contradiction(resolver);
    config.numHeads = static_cast<int>(rope / mla.dR);
    mla.dNope = static_cast<int>(resolver.size(at + "k_up.weight", 0) / config.numHeads);
    mla.dV = static_cast<int>(resolver.size(at + "v_up.weight", 0) / config.numHeads);
    return {};
}

// With H heads: q_b has H (nope + r) rows, kv_b has H (nope + v), o takes H v; so H = (q_b + o - kv_b) / r.
Result<void> inferFused(const NameResolver& resolver, SelfAttentionLayout layout, DitConfig& config) {
    const FusedNames names = fusedNames(resolver, layout, "blocks.0.self_attn.");
    MlaConfig& mla = config.mla;
    mla.dC = static_cast<int>(resolver.size(names.kvNorm, 0));
    mla.dCq = static_cast<int>(resolver.size(names.qNorm, 0));
    mla.dR = static_cast<int>(rowsOf(resolver, names.kvDown, names.isTransposed)) - mla.dC;
    const int64_t queries = rowsOf(resolver, names.qUp, names.isTransposed);
    const int64_t keysAndValues = rowsOf(resolver, names.kvUp, names.isTransposed);
    const int64_t values = resolver.size(names.o, names.isOutputTransposed ? 0 : 1);
    if (mla.dR <= 0) return contradiction(resolver);
    const int64_t heads = (queries + values - keysAndValues) / mla.dR;
    if (heads <= 0 || heads * mla.dR != queries + values - keysAndValues || queries % heads != 0 || values % heads != 0)
        return contradiction(resolver);
    config.numHeads = static_cast<int>(heads);
    mla.dNope = static_cast<int>(queries / heads) - mla.dR;
    mla.dV = static_cast<int>(values / heads);
    return {};
}

void wantFused(NameResolver& resolver, SelfAttentionLayout layout, const DitConfig& config, const std::string& at) {
    const FusedNames names = fusedNames(resolver, layout, at);
    const MlaConfig& mla = config.mla;
    const int64_t heads = config.numHeads;
    const bool turned = names.isTransposed;
    resolver.wantPart({at + "kv_norm.weight", {mla.dC}, names.kvNorm});
    resolver.wantPart({at + "q_norm.weight", {mla.dCq}, names.qNorm});
    resolver.wantPart({at + "q_down.weight", {mla.dCq, config.dim}, names.qDown, turned});
    const int64_t cached = mla.dC + mla.dR, query = mla.dNope + mla.dR, keyValue = mla.dNope + mla.dV;
    resolver.wantPart({at + "kv_down.weight", {mla.dC, config.dim}, names.kvDown, turned, cached, 0, mla.dC});
    resolver.wantPart({at + "k_rope.weight", {mla.dR, config.dim}, names.kvDown, turned, cached, mla.dC, mla.dR});
    resolver.wantPart({at + "q_up.weight", {heads * mla.dNope, mla.dCq}, names.qUp, turned, query, 0, mla.dNope});
    resolver.wantPart({at + "q_rope.weight", {heads * mla.dR, mla.dCq}, names.qUp, turned, query, mla.dNope, mla.dR});
    resolver.wantPart({at + "k_up.weight", {heads * mla.dNope, mla.dC}, names.kvUp, turned, keyValue, 0, mla.dNope});
    resolver.wantPart({at + "v_up.weight", {heads * mla.dV, mla.dC}, names.kvUp, turned, keyValue, mla.dNope, mla.dV});
    resolver.wantPart({at + "o.weight", {config.dim, heads * mla.dV}, names.o, names.isOutputTransposed});
    for (const std::string& bias : {at + "o_proj.bias", at + "W_o.bias"}) {
        if (!resolver.has(bias)) continue;
        resolver.wantPart({at + "o.bias", {config.dim}, bias});
        return;
    }
    resolver.wantOrZeros(at + "o.bias", {config.dim});
}

void wantSeparate(NameResolver& resolver, const DitConfig& config, const std::string& at) {
    const MlaConfig& mla = config.mla;
    const int64_t heads = config.numHeads;
    resolver.want(at + "kv_down.weight", {mla.dC, config.dim});
    resolver.want(at + "kv_norm.weight", {mla.dC});
    resolver.want(at + "k_up.weight", {heads * mla.dNope, mla.dC});
    resolver.want(at + "v_up.weight", {heads * mla.dV, mla.dC});
    resolver.want(at + "q_down.weight", {mla.dCq, config.dim});
    resolver.want(at + "q_norm.weight", {mla.dCq});
    resolver.want(at + "q_up.weight", {heads * mla.dNope, mla.dCq});
    resolver.want(at + "k_rope.weight", {mla.dR, config.dim});
    resolver.want(at + "q_rope.weight", {heads * mla.dR, mla.dCq});
    resolver.want(at + "o.weight", {config.dim, heads * mla.dV});
    resolver.wantOrZeros(at + "o.bias", {config.dim});
}

}  // namespace

SelfAttentionLayout selfAttentionLayout(const NameResolver& resolver) {
    const std::string at = "blocks.0.self_attn.";
    if (resolver.has(at + "kv_down.weight")) return SelfAttentionLayout::Separate;
    if (resolver.has(at + "kv_a_proj_with_mqa.weight")) return SelfAttentionLayout::DeepSeek;
    if (resolver.has(eitherName(resolver, at + "W_kv_downsampled"))) return SelfAttentionLayout::Prototype;
    if (resolver.has(at + "q.weight")) return SelfAttentionLayout::Dense;
    return SelfAttentionLayout::Unknown;
}

Result<void> inferMla(const NameResolver& resolver, SelfAttentionLayout layout, DitConfig& config) {
    config.attention = AttentionKind::Mla;
    auto inferred = layout == SelfAttentionLayout::Separate ? inferSeparate(resolver, config) : inferFused(resolver, layout, config);
    if (!inferred) return inferred;
    const MlaConfig& mla = config.mla;
    if (mla.dC <= 0 || mla.dCq <= 0 || mla.dNope <= 0 || mla.dV <= 0) return contradiction(resolver);
    return {};
}

void wantSelfAttention(NameResolver& resolver, SelfAttentionLayout layout, const DitConfig& config, int block) {
    const std::string at = "blocks." + std::to_string(block) + ".self_attn.";
    if (layout == SelfAttentionLayout::Separate) return wantSeparate(resolver, config, at);
    if (layout != SelfAttentionLayout::Dense) return wantFused(resolver, layout, config, at);
    for (const std::string part : {"q", "k", "v", "o"}) {
        resolver.want(at + part + ".weight", {config.dim, config.dim});
        resolver.want(at + part + ".bias", {config.dim});
    }
    resolver.want(at + "norm_q.weight", {config.dim});
    resolver.want(at + "norm_k.weight", {config.dim});
}

}  // namespace longtake
