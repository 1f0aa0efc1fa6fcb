#include "engine/text/umt5_encoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "engine/rows.h"
#include "engine/weight_reader.h"

namespace longtake {

namespace {

constexpr float kEps = 1e-6f;
constexpr int kMaxSize = 1 << 20;  // of any dimension; keeps every product of two far from overflow

}  // namespace

Result<void> validate(const TextEncoderConfig& config) {
    const std::pair<const char*, int> sizes[] = {{"vocab", config.vocab},
                                                 {"dim", config.dim},
                                                 {"dim_attn", config.dimAttn},
                                                 {"dim_ffn", config.dimFfn},
                                                 {"num_heads", config.numHeads},
                                                 {"num_layers", config.numLayers},
                                                 {"num_buckets", config.numBuckets},
                                                 {"max_distance", config.maxDistance},
                                                 {"text_len", config.textLen}};
    for (const auto& [name, size] : sizes) {
        if (size < 1 || size > kMaxSize)
            return Error{"text_encoder." + std::string(name) + " is " + std::to_string(size) + "; it must be from 1 to " +
                         std::to_string(kMaxSize)};
    }
    if (config.dimAttn % config.numHeads != 0)
        return Error{"text_encoder.dim_attn is " + std::to_string(config.dimAttn) + "; it must be a multiple of num_heads, " +
                     std::to_string(config.numHeads)};
    if (config.numBuckets % 4 != 0)
        return Error{"text_encoder.num_buckets is " + std::to_string(config.numBuckets) + "; it must be a multiple of 4"};
    if (config.maxDistance <= config.numBuckets / 4)
        return Error{"text_encoder.max_distance is " + std::to_string(config.maxDistance) + "; it must exceed num_buckets / 4"};
    return {};
}

int relativeBucket(int64_t distance, int numBuckets, int maxDistance) {
    const int half = numBuckets / 2, exact = half / 2;
    const int base = distance > 0 ? half : 0;
    const int64_t places = std::abs(distance);
    if (places < exact) return base + static_cast<int>(places);
    const float range = static_cast<float>(std::log(static_cast<double>(maxDistance) / exact));
    const float part = std::log(static_cast<float>(places) / static_cast<float>(exact)) / range * static_cast<float>(half - exact);
    return base + std::min(half - 1, exact + static_cast<int>(part));
}

Result<Umt5Encoder> Umt5Encoder::create(const TextEncoderConfig& config, const WeightSource& weights, Backend& backend) {
    if (const Result<void> valid = validate(config); !valid) return valid.error();
    auto loaded = readModel(weights, "", [&](WeightReader& reader) {
        Umt5Encoder encoder(config, backend);
        encoder.loadWeights(reader);
        return encoder;
    });
    if (!loaded) return Error{"text encoder: " + loaded.message()};
    return loaded;
}

void Umt5Encoder::loadWeights(WeightReader& reader) {
    const int dim = config_.dim;
    const auto matrix = [&](const std::string& name, int64_t out, int64_t in) {
        const Tensor weight = reader.read(name, {out, in});
        return backend_->packMatmul(weight.data(), weight.dtype(), nullptr, out, in);
    };
    const auto gain = [&](const std::string& name) { return uploadFloats(*backend_, reader.floats(name, {dim})); };
    embedding_ = reader.read("token_embedding.weight", {config_.vocab, dim});
    for (int i = 0; i < config_.numLayers; ++i) {
        const std::string block = "blocks." + std::to_string(i) + ".";
        Layer layer;
        layer.norm1 = gain(block + "norm1.weight");
        layer.norm2 = gain(block + "norm2.weight");
        layer.q = matrix(block + "attn.q.weight", config_.dimAttn, dim);
        layer.k = matrix(block + "attn.k.weight", config_.dimAttn, dim);
        layer.v = matrix(block + "attn.v.weight", config_.dimAttn, dim);
        layer.o = matrix(block + "attn.o.weight", dim, config_.dimAttn);
        layer.gate = matrix(block + "ffn.gate.0.weight", config_.dimFfn, dim);
        layer.fc1 = matrix(block + "ffn.fc1.weight", config_.dimFfn, dim);
        layer.fc2 = matrix(block + "ffn.fc2.weight", dim, config_.dimFfn);
        layer.positions = reader.floats(block + "pos_embedding.embedding.weight", {config_.numBuckets, config_.numHeads});
        layers_.push_back(std::move(layer));
    }
    finalNorm_ = gain("norm.weight");
}

struct Umt5Encoder::Pass {
    int64_t tokens;
    Tensor residual;        // F32 [tokens, dim]
    Tensor normed;          // compute type from here on
    Tensor q, k, v, mixed;  // [tokens, dimAttn]
    Tensor gate, linear;    // [tokens, dimFfn]
    Tensor bias;            // F32 [heads, tokens, tokens]
    std::vector<float> hostBias;
    std::vector<int> buckets;  // of the distances -(tokens - 1) .. tokens - 1

