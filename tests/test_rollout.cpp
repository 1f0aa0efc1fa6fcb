// Rollouts against the numbers of the specification's appendix A.3 (sums and first elements of every chunk, made in
// fp64 by another implementation), and what a rollout promises beside them.
#include <QTest>

#include <cmath>

#include "appendix_numbers.h"
#include "engine/rollout/rollout.h"

using namespace longtake;

class RolloutTest : public QObject {
    Q_OBJECT
private slots:
    void appendixScenarios_data();
    void appendixScenarios();
    void aStoppedChunkIsMadeAgainTheSame();
    void aPromptGivenAfterAStopMakesTheSameTake();
    void noiseDependsOnSeedChunkAndStepAlone();
    void restartRepeatsTheTake();
    void aBlendEndsInTheNewPrompt();
    void fullWindowEqualsOneAssembledFromAllFrames();
    void rolloutsTogetherMakeWhatEachMakesAlone_data();
    void rolloutsTogetherMakeWhatEachMakesAlone();
    void rolloutsThatCannotJoinTakeTurns();
    void aHeadMayPredictCleanLatents();
    void sayWhatCannotWork();
};

namespace {

struct Expected {
    int chunk;
    double sum, squares;
    double first[4];
};

struct Scenario {
    const char* name;
    int window, sink;
    Positions positions;
    int switchFrame;  // -1: prompt A all along
    std::vector<Expected> chunks;
    SinkAtRecache sinkAtRecache = SinkAtRecache::Kept;
};

// engine-spec A.3.
const std::vector<Scenario>& scenarios() {
    const Expected c0{0, -41.6158807747, 243.2428387330, {-1.5119938304, 0.3613871584, 1.0850440729, 0.2639709268}};
    const Expected c1{1, -38.3013674836, 249.5579775011, {0.2161691941, 0.7358623864, -0.4972395427, -1.1548174557}};
    const Expected c2{2, -40.6681619111, 248.0440538280, {1.7461674042, -1.7287659851, -1.6069995266, 0.2101378811}};
    const Expected c3{3, -9.7212452613, 269.5686337733, {0.0766775030, -0.4979975507, 0.4595789226, -0.5637171315}};
    static const std::vector<Scenario> all = {
        {"S1 no eviction", 9, 0, Positions::Absolute, -1, {c0, c1, c2}},
        {"S2 window 6, no sink",
         6,
         0,
         Positions::Absolute,
         -1,
         {c0,
          c1,
          {2, -35.2947850873, 247.3091851457, {1.6530356918, -1.7118166435, -1.6563895463, 0.1526731035}},
          {3, -4.0047393659, 269.0686432436, {-0.0621461315, -0.5431220633, 0.3642894239, -0.5721451645}}}},
        {"S3 window 9, sink 3",
         9,
         3,
         Positions::Absolute,
         -1,
         {c0, c1, c2, c3, {4, -33.1683987717, 232.5201833484, {-1.3561388062, -0.5157846054, -1.9272066142, -0.0747245894}}}},
        {"S4 re-cache at frame 12",
         9,
         3,
         Positions::Absolute,
         12,
         {c0, c1, c2, c3, {4, 2.4450987475, 237.5300802010, {-0.8531428382, -0.4173568791, -1.7692976801, 0.1968972366}}}},
        {"S5 re-cache at frame 12, sink renewed",
         9,
         3,
         Positions::Absolute,
         12,
         {c0, c1, c2, c3, {4, 10.9883525387, 239.2365164465, {-0.9495790262, -0.3506309451, -1.6973924123, 0.0844051693}}},
         SinkAtRecache::Renewed},
        {"S6 re-cache at frame 6, sink rewritten",
         9,
         3,
         Positions::Absolute,
         6,
         {c0,
          c1,
          {2, -0.8928426796, 235.7931146483, {1.5299991897, -1.6484748479, -1.7836676967, 0.3020353256}},
          {3, 35.6862416739, 262.8471487673, {0.0365761105, -0.1738828147, 0.2613949787, -0.4743378571}},
          {4, 8.4175236002, 235.6825416735, {-0.9868236117, -0.4155281955, -1.9452820808, 0.2154404648}}}},
        {"S7 = S4 with window positions",
         9,
         3,
         Positions::Window,
         12,
         {c0,
          c1,
          c2,
          {3, -9.0710839049, 266.6674490254, {0.1098143083, -0.5131013943, 0.5009485310, -0.5762644938}},
          {4, 3.3523631960, 237.3187877106, {-0.8631305604, -0.4029690142, -1.7579605352, 0.2016971312}}}},
        {"S8 = S3 with window positions",
         9,
         3,
         Positions::Window,
         -1,
         {c0,
          c1,
          c2,
          {3, -9.0710839049, 266.6674490254, {0.1098143083, -0.5131013943, 0.5009485310, -0.5762644938}},
          {4, -32.4281369646, 231.7545346471, {-1.3595022293, -0.5104781052, -1.9217016142, -0.0720304893}}}},
    };
    return all;
}

DitConfig tinyConfig() {
    DitConfig c;
    c.dim = 32;
    c.ffnDim = 64;
    c.numHeads = 2;
    c.numLayers = 2;
    c.freqDim = 16;
    c.textDim = 24;
    c.textLen = 6;
    c.inDim = c.outDim = 4;
    return c;
}

void addLinear(AppendixWeights& w, const std::string& name, int64_t out, int64_t in) {
    w.add(name + ".weight", {out, in});
    w.add(name + ".bias", {out});
}

AppendixWeights tinyWeights(const DitConfig& c) {
    AppendixWeights w;
    w.add("patch_embedding.weight", {c.dim, c.inDim, 1, 2, 2});
    w.add("patch_embedding.bias", {c.dim});
    addLinear(w, "text_embedding.0", c.dim, c.textDim);
    addLinear(w, "text_embedding.2", c.dim, c.dim);
    addLinear(w, "time_embedding.0", c.dim, c.freqDim);
    addLinear(w, "time_embedding.2", c.dim, c.dim);
    addLinear(w, "time_projection.1", 6 * c.dim, c.dim);
    w.add("head.modulation", {1, 2, c.dim});
    addLinear(w, "head.head", c.outDim * 4, c.dim);
    for (int i = 0; i < c.numLayers; ++i) {
        const std::string block = "blocks." + std::to_string(i) + ".";
        w.add(block + "modulation", {1, 6, c.dim});
        w.add(block + "norm3.weight", {c.dim});
        w.add(block + "norm3.bias", {c.dim});
        for (const char* attention : {"self_attn.", "cross_attn."}) {
            for (const char* part : {"q", "k", "v", "o"}) addLinear(w, block + attention + part, c.dim, c.dim);
            w.add(block + attention + std::string("norm_q.weight"), {c.dim});
            w.add(block + attention + std::string("norm_k.weight"), {c.dim});
        }
        addLinear(w, block + "ffn.0", c.ffnDim, c.dim);
        addLinear(w, block + "ffn.2", c.dim, c.ffnDim);
    }
    return w;
}

struct TinyRollout {
    explicit TinyRollout(int window, int sink, Positions positions, int threads = 1, uint64_t seed = 0,
                         SinkAtRecache sinkAtRecache = SinkAtRecache::Kept, Prediction predicts = Prediction::Flow)
        : backend(makeCpuBackend({.threads = threads, .precision = Precision::Fp32})) {
        DitConfig config = tinyConfig();
        config.predicts = predicts;
        dit = CausalDit::load(config, positions, tinyWeights(config), *backend).value();
        options.window = {3, window, sink, positions, 0.0f, sinkAtRecache};
        options.seed = seed;
        options.latentHeight = 4;
        options.latentWidth = 6;
        rollout = make(options);
    }
    std::unique_ptr<Rollout> make(const RolloutOptions& wanted) const {
        return Rollout::create(*dit, *backend, wanted,
                               [](const std::string& prompt) -> Result<Tensor> {
                                   return prompt == "A" ? appendixInput("prompt.A", {4, 24}) : appendixInput("prompt.B", {3, 24});
                               })
            .value();
    }
    // Another rollout of the same model and working memory.
    std::unique_ptr<Rollout> beside(uint64_t otherSeed) const {
        RolloutOptions wanted = options;
        wanted.seed = otherSeed;
        wanted.workspace = rollout->workspace();
        return make(wanted);
    }
    void useAppendixNoise() {
        rollout->noiseOverride = [](int64_t chunk, int step, float* out, int64_t count) {
            const std::string name = step == 0 ? "noise.init." + std::to_string(chunk)
                                               : "noise.renoise." + std::to_string(chunk) + "." + std::to_string(step - 1);
            for (int64_t i = 0; i < count; ++i) out[i] = static_cast<float>(appendixNumber(name, static_cast<uint64_t>(i)));
        };
    }
    void prompts(std::vector<PromptSegment> segments) { rollout->setTimeline(PromptTimeline::create(std::move(segments)).value()); }
    std::vector<float> next() {
        auto chunk = rollout->next();
        if (!chunk) qFatal("%s", chunk.message().c_str());
        return {chunk->latents.as<float>(), chunk->latents.as<float>() + chunk->latents.count()};
    }

