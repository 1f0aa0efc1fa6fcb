// The embedded model in the engine against the same weights in the training code (tools/training/fixture.py).
// LONGTAKE_PARITY_MODEL names another model folder, with its fixture.safetensors inside.
#include <QTest>
#include <array>

#include "engine/rollout/take.h"
#include "golden/golden_case.h"

using namespace longtake;
namespace fs = std::filesystem;

class EmbeddedModelTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void tokensAndTextAgree();
    void latentsAndPicturesAgree();
    void absorbedAndMaterialisedAgree();
    void theSameTakeWithOneAndTwoThreads();
    void aPictureBecomesTheFirstChunk();
    void takesEncodeTheirPictureOnce();
    void cacheTakesWhatTheConfigurationSays();

private:
    std::unique_ptr<Model> load(Backend& backend, MlaForm form = MlaForm::Automatic) {
        auto model = Model::load(folder_, backend, form);
        if (!model) qFatal("%s", model.message().c_str());
        return std::move(model).value();
    }
    Tensor fixture(const std::string& name) const { return fixture_.tensor(name).value(); }
    std::string prompt(int index) const { return example_[static_cast<size_t>(index)]; }
    Tensor rollout(const Model& model, std::vector<Frame8>* pictures = nullptr) const;

    fs::path folder_;
    GoldenTensors fixture_;
    std::vector<std::string> example_;
};

void EmbeddedModelTest::initTestCase() {
    const char* set = std::getenv("LONGTAKE_PARITY_MODEL");
    folder_ = set && *set ? fs::path(set) : fs::path(LONGTAKE_SOURCE_DIR) / "resources/models/tidepool";
    const fs::path file =
        set && *set ? folder_ / "fixture.safetensors" : fs::path(LONGTAKE_SOURCE_DIR) / "tests/data/tidepool/fixture.safetensors";
    QVERIFY2(fs::exists(folder_ / "model.json"), "the embedded model is missing");
    fixture_ = GoldenTensors(file);
    auto config = Model::readConfig(folder_);
    QVERIFY2(config.ok(), config.ok() ? "" : config.message().c_str());
    example_ = config->examples;
    QVERIFY(example_.size() >= 2);
}

void EmbeddedModelTest::tokensAndTextAgree() {
    const auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
    const auto model = load(*backend);
    for (int k = 0; k < 2; ++k) {
        const Tensor want = fixture("in.context." + std::to_string(k)), ids = fixture("in.ids." + std::to_string(k));
        auto rows = model->textRows(prompt(k));
        QVERIFY2(rows.ok(), rows.ok() ? "" : rows.message().c_str());
        int64_t real = 0;
        while (real < ids.count() && ids.as<int32_t>()[real] != 0) ++real;
        QCOMPARE(rows->shape()[0], real);
        for (int64_t i = 0; i < rows->count(); ++i)
            QVERIFY(std::abs(rows->as<float>()[i] - want.as<float>()[i]) <= 1e-4f + 1e-4f * std::abs(want.as<float>()[i]));
    }
}

Tensor EmbeddedModelTest::rollout(const Model& model, std::vector<Frame8>* pictures) const {
    const Tensor noise = fixture("in.noise");
    const int64_t chunks = noise.shape()[0];
    RolloutOptions options;
    options.window = model.config().rollout;
    options.sampler = model.config().sampler;
    options.latentHeight = noise.shape()[3];
    options.latentWidth = noise.shape()[4];
    auto rollout = Rollout::create(model.dit(), model.backend(), options, [&](const std::string& text) { return model.textRows(text); });
    if (!rollout) qFatal("%s", rollout.message().c_str());
    std::vector<PromptSegment> segments;
    const Tensor which = fixture("in.prompt_of_chunk");
    for (int64_t c = 0; c < chunks; ++c)
        if (c == 0 || which.as<int32_t>()[c] != which.as<int32_t>()[c - 1])
            segments.push_back({c, prompt(which.as<int32_t>()[c]), Transition::Keep, 0});
    (*rollout)->setTimeline(PromptTimeline::create(segments).value());
    (*rollout)->noiseOverride = [&](int64_t chunk, int step, float* out, int64_t count) {
        const Tensor later = fixture_.has("in.renoise") ? fixture("in.renoise") : noise;
        const float* from =
            step == 0 ? noise.as<float>() + chunk * count : later.as<float>() + (chunk * later.shape()[1] + step - 1) * count;
        std::copy_n(from, count, out);
    };
    auto decoder = model.makeDecoder();
    Tensor all = Tensor::host(DType::F32, fixture("out.latents").shape());
    for (int64_t c = 0; c < chunks; ++c) {
        auto chunk = (*rollout)->next();
        if (!chunk) qFatal("%s", chunk.message().c_str());
        std::copy_n(chunk->latents.as<float>(), chunk->latents.count(), all.as<float>() + c * chunk->latents.count());
        if (pictures) decoder->decodeRgb8(chunk->latents, [&](Frame8 frame) { pictures->push_back(std::move(frame)); });
    }
    return all;
}

