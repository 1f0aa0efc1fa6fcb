// What the transformer's golden tests share: the model's dimensions out of case.json, and copies of Rows.
#pragma once

#include "engine/model/causal_dit.h"
#include "tests/golden/golden_case.h"

namespace longtake {

inline DitConfig goldenDitConfig(const GoldenCase& golden) {
    const nlohmann::json& c = golden.config();
    DitConfig config;
    config.dim = c.at("dim");
    config.ffnDim = c.value("ffn_dim", 1);
    config.numHeads = c.at("num_heads");
    config.numLayers = c.value("num_layers", 1);
    config.freqDim = c.value("freq_dim", 2);
    config.textDim = c.value("text_dim", 1);
    config.textLen = c.value("text_len", 1);
    config.inDim = config.outDim = c.value("in_dim", 1);
    if (c.contains("patch_size")) {
        config.patchH = c["patch_size"][1];
        config.patchW = c["patch_size"][2];
    }
    if (c.contains("mla")) {
        const nlohmann::json& m = c["mla"];
        config.attention = AttentionKind::Mla;
        config.mla = {m.at("d_c"), m.at("d_cq"), m.at("d_nope"), m.at("d_r"), m.at("d_v"), m.at("eps"), RopeBands::High};
        if (c.value("rope_bands", "high") == std::string("recomputed")) config.mla.bands = RopeBands::Recomputed;
    }
    return config;
}

inline std::unique_ptr<Backend> goldenBackend(Precision precision = Precision::Fp32) {
    return makeCpuBackend({.threads = 2, .precision = precision});
}

// Rows as a tensor [rows, cols] of F32 without gaps.
inline Tensor copyOf(const Rows& rows) {
    Tensor out = Tensor::host(DType::F32, {rows.rows, rows.cols});
    for (int64_t r = 0; r < rows.rows; ++r)
        for (int64_t c = 0; c < rows.cols; ++c) {
            const int64_t i = r * rows.stride + c;
            out.as<float>()[r * rows.cols + c] = rows.dtype == DType::F32 ? static_cast<const float*>(rows.data)[i]
                                                                          : floatFromBf16(static_cast<const uint16_t*>(rows.data)[i]);
        }
    return out;
}

// Columns [first, first + count) of a host tensor [rows, width].
inline Tensor columnsOf(const Tensor& tensor, int64_t first, int64_t count) {
    const int64_t rows = tensor.shape()[0], width = tensor.shape()[1];
    Tensor out = Tensor::host(DType::F32, {rows, count});
    for (int64_t r = 0; r < rows; ++r) std::copy_n(tensor.as<float>() + r * width + first, count, out.as<float>() + r * count);
    return out;
}

}  // namespace longtake
