#include <QTest>

#include <limits>

#include "engine/rows.h"
#include "golden_dit.h"

using namespace longtake;

class GoldenMlaAttention : public QObject {
    Q_OBJECT
private slots:
    void materialisedAndAbsorbed_data();
    void materialisedAndAbsorbed();
};

namespace {

struct Mode {
    std::string name;  // "w6.high"
    int window;
    RopeBands bands;
};

Mode modeNamed(const std::string& name) {
    const size_t dot = name.find('.');
    return {name, std::stoi(name.substr(1, dot - 1)), name.substr(dot + 1) == "recomputed" ? RopeBands::Recomputed : RopeBands::High};
}

Tensor asFloats(const Tensor& source, int64_t first, const Shape& shape) {
    Tensor out = Tensor::host(DType::F32, shape);
    for (int64_t i = 0; i < out.count(); ++i) out.as<float>()[i] = static_cast<float>(source.as<double>()[first + i]);
    return out;
}

// Per head: minimum, maximum, mean of the scores, and the mean over queries of logsumexp over keys.
void scores(const Tensor& queries, const Tensor& keys, int64_t heads, float scale, Tensor& all, Tensor& stats) {
    const int64_t lq = queries.shape()[0], lk = keys.shape()[0], width = queries.shape()[1] / heads;
    all = Tensor::host(DType::F32, {heads, lq, lk});
    stats = Tensor::host(DType::F32, {heads, 4});
    for (int64_t h = 0; h < heads; ++h) {
        double low = std::numeric_limits<double>::infinity(), high = -low, sum = 0, logs = 0;
        for (int64_t i = 0; i < lq; ++i) {
            double exps = 0;
            for (int64_t j = 0; j < lk; ++j) {
                double dot = 0;
                for (int64_t d = 0; d < width; ++d)
                    dot += static_cast<double>(queries.as<float>()[(i * heads + h) * width + d]) *
                           static_cast<double>(keys.as<float>()[(j * heads + h) * width + d]);
                dot *= static_cast<double>(scale);
                all.as<float>()[(h * lq + i) * lk + j] = static_cast<float>(dot);
                low = std::min(low, dot);
                high = std::max(high, dot);
                sum += dot;
                exps += std::exp(dot);
            }
            logs += std::log(exps);
        }
        const double values[] = {low, high, sum / static_cast<double>(lq * lk), logs / static_cast<double>(lq)};
        for (int i = 0; i < 4; ++i) stats.as<float>()[h * 4 + i] = static_cast<float>(values[i]);
    }
}

}  // namespace

void GoldenMlaAttention::materialisedAndAbsorbed_data() {
    QTest::addColumn<int>("form");
    QTest::newRow("materialised") << static_cast<int>(MlaForm::Materialised);
    QTest::newRow("absorbed") << static_cast<int>(MlaForm::Absorbed);
}