void EmbeddedModelTest::latentsAndPicturesAgree() {
    const auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
    const auto model = load(*backend);
    std::vector<Frame8> pictures;
    const Tensor got = rollout(*model, &pictures), want = fixture("out.latents"), video = fixture("out.video");
    double largest = 0;
    for (int64_t i = 0; i < want.count(); ++i)
        largest = std::max(largest, static_cast<double>(std::abs(got.as<float>()[i] - want.as<float>()[i])));
    qInfo("largest difference of latents: %g", largest);
    QVERIFY(largest < 5e-3);
    QCOMPARE(static_cast<int64_t>(pictures.size()), video.shape()[0]);
    int furthest = 0;
    for (size_t f = 0; f < pictures.size(); ++f)
        for (size_t i = 0; i < pictures[f].rgb.size(); ++i)
            furthest = std::max(furthest, std::abs(pictures[f].rgb[i] - video.as<uint8_t>()[f * pictures[f].rgb.size() + i]));
    QVERIFY2(furthest <= 2, std::to_string(furthest).c_str());
}

void EmbeddedModelTest::absorbedAndMaterialisedAgree() {
    const auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
    const Tensor a = rollout(*load(*backend, MlaForm::Materialised)), b = rollout(*load(*backend, MlaForm::Absorbed));
    double difference = 0, size = 0;
    for (int64_t i = 0; i < a.count(); ++i) {
        difference += std::pow(static_cast<double>(a.as<float>()[i] - b.as<float>()[i]), 2);
        size += std::pow(static_cast<double>(a.as<float>()[i]), 2);
    }
    qInfo("relative difference: %g", std::sqrt(difference / size));
    QVERIFY(std::sqrt(difference / size) < 1e-5);
}

void EmbeddedModelTest::theSameTakeWithOneAndTwoThreads() {
    std::vector<std::vector<uint64_t>> runs;
    for (int threads : {1, 2, 2}) {
        const auto backend = makeCpuBackend({.threads = threads, .precision = Precision::Bf16});
        const auto model = load(*backend);
        TakeOptions options = TakeOptions::of(model->config());
        options.seed = 7;
        auto take = Take::create(*model, options);
        QVERIFY2(take.ok(), take.ok() ? "" : take.message().c_str());
        (*take)->setTimeline(PromptTimeline::create({{0, prompt(0), Transition::Keep, 0}, {1, prompt(1), Transition::Recache, 0}}).value());
        std::vector<uint64_t> hashes;
        for (int chunk = 0; chunk < 2; ++chunk) QVERIFY((*take)->next([&](Frame8 frame) { hashes.push_back(frameHash(frame)); }).ok());
        runs.push_back(hashes);
    }
    QCOMPARE(runs[0].size(), size_t(21));
    QCOMPARE(runs[1], runs[0]);
    QCOMPARE(runs[2], runs[0]);
}

// A sky over a sea.
static Frame8 startPicture(int64_t width, int64_t height) {
    Frame8 picture{static_cast<int>(width), static_cast<int>(height), {}};
    for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x)
            for (int value : y < height / 2 ? std::array{150, 190, 230} : std::array{20, 60, 120})
                picture.rgb.push_back(static_cast<uint8_t>(value));
    return picture;
}

static double meanDifference(const Frame8& a, const Frame8& b) {
    double sum = 0;
    for (size_t i = 0; i < a.rgb.size(); ++i) sum += std::abs(a.rgb[i] - b.rgb[i]);
    return sum / static_cast<double>(a.rgb.size());
}

