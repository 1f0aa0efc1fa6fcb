// The engine never looks at the backend's memory from the host: everything runs on a backend whose memory cannot be
// looked at, and gives the same bits as on the plain one. This is what a GPU needs, checked where there is none.
#include <QTest>

#include <sys/wait.h>

#include <cmath>
#include <random>

#include "engine/rollout/take.h"
#include "engine/video/video_codec.h"
#include "golden/golden_rollout.h"
#include "guarded_backend.h"

using namespace longtake;
namespace fs = std::filesystem;

namespace {

std::unique_ptr<GuardedBackend> guarded() {
    return std::make_unique<GuardedBackend>(makeCpuBackend({.threads = 2, .precision = Precision::Fp32}));
}
std::unique_ptr<Backend> plain() { return makeCpuBackend({.threads = 2, .precision = Precision::Fp32}); }

// Whether a child process that does this is killed by a segmentation fault.
template <typename Body>
bool faults(Body body) {
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        body();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

// Hashes of the frames of four chunks: the window fills, moves on, and is written again for a new prompt.
std::vector<uint64_t> takeOn(Backend& backend, MlaForm form) {
    auto model = Model::load(fs::path(LONGTAKE_SOURCE_DIR) / "resources/models/tidepool", backend, form);
    if (!model) qFatal("%s", model.message().c_str());
    TakeOptions options = TakeOptions::of((*model)->config());
    options.width = 4 * (*model)->widthStep();
    options.height = 3 * (*model)->heightStep();
    options.seed = 11;
    auto take = Take::create(**model, options);
    if (!take) qFatal("%s", take.message().c_str());
    const std::vector<std::string>& examples = (*model)->config().examples;
    (*take)->setTimeline(PromptTimeline::create({{0, examples[0], Transition::Keep, 0}, {3, examples[1], Transition::Recache, 0}}).value());
    std::vector<uint64_t> hashes;
    for (int chunk = 0; chunk < 4; ++chunk) {
        auto made = (*take)->next([&](Frame8 frame) { hashes.push_back(frameHash(frame)); });
        if (!made) qFatal("%s", made.message().c_str());
    }
    for (int layer = 0; layer < (*take)->cache().layers(); ++layer) (void)(*take)->cache().snapshot(layer);
    return hashes;
}

Tensor randomLatents(int64_t count, int64_t channels) {
    Tensor latents = Tensor::host(DType::F32, {count, channels, 3, 5});
    std::mt19937 generator(3);
    std::normal_distribution<float> normal;
    for (float& value : latents.floats()) value = normal(generator);
    return latents;
}

std::vector<float> decodedOn(Backend& backend, VideoKind kind) {
    const GoldenCase golden = GoldenCase::find(kind == VideoKind::Taehv ? "taehv_decode" : "wan_vae_decode").front();
    auto decoder = makeVideoDecoder(kind, golden.weights(), backend);
    auto encoder = makeVideoEncoder(kind, golden.weights(), backend);
    if (!decoder || !encoder) qFatal("%s", (decoder ? encoder.message() : decoder.message()).c_str());
    const Tensor host = randomLatents(3, (*decoder)->latentChannels());
    Tensor latents = Tensor::allocate(backend, DType::F32, host.shape());
    backend.upload(latents.data(), host.data(), host.bytes());
    std::vector<float> out;
    auto add = [&](const Tensor& tensor) { out.insert(out.end(), tensor.as<float>(), tensor.as<float>() + tensor.count()); };
    (*decoder)->decode(latents.slice(0, 1));
    const VideoState state = (*decoder)->snapshot();
    const Tensor frames = (*decoder)->decode(latents.slice(1, 2));
    add(frames);
    (*decoder)->restore(state);
    (*decoder)->decodeRgb8(latents.slice(1, 2), [&](Frame8 frame) { out.insert(out.end(), frame.rgb.begin(), frame.rgb.end()); });
    add((*encoder)->encode(frames));
    add((*encoder)->finish());
    return out;
}

}  // namespace

class GuardedBackendTest : public QObject {
    Q_OBJECT
private slots:
    void theGuardHolds();
    void operationsRefuseOtherMemory();
    void aTakeNeverLooksAtDeviceMemory_data();
    void aTakeNeverLooksAtDeviceMemory();
    void denseRolloutsNeverLookAtDeviceMemory();
    void videoModelsNeverLookAtDeviceMemory_data();
    void videoModelsNeverLookAtDeviceMemory();
};

void GuardedBackendTest::theGuardHolds() {
    const auto backend = guarded();
    Tensor tensor = Tensor::allocate(*backend, DType::F32, {4});
    QVERIFY(faults([&] { (void)*static_cast<volatile float*>(tensor.data()); }));
    QVERIFY(faults([&] { *static_cast<volatile float*>(tensor.data()) = 1.0f; }));
    const float values[4] = {1, 2, 3, 4};
    float back[4] = {};
    backend->upload(tensor.data(), values, sizeof values);
    backend->combine({tensor.as<float>(), nullptr, tensor.as<float>(), 4, 2.0f, 0.0f});
    backend->download(back, tensor.data(), sizeof back);
    QCOMPARE(back[3], 8.0f);
}

void GuardedBackendTest::operationsRefuseOtherMemory() {
    const auto backend = guarded();
    Tensor device = Tensor::allocate(*backend, DType::F32, {16}), host = Tensor::host(DType::F32, {16});
    QVERIFY_THROWS_EXCEPTION(std::logic_error, backend->combine({host.as<float>(), nullptr, device.as<float>(), 16, 1.0f, 0.0f}));
    QVERIFY_THROWS_EXCEPTION(std::logic_error, backend->combine({device.as<float>(), nullptr, device.as<float>(), 17, 1.0f, 0.0f}));
    QVERIFY_THROWS_EXCEPTION(std::logic_error, backend->upload(device.data(), device.data(), 4));
    QVERIFY_THROWS_EXCEPTION(std::logic_error, backend->download(device.data(), device.data(), 4));
    QVERIFY_THROWS_EXCEPTION(std::logic_error, (void)backend->packMatmul(device.data(), DType::F32, nullptr, 4, 4));
}

void GuardedBackendTest::aTakeNeverLooksAtDeviceMemory_data() {
    QTest::addColumn<int>("form");
    QTest::newRow("materialised") << static_cast<int>(MlaForm::Materialised);
    QTest::newRow("absorbed") << static_cast<int>(MlaForm::Absorbed);
}

void GuardedBackendTest::aTakeNeverLooksAtDeviceMemory() {
    QFETCH(int, form);
    const auto hidden = guarded();
    const auto open = plain();
    const std::vector<uint64_t> got = takeOn(*hidden, static_cast<MlaForm>(form));
    QVERIFY(got.size() > 12);
    QCOMPARE(got, takeOn(*open, static_cast<MlaForm>(form)));
}

void GuardedBackendTest::denseRolloutsNeverLookAtDeviceMemory() {
    const GoldenCase golden = GoldenCase::find("dit_dense_rollout_window").front();
    const DitConfig config = goldenDitConfig(golden);
    for (const Positions positions : {Positions::Absolute, Positions::Window}) {
        auto latentsOn = [&](Backend& backend) {
            auto dit = CausalDit::load(config, positions, golden.weights(), backend);
            if (!dit) qFatal("%s", dit.message().c_str());
            GoldenRollout sizes{golden, config};
            RolloutOptions options;
            options.window = {static_cast<int>(sizes.chunkFrames()), 3 * static_cast<int>(sizes.chunkFrames()), 0, positions, 0.0f};
            options.sampler = sizes.sampler();
            options.latentHeight = sizes.height();
            options.latentWidth = sizes.width();
            auto rollout =
                Rollout::create(**dit, backend, options, [&](const std::string&) -> Result<Tensor> { return sizes.promptRows(); }).value();
            rollout->setTimeline(PromptTimeline::create({{0, "a", Transition::Keep, 0}, {4, "b", Transition::Recache, 0}}).value());
            std::vector<float> out;
            for (int chunk = 0; chunk < 5; ++chunk) {
                auto made = rollout->next();
                if (!made) qFatal("%s", made.message().c_str());
                std::vector<float> latents(static_cast<size_t>(made->latents.count()));
                backend.download(latents.data(), made->latents.data(), made->latents.bytes());
                out.insert(out.end(), latents.begin(), latents.end());
            }
            return out;
        };
        const auto hidden = guarded();
        const auto open = plain();
        QCOMPARE(latentsOn(*hidden), latentsOn(*open));
    }
}

void GuardedBackendTest::videoModelsNeverLookAtDeviceMemory_data() {
    QTest::addColumn<int>("kind");
    QTest::newRow("taehv") << static_cast<int>(VideoKind::Taehv);
    QTest::newRow("wan vae") << static_cast<int>(VideoKind::WanVae);
}

void GuardedBackendTest::videoModelsNeverLookAtDeviceMemory() {
    QFETCH(int, kind);
    const auto hidden = guarded();
    const auto open = plain();
    const std::vector<float> got = decodedOn(*hidden, static_cast<VideoKind>(kind));
    QVERIFY(!got.empty());
    QCOMPARE(got, decodedOn(*open, static_cast<VideoKind>(kind)));
}

QTEST_GUILESS_MAIN(GuardedBackendTest)
#include "test_guarded_backend.moc"