    RolloutOptions options;
    std::unique_ptr<Backend> backend;
    std::unique_ptr<CausalDit> dit;
    std::unique_ptr<Rollout> rollout;
};

PromptTimeline timelineOf(std::vector<PromptSegment> segments) { return PromptTimeline::create(std::move(segments)).value(); }

std::vector<float> valuesOf(const RolloutChunk& chunk) {
    return {chunk.latents.as<float>(), chunk.latents.as<float>() + chunk.latents.count()};
}

}  // namespace

void RolloutTest::appendixScenarios_data() {
    QTest::addColumn<int>("index");
    for (size_t i = 0; i < scenarios().size(); ++i) QTest::newRow(scenarios()[i].name) << static_cast<int>(i);
}

void RolloutTest::appendixScenarios() {
    QFETCH(int, index);
    const Scenario& scenario = scenarios()[static_cast<size_t>(index)];
    TinyRollout tiny(scenario.window, scenario.sink, scenario.positions, 2, 0, scenario.sinkAtRecache);
    tiny.useAppendixNoise();
    std::vector<PromptSegment> segments = {{0, "A", Transition::Keep, 0}};
    if (scenario.switchFrame >= 0) segments.push_back({scenario.switchFrame / 3, "B", Transition::Recache, 0});
    tiny.prompts(segments);
    for (const Expected& want : scenario.chunks) {
        const std::vector<float> got = tiny.next();
        double sum = 0, squares = 0;
        for (float v : got) {
            sum += static_cast<double>(v);
            squares += static_cast<double>(v) * static_cast<double>(v);
        }
        QVERIFY2(std::abs(sum - want.sum) < 2e-3, qPrintable(QString("chunk %1: sum %2, want %3").arg(want.chunk).arg(sum).arg(want.sum)));
        QVERIFY2(std::abs(squares - want.squares) < 1e-4 * want.squares, qPrintable(QString("chunk %1").arg(want.chunk)));
        for (int i = 0; i < 4; ++i) QVERIFY(std::abs(static_cast<double>(got[static_cast<size_t>(i)]) - want.first[i]) < 1e-4);
    }
}