void EmbeddedModelTest::aPictureBecomesTheFirstChunk() {
    const auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
    const auto model = load(*backend);
    TakeOptions options = TakeOptions::of(model->config());
    const auto framesOf = [](Take& take) {
        std::vector<Frame8> frames;
        for (int chunk = 0; chunk < 2; ++chunk)
            if (auto made = take.next([&](Frame8 frame) { frames.push_back(std::move(frame)); }); !made)
                qFatal("%s", made.message().c_str());
        return frames;
    };
    const PromptTimeline prompts = PromptTimeline::create(prompt(0)).value();
    auto plain = Take::create(*model, options).value();
    plain->setTimeline(prompts);
    const std::vector<Frame8> without = framesOf(*plain);

    options.start = {"sky.png", [](int64_t width, int64_t height) -> Result<Frame8> { return startPicture(width, height); }};
    auto take = Take::create(*model, options).value();
    take->setTimeline(prompts);
    // Stopped while the picture is encoded: nothing is handed out, and the chunk is made again.
    QVERIFY(!take->next([](Frame8) { QFAIL("a stopped chunk has no frames"); }, [](const DenoiseProgress&) { return false; }).ok());
    const std::vector<Frame8> with = framesOf(*take);
    QCOMPARE(with.size(), without.size());
    const Frame8 picture = startPicture(options.width, options.height);
    for (int64_t f = 0; f < take->clock().firstFrameOf(1); ++f) {
        const double difference = meanDifference(with[static_cast<size_t>(f)], picture);
        QVERIFY2(difference < 20, std::to_string(difference).c_str());
        QVERIFY(meanDifference(without[static_cast<size_t>(f)], picture) > 2 * difference);
    }
    // What follows grows out of it.
    const size_t next = static_cast<size_t>(take->clock().firstFrameOf(1));
    QVERIFY(meanDifference(with[next], with[next - 1]) < meanDifference(without[next], with[next - 1]));

    take->restart(options.seed);
    const std::vector<Frame8> again = framesOf(*take);
    for (size_t f = 0; f < with.size(); ++f) QCOMPARE(frameHash(again[f]), frameHash(with[f]));

    options.start.read = [](int64_t, int64_t) -> Result<Frame8> { return Error{"cannot open sky.png"}; };
    const auto refused = Take::create(*model, options);
    QVERIFY(!refused.ok());
    QCOMPARE(refused.message(), std::string("cannot open sky.png"));
}

void EmbeddedModelTest::takesEncodeTheirPictureOnce() {
    const auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
    const auto model = load(*backend);
    TakeOptions options = TakeOptions::of(model->config());
    options.start = {"sky.png", [](int64_t width, int64_t height) -> Result<Frame8> { return startPicture(width, height); }};
    const auto first = Take::create(*model, options).value();
    const auto second = Take::create(*model, first->options(), first.get()).value();
    Take* const takes[] = {first.get(), second.get()};
    for (Take* take : takes) take->setTimeline(PromptTimeline::create(prompt(0)).value());
    std::array<std::vector<uint64_t>, 2> hashes;
    int encodings = 0;
    const auto made = Take::nextTogether(
        takes, [&](size_t take, const Frame8& frame) { hashes[take].push_back(frameHash(frame)); },
        [&](const DenoiseProgress& progress) { return encodings += progress.step == progress.steps, true; });
    QVERIFY(made.ok());
    QCOMPARE(encodings, 1);
    QVERIFY(!hashes[0].empty());
    QCOMPARE(hashes[1], hashes[0]);

    // Another picture is another start.
    TakeOptions other = first->options();
    other.start.picture.reset();
    other.start.read = [](int64_t, int64_t) -> Result<Frame8> { return Error{"cannot open sea.png"}; };
    QVERIFY(!Take::create(*model, other, first.get()).ok());
}

void EmbeddedModelTest::cacheTakesWhatTheConfigurationSays() {
    const auto backend = makeCpuBackend({.threads = 1, .precision = Precision::Fp32});
    const auto model = load(*backend);
    const DitConfig& dit = model->config().dit;
    const int64_t tokens = 10;
    KvCache cache(*backend, dit, model->config().rollout.windowFrames, model->config().rollout.sinkFrames, tokens);
    QCOMPARE(cache.rowWidth(), static_cast<int64_t>(dit.mla.dC + dit.mla.dR));
    QCOMPARE(cache.bytes(),
             static_cast<size_t>(model->config().rollout.windowFrames * tokens * (dit.mla.dC + dit.mla.dR) * 4 * dit.numLayers));
    QVERIFY(cache.bytes() * 10 <= cache.denseBytes());
}

QTEST_GUILESS_MAIN(EmbeddedModelTest)
#include "test_embedded_model.moc"
