// The text encoder gives the reference's hidden states, layer by layer.
#include <QTest>

#include "engine/text/umt5_encoder.h"
#include "tests/golden/golden_case.h"

using namespace longtake;

namespace {

TextEncoderConfig configOf(const GoldenCase& golden) {
    const nlohmann::json& c = golden.config();
    return {.vocab = c.at("vocab"),
            .dim = c.at("dim"),
            .dimAttn = c.at("dim_attn"),
            .dimFfn = c.at("dim_ffn"),
            .numHeads = c.at("num_heads"),
            .numLayers = c.at("num_layers"),
            .numBuckets = c.at("num_buckets"),
            .maxDistance = c.at("max_distance"),
            .textLen = c.at("seq_len")};
}

// One prompt of the batch: the ids in front of the padding.
std::vector<int32_t> idsOf(const GoldenCase& golden, int64_t item) {
    const Tensor ids = golden.input("in.ids"), mask = golden.input("in.mask");
    const int64_t length = ids.shape()[1];
    std::vector<int32_t> out;
    for (int64_t i = item * length; i < (item + 1) * length; ++i) {
        if (goldenValue(mask, i) > 0) out.push_back(static_cast<int32_t>(goldenValue(ids, i)));
    }
    return out;
}

Tensor downloaded(Backend& backend, const Tensor& tensor) {
    backend.synchronize();
    Tensor host = Tensor::host(tensor.dtype(), tensor.shape());
    backend.download(host.data(), tensor.data(), tensor.bytes());
    return host;
}

// The reference computes its padding too, which nothing reads; those rows are taken over from it.
Tensor stacked(const GoldenCase& golden, const std::string& name, const std::vector<Tensor>& items) {
    Tensor out = golden.expected(name);
    const int64_t perItem = out.count() / out.shape()[0];
    for (size_t i = 0; i < items.size(); ++i)
        std::copy_n(items[i].as<float>(), items[i].count(), out.as<float>() + static_cast<int64_t>(i) * perItem);
    return out;
}

Tensor difference(const Tensor& after, const Tensor& before) {
    Tensor out = Tensor::host(DType::F32, after.shape());
    for (int64_t i = 0; i < out.count(); ++i) out.as<float>()[i] = after.as<float>()[i] - before.as<float>()[i];
    return out;
}

struct Outputs {
    std::map<std::string, std::vector<Tensor>> items;  // out.… -> one tensor a prompt
};

Outputs run(const GoldenCase& golden, Backend& backend, const Umt5Encoder& encoder) {
    Outputs out;
    for (int64_t item = 0; item < golden.input("in.ids").shape()[0]; ++item) {
        Tensor last;
        const auto observe = [&](const std::string& name, const Tensor& residual) {
            const Tensor now = downloaded(backend, residual);
            if (name == "embedding") out.items["out.embedding"].push_back(now);
            else out.items["out." + name].push_back(difference(now, last));
            if (name.ends_with(".ffn")) out.items["out." + name.substr(0, name.size() - 4)].push_back(now);
            last = now;
        };
        out.items["out.final_zeroed"].push_back(downloaded(backend, encoder.encode(idsOf(golden, item), observe)));
    }
    return out;
}

}  // namespace

class GoldenUmt5Encoder final : public QObject {
    Q_OBJECT

private slots:
    void everyLayerMatchesInFp32();
    void everyLayerIsCloseInBf16();
    void bucketsMatchEverywhere();
    void positionBiasMatches();
};

void GoldenUmt5Encoder::everyLayerMatchesInFp32() {
    for (const GoldenCase& golden : GoldenCase::find("umt5_encoder")) {
        const auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
        const auto encoder = Umt5Encoder::create(configOf(golden), golden.weights(), *backend);
        QVERIFY2(encoder.ok(), encoder.ok() ? "" : encoder.message().c_str());
        const Outputs outputs = run(golden, *backend, *encoder);
        for (const auto& [name, items] : outputs.items) {
            if (golden.has(name)) QVERIFY2(golden.matches(name, stacked(golden, name, items)), golden.report());
        }
        // The intermediate results may be absent from a case; this one has every row that anything reads.
        QVERIFY(golden.has("out.final_zeroed"));
        QVERIFY2(golden.allWeightsRead(), golden.report());
    }
}

void GoldenUmt5Encoder::everyLayerIsCloseInBf16() {
    for (const GoldenCase& golden : GoldenCase::find("umt5_encoder")) {
        const auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Bf16});
        if (backend->computeType() != DType::BF16) QSKIP("this processor computes no bf16");
        const auto encoder = Umt5Encoder::create(configOf(golden), golden.weights(), *backend);
        QVERIFY(encoder.ok());
        for (const auto& [name, items] : run(golden, *backend, *encoder).items) {
            if (golden.has(name)) QVERIFY2(golden.matchesIn16Bit(name, stacked(golden, name, items)), golden.report());
        }
    }
}

void GoldenUmt5Encoder::bucketsMatchEverywhere() {
    for (const GoldenCase& golden : GoldenCase::find("umt5_encoder")) {
        const TextEncoderConfig config = configOf(golden);
        const Tensor want = golden.expected("out.bucket_of_distance");
        Tensor got = Tensor::host(DType::I64, want.shape());
        const int64_t farthest = (want.count() - 1) / 2;
        for (int64_t i = 0; i < want.count(); ++i)
            got.as<int64_t>()[i] = relativeBucket(i - farthest, config.numBuckets, config.maxDistance);
        QVERIFY2(golden.matches("out.bucket_of_distance", got), golden.report());
    }
}

void GoldenUmt5Encoder::positionBiasMatches() {
    for (const GoldenCase& golden : GoldenCase::find("umt5_encoder")) {
        const TextEncoderConfig config = configOf(golden);
        for (const std::string& name : golden.outputs("out.block.")) {
            if (!name.ends_with(".position_bias")) continue;
            const std::string block = name.substr(4, name.size() - 4 - std::string(".position_bias").size());
            const Result<Tensor> table = golden.weights().tensor("blocks" + block.substr(5) + ".pos_embedding.embedding.weight");
            QVERIFY(table.ok());
            Tensor got = golden.expected(name);
            const int64_t positions = got.shape()[-1], heads = config.numHeads;
            for (int64_t i = 0; i < got.count(); ++i) {
                const int64_t distance = i % positions - i / positions % positions;
                const int bucket = relativeBucket(distance, config.numBuckets, config.maxDistance);
                got.as<float>()[i] = table->as<float>()[bucket * heads + i / positions / positions];
            }
            QVERIFY2(golden.matches(name, got), golden.report());
        }
    }
}

QTEST_APPLESS_MAIN(GoldenUmt5Encoder)
#include "golden_umt5_encoder.moc"
