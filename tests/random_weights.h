// Weights of the real dimensions with random numbers, made in place: what speed needs, without a checkpoint.
//
// Owner:  the caller. Thread: const.
#pragma once

#include <array>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "engine/model/model_config.h"
#include "engine/text/umt5_encoder.h"
#include "engine/weight_source.h"

namespace longtake {

class RandomWeights final : public WeightSource {
public:
    explicit RandomWeights(std::map<std::string, Shape> shapes) : shapes_(std::move(shapes)) {
        int64_t most = 0;
        for (const auto& [name, shape] : shapes_) most = std::max(most, shape.count());
        numbers_ = Tensor::host(DType::BF16, {most});
        std::minstd_rand generator(7);
        for (int64_t i = 0; i < most; ++i) {
            const float uniform = static_cast<float>(generator() % 65536) / 32768.0f - 1.0f;
            numbers_.as<uint16_t>()[i] = bf16FromFloat(0.03f * uniform);
        }
    }
    std::vector<std::string> names() const override {
        std::vector<std::string> out;
        for (const auto& [name, shape] : shapes_) out.push_back(name);
        return out;
    }
    bool has(const std::string& name) const override { return shapes_.contains(name); }
    // The first numbers of one table, whatever the name: nothing is copied.
    Result<Tensor> tensor(const std::string& name) const override {
        const auto found = shapes_.find(name);
        if (found == shapes_.end()) return Error{"no tensor named " + name};
        return Tensor::view(const_cast<void*>(numbers_.data()), DType::BF16, found->second, nullptr);
    }

private:
    std::map<std::string, Shape> shapes_;
    Tensor numbers_;
};

// Wan2.1-T2V-1.3B with MLA or dense self-attention (videomla.md, engine-spec 1.1).
inline DitConfig largeDit(AttentionKind attention) {
    DitConfig c;
    c.attention = attention;
    c.dim = 1536;
    c.ffnDim = 8960;
    c.numHeads = 12;
    c.numLayers = 30;
    c.freqDim = 256;
    c.textDim = 4096;
    c.textLen = 512;
    c.inDim = c.outDim = 16;
    if (attention == AttentionKind::Mla) c.mla = {.dC = 192, .dCq = 768, .dNope = 96, .dR = 32, .dV = 128};
    return c;
}

inline std::map<std::string, Shape> ditShapes(const DitConfig& c) {
    std::map<std::string, Shape> out;
    auto linear = [&](const std::string& name, int64_t rows, int64_t cols, bool bias = true) {
        out[name + ".weight"] = {rows, cols};
        if (bias) out[name + ".bias"] = {rows};
    };
    const int64_t dim = c.dim, area = c.patchH * c.patchW;
    out["patch_embedding.weight"] = {dim, c.inDim, 1, c.patchH, c.patchW};
    out["patch_embedding.bias"] = {dim};
    linear("text_embedding.0", dim, c.textDim);
    linear("text_embedding.2", dim, dim);
    linear("time_embedding.0", dim, c.freqDim);
    linear("time_embedding.2", dim, dim);
    linear("time_projection.1", 6 * dim, dim);
    out["head.modulation"] = {1, 2, dim};
    linear("head.head", c.outDim * area, dim);
    for (int i = 0; i < c.numLayers; ++i) {
        const std::string block = "blocks." + std::to_string(i) + ".", self = block + "self_attn.", cross = block + "cross_attn.";
        out[block + "modulation"] = {1, 6, dim};
        out[block + "norm3.weight"] = out[block + "norm3.bias"] = {dim};
        for (const char* name : {"q", "k", "v", "o"}) linear(cross + name, dim, dim);
        out[cross + "norm_q.weight"] = out[cross + "norm_k.weight"] = {dim};
        linear(block + "ffn.0", c.ffnDim, dim);
        linear(block + "ffn.2", dim, c.ffnDim);
        if (c.attention == AttentionKind::Dense) {
            for (const char* name : {"q", "k", "v", "o"}) linear(self + name, dim, dim);
            out[self + "norm_q.weight"] = out[self + "norm_k.weight"] = {dim};
            continue;
        }
        const MlaConfig& m = c.mla;
        linear(self + "q_down", m.dCq, dim, false);
        linear(self + "kv_down", m.dC, dim, false);
        linear(self + "k_rope", m.dR, dim, false);
        out[self + "kv_norm.weight"] = {m.dC};
        out[self + "q_norm.weight"] = {m.dCq};
        linear(self + "q_up", c.numHeads * m.dNope, m.dCq, false);
        linear(self + "q_rope", c.numHeads * m.dR, m.dCq, false);
        linear(self + "k_up", c.numHeads * m.dNope, m.dC, false);
        linear(self + "v_up", c.numHeads * m.dV, m.dC, false);
        linear(self + "o", dim, c.numHeads * m.dV);
    }
    return out;
}

inline std::map<std::string, Shape> umt5Shapes(const TextEncoderConfig& c) {
    std::map<std::string, Shape> out{{"token_embedding.weight", {c.vocab, c.dim}}, {"norm.weight", {c.dim}}};
    for (int i = 0; i < c.numLayers; ++i) {
        const std::string block = "blocks." + std::to_string(i) + ".";
        out[block + "norm1.weight"] = out[block + "norm2.weight"] = {c.dim};
        for (const char* name : {"q", "k", "v"}) out[block + "attn." + name + ".weight"] = {c.dimAttn, c.dim};
        out[block + "attn.o.weight"] = {c.dim, c.dimAttn};
        out[block + "ffn.gate.0.weight"] = out[block + "ffn.fc1.weight"] = {c.dimFfn, c.dim};
        out[block + "ffn.fc2.weight"] = {c.dim, c.dimFfn};
        out[block + "pos_embedding.embedding.weight"] = {c.numBuckets, c.numHeads};
    }
    return out;
}

// A decoder of these widths, by default those of taew2_1 (engine-spec 7.1).
inline std::map<std::string, Shape> taehvShapes(const std::array<int64_t, 4>& widths = {256, 128, 64, 64}) {
    std::map<std::string, Shape> out;
    auto conv = [&](const std::string& name, int64_t to, int64_t from, int64_t kernel, bool bias) {
        out[name + ".weight"] = {to, from, kernel, kernel};
        if (bias) out[name + ".bias"] = {to};
    };
    constexpr std::array<int64_t, 3> kGrowth{1, 2, 2};
    conv("decoder.1", widths[0], 16, 3, true);
    for (size_t stage = 0; stage < 3; ++stage) {
        const int first = 3 + 6 * static_cast<int>(stage);
        const int64_t width = widths[stage];
        for (int block = first; block < first + 3; ++block)
            for (int layer : {0, 2, 4})
                conv("decoder." + std::to_string(block) + ".conv." + std::to_string(layer), width, layer == 0 ? 2 * width : width, 3, true);
        conv("decoder." + std::to_string(first + 4) + ".conv", kGrowth[stage] * width, width, 1, false);
        conv("decoder." + std::to_string(first + 5), widths[stage + 1], width, 3, false);
    }
    conv("decoder.22", 3, widths[3], 3, true);
    return out;
}

// Wan2.1_VAE's decoder (engine-spec 6.3).
inline std::map<std::string, Shape> wanShapes() {
    std::map<std::string, Shape> out;
    auto conv = [&](const std::string& name, Shape shape) {
        out[name + ".bias"] = {shape[0]};
        out[name + ".weight"] = std::move(shape);
    };
    auto residual = [&](const std::string& name, int64_t from, int64_t to) {
        out[name + ".residual.0.gamma"] = {from, 1, 1, 1};
        conv(name + ".residual.2", {to, from, 3, 3, 3});
        out[name + ".residual.3.gamma"] = {to, 1, 1, 1};
        conv(name + ".residual.6", {to, to, 3, 3, 3});
        if (from != to) conv(name + ".shortcut", {to, from, 1, 1, 1});
    };
    conv("conv2", {16, 16, 1, 1, 1});
    conv("decoder.conv1", {384, 16, 3, 3, 3});
    residual("decoder.middle.0", 384, 384);
    residual("decoder.middle.2", 384, 384);
    out["decoder.middle.1.norm.gamma"] = {384, 1, 1};
    conv("decoder.middle.1.to_qkv", {3 * 384, 384, 1, 1});
    conv("decoder.middle.1.proj", {384, 384, 1, 1});
    const int64_t in[] = {384, 192, 192, 96}, width[] = {384, 384, 192, 96};
    for (int stage = 0; stage < 4; ++stage) {
        for (int block = 0; block < 3; ++block)
            residual("decoder.upsamples." + std::to_string(4 * stage + block), block == 0 ? in[stage] : width[stage], width[stage]);
        if (stage == 3) break;
        const std::string name = "decoder.upsamples." + std::to_string(4 * stage + 3);
        conv(name + ".resample.1", {width[stage] / 2, width[stage], 3, 3});
        if (stage < 2) conv(name + ".time_conv", {2 * width[stage], width[stage], 3, 1, 1});
    }
    out["decoder.head.0.gamma"] = {96, 1, 1, 1};
    conv("decoder.head.2", {3, 96, 3, 3, 3});
    return out;
}

}  // namespace longtake
