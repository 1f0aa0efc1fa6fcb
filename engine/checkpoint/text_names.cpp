#include "engine/checkpoint/name_resolver.h"

namespace longtake {

namespace {

// engine-spec 2.4, the part of a name behind the block's number.
std::string fromHuggingFace(std::string_view rest) {
    return renamed(rest, {{"layer.0.layer_norm.", "norm1."},
                          {"layer.0.SelfAttention.relative_attention_bias.", "pos_embedding.embedding."},
                          {"layer.0.SelfAttention.", "attn."},
                          {"layer.1.layer_norm.", "norm2."},
                          {"layer.1.DenseReluDense.wi_0.", "ffn.gate.0."},
                          {"layer.1.DenseReluDense.wi_1.", "ffn.fc1."},
                          {"layer.1.DenseReluDense.wo.", "ffn.fc2."}});
}

std::string fromLlamaCpp(std::string_view rest) {
    return renamed(rest, {{"attn_norm.", "norm1."},
                          {"attn_q.", "attn.q."},
                          {"attn_k.", "attn.k."},
                          {"attn_v.", "attn.v."},
                          {"attn_o.", "attn.o."},
                          {"attn_rel_b.", "pos_embedding.embedding."},
                          {"ffn_norm.", "norm2."},
                          {"ffn_gate.", "ffn.gate.0."},
                          {"ffn_up.", "ffn.fc1."},
                          {"ffn_down.", "ffn.fc2."}});
}

template <typename Translate>
std::optional<std::string> inBlock(std::string_view name, std::string_view prefix, Translate translate) {
    const auto rest = after(name, prefix);
    const size_t dot = rest ? rest->find('.') : std::string_view::npos;
    if (dot == std::string_view::npos) return {};
    return "blocks." + std::string(rest->substr(0, dot + 1)) + translate(rest->substr(dot + 1));
}

std::string ourTextName(const std::string& name) {
    std::string stripped = withoutWrappers(name);
    if (const auto rest = after(stripped, "text_encoder.")) stripped = std::string(*rest);
    if (auto block = inBlock(stripped, "encoder.block.", fromHuggingFace)) return *block;
    if (auto block = inBlock(stripped, "enc.blk.", fromLlamaCpp)) return *block;
    return renamed(stripped, {{"shared.weight", "token_embedding.weight"},
                              {"token_embd.weight", "token_embedding.weight"},
                              {"encoder.final_layer_norm.weight", "norm.weight"},
                              {"enc.output_norm.weight", "norm.weight"}});
}

}  // namespace

Result<TextMap> mapTextEncoder(const Checkpoint& checkpoint) {
    // The embedding may be listed a second time under this alias.
    const std::string alias = "encoder.embed_tokens.weight";
    const bool hasEmbedding = checkpoint.has("shared.weight");
    NameResolver resolver(checkpoint, [&](const std::string& name) {
        return name == alias && !hasEmbedding ? std::string("token_embedding.weight") : ourTextName(name);
    });
    resolver.ignore(alias);
    const std::string embedding = "token_embedding.weight", position = "blocks.0.pos_embedding.embedding.weight";
    if (!resolver.has(embedding) || !resolver.has("blocks.0.attn.q.weight"))
        return Error{checkpoint.path() + ": holds no UMT5 text encoder (no token embedding or no blocks)"};

    TextMap map;
    TextConfig& config = map.config;
    const auto size = [&](const std::string& name, int axis) { return static_cast<int>(resolver.size(name, axis)); };
    config.vocab = size(embedding, 0);
    config.dim = size(embedding, 1);
    config.dimAttn = size("blocks.0.attn.q.weight", 0);
    config.dimFfn = size("blocks.0.ffn.fc1.weight", 0);
    config.numBuckets = size(position, 0);
    config.numHeads = size(position, 1);
    config.numLayers = resolver.count("blocks.");

    resolver.want(embedding, {config.vocab, config.dim});
    for (int block = 0; block < config.numLayers; ++block) {
        const std::string at = "blocks." + std::to_string(block) + ".";
        resolver.want(at + "norm1.weight", {config.dim});
        for (const std::string part : {"q", "k", "v"}) resolver.want(at + "attn." + part + ".weight", {config.dimAttn, config.dim});
        resolver.want(at + "attn.o.weight", {config.dim, config.dimAttn});
        resolver.want(at + "pos_embedding.embedding.weight", {config.numBuckets, config.numHeads});
        resolver.want(at + "norm2.weight", {config.dim});
        resolver.want(at + "ffn.gate.0.weight", {config.dimFfn, config.dim});
        resolver.want(at + "ffn.fc1.weight", {config.dimFfn, config.dim});
        resolver.want(at + "ffn.fc2.weight", {config.dim, config.dimFfn});
    }
    resolver.want("norm.weight", {config.dim});
    const bool isWan = checkpoint.has("blocks.0.attn.q.weight");
    const bool isLlama = checkpoint.has("enc.blk.0.attn_q.weight");
    map.names = resolver.finish(isWan ? "Wan names" : isLlama ? "llama.cpp names" : "Hugging Face names");
    return map;
}

}  // namespace longtake