void RolloutTest::aStoppedChunkIsMadeAgainTheSame() {
    TinyRollout straight(7, 1, Positions::Window), stopped(7, 1, Positions::Window);
    const std::vector<PromptSegment> prompts = {{0, "A", Transition::Keep, 0}, {3, "B", Transition::Recache, 0}};
    straight.prompts(prompts);
    stopped.prompts(prompts);
    for (int chunk = 0; chunk < 5; ++chunk) {
        for (int stopAt = 0; stopAt <= 4; ++stopAt) {
            auto partial = stopped.rollout->next([&](const DenoiseProgress& p) { return p.recaching ? stopAt != 0 : p.step != stopAt; });
            if (partial.ok()) break;  // step 0 exists only where there is a re-cache
            QCOMPARE(QString::fromStdString(partial.message()), QString("stopped"));
            if (stopAt == 4) QCOMPARE(stopped.rollout->nextChunk(), int64_t(chunk));
        }
        if (stopped.rollout->nextChunk() == chunk) stopped.next();
        straight.next();
        const int layer = 1;
        const Tensor a = straight.rollout->cache().snapshot(layer), b = stopped.rollout->cache().snapshot(layer);
        QCOMPARE(a.count(), b.count());
        for (int64_t i = 0; i < a.count(); ++i) QCOMPARE(a.as<float>()[i], b.as<float>()[i]);
    }
}