void GoldenMlaAttention::materialisedAndAbsorbed() {
    QFETCH(int, form);
    const bool absorbed = static_cast<MlaForm>(form) == MlaForm::Absorbed;
    const auto backend = goldenBackend();
    for (const GoldenCase& golden : GoldenCase::find("mla_attention")) {
        const nlohmann::json& c = golden.config();
        const int64_t rows = c.at("rows"), cols = c.at("cols"), frames = c.at("frames_per_chunk");
        const int chunks = c.at("chunks"), passes = c.at("passes");
        const int64_t tokens = frames * rows * cols;
        const Tensor in = golden.input("in.x");
        for (const auto& [modeName, text] : golden.json().at("modes").items()) {
            const Mode mode = modeNamed(modeName);
            DitConfig config = goldenDitConfig(golden);
            config.mla.bands = mode.bands;
            WeightReader reader(golden.weights());
            const auto attention = makeMlaAttention(config, static_cast<MlaForm>(form), reader, "", *backend);
            QVERIFY(reader.finish().ok());
            KvCache cache(*backend, config, mode.window, c.at("sink_frames"), rows * cols);
            RopeTable rope(config, *backend);
            Scratch scratch(*backend);

            Tensor latent, queries, keys, all, stats;
            const PassObserver observer = [&](const std::string& name, int, const Rows& seen) {
                if (name == "query_latent") latent = copyOf(seen);
                if (name == "queries") queries = copyOf(seen);
                if (name == "keys") keys = copyOf(seen);
            };
            KvCache* const caches[] = {&cache};
            for (int chunk = 0; chunk < chunks; ++chunk) {
                cache.beginChunk(chunk * frames, static_cast<int>(frames));
                QCOMPARE(cache.frames(), golden.json()
                                             .at("frames_in_cache_after_chunk")
                                             .at(mode.name)
                                             .at(static_cast<size_t>(chunk))
                                             .get<std::vector<int64_t>>());
                std::vector<int64_t> positions(cache.frames().size());
                std::iota(positions.begin(), positions.end(), 0);
                rope.prepare(positions, rows, cols);
                const int64_t firstSlot = cache.liveFrames() - frames;
                for (int pass = 0; pass < passes; ++pass) {
                    const Tensor u = asFloats(in, (chunk * passes + pass) * tokens * config.dim, {tokens, config.dim});
                    Tensor out = Tensor::host(DType::F32, {tokens, config.dim});
                    attention->run({.u = rowsOf(u),
                                    .x = rowsOf(out),
                                    .caches = caches,
                                    .firstSlot = firstSlot,
                                    .liveSlots = cache.liveFrames(),
                                    .rope = &rope,
                                    .scratch = &scratch,
                                    .observer = &observer});
                    const std::string at = "chunk." + std::to_string(chunk) + ".pass." + std::to_string(pass) + ".";
                    const Tensor held = cache.snapshot(0).slice(firstSlot * rows * cols, tokens);
                    QVERIFY2(golden.matches("out." + at + "c", columnsOf(held, 0, config.mla.dC)), golden.report());
                    QVERIFY2(golden.matches("out." + at + "k_rope", columnsOf(held, config.mla.dC, config.mla.dR)), golden.report());
                    QVERIFY2(golden.matches("out." + at + "cq", latent), golden.report());
                    QVERIFY2(golden.matches("out." + mode.name + "." + at + "materialised", out), golden.report());
                    if (golden.has("out." + mode.name + "." + at + "absorbed"))
                        QVERIFY2(golden.matches("out." + mode.name + "." + at + "absorbed", out), golden.report());
                    if (absorbed) continue;
                    scores(queries, keys, config.numHeads, 1.0f / std::sqrt(static_cast<float>(config.mla.dNope + config.mla.dR)), all,
                           stats);
                    QVERIFY2(golden.matches("out." + mode.name + "." + at + "score_stats", stats), golden.report());
                }
            }
            const std::string last = "out." + mode.name + ".last.";
            const Tensor held = cache.snapshot(0);
            QVERIFY2(golden.matches(last + "cache_c", columnsOf(held, 0, config.mla.dC)), golden.report());
            QVERIFY2(golden.matches(last + "cache_k_rope", columnsOf(held, config.mla.dC, config.mla.dR)), golden.report());
            if (absorbed) continue;
            const int64_t width = config.mla.dNope + config.mla.dR;
            QVERIFY2(golden.matches(last + "scores", all), golden.report());
            QVERIFY2(golden.matches(last + "k_rotated", columnsOf(keys, config.mla.dNope, config.mla.dR)), golden.report());
            const Tensor byHead = queries.reshaped({tokens * config.numHeads, width});
            QVERIFY2(golden.matches(last + "q_rotated",
                                    columnsOf(byHead, config.mla.dNope, config.mla.dR).reshaped({tokens, config.numHeads, config.mla.dR})),
                     golden.report());
        }
        QVERIFY2(golden.allWeightsRead(), golden.report());
    }
}

QTEST_GUILESS_MAIN(GoldenMlaAttention)
#include "golden_mla_attention.moc"
