// Takes of the embedded model on the CUDA backend of an emulated device: the pictures of the CPU, memory that is planned
// and runs out, the text encoder that stays with the processor.
#include <QtTest>

#include "engine/checkpoint/checkpoint.h"
#include "engine/rollout/decode_stage.h"
#include "engine/rollout/take.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/emulation/machine.h"

using namespace longtake;

namespace {

const std::filesystem::path kFolder = LONGTAKE_SOURCE_DIR "/resources/models/tidepool";

std::unique_ptr<Backend> emulated(Precision precision) {
    return std::make_unique<cuda::CudaBackend>(cuda::CudaBackendOptions{.precision = precision});
}

TakeOptions smallTake(const Model& model) {
    TakeOptions options = TakeOptions::of(model.config());
    options.width = 2 * model.widthStep();
    options.height = model.heightStep();
    options.seed = 5;
    options.sampler.steps = Sampler::evenSteps(2);
    return options;
}

std::vector<Frame8> frames(const Model& model, int chunks,
                           const PromptTimeline& timeline = PromptTimeline::create("a beach at dusk").value()) {
    auto take = Take::create(model, smallTake(model));
    if (!take) qFatal("%s", take.message().c_str());
    (*take)->setTimeline(timeline);
    std::vector<Frame8> out;
    for (int i = 0; i < chunks; ++i)
        if (auto made = (*take)->next([&](Frame8 frame) { out.push_back(std::move(frame)); }); !made) qFatal("%s", made.message().c_str());
    return out;
}

int largestDifference(const std::vector<Frame8>& a, const std::vector<Frame8>& b) {
    if (a.size() != b.size()) return 256;
    int largest = 0;
    for (size_t f = 0; f < a.size(); ++f)
        for (size_t i = 0; i < a[f].rgb.size(); ++i) largest = std::max(largest, std::abs(a[f].rgb[i] - b[f].rgb[i]));
    return largest;
}

}  // namespace

class TestCudaTake : public QObject {
    Q_OBJECT
private slots:
    void init() { emulation::machine() = {}; }

    void theCpusPictures() {
        const auto cpu = makeCpuBackend({.precision = Precision::Fp32}), gpu = emulated(Precision::Fp32);
        auto onCpu = Model::load(kFolder, *cpu), onGpu = Model::load(kFolder, *gpu);
        QVERIFY2(onGpu.ok(), onGpu.ok() ? "" : onGpu.message().c_str());
        QVERIFY(!(*onGpu)->encodesTextOnCpu());
        const std::vector<Frame8> want = frames(**onCpu, 2), got = frames(**onGpu, 2);
        QVERIFY(want.size() > 10);
        QVERIFY2(largestDifference(want, got) <= 1, qPrintable(QString::number(largestDifference(want, got))));
    }

    void aLargeTextEncoderStaysWithTheProcessor() {
        const auto gpu = emulated(Precision::Fp32);
        emulation::machine().saidFreeBytes = 2 << 20;
        auto tight = Model::load(kFolder, *gpu);
        QVERIFY(tight.ok() && (*tight)->encodesTextOnCpu());
        emulation::machine() = {};
        auto roomy = Model::load(kFolder, *gpu);
        QVERIFY(roomy.ok() && !(*roomy)->encodesTextOnCpu());
        const auto cpuRows = (*tight)->textRows("a beach at dusk"), gpuRows = (*roomy)->textRows("a beach at dusk");
        QVERIFY(cpuRows.ok() && gpuRows.ok());
        QCOMPARE(cpuRows->count(), gpuRows->count());
        for (int64_t i = 0; i < cpuRows->count(); ++i) QVERIFY(std::abs(cpuRows->as<float>()[i] - gpuRows->as<float>()[i]) < 1e-3f);
    }

    void aModelThatDoesNotFitIsOneLine() {
        emulation::machine().deviceBytes = 34 << 20;
        const auto gpu = emulated(Precision::Bf16);
        const auto model = Model::load(kFolder, *gpu);
        QVERIFY(!model.ok());
        QVERIFY2(model.message().find("does not fit the memory of Emulated GPU") != std::string::npos, model.message().c_str());
    }

    void afterATakeThatDoesNotFitASmallerOneRuns() {
        const auto gpu = emulated(Precision::Fp32);
        auto model = Model::load(kFolder, *gpu);
        QVERIFY(model.ok());
        emulation::machine().deviceBytes = emulation::liveDeviceBytes() + (24 << 20);
        TakeOptions large = smallTake(**model);
        large.width = 64 * (*model)->widthStep();
        large.height = 64 * (*model)->heightStep();
        const auto take = Take::create(**model, large);
        QVERIFY(!take.ok());
        QVERIFY2(take.message().find("choose a smaller size or window") != std::string::npos, take.message().c_str());
        QVERIFY(!frames(**model, 1).empty());
    }