// A stopped chunk has already pushed frames out of the window; a re-cache that comes with the new prompt brings them back.
void RolloutTest::aPromptGivenAfterAStopMakesTheSameTake() {
    const std::vector<PromptSegment> before = {{0, "A", Transition::Keep, 0}};
    const std::vector<PromptSegment> after = {{0, "A", Transition::Keep, 0}, {4, "B", Transition::Recache, 0}};
    for (const SinkAtRecache rule : {SinkAtRecache::Kept, SinkAtRecache::Renewed}) {
        TinyRollout straight(7, 1, Positions::Window, 1, 0, rule), stopped(7, 1, Positions::Window, 1, 0, rule);
        straight.prompts(after);
        stopped.prompts(before);
        for (int chunk = 0; chunk < 4; ++chunk) QCOMPARE(stopped.next(), straight.next());
        QVERIFY(!stopped.rollout->next([](const DenoiseProgress& p) { return p.step != 2; }).ok());
        stopped.prompts(after);
        for (int chunk = 4; chunk < 7; ++chunk) QCOMPARE(stopped.next(), straight.next());
    }
}

void RolloutTest::noiseDependsOnSeedChunkAndStepAlone() {
    TinyRollout a(7, 1, Positions::Window, 1, 5), b(7, 1, Positions::Window, 2, 5), other(7, 1, Positions::Window, 1, 6);
    for (TinyRollout* tiny : {&a, &b, &other}) tiny->prompts({{0, "A", Transition::Keep, 0}});
    for (int chunk = 0; chunk < 3; ++chunk) {
        const std::vector<float> first = a.next();
        QCOMPARE(b.next(), first);
        QVERIFY(other.next() != first);
    }
}

void RolloutTest::restartRepeatsTheTake() {
    TinyRollout tiny(7, 1, Positions::Window, 1, 5);
    tiny.prompts({{0, "A", Transition::Keep, 0}, {2, "B", Transition::Recache, 0}});
    std::vector<std::vector<float>> first, second;
    for (int i = 0; i < 4; ++i) first.push_back(tiny.next());
    tiny.rollout->restart(5);
    for (int i = 0; i < 4; ++i) second.push_back(tiny.next());
    QCOMPARE(second, first);
}

void RolloutTest::aBlendEndsInTheNewPrompt() {
    TinyRollout blend(7, 1, Positions::Window), keep(7, 1, Positions::Window), old(7, 1, Positions::Window);
    blend.prompts({{0, "A", Transition::Keep, 0}, {1, "B", Transition::Blend, 2}});
    keep.prompts({{0, "A", Transition::Keep, 0}, {1, "B", Transition::Keep, 0}});
    old.prompts({{0, "A", Transition::Keep, 0}});
    auto distance = [](const std::vector<float>& x, const std::vector<float>& y) {
        double sum = 0;
        for (size_t i = 0; i < x.size(); ++i) sum += std::pow(static_cast<double>(x[i] - y[i]), 2);
        return std::sqrt(sum);
    };
    QCOMPARE(blend.next(), keep.next());
    old.next();
    const std::vector<float> mixed = blend.next(), changed = keep.next(), unchanged = old.next();
    QVERIFY(distance(mixed, changed) > 0);
    QVERIFY(distance(mixed, unchanged) > 0);
    QVERIFY(distance(mixed, unchanged) < distance(changed, unchanged));
}

