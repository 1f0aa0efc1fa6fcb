// The names other programs use lead to the same tensors: golden weights are renamed, fused or transposed into
// every known layout, and must come back bit for bit.
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QtTest>
#include <algorithm>

#include "engine/checkpoint/name_map.h"
#include "engine/checkpoint/safetensors.h"
#include "tests/checkpoint_fixtures.h"

using namespace longtake;

namespace {

using Tensors = std::map<std::string, Tensor>;

Tensors golden(const std::string& name) {
    auto checkpoint = Checkpoint::open(std::filesystem::path(LONGTAKE_SOURCE_DIR) / "tests/data/golden" / name / "weights.safetensors");
    Tensors out;
    if (checkpoint)
        for (const std::string& tensor : checkpoint->names()) out[tensor] = checkpoint->tensor(tensor).value();
    return out;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    if (const size_t at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
    return text;
}

Tensors renamedAll(const Tensors& tensors, const std::vector<std::pair<std::string, std::string>>& rules) {
    Tensors out;
    for (const auto& [name, tensor] : tensors) {
        std::string changed = name;
        for (const auto& [from, to] : rules) changed = replaced(changed, from, to);
        out[changed] = tensor;
    }
    return out;
}

bool sameBytes(const Tensor& a, const Tensor& b) {
    return a.shape() == b.shape() && a.dtype() == b.dtype() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

Tensor transposed(const Tensor& matrix) {
    Tensor out = Tensor::host(DType::F32, {matrix.shape()[1], matrix.shape()[0]});
    for (int64_t row = 0; row < matrix.shape()[0]; ++row)
        for (int64_t column = 0; column < matrix.shape()[1]; ++column)
            out.floats()[static_cast<size_t>(column * matrix.shape()[0] + row)] =
                matrix.floats()[static_cast<size_t>(row * matrix.shape()[1] + column)];
    return out;
}

// For each of `groups` groups the group's rows of a, then its rows of b.
Tensor interleaved(const Tensor& a, const Tensor& b, int64_t groups) {
    const int64_t columns = a.shape()[1], ofA = a.shape()[0] / groups, ofB = b.shape()[0] / groups;
    Tensor out = Tensor::host(DType::F32, {a.shape()[0] + b.shape()[0], columns});
    float* to = out.as<float>();
    for (int64_t group = 0; group < groups; ++group) {
        to = std::copy_n(a.as<float>() + group * ofA * columns, ofA * columns, to);
        to = std::copy_n(b.as<float>() + group * ofB * columns, ofB * columns, to);
    }
    return out;
}

struct FusedStyle {
    std::string qDown, qNorm, qUp, kvDown, kvNorm, kvUp, o, oBias;
    bool isTransposed = false, isOutputTransposed = false;
};

Tensors fused(Tensors tensors, const FusedStyle& style, int64_t heads) {
    for (int block = 0; tensors.contains("blocks." + std::to_string(block) + ".modulation"); ++block) {
        const std::string at = "blocks." + std::to_string(block) + ".self_attn.";
        auto take = [&](const std::string& name) {
            Tensor tensor = tensors.at(at + name);
            tensors.erase(at + name);
            return tensor;
        };
        auto put = [&](const std::string& name, const Tensor& tensor, bool turn) {
            tensors[at + name] = turn ? transposed(tensor) : tensor;
        };
        const Tensor qUp = take("q_up.weight"), qRope = take("q_rope.weight"), kvDown = take("kv_down.weight");
        const Tensor kRope = take("k_rope.weight"), kUp = take("k_up.weight"), vUp = take("v_up.weight");
        put(style.qDown, take("q_down.weight"), style.isTransposed);
        put(style.qNorm, take("q_norm.weight"), false);
        put(style.qUp, interleaved(qUp, qRope, heads), style.isTransposed);
        put(style.kvDown, interleaved(kvDown, kRope, 1), style.isTransposed);
        put(style.kvNorm, take("kv_norm.weight"), false);
        put(style.kvUp, interleaved(kUp, vUp, heads), style.isTransposed);
        put(style.o, take("o.weight"), style.isOutputTransposed);
        put(style.oBias, take("o.bias"), false);
    }
    return tensors;
}

}  // namespace

class TestNameMap : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;
    int files_ = 0;

    Checkpoint saved(const Tensors& tensors) {
        const std::filesystem::path path = folder_.filePath(QString::number(++files_)).toStdString();
        const bool isWritten = writeSafetensors(path, {tensors.begin(), tensors.end()}).ok();
        auto checkpoint = Checkpoint::open(path);
        if (!isWritten || !checkpoint) qFatal("fixture: %s", checkpoint ? "not written" : checkpoint.message().c_str());
        return std::move(checkpoint).value();
    }

    void compareAll(const Checkpoint& checkpoint, const NameMap& names, const Tensors& want) {
        QVERIFY2(names.isComplete() && names.unused.empty(), names.summary().c_str());
        const MappedWeights weights(checkpoint, names);
        QCOMPARE(weights.names().size(), want.size());
        for (const auto& [name, tensor] : want) {
            auto got = weights.tensor(name);
            QVERIFY2(got.ok() && sameBytes(*got, tensor), name.c_str());
        }
    }

    void ditComesBack(const Tensors& stored, const Tensors& want, const std::string& layout) {
        const Checkpoint checkpoint = saved(stored);
        auto map = mapDit(checkpoint, 2);
        QVERIFY2(map.ok(), map.ok() ? "" : map.message().c_str());
        QVERIFY2(map->names.layout.find(layout) != std::string::npos, map->names.layout.c_str());
        compareAll(checkpoint, map->names, want);
    }

private slots:
    void wrappersAreStripped() {
        for (const char* name : {"blocks.0.ffn.0.weight", "model.blocks.0.ffn.0.weight", "model.diffusion_model.blocks.0.ffn.0.weight",
                                 "model._fsdp_wrapped_module.blocks.0._checkpoint_wrapped_module.ffn.0.weight",
                                 "module._orig_mod.model.blocks.0._fsdp_wrapped_module.ffn.0.weight"})
            QCOMPARE(withoutWrappers(name), std::string("blocks.0.ffn.0.weight"));
        QCOMPARE(withoutWrappers("submodule.x"), std::string("submodule.x"));
    }

    void denseTransformerFromWanNames() {
        const Tensors want = golden("dit_dense_forward");
        QVERIFY(!want.empty());
        ditComesBack(want, want, "Wan names, dense");
        Tensors wrapped;
        for (const auto& [name, tensor] : want) wrapped["model._fsdp_wrapped_module." + name] = tensor;
        ditComesBack(wrapped, want, "Wan names, dense");
    }

    void denseTransformerFromDiffusersNames() {
        const Tensors want = golden("dit_dense_forward");
        const Tensors stored = renamedAll(want, {{"text_embedding.0", "condition_embedder.text_embedder.linear_1"},
                                                 {"text_embedding.2", "condition_embedder.text_embedder.linear_2"},
                                                 {"time_embedding.0", "condition_embedder.time_embedder.linear_1"},
                                                 {"time_embedding.2", "condition_embedder.time_embedder.linear_2"},
                                                 {"time_projection.1", "condition_embedder.time_proj"},
                                                 {"head.modulation", "scale_shift_table"},
                                                 {"head.head", "proj_out"},
                                                 {".modulation", ".scale_shift_table"},
                                                 {".self_attn.", ".attn1."},
                                                 {".cross_attn.", ".attn2."},
                                                 {".q.", ".to_q."},
                                                 {".k.", ".to_k."},
                                                 {".v.", ".to_v."},
                                                 {".o.", ".to_out.0."},
                                                 {".norm3.", ".norm2."},
                                                 {"ffn.0.", "ffn.net.0.proj."},
                                                 {"ffn.2.", "ffn.net.2."}});
        QVERIFY(stored.contains("blocks.0.attn2.norm_q.weight") && stored.contains("blocks.1.norm2.bias"));
        ditComesBack(stored, want, "diffusers names, dense");
    }

    void configurationFollowsFromTheShapes() {
        const Checkpoint checkpoint = saved(golden("mla_dit_rollout"));
        const auto config = mapDit(checkpoint)->config;
        const auto text = readFile(std::filesystem::path(LONGTAKE_SOURCE_DIR) / "tests/data/golden/mla_dit_rollout/case.json");
        const QJsonObject want = QJsonDocument::fromJson(QByteArray::fromStdString(text)).object()["config"].toObject();
        const QJsonObject mla = want["mla"].toObject();
        QCOMPARE(config.attention, AttentionKind::Mla);
        QCOMPARE(config.dim, want["dim"].toInt());
        QCOMPARE(config.ffnDim, want["ffn_dim"].toInt());
        QCOMPARE(config.numHeads, want["num_heads"].toInt());
        QCOMPARE(config.numLayers, want["num_layers"].toInt());
        QCOMPARE(config.freqDim, want["freq_dim"].toInt());
        QCOMPARE(config.textDim, want["text_dim"].toInt());
        QCOMPARE(config.inDim, want["in_dim"].toInt());
        QCOMPARE(config.outDim, want["in_dim"].toInt());
        QCOMPARE(config.patchW, want["patch_size"].toArray()[2].toInt());
        QCOMPARE(config.mla.dC, mla["d_c"].toInt());
        QCOMPARE(config.mla.dCq, mla["d_cq"].toInt());
        QCOMPARE(config.mla.dNope, mla["d_nope"].toInt());
        QCOMPARE(config.mla.dR, mla["d_r"].toInt());
        QCOMPARE(config.mla.dV, mla["d_v"].toInt());
    }

    void latentAttentionFromEveryLayout() {
        const Tensors want = golden("mla_dit_rollout");
        QVERIFY(!want.empty());
        const int64_t heads = mapDit(saved(want))->config.numHeads;
        ditComesBack(want, want, "separate");
        const FusedStyle deepSeek{"q_a_proj.weight",       "q_a_layernorm.weight", "q_b_proj.weight", "kv_a_proj_with_mqa.weight",
                                  "kv_a_layernorm.weight", "kv_b_proj.weight",     "o_proj.weight",   "o_proj.bias"};
        ditComesBack(fused(want, deepSeek, heads), want, "DeepSeek");
        const FusedStyle bare{"W_q_downsampled",
                              "norm_q_latent.weight",
                              "W_q_upsampled",
                              "W_kv_downsampled",
                              "norm_kv_latent.weight",
                              "W_kv_upsampled",
                              "W_o",
                              "o.bias",
                              true,
                              true};
        ditComesBack(fused(want, bare, heads), want, "prototype");
        const FusedStyle linearOutput{"W_q_downsampled",
                                      "norm_q_latent",
                                      "W_q_upsampled",
                                      "W_kv_downsampled",
                                      "norm_kv_latent",
                                      "W_kv_upsampled",
                                      "o.weight",
                                      "o.bias",
                                      true,
                                      false};
        ditComesBack(fused(want, linearOutput, heads), want, "prototype");
        const FusedStyle linear{"W_q_downsampled.weight",
                                "norm_q_latent.weight",
                                "W_q_upsampled.weight",
                                "W_kv_downsampled.weight",
                                "norm_kv_latent.weight",
                                "W_kv_upsampled.weight",
                                "W_o.weight",
                                "W_o.bias",
                                false,
                                false};
        ditComesBack(fused(want, linear, heads), want, "prototype");
    }

    void anOutputBiasMayBeAbsent() {
        Tensors tensors = golden("mla_dit_rollout");
        tensors.erase("blocks.0.self_attn.o.bias");
        const Checkpoint checkpoint = saved(tensors);
        auto map = mapDit(checkpoint);
        QVERIFY(map.ok() && map->names.isComplete());
        const Tensor bias = MappedWeights(checkpoint, map->names).tensor("blocks.0.self_attn.o.bias").value();
        QCOMPARE(bias.count(), int64_t{map->config.dim});
        QVERIFY(std::all_of(bias.floats().begin(), bias.floats().end(), [](float v) { return v == 0; }));
    }

    void missingMisshapenAndUnusedAreReported() {
        Tensors tensors = golden("mla_dit_rollout");
        tensors.erase("blocks.1.self_attn.k_up.weight");
        tensors["blocks.0.ffn.2.bias"] = Tensor::host(DType::F32, {3});
        tensors["something.else"] = Tensor::host(DType::F32, {3});
        auto map = mapDit(saved(tensors));
        QVERIFY(map.ok() && !map->names.isComplete());
        QCOMPARE(map->names.missing, std::vector<std::string>{"blocks.1.self_attn.k_up.weight"});
        QCOMPARE(map->names.misshapen.size(), size_t{1});
        QCOMPARE(map->names.unused, std::vector<std::string>{"something.else"});
        for (const char* word : {"k_up", "ffn.2.bias", "something.else"})
            QVERIFY2(map->names.summary().find(word) != std::string::npos, map->names.summary().c_str());
    }

    void otherModelsAreRefused() {
        QVERIFY(!mapDit(saved(golden("umt5_encoder"))).ok());
        QVERIFY(!mapTextEncoder(saved(golden("taehv_decode"))).ok());
        QVERIFY(!mapVideo(saved(golden("mla_dit_rollout"))).ok());
        Tensors imageToVideo = golden("dit_dense_forward");
        imageToVideo["img_emb.proj.0.weight"] = Tensor::host(DType::F32, {1});
        QVERIFY(mapDit(saved(imageToVideo), 2).message().find("image-to-video") != std::string::npos);
        auto own = golden("dit_dense_forward");
        own["position_embedding.weight"] = Tensor::host(DType::F32, {1});
        QVERIFY(mapDit(saved(own), 2).message().find("needs no import") != std::string::npos);
        Tensors unknown = golden("dit_dense_forward");
        for (int block = 0; unknown.erase("blocks." + std::to_string(block) + ".self_attn.q.weight"); ++block) {
        }
        QVERIFY(mapDit(saved(unknown), 2).message().find("self-attention") != std::string::npos);
        QVERIFY(mapDit(saved(golden("dit_dense_forward"))).message().find("config.json") != std::string::npos);
    }

    void textEncoderFromEveryNaming() {
        const Tensors want = golden("umt5_encoder");
        QVERIFY(!want.empty());
        Tensors huggingFace = renamedAll(want, {{"token_embedding.weight", "shared.weight"},
                                                {"blocks.", "encoder.block."},
                                                {".norm1.", ".layer.0.layer_norm."},
                                                {".pos_embedding.embedding.", ".layer.0.SelfAttention.relative_attention_bias."},
                                                {".attn.", ".layer.0.SelfAttention."},
                                                {".norm2.", ".layer.1.layer_norm."},
                                                {".ffn.gate.0.", ".layer.1.DenseReluDense.wi_0."},
                                                {".ffn.fc1.", ".layer.1.DenseReluDense.wi_1."},
                                                {".ffn.fc2.", ".layer.1.DenseReluDense.wo."}});
        huggingFace["encoder.final_layer_norm.weight"] = huggingFace.at("norm.weight");
        huggingFace.erase("norm.weight");
        Tensors doubled = huggingFace, aliasOnly = huggingFace;
        doubled["encoder.embed_tokens.weight"] = aliasOnly["encoder.embed_tokens.weight"] = huggingFace.at("shared.weight");
        aliasOnly.erase("shared.weight");
        Tensors llama = renamedAll(want, {{"token_embedding.", "token_embd."},
                                          {"blocks.", "enc.blk."},
                                          {".norm1.", ".attn_norm."},
                                          {".pos_embedding.embedding.", ".attn_rel_b."},
                                          {".attn.", ".attn_"},
                                          {".norm2.", ".ffn_norm."},
                                          {".ffn.gate.0.", ".ffn_gate."},
                                          {".ffn.fc1.", ".ffn_up."},
                                          {".ffn.fc2.", ".ffn_down."}});
        llama["enc.output_norm.weight"] = llama.at("norm.weight");
        llama.erase("norm.weight");
        const std::pair<const char*, const Tensors*> layouts[] = {{"Wan names", &want},
                                                                  {"Hugging Face names", &huggingFace},
                                                                  {"Hugging Face names", &doubled},
                                                                  {"Hugging Face names", &aliasOnly},
                                                                  {"llama.cpp names", &llama}};
        for (const auto& [layout, tensors] : layouts) {
            const Checkpoint checkpoint = saved(*tensors);
            auto map = mapTextEncoder(checkpoint);
            QVERIFY2(map.ok(), map.ok() ? "" : map.message().c_str());
            QCOMPARE(map->names.layout, std::string(layout));
            QCOMPARE(int64_t{map->config.vocab}, want.at("token_embedding.weight").shape()[0]);
            QCOMPARE(int64_t{map->config.numHeads}, want.at("blocks.0.pos_embedding.embedding.weight").shape()[1]);
            compareAll(checkpoint, map->names, want);
        }
    }

    void videoDecoders() {
        const Tensors tiny = golden("taehv_decode"), full = golden("wan_vae_decode");
        for (const Tensors* tensors : {&tiny, &full}) {
            QVERIFY(!tensors->empty());
            const Checkpoint checkpoint = saved(*tensors);
            auto map = mapVideo(checkpoint);
            QVERIFY2(map.ok(), map.ok() ? "" : map.message().c_str());
            QCOMPARE(map->config.kind, tensors == &tiny ? VideoKind::Taehv : VideoKind::WanVae);
            QCOMPARE(map->config.latentChannels, 16);
            compareAll(checkpoint, map->names, *tensors);
        }
        Tensors incomplete = tiny;
        incomplete.erase("decoder.10.conv.2.weight");
        QCOMPARE(mapVideo(saved(incomplete))->names.missing, std::vector<std::string>{"decoder.10.conv.2.weight"});
        Tensors decoderOnly = full;
        std::erase_if(decoderOnly, [](const auto& item) { return item.first.starts_with("encoder.") || item.first.starts_with("conv1."); });
        auto map = mapVideo(saved(decoderOnly));
        QVERIFY(map.ok() && map->names.isComplete() && map->names.notes.size() == 1);
    }

    void videoAutoencoderFromDiffusersNames() {
        const Tensors want = golden("wan_vae_decode");
        Tensors stored;
        for (const auto& [name, tensor] : want) {
            std::string changed = name;
            for (int i = 14; i >= 0; --i) {
                const std::string from = "decoder.upsamples." + std::to_string(i) + ".",
                                  block = "decoder.up_blocks." + std::to_string(i / 4);
                changed = replaced(changed, from, block + (i % 4 == 3 ? ".upsamplers.0." : ".resnets." + std::to_string(i % 4) + "."));
            }
            for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{{"coder.conv1.", "coder.conv_in."},
                                                                                           {"coder.head.0.", "coder.norm_out."},
                                                                                           {"coder.head.2.", "coder.conv_out."},
                                                                                           {".middle.0.", ".mid_block.resnets.0."},
                                                                                           {".middle.1.", ".mid_block.attentions.0."},
                                                                                           {".middle.2.", ".mid_block.resnets.1."},
                                                                                           {".downsamples.", ".down_blocks."},
                                                                                           {".residual.0.", ".norm1."},
                                                                                           {".residual.2.", ".conv1."},
                                                                                           {".residual.3.", ".norm2."},
                                                                                           {".residual.6.", ".conv2."},
                                                                                           {".shortcut.", ".conv_shortcut."}})
                changed = replaced(changed, from, to);
            if (changed.starts_with("conv1.")) changed = "quant_" + replaced(changed, "conv1.", "conv.");
            if (changed.starts_with("conv2.")) changed = "post_quant_" + replaced(changed, "conv2.", "conv.");
            stored[changed] = tensor;
        }
        QVERIFY(stored.contains("decoder.up_blocks.3.resnets.2.conv2.weight") && stored.contains("post_quant_conv.bias"));
        const Checkpoint checkpoint = saved(stored);
        auto map = mapVideo(checkpoint);
        QVERIFY2(map.ok(), map.ok() ? "" : map.message().c_str());
        compareAll(checkpoint, map->names, want);
    }
};

QTEST_GUILESS_MAIN(TestNameMap)
#include "test_name_map.moc"