    void memoryThatRunsOutInTheMiddleLeavesTheModelUsable() {
        const auto gpu = emulated(Precision::Fp32);
        auto model = Model::load(kFolder, *gpu);
        auto take = Take::create(**model, smallTake(**model));
        QVERIFY(take.ok());
        (*take)->setTimeline(PromptTimeline::create("a beach at dusk").value());
        emulation::failOnce("cudaMallocFromPoolAsync", cudaErrorMemoryAllocation, 3);
        emulation::machine().deviceBytes = emulation::liveDeviceBytes();  // asking again does not help
        QVERIFY_EXCEPTION_THROWN((void)(*take)->next([](Frame8) {}), std::bad_alloc);
        emulation::machine() = {};
        take->reset();
        QVERIFY(!frames(**model, 1).empty());
    }

    void repeatedPassesAreRecordedAndGiveTheSamePictures() {
        const cuda::CudaBackendOptions plain{.precision = Precision::Fp32, .recordsPasses = false};
        cuda::CudaBackend recording({.precision = Precision::Fp32}), direct(plain);
        auto onRecording = Model::load(kFolder, recording), onDirect = Model::load(kFolder, direct);
        const int chunks = (*onDirect)->config().rollout.windowFrames / (*onDirect)->config().rollout.chunkFrames + 6;
        // A re-cache in the steady state needs more working memory: what was recorded before must not be run again.
        const PromptTimeline timeline =
            PromptTimeline::create({{.firstChunk = 0, .text = "a beach at dusk"}, {.firstChunk = chunks - 3, .text = "a forest at night"}})
                .value();
        const std::vector<Frame8> want = frames(**onDirect, chunks, timeline);
        const int64_t before = emulation::graphLaunches();
        const std::vector<Frame8> got = frames(**onRecording, chunks, timeline);
        QVERIFY(emulation::graphLaunches() >= before + 3);  // both denoise passes and the clean one
        QCOMPARE(largestDifference(want, got), 0);
    }

    // Passes of two takes are recorded as one; another prompt of the second must not be missed by what the first recorded.
    void takesTogetherGiveThePicturesOfEachAlone() {
        cuda::CudaBackend gpu({.precision = Precision::Fp32});
        auto model = Model::load(kFolder, gpu);
        const int chunks = (*model)->config().rollout.windowFrames / (*model)->config().rollout.chunkFrames + 5;
        const std::vector<PromptTimeline> timelines = {
            PromptTimeline::create("a beach at dusk").value(),
            PromptTimeline::create({{.firstChunk = 0, .text = "a forest at night"},
                                    {.firstChunk = chunks - 2, .text = "a beach at dusk", .transition = Transition::Keep}})
                .value()};
        auto first = Take::create(**model, smallTake(**model)), second = Take::create(**model, smallTake(**model), first->get());
        QVERIFY(first.ok() && second.ok());
        Take* const takes[] = {first->get(), second->get()};
        for (size_t i = 0; i < 2; ++i) takes[i]->setTimeline(timelines[i]);
        const int64_t before = emulation::graphLaunches();
        std::vector<Frame8> together[2];
        for (int chunk = 0; chunk < chunks; ++chunk) {
            const auto made = Take::nextTogether(takes, [&](size_t take, Frame8 frame) { together[take].push_back(std::move(frame)); });
            QVERIFY2(made.ok() && made->size() == 2, made.ok() ? "" : made.message().c_str());
        }
        QVERIFY(emulation::graphLaunches() >= before + 3);
        for (size_t i = 0; i < 2; ++i) QCOMPARE(largestDifference(frames(**model, chunks, timelines[i]), together[i]), 0);
    }

    void aRecordingThatFailsIsDoneWithout() {
        cuda::CudaBackend gpu({.precision = Precision::Fp32});
        auto model = Model::load(kFolder, gpu);
        const int chunks = (*model)->config().rollout.windowFrames / (*model)->config().rollout.chunkFrames + 3;
        const std::vector<Frame8> want = frames(**model, chunks);
        emulation::failOnce("cudaStreamEndCapture", cudaErrorLaunchFailure);
        QCOMPARE(largestDifference(want, frames(**model, chunks)), 0);
    }

