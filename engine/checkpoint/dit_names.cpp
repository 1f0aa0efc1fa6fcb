#include "engine/checkpoint/dit_names.h"

namespace longtake {

namespace {

// engine-spec 3.11. The trap is norm2: in diffusers it is the affine norm that Wan calls norm3.
std::string fromDiffusers(const std::string& name) {
    const auto inBlock = after(name, "blocks.");
    if (!inBlock) {
        return renamed(name, {{"condition_embedder.text_embedder.linear_1.", "text_embedding.0."},
                              {"condition_embedder.text_embedder.linear_2.", "text_embedding.2."},
                              {"condition_embedder.time_embedder.linear_1.", "time_embedding.0."},
                              {"condition_embedder.time_embedder.linear_2.", "time_embedding.2."},
                              {"condition_embedder.time_proj.", "time_projection.1."},
                              {"scale_shift_table", "head.modulation"},
                              {"proj_out.", "head.head."}});
    }
    const size_t dot = inBlock->find('.');
    if (dot == std::string_view::npos) return name;
    return "blocks." + std::string(inBlock->substr(0, dot + 1)) +
           renamed(inBlock->substr(dot + 1), {{"scale_shift_table", "modulation"},
                                              {"attn1.to_q.", "self_attn.q."},
                                              {"attn1.to_k.", "self_attn.k."},
                                              {"attn1.to_v.", "self_attn.v."},
                                              {"attn1.to_out.0.", "self_attn.o."},
                                              {"attn1.", "self_attn."},
                                              {"attn2.to_q.", "cross_attn.q."},
                                              {"attn2.to_k.", "cross_attn.k."},
                                              {"attn2.to_v.", "cross_attn.v."},
                                              {"attn2.to_out.0.", "cross_attn.o."},
                                              {"attn2.", "cross_attn."},
                                              {"norm2.", "norm3."},
                                              {"ffn.net.0.proj.", "ffn.0."},
                                              {"ffn.net.2.", "ffn.2."}});
}

void wantRest(NameResolver& resolver, const DitConfig& config) {
    const int64_t dim = config.dim, patch = config.patchH * config.patchW;
    resolver.want("patch_embedding.weight", {dim, config.inDim, 1, config.patchH, config.patchW});
    resolver.want("patch_embedding.bias", {dim});
    resolver.want("text_embedding.0.weight", {dim, config.textDim});
    resolver.want("text_embedding.0.bias", {dim});
    resolver.want("text_embedding.2.weight", {dim, dim});
    resolver.want("text_embedding.2.bias", {dim});
    resolver.want("time_embedding.0.weight", {dim, config.freqDim});
    resolver.want("time_embedding.0.bias", {dim});
    resolver.want("time_embedding.2.weight", {dim, dim});
    resolver.want("time_embedding.2.bias", {dim});
    resolver.want("time_projection.1.weight", {6 * dim, dim});
    resolver.want("time_projection.1.bias", {6 * dim});
    resolver.want("head.modulation", {1, 2, dim});
    resolver.want("head.head.weight", {patch * config.outDim, dim});
    resolver.want("head.head.bias", {patch * config.outDim});
}

void wantBlock(NameResolver& resolver, SelfAttentionLayout layout, const DitConfig& config, int block) {
    const std::string at = "blocks." + std::to_string(block) + ".";
    const int64_t dim = config.dim;
    resolver.want(at + "modulation", {1, 6, dim});
    wantSelfAttention(resolver, layout, config, block);
    resolver.want(at + "norm3.weight", {dim});
    resolver.want(at + "norm3.bias", {dim});
    for (const std::string part : {"q", "k", "v", "o"}) {
        resolver.want(at + "cross_attn." + part + ".weight", {dim, dim});
        resolver.want(at + "cross_attn." + part + ".bias", {dim});
    }
    resolver.want(at + "cross_attn.norm_q.weight", {dim});
    resolver.want(at + "cross_attn.norm_k.weight", {dim});
    resolver.want(at + "ffn.0.weight", {config.ffnDim, dim});
    resolver.want(at + "ffn.0.bias", {config.ffnDim});
    resolver.want(at + "ffn.2.weight", {dim, config.ffnDim});
    resolver.want(at + "ffn.2.bias", {dim});
}

Result<void> inferDense(const NameResolver& resolver, int numHeads, DitConfig& config) {
    config.attention = AttentionKind::Dense;
    config.numHeads = numHeads > 0 ? numHeads : config.dim / 128;
    if (config.numHeads > 0 && config.dim % config.numHeads == 0) return {};
    return Error{resolver.checkpoint().path() + ": its number of heads cannot be told from its tensors (width " +
                 std::to_string(config.dim) + "); give its config.json"};
}

std::string_view nameOf(SelfAttentionLayout layout) {
    switch (layout) {
        case SelfAttentionLayout::Dense: return "dense attention";
        case SelfAttentionLayout::Separate: return "latent attention, separate matrices";
        case SelfAttentionLayout::DeepSeek: return "latent attention, fused DeepSeek names";
        case SelfAttentionLayout::Prototype: return "latent attention, fused prototype names";
        default: return "unknown attention";
    }
}

}  // namespace

Result<DitMap> mapDit(const Checkpoint& checkpoint, int numHeads) {
    bool isDiffusers = false;
    for (const std::string& name : checkpoint.names())
        isDiffusers = isDiffusers || withoutWrappers(name) == "condition_embedder.time_proj.weight";
    NameResolver resolver(
        checkpoint, [&](const std::string& name) { return isDiffusers ? fromDiffusers(withoutWrappers(name)) : withoutWrappers(name); });
    const std::string& path = checkpoint.path();
    if (!resolver.has("head.modulation") || !resolver.has("patch_embedding.weight"))
        return Error{path + ": holds no Wan video transformer (no head.modulation or patch_embedding.weight)"};
    for (const std::string& name : resolver.names())
        if (name.starts_with("img_emb.") || name.find(".cross_attn.k_img.") != std::string::npos)
            return Error{path + ": is an image-to-video model; take a text-to-video one"};
    // Such a model's file does not say what its head predicts: its model.json does.
    if (resolver.has("position_embedding.weight"))
        return Error{path + ": is the transformer of a Longtake model; open the folder of its model.json, it needs no import"};

    DitMap map;
    DitConfig& config = map.config;
    const auto size = [&](const std::string& name, int axis) { return static_cast<int>(resolver.size(name, axis)); };
    config.dim = size("patch_embedding.weight", 0);
    config.inDim = size("patch_embedding.weight", 1);
    config.patchH = size("patch_embedding.weight", 3);
    config.patchW = size("patch_embedding.weight", 4);
    config.ffnDim = size("blocks.0.ffn.0.weight", 0);
    config.textDim = size("text_embedding.0.weight", 1);
    config.freqDim = size("time_embedding.0.weight", 1);
    config.numLayers = resolver.count("blocks.");
    config.textLen = 512;
    const auto isSize = [](int value, int most) { return value >= 1 && value <= most; };
    if (!isSize(config.dim, 1 << 20) || !isSize(config.patchH, 16) || !isSize(config.patchW, 16) || size("patch_embedding.weight", 2) != 1)
        return Error{path + ": its patch_embedding.weight has the shape " + resolver.shape("patch_embedding.weight")->text() +
                     ", which is no Wan video transformer's"};
    config.outDim = size("head.head.weight", 0) / (config.patchH * config.patchW);

    const SelfAttentionLayout layout = selfAttentionLayout(resolver);
    if (layout == SelfAttentionLayout::Unknown)
        return Error{path + ": the names of its self-attention are not known, e.g. " +
                     inQuotes(*resolver.names().lower_bound("blocks.0."))};
    auto inferred = layout == SelfAttentionLayout::Dense ? inferDense(resolver, numHeads, config) : inferMla(resolver, layout, config);
    if (!inferred) return inferred.error();
    wantRest(resolver, config);
    for (int block = 0; block < config.numLayers; ++block) wantBlock(resolver, layout, config, block);
    const std::string naming = isDiffusers ? "diffusers names" : "Wan names";
    map.names = resolver.finish(naming + ", " + std::string(nameOf(layout)));
    return map;
}

}  // namespace longtake
