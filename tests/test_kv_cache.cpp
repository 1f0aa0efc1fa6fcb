#include <QTest>

#include <random>

#include "engine/model/kv_cache.h"

using namespace longtake;

class KvCacheTest : public QObject {
    Q_OBJECT
private slots:
    void keepsTheSinkAndTheNewestFrames();
    void passesOfAChunkShareItsSlots();
    void rowsMoveWithTheirFrames();
    void refusesAChunkThatCannotFit();
    void countsBytesAgainstDense();

private:
    DitConfig config() const {
        DitConfig c;
        c.attention = AttentionKind::Mla;
        c.dim = 64;
        c.numHeads = 2;
        c.numLayers = 2;
        c.mla = {12, 16, 8, 4, 8, 1e-6f, RopeBands::High};
        return c;
    }
    std::unique_ptr<Backend> backend_ = makeCpuBackend({.threads = 1, .precision = Precision::Fp32});
};

// engine-spec 4.2 in plain words: frames below the sink, and the newest that fit beside them.
void KvCacheTest::keepsTheSinkAndTheNewestFrames() {
    std::mt19937 random(5);
    for (int trial = 0; trial < 200; ++trial) {
        const int chunk = 1 + static_cast<int>(random() % 4), sink = static_cast<int>(random() % static_cast<unsigned>(chunk + 1));
        const int window = sink + chunk + static_cast<int>(random() % 7);
        KvCache cache(*backend_, config(), window, sink, 2);
        for (int64_t made = 0; made < 40; made += chunk) {
            cache.beginChunk(made, chunk);
            std::vector<int64_t> want;
            const int64_t all = made + chunk;
            for (int64_t f = 0; f < all; ++f)
                if (all <= window || f < sink || f >= all - (window - sink)) want.push_back(f);
            QCOMPARE(cache.frames(), want);
            QCOMPARE(cache.evictedFrames(), all - static_cast<int64_t>(want.size()));
        }
    }
}

void KvCacheTest::passesOfAChunkShareItsSlots() {
    KvCache cache(*backend_, config(), 7, 1, 2);
    for (int64_t start : {0, 3, 6, 9}) {
        cache.beginChunk(start, 3);
        const std::vector<int64_t> frames = cache.frames();
        const int64_t evicted = cache.evictedFrames();
        for (int pass = 0; pass < 4; ++pass) cache.beginChunk(start, 3);
        QCOMPARE(cache.frames(), frames);
        QCOMPARE(cache.evictedFrames(), evicted);
    }
}

void KvCacheTest::rowsMoveWithTheirFrames() {
    const int64_t tokens = 3;
    KvCache cache(*backend_, config(), 7, 1, tokens);
    for (int64_t start = 0; start < 30; start += 3) {
        cache.beginChunk(start, 3);
        for (int layer = 0; layer < cache.layers(); ++layer) {
            Tensor rows = cache.rows(layer);
            for (int64_t i = (cache.liveFrames() - 3) * tokens * cache.rowWidth(); i < cache.liveTokens() * cache.rowWidth(); ++i) {
                const int64_t frame = cache.frames()[static_cast<size_t>(i / (tokens * cache.rowWidth()))];
                rows.as<float>()[i] = static_cast<float>(frame * 10 + layer);
            }
            const Tensor held = cache.snapshot(layer);
            for (int64_t i = 0; i < held.count(); ++i) {
                const int64_t frame = cache.frames()[static_cast<size_t>(i / (tokens * cache.rowWidth()))];
                QCOMPARE(held.as<float>()[i], static_cast<float>(frame * 10 + layer));
            }
        }
    }
}

void KvCacheTest::refusesAChunkThatCannotFit() {
    KvCache cache(*backend_, config(), 4, 1, 2);
    cache.beginChunk(0, 3);
    QVERIFY_THROWS_EXCEPTION(std::logic_error, cache.beginChunk(3, 4));
    QVERIFY_THROWS_EXCEPTION(std::logic_error, cache.beginChunk(1, 1));
}

void KvCacheTest::countsBytesAgainstDense() {
    KvCache cache(*backend_, config(), 7, 1, 10);
    QCOMPARE(cache.bytes(), size_t(7 * 10 * 16 * 4 * 2));
    QCOMPARE(cache.denseBytes(), size_t(7 * 10 * 128 * 4 * 2));
    QCOMPARE(cache.liveBytes(), size_t(0));
    cache.beginChunk(0, 3);
    QCOMPARE(cache.liveBytes(), size_t(3 * 10 * 16 * 4 * 2));

    DitConfig large = config();  // the published 1.3B student: 224 values a token and layer, 92.7 % less
    large.dim = 1536;
    large.numHeads = 12;
    large.mla = {192, 768, 96, 32, 128, 1e-6f, RopeBands::High};
    KvCache small(*backend_, large, 7, 1, 10);
    QCOMPARE(small.rowWidth(), int64_t(224));
    const double saved = 1.0 - static_cast<double>(small.bytes()) / static_cast<double>(small.denseBytes());
    QVERIFY(std::abs(saved - 0.927) < 5e-4);
}

QTEST_GUILESS_MAIN(KvCacheTest)
#include "test_kv_cache.moc"