    // Decoded on a queue of its own, latents written over as soon as they were handed in: as one after the other. Each chunk has
    // another one of the streams run ahead.
    void decodingBesideGivesTheSamePictures() {
        cuda::CudaBackend gpu({.precision = Precision::Bf16});
        const auto queue = gpu.makeQueue();
        const auto config = Model::readConfig(kFolder);
        const auto weights = Checkpoint::open(kFolder / config->video.weights);
        const auto decoderFor = [&](Backend& backend) { return std::move(*makeVideoDecoder(config->video.kind, *weights, backend)); };
        DecodeStage serial(gpu, nullptr, decoderFor(gpu)), beside(gpu, queue.get(), decoderFor(*queue));
        for (DecodeStage* stage : {&serial, &beside}) stage->decoder().setNv12(true);
        const Shape shape{3, config->dit.outDim, 4, 6};
        const std::vector<float> poison(static_cast<size_t>(shape.count()), std::nanf(""));
        Tensor latents = Tensor::allocate(gpu, DType::F32, shape);
        std::vector<Frame8> want, got;
        const auto into = [](std::vector<Frame8>& frames) { return [&frames](Frame8 frame) { frames.push_back(std::move(frame)); }; };
        for (uint32_t chunk = 0; chunk < 4; ++chunk) {
            for (DecodeStage* stage : {&serial, &beside}) {
                gpu.noise({latents.as<float>(), latents.count(), 3, chunk, 0});
                const size_t before = got.size();
                stage->push(latents, into(stage == &serial ? want : got));
                gpu.upload(latents.data(), poison.data(), latents.bytes());
                if (stage == &serial) continue;
                if (chunk == 1) gpu.synchronize();
                if (chunk == 2) queue->synchronize();  // every lot of pictures is made before one is asked for
                // What has been handed out is the chunk before; this one's frames nobody has waited for.
                QCOMPARE(got.size() - before, chunk == 0 ? size_t{0} : chunk == 1 ? size_t{9} : size_t{12});
                QCOMPARE(stage->waiting(), int64_t{chunk == 0 ? 9 : 12});
                if (chunk < 2) stage->handOut([](Frame8) { qFatal("a frame without anybody having waited"); });
            }
        }
        beside.finish(into(got));
        QCOMPARE(beside.waiting(), int64_t{0});
        QCOMPARE(got.size(), size_t{9 + 3 * 12});
        QCOMPARE(largestDifference(want, got), 0);
        for (size_t f = 0; f < want.size(); ++f) {
            QCOMPARE(want[f].nv12.size(), want[f].rgb.size() / 2);
            QCOMPARE(got[f].nv12, want[f].nv12);
        }
    }

    // Nothing of the next chunk's denoising waits for the decoder: on the emulated device its frames would be there then.
    void theNextChunkIsDenoisedWhileOneIsDecoded() {
        const auto gpu = emulated(Precision::Fp32);
        auto model = Model::load(kFolder, *gpu);
        const std::vector<Frame8> want = frames(**model, 3);
        TakeOptions options = smallTake(**model);
        options.decoding = Decoding::Beside;
        auto take = Take::create(**model, options);
        (*take)->setTimeline(PromptTimeline::create("a beach at dusk").value());
        std::vector<Frame8> got;
        const FrameSink sink = [&](Frame8 frame) { got.push_back(std::move(frame)); };
        for (size_t made = 0, chunk = 0; chunk < 3; ++chunk) {
            const auto next = (*take)->next(sink, [&](const DenoiseProgress&) { return got.size() == made; });
            QVERIFY2(next.ok(), "a pass waited for the decoder");
            made += static_cast<size_t>(chunk == 0 ? 0 : (*take)->clock().framesOf(static_cast<int64_t>(chunk) - 1));
            QCOMPARE(got.size(), made);
            QCOMPARE((*take)->framesToCome(), int64_t{next->frames});
        }
        (*take)->finish(sink);
        QCOMPARE(largestDifference(want, got), 0);
        // What a stop finds still on its way is not lost: the chunk before the one that was stopped.
        QVERIFY((*take)->next(sink).ok());
        const size_t handedOut = got.size();
        QVERIFY(!(*take)->next(sink, [](const DenoiseProgress&) { return false; }).ok());
        (*take)->finish(sink);
        QCOMPARE(got.size(), handedOut + 12);
        // A take that is given up with frames on their way leaves nothing behind.
        QVERIFY((*take)->next(sink).ok());
        (*take)->restart(5);
        QCOMPARE((*take)->framesToCome(), int64_t{0});
        got.clear();
        QVERIFY((*take)->next(sink).ok());
        (*take)->finish(sink);
        QCOMPARE(largestDifference({want.begin(), want.begin() + static_cast<ptrdiff_t>(got.size())}, got), 0);
        QVERIFY((*take)->next(sink).ok());
        take->reset();
    }

    void aWarmTakeAllocatesNothing() {
        const auto gpu = emulated(Precision::Fp32);
        auto model = Model::load(kFolder, *gpu);
        TakeOptions options = smallTake(**model);
        options.decoding = Decoding::Beside;
        auto take = Take::create(**model, options);
        (*take)->setTimeline(PromptTimeline::create("a beach at dusk").value());
        const int warm = (*model)->config().rollout.windowFrames / (*model)->config().rollout.chunkFrames + 1;
        for (int i = 0; i < warm; ++i) QVERIFY((*take)->next([](Frame8) {}).ok());
        const int64_t before = emulation::allocations();
        QVERIFY((*take)->next([](Frame8) {}).ok());
        QCOMPARE(emulation::allocations(), before);
    }
};

QTEST_GUILESS_MAIN(TestCudaTake)
#include "test_cuda_take.moc"