// A cache of every frame ever made, from which the window of each pass is picked anew, gives the rolling cache's rows.
void RolloutTest::fullWindowEqualsOneAssembledFromAllFrames() {
    TinyRollout rolling(7, 1, Positions::Window);
    rolling.prompts({{0, "A", Transition::Keep, 0}});
    const DitConfig config = tinyConfig();
    const int64_t frameTokens = 6, width = config.cacheWidth();
    std::vector<std::vector<float>> all(static_cast<size_t>(config.numLayers));  // every frame's rows
    DitWorkspace workspace(config, *rolling.backend);
    const PromptContext prompt = rolling.dit->encodePrompt(appendixInput("prompt.A", {4, 24}), workspace);
    for (int chunk = 0; chunk < 6; ++chunk) {
        const std::vector<float> made = rolling.next();
        const std::vector<int64_t> frames = rolling.rollout->cache().frames();
        KvCache assembled(*rolling.backend, config, static_cast<int>(frames.size()), 0, frameTokens);
        assembled.beginChunk(0, static_cast<int>(frames.size()));
        for (int layer = 0; layer < config.numLayers; ++layer)
            for (size_t slot = 0; slot + 3 < frames.size(); ++slot)
                std::copy_n(all[static_cast<size_t>(layer)].begin() + frames[slot] * frameTokens * width, frameTokens * width,
                            assembled.rows(layer).as<float>() + static_cast<int64_t>(slot) * frameTokens * width);
        Tensor latents = Tensor::host(DType::F32, {3, 4, 4, 6});
        std::copy(made.begin(), made.end(), latents.as<float>());
        const std::vector<float> zero(3, 0.0f);
        rolling.dit->forward({.latents = latents,
                              .timesteps = zero,
                              .prompt = &prompt,
                              .cache = &assembled,
                              .firstSlot = static_cast<int>(frames.size()) - 3},
                             workspace);
        for (int layer = 0; layer < config.numLayers; ++layer) {
            const Tensor want = rolling.rollout->cache().snapshot(layer), got = assembled.snapshot(layer);
            QCOMPARE(got.count(), want.count());
            for (int64_t i = 0; i < want.count(); ++i) QCOMPARE(got.as<float>()[i], want.as<float>()[i]);
            std::vector<float>& history = all[static_cast<size_t>(layer)];
            history.insert(history.end(), got.as<float>() + got.count() - 3 * frameTokens * width, got.as<float>() + got.count());
        }
    }
}

void RolloutTest::rolloutsTogetherMakeWhatEachMakesAlone_data() {
    QTest::addColumn<int>("positions");
    QTest::newRow("window positions") << static_cast<int>(Positions::Window);
    QTest::newRow("absolute positions") << static_cast<int>(Positions::Absolute);
}

// Each with its own seed and prompts, one of them written anew in the middle, one pass stopped.
void RolloutTest::rolloutsTogetherMakeWhatEachMakesAlone() {
    QFETCH(int, positions);
    const auto place = static_cast<Positions>(positions);
    const std::vector<std::vector<PromptSegment>> prompts = {{{0, "A", Transition::Keep, 0}},
                                                             {{0, "B", Transition::Keep, 0}},
                                                             {{0, "A", Transition::Keep, 0}, {3, "B", Transition::Recache, 0}}};
    TinyRollout shared(7, 1, place, 1, 5);
    std::vector<std::unique_ptr<Rollout>> more;
    for (uint64_t seed : {6, 7}) more.push_back(shared.beside(seed));
    Rollout* const together[] = {shared.rollout.get(), more[0].get(), more[1].get()};
    std::vector<std::unique_ptr<TinyRollout>> alone;
    for (size_t i = 0; i < prompts.size(); ++i) {
        together[i]->setTimeline(timelineOf(prompts[i]));
        alone.push_back(std::make_unique<TinyRollout>(7, 1, place, 1, 5 + i));
        alone[i]->prompts(prompts[i]);
    }
    for (int64_t index = 0; index < 5; ++index) {
        if (index == 2) QVERIFY(!Rollout::nextTogether(together, [](const DenoiseProgress& p) { return p.step != 2; }).ok());
        int passes = 0;
        const auto chunks = Rollout::nextTogether(together, [&](const DenoiseProgress&) { return ++passes, true; });
        QVERIFY2(chunks.ok(), chunks.ok() ? "" : chunks.message().c_str());
        QCOMPARE(passes, index == 3 ? 6 : 5);  // one set for all, and the re-cache of one
        for (size_t i = 0; i < prompts.size(); ++i) {
            QCOMPARE((*chunks)[i].index, index);
            QCOMPARE((*chunks)[i].recached, i == 2 && index == 3);
            QCOMPARE(valuesOf((*chunks)[i]), alone[i]->next());
            for (int layer = 0; layer < 2; ++layer) {
                const Tensor want = alone[i]->rollout->cache().snapshot(layer), got = together[i]->cache().snapshot(layer);
                for (int64_t v = 0; v < want.count(); ++v) QCOMPARE(got.as<float>()[v], want.as<float>()[v]);
            }
        }
    }
}