    Pass(const TextEncoderConfig& config, int64_t count, Backend& backend) : tokens(count) {
        const DType type = backend.computeType();
        const auto make = [&](DType dtype, int64_t cols) { return Tensor::allocate(backend, dtype, {count, cols}); };
        residual = make(DType::F32, config.dim);
        normed = make(type, config.dim);
        for (Tensor* tensor : {&q, &k, &v, &mixed}) *tensor = make(type, config.dimAttn);
        for (Tensor* tensor : {&gate, &linear}) *tensor = make(type, config.dimFfn);
        bias = Tensor::allocate(backend, DType::F32, {config.numHeads, count, count});
        hostBias.resize(static_cast<size_t>(bias.count()));
        for (int64_t distance = 1 - count; distance < count; ++distance)
            buckets.push_back(relativeBucket(distance, config.numBuckets, config.maxDistance));
    }
    Rows rows(Tensor& tensor) { return rowsOf(tensor, 0, tokens); }
};

void Umt5Encoder::fillBias(const Layer& layer, Pass& pass) const {
    const auto tokens = static_cast<size_t>(pass.tokens), heads = static_cast<size_t>(config_.numHeads);
    std::vector<float> ofDistance(pass.buckets.size());
    for (size_t head = 0; head < heads; ++head) {
        for (size_t i = 0; i < ofDistance.size(); ++i) ofDistance[i] = layer.positions[static_cast<size_t>(pass.buckets[i]) * heads + head];
        for (size_t query = 0; query < tokens; ++query)
            std::copy_n(ofDistance.begin() + static_cast<std::ptrdiff_t>(tokens - 1 - query), tokens,
                        pass.hostBias.begin() + static_cast<std::ptrdiff_t>((head * tokens + query) * tokens));
    }
    backend_->upload(pass.bias.data(), pass.hostBias.data(), pass.bias.bytes());
}

void Umt5Encoder::attend(const Layer& layer, Pass& pass) const {
    const int64_t headDim = config_.dimAttn / config_.numHeads;
    backend_->norm({.kind = NormKind::Rms,
                    .x = pass.rows(pass.residual),
                    .y = pass.rows(pass.normed),
                    .gain = layer.norm1.as<float>(),
                    .scale = {},
                    .shift = {},
                    .eps = kEps});
    backend_->matmul({.x = pass.rows(pass.normed), .weight = layer.q.get(), .y = pass.rows(pass.q), .gate = {}});
    backend_->matmul({.x = pass.rows(pass.normed), .weight = layer.k.get(), .y = pass.rows(pass.k), .gate = {}});
    backend_->matmul({.x = pass.rows(pass.normed), .weight = layer.v.get(), .y = pass.rows(pass.v), .gate = {}});
    fillBias(layer, pass);
    backend_->attention({.dtype = backend_->computeType(),
                         .q = pass.q.data(),
                         .k = pass.k.data(),
                         .v = pass.v.data(),
                         .out = pass.mixed.data(),
                         .qRowStride = config_.dimAttn,
                         .qHeadStride = headDim,
                         .kRowStride = config_.dimAttn,
                         .kHeadStride = headDim,
                         .vRowStride = config_.dimAttn,
                         .vHeadStride = headDim,
                         .outRowStride = config_.dimAttn,
                         .outHeadStride = headDim,
                         .queries = pass.tokens,
                         .keys = pass.tokens,
                         .heads = config_.numHeads,
                         .qkDim = headDim,
                         .vDim = headDim,
                         .scale = 1.0f,  // UMT5 does not divide by sqrt(headDim)
                         .bias = pass.bias.as<float>()});
    backend_->matmul({.x = pass.rows(pass.mixed), .weight = layer.o.get(), .y = pass.rows(pass.residual), .accumulate = true, .gate = {}});
}

void Umt5Encoder::feedForward(const Layer& layer, Pass& pass) const {
    backend_->norm({.kind = NormKind::Rms,
                    .x = pass.rows(pass.residual),
                    .y = pass.rows(pass.normed),
                    .gain = layer.norm2.as<float>(),
                    .scale = {},
                    .shift = {},
                    .eps = kEps});
    backend_->matmul({.x = pass.rows(pass.normed),
                      .weight = layer.gate.get(),
                      .y = pass.rows(pass.gate),
                      .activation = Activation::GeluTanh,
                      .gate = {}});
    backend_->matmul({.x = pass.rows(pass.normed), .weight = layer.fc1.get(), .y = pass.rows(pass.linear), .gate = {}});
    backend_->multiply(pass.rows(pass.gate), pass.rows(pass.linear));
    backend_->matmul(
        {.x = pass.rows(pass.linear), .weight = layer.fc2.get(), .y = pass.rows(pass.residual), .accumulate = true, .gate = {}});
}

Tensor Umt5Encoder::encode(std::span<const int32_t> ids, const Observer& observe) const {
    const auto tokens = static_cast<int64_t>(ids.size());
    if (tokens < 1 || tokens > config_.textLen)
        throw std::invalid_argument("[text encoder] expected 1 to " + std::to_string(config_.textLen) + " tokens, got " +
                                    std::to_string(tokens));
    Tensor input = Tensor::host(DType::F32, {tokens, config_.dim});
    for (int64_t i = 0; i < tokens; ++i) {
        const int32_t id = ids[static_cast<size_t>(i)];
        if (id < 0 || id >= config_.vocab)
            throw std::invalid_argument("[text encoder] expected token ids below " + std::to_string(config_.vocab) + ", got " +
                                        std::to_string(id));
        const std::vector<float> row = toFloats(embedding_.slice(id, 1));
        std::copy(row.begin(), row.end(), input.as<float>() + i * config_.dim);
    }
    Pass pass(config_, tokens, *backend_);
    backend_->upload(pass.residual.data(), input.data(), input.bytes());
    if (observe) observe("embedding", pass.residual);
    for (size_t i = 0; i < layers_.size(); ++i) {
        attend(layers_[i], pass);
        if (observe) observe("block." + std::to_string(i) + ".attn", pass.residual);
        feedForward(layers_[i], pass);
        if (observe) observe("block." + std::to_string(i) + ".ffn", pass.residual);
    }
    const Tensor zeros = Tensor::host(DType::F32, {config_.textLen, config_.dim});
    Tensor out = Tensor::allocate(*backend_, DType::F32, zeros.shape());
    backend_->upload(out.data(), zeros.data(), zeros.bytes());
    backend_->norm({.kind = NormKind::Rms,
                    .x = pass.rows(pass.residual),
                    .y = rowsOf(out, 0, tokens),
                    .gain = finalNorm_.as<float>(),
                    .scale = {},
                    .shift = {},
                    .eps = kEps});
    backend_->synchronize();  // the working memory goes away
    return out;
}

}  // namespace longtake