void RolloutTest::rolloutsThatCannotJoinTakeTurns() {
    TinyRollout first(7, 1, Positions::Window, 1, 5), other(7, 1, Positions::Window, 1, 5), straight(7, 1, Positions::Window, 1, 5);
    for (TinyRollout* tiny : {&first, &other, &straight}) tiny->prompts({{0, "A", Transition::Keep, 0}});
    QVERIFY(!first.rollout->canJoin(*other.rollout));  // another model's
    const auto late = first.beside(5);
    QVERIFY(first.rollout->canJoin(*late));
    const std::vector<float> want = straight.next();
    first.next();
    QVERIFY(!first.rollout->canJoin(*late));  // a chunk behind
    late->setTimeline(timelineOf({{0, "A", Transition::Keep, 0}}));
    Rollout* const unlike[] = {first.rollout.get(), late.get(), other.rollout.get()};
    const auto chunks = Rollout::nextTogether(unlike);
    QVERIFY(chunks.ok());
    QCOMPARE((*chunks)[0].index, int64_t{1});
    QCOMPARE(valuesOf((*chunks)[1]), want);
    QCOMPARE(valuesOf((*chunks)[2]), want);
}

// The same weights read both ways: what one takes for the flow at the first step, x0 = x_t - sigma output, is the other's x0.
void RolloutTest::aHeadMayPredictCleanLatents() {
    const auto cleanAtSteps = [](Prediction predicts) {
        TinyRollout tiny(7, 1, Positions::Window, 1, 0, SinkAtRecache::Kept, predicts);
        tiny.useAppendixNoise();
        tiny.prompts({{0, "A", Transition::Keep, 0}});
        std::vector<std::vector<float>> steps;
        tiny.rollout->observeClean = [&](int64_t, int, const Tensor& clean) {
            steps.emplace_back(clean.as<float>(), clean.as<float>() + clean.count());
        };
        steps.push_back(tiny.next());
        return steps;
    };
    const auto flow = cleanAtSteps(Prediction::Flow), clean = cleanAtSteps(Prediction::Clean);
    const float sigma = Sampler(SamplerConfig{}).steps().front().sigma;
    QVERIFY(sigma > 0.9f);
    for (size_t i = 0; i < flow[0].size(); ++i) {
        const float noise = static_cast<float>(appendixNumber("noise.init.0", i)), output = clean[0][i];
        QVERIFY(std::abs(flow[0][i] - (noise - sigma * output)) < 1e-5f);
    }
    QVERIFY(clean.back() != flow.back());
}

void RolloutTest::sayWhatCannotWork() {
    TinyRollout tiny(7, 1, Positions::Window);
    auto none = tiny.rollout->next();
    QVERIFY(!none.ok());
    QVERIFY(none.message().find("no prompt") != std::string::npos);

    auto refused = [&](RolloutConfig window, int64_t height) {
        RolloutOptions options;
        options.window = window;
        options.latentHeight = height;
        options.latentWidth = 6;
        auto rollout = Rollout::create(*tiny.dit, *tiny.backend, options, [](const std::string&) -> Result<Tensor> { return Error{"no"}; });
        return !rollout.ok() && !rollout.message().empty();
    };
    QVERIFY(refused({3, 3, 1, Positions::Window, 0}, 4));  // no room for sink and chunk
    QVERIFY(refused({3, 7, 4, Positions::Window, 0}, 4));  // a sink larger than a chunk
    QVERIFY(refused({3, 7, 1, Positions::Window, 0}, 5));  // not a multiple of the patch
    QVERIFY(refused({3, 0, 1, Positions::Window, 0}, 4));  // no window and no end
}

QTEST_GUILESS_MAIN(RolloutTest)
#include "test_rollout.moc"
