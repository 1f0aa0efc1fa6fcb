// What the CUDA backend does beside its kernels, on an emulated device: starting and refusing to, memory and running out
// of it, copies, failures, and the file of tuned products.
#include <QtTest>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <new>

#include "kernels/cuda/algorithm_cache.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/emulation/machine.h"
#include "kernels/cuda/module.h"
#include "tests/parity/comparison.h"
#include "tests/parity/device_values.h"

extern "C" const longtake::ModuleEntry* longtake_cuda_entry();

using namespace longtake;
using namespace longtake::cuda;
namespace fs = std::filesystem;

namespace {

std::string refusal() {
    char message[256] = "";
    const ModuleRequest request{};
    const std::unique_ptr<Backend> backend(longtake_cuda_entry()->open(&request, message, sizeof message));
    return backend ? "opened" : message;
}

bool says(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

AlgorithmChoice choiceOf(uint64_t first) {
    return {.data = {first, 2, 3, 4, 5, 6, 7, 0xffffffffffffffffull}, .workspaceBytes = 32 << 20, .microseconds = 12.5f};
}

}  // namespace

class TestCudaHostLogic : public QObject {
    Q_OBJECT
private slots:
    void init() { emulation::machine() = {}; }

    // ---- queues ----
    // The emulated streams do nothing before somebody waits for it: an order that was not asked for is not there.
    void queuesKeepTheOrderThatWasAskedFor() {
        CudaBackend main({});
        const auto queue = main.makeQueue();
        const DeviceValues first(main, DType::F32, {1, 2, 3, 4}), second(main, DType::F32, {5, 6, 7, 8});
        const DeviceValues between = DeviceValues::poisoned(main, DType::F32, 4), out = DeviceValues::poisoned(*queue, DType::F32, 4);
        constexpr size_t kBytes = 4 * sizeof(float);
        main.copyBytes(between.data(), first.data(), kBytes);
        queue->waitFor(main);
        queue->copyBytes(out.data(), between.data(), kBytes);
        main.waitFor(*queue);
        main.copyBytes(between.data(), second.data(), kBytes);  // after the queue has read it
        main.synchronize();
        QCOMPARE(out.read(), (std::vector<float>{1, 2, 3, 4}));
        QCOMPARE(between.read(), (std::vector<float>{5, 6, 7, 8}));
    }

    void aQueueWorksOfItsOwn() {
        CudaBackend main({});
        const auto queue = main.makeQueue();
        const size_t before = main.allocatedBytes();
        const DeviceValues from(*queue, DType::F32, {1, 2}), to = DeviceValues::poisoned(*queue, DType::F32, 2);
        QCOMPARE(main.allocatedBytes(), before + 512);  // one pool
        queue->copyBytes(to.data(), from.data(), 2 * sizeof(float));
        main.synchronize();  // of its own work alone
        std::vector<float> raw(2);
        std::memcpy(raw.data(), to.data(), sizeof(float) * raw.size());
        QVERIFY(std::isnan(raw[0]));
        queue->synchronize();
        QCOMPARE(to.read(), (std::vector<float>{1, 2}));
    }

    void aCopyThatNobodyWaitsForHasReadItsSourceBeforeThatIsWrittenAgain() {
        CudaBackend main({});
        const DeviceValues source(main, DType::F32, {1, 2, 3}), other(main, DType::F32, {7, 8, 9});
        std::vector<float> host(3, 0.0f);
        const auto copy = main.downloadLater(host.data(), source.data(), 3 * sizeof(float));
        QVERIFY(!copy->ready());
        QCOMPARE(cudaGetLastError(), cudaSuccess);  // else the next launch would take it for its own
        main.waitFor(*copy);
        main.copyBytes(source.data(), other.data(), 3 * sizeof(float));
        main.synchronize();
        QVERIFY(copy->ready());
        QCOMPARE(host, (std::vector<float>{0, 0, 0}));  // in pinned memory until it is asked for
        copy->finish();
        QCOMPARE(host, (std::vector<float>{1, 2, 3}));
        QCOMPARE(source.read(), (std::vector<float>{7, 8, 9}));
        main.waitFor(*copy);  // nothing to wait for any more
        copy->finish();
    }

    void copiesUseTheirPinnedMemoryAgainAndOnlyWhenTheyAreDone() {
        CudaBackend main({});
        const DeviceValues a(main, DType::F32, {1}), b(main, DType::F32, {2}), c(main, DType::F32, {3});
        float first = 0, second = 0, third = 0;
        auto one = main.downloadLater(&first, a.data(), sizeof(float));
        auto two = main.downloadLater(&second, b.data(), sizeof(float));
        two->finish();
        emulation::failOnce("cudaMallocHost", cudaErrorMemoryAllocation);
        auto three = main.downloadLater(&third, c.data(), sizeof(float));
        void* asked = nullptr;
        QCOMPARE(cudaMallocHost(&asked, 1), cudaErrorMemoryAllocation);  // by nobody before
        three->finish();
        one->finish();
        QCOMPARE(first, 1.0f);
        QCOMPARE(second, 2.0f);
        QCOMPARE(third, 3.0f);
        (void)main.downloadLater(&first, b.data(), sizeof(float));  // given up
        QCOMPARE(first, 1.0f);
    }

    // ---- starting ----
    void aDeviceOpens() { QCOMPARE(refusal(), std::string("opened")); }
    void everyFailureToStartHasItsSentence() {
        using emulation::machine;
        machine().startUp = cudaErrorInsufficientDriver;
        machine().driver = 12080;
        QVERIFY2(says(refusal(), "too old: it supports CUDA 12.8"), refusal().c_str());
        machine().driver = 0;
        QVERIFY2(says(refusal(), "no NVIDIA driver"), refusal().c_str());
        machine().startUp = cudaErrorSystemDriverMismatch;
        QVERIFY2(says(refusal(), "different versions"), refusal().c_str());
        machine().startUp = cudaErrorSystemNotReady;
        QVERIFY2(says(refusal(), "did not start"), refusal().c_str());
        machine() = {.devices = 0};
        QVERIFY2(says(refusal(), "shows no GPU"), refusal().c_str());
        machine() = {.architecture = 61};
        QVERIFY2(says(refusal(), "compute capability 6.1"), refusal().c_str());
        machine() = {.hasKernels = false};
        QVERIFY2(says(refusal(), "without kernels"), refusal().c_str());
        machine() = {};
        emulation::failOnce("cudaMemPoolCreate", cudaErrorMemoryAllocation);
        QVERIFY2(says(refusal(), "no free memory"), refusal().c_str());
    }
    void aMessageIsCutToItsRoom() {
        emulation::machine().devices = 0;
        char message[8] = "xxxxxxx";
        QCOMPARE(longtake_cuda_entry()->countDevices(message, sizeof message), -1);
        QCOMPARE(std::strlen(message), size_t{7});
    }
    void aDeviceThatIsNotThereIsCounted() {
        char message[256] = "";
        const ModuleRequest request{.device = 3};
        QVERIFY(!longtake_cuda_entry()->open(&request, message, sizeof message));
        QVERIFY2(says(message, "there is no GPU 3: this machine has 1"), message);
    }
    void beforeAmpereProductsAreInFp32() {
        emulation::machine().architecture = 75;
        CudaBackend backend({.precision = Precision::Bf16});
        QCOMPARE(backend.computeType(), DType::F32);
        const std::vector<float> w(4, 1.0f);
        QVERIFY_EXCEPTION_THROWN(backend.packMatmulAs(DType::BF16, w.data(), DType::F32, nullptr, 2, 2), std::invalid_argument);
    }

    // ---- memory ----
    void whatIsFreedCountsAsFree() {
        CudaBackend backend({});
        const size_t before = backend.freeBytes(), own = backend.allocatedBytes();
        auto block = backend.allocate(1000);
        QCOMPARE(backend.allocatedBytes(), own + 1024);
        QCOMPARE(backend.freeBytes(), before - 1024);
        block.reset();
        QCOMPARE(backend.allocatedBytes(), own);
        QCOMPARE(backend.freeBytes(), before);
    }
    void runningOutThrowsAndTheBackendStaysUsable() {
        CudaBackend backend({});
        emulation::machine().deviceBytes = emulation::liveDeviceBytes() + (4 << 20);
        const auto kept = backend.allocate(3 << 20);
        QVERIFY_EXCEPTION_THROWN(backend.allocate(2 << 20), std::bad_alloc);
        QVERIFY_EXCEPTION_THROWN(backend.allocate(2 << 20), std::bad_alloc);
        const DeviceValues values(backend, DType::F32, {1, 2, 3});
        QCOMPARE(values.read(), (std::vector<float>{1, 2, 3}));
    }
    void aWarmBackendAllocatesNothing() {
        CudaBackend backend({});
        const std::vector<float> w(64 * 32, 0.5f), bias(64, 1.0f);
        const auto weight = backend.packMatmul(w.data(), DType::F32, bias.data(), 64, 32);
        const DeviceValues x(backend, DType::BF16, std::vector<float>(16 * 32, 1.0f)),
            y(backend, DType::F32, std::vector<float>(16 * 64, 1.0f)), gates(backend, DType::F32, std::vector<float>(2 * 64, 1.0f));
        auto pass = [&] {
            for (int64_t group : {8, 16})
                backend.matmul({.x = x.rows(16, 32, 32),
                                .weight = weight.get(),
                                .y = y.rows(16, 64, 64),
                                .accumulate = true,
                                .gate = {gates.floats(), 64, group}});
            backend.matmul({.x = x.rows(16, 32, 32), .weight = weight.get(), .y = y.rows(16, 64, 64), .activation = Activation::Silu});
        };
        pass();
        const int64_t before = emulation::allocations();
        pass();
        backend.synchronize();
        QCOMPARE(emulation::allocations(), before);
    }

    // ---- recording ----
    void whatIsRecordedIsDoneWhenItIsRun() {
        CudaBackend backend({});
        const DeviceValues x(backend, DType::F32, std::vector<float>(8, 1.0f)), y(backend, DType::F32, std::vector<float>(8, 5.0f));
        QVERIFY(backend.beginRecording());
        QVERIFY(!backend.beginRecording());
        backend.combine({.x = x.floats(), .z = y.floats(), .y = y.floats(), .count = 8, .a = 1, .b = 2});
        const float number = 0;
        QVERIFY_EXCEPTION_THROWN(backend.allocate(16), std::logic_error);
        QVERIFY_EXCEPTION_THROWN(backend.upload(x.data(), &number, sizeof number), std::logic_error);
        const auto pass = backend.endRecording();
        QVERIFY(pass != nullptr);
        QCOMPARE(y.read(), std::vector<float>(8, 5.0f));
        pass->run();
        pass->run();
        QCOMPARE(y.read(), std::vector<float>(8, 23.0f));
        QVERIFY(backend.endRecording() == nullptr);
    }
    void memoryGivenUpWhileRecordingIsFreedAfterwards() {
        CudaBackend backend({});
        auto block = backend.allocate(1000);
        const size_t live = emulation::liveDeviceBytes();
        QVERIFY(backend.beginRecording());
        block.reset();
        QCOMPARE(emulation::liveDeviceBytes(), live);
        (void)backend.endRecording();
        QVERIFY(emulation::liveDeviceBytes() < live);
    }
    void whatIsRecordedKeepsItsWorkingMemory() {
        CudaBackend backend({.precision = Precision::Fp32});
        emulation::machine().libraryHasProducts = false;  // products then need memory for their sums
        constexpr int64_t kIn = 8, kOut = 64, kRows = 16, kMoreRows = 4096;
        const auto weight = backend.packMatmul(randomValues(kOut * kIn, 1).data(), DType::F32, nullptr, kOut, kIn);
        const DeviceValues x(backend, DType::F32, randomValues(kMoreRows * kIn, 2)),
            y = DeviceValues::poisoned(backend, DType::F32, kMoreRows * kOut);
        const auto product = [&](int64_t rows) {
            backend.matmul({.x = x.rows(rows, kIn, kIn), .weight = weight.get(), .y = y.rows(rows, kOut, kOut)});
        };
        product(kRows);
        QVERIFY(backend.beginRecording());
        product(kRows);
        auto pass = backend.endRecording();
        QVERIFY(pass != nullptr);
        const size_t before = emulation::liveDeviceBytes();
        product(kMoreRows);
        backend.synchronize();
        const size_t both = emulation::liveDeviceBytes();
        QVERIFY(both - before >= static_cast<size_t>(kMoreRows * kOut) * sizeof(float));
        pass.reset();
        backend.synchronize();
        QVERIFY(both - emulation::liveDeviceBytes() >= static_cast<size_t>(kRows * kOut) * sizeof(float));
    }

    // ---- copies ----
    void largeCopiesGoInPieces() {
        CudaBackend backend({});
        std::vector<float> values((20 << 20) / sizeof(float) + 3);
        for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 8191);
        const auto block = backend.allocate(values.size() * sizeof(float));
        backend.upload(block.get(), values.data(), values.size() * sizeof(float));
        const std::vector<float> sent = values;
        std::ranges::fill(values, -1.0f);  // the caller's memory is free again
        backend.download(values.data(), block.get(), values.size() * sizeof(float));
        QVERIFY(values == sent);
    }
    void weightsAreConvertedOnTheWay() {
        CudaBackend backend({});
        const std::vector<float> w{1.0f, 1.00390625f, 0.0f, -2.0f};
        const auto weight = backend.packMatmul(w.data(), DType::F32, nullptr, 2, 2);
        QCOMPARE(weight->bytes(), size_t{8});
        const DeviceValues x(backend, DType::BF16, {1, 0, 0, 1}), y = DeviceValues::poisoned(backend, DType::F32, 4);
        backend.matmul({.x = x.rows(2, 2, 2), .weight = weight.get(), .y = y.rows(2, 2, 2)});
        QCOMPARE(y.read(), (std::vector<float>{1, 0, 1, -2}));
    }

    // ---- products in 8 bits ----
    void eightBitsRoundToTheNearest() {
        for (int bits = 0; bits < 256; ++bits) {
            const float value = floatFromF8E4M3(static_cast<uint8_t>(bits));
            if (std::isnan(value)) continue;
            QCOMPARE(f8E4M3FromFloat(value), static_cast<uint8_t>(bits));
        }
        QCOMPARE(floatFromF8E4M3(f8E4M3FromFloat(1e9f)), 448.0f);
        QCOMPARE(floatFromF8E4M3(f8E4M3FromFloat(-449.0f)), -448.0f);
        QCOMPARE(floatFromF8E4M3(f8E4M3FromFloat(17.0f)), 16.0f);  // between 16 and 18: the even one
        QCOMPARE(floatFromF8E4M3(f8E4M3FromFloat(19.0f)), 20.0f);
        QCOMPARE(floatFromF8E4M3(f8E4M3FromFloat(0x1p-9f)), 0x1p-9f);
        QCOMPARE(floatFromF8E4M3(f8E4M3FromFloat(0x1p-10f)), 0.0f);
        QCOMPARE(floatFromF8E4M3(f8E4M3FromFloat(15.9f)), 16.0f);  // into the next power of two
        QVERIFY(std::isnan(floatFromF8E4M3(f8E4M3FromFloat(std::nanf("")))));
    }
    void productsInEightBitsLoseLittle_data() {
        QTest::addColumn<bool>("library");
        QTest::addColumn<bool>("gated");
        QTest::newRow("by the library") << true << false;
        QTest::newRow("by the library, with bias and gate, added") << true << true;
        QTest::newRow("declined by the library: done in bf16") << false << false;
        QTest::newRow("declined, with bias and gate, added") << false << true;
    }
    void productsInEightBitsLoseLittle() {
        QFETCH(bool, library);
        QFETCH(bool, gated);
        constexpr int64_t kRows = 48, kOut = 64, kIn = 256;
        std::vector<float> x = randomValues(kRows * kIn, 1), w = randomValues(kOut * kIn, 2, 0.06f);
        for (int64_t i = 0; i < kIn; ++i) x[static_cast<size_t>(7 * kIn + i)] *= 4096;  // a row far larger than the others
        for (int64_t i = 0; i < kIn; ++i) x[static_cast<size_t>(9 * kIn + i)] = 0;
        CudaBackend plain({}), eight({.f8Products = true});
        emulation::machine().libraryHasProducts = library;
        const std::vector<float> bias = randomValues(kOut, 3), gates = randomValues(kOut, 4);
        auto product = [&](CudaBackend& backend) {
            const auto weight = backend.packMatmul(w.data(), DType::F32, gated ? bias.data() : nullptr, kOut, kIn);
            const DeviceValues in(backend, DType::BF16, x), gate(backend, DType::F32, gates);
            const DeviceValues out(backend, DType::F32, std::vector<float>(static_cast<size_t>(kRows * kOut)));
            MatmulParams p{.x = in.rows(kRows, kIn, kIn), .weight = weight.get(), .y = out.rows(kRows, kOut, kOut)};
            if (gated) {
                p.accumulate = true;
                p.gate = {gate.floats(), kOut, kRows};
            }
            backend.matmul(p);
            return out.read();
        };
        const int64_t declined = emulation::declinedProducts();
        const std::vector<float> want = product(plain), got = product(eight);
        if (!library) {  // what was declined once is not turned into 8 bits again
            auto launchesOf = [&](CudaBackend& backend) {
                const int64_t before = emulation::launches();
                product(backend);
                return emulation::launches() - before;
            };
            QCOMPARE(launchesOf(eight), launchesOf(plain) + 1);  // the weight's
        }
        if (library) QCOMPARE(emulation::declinedProducts(), declined);
        for (int64_t r = 0; r < kRows; ++r) {
            double error = 0, size = 1e-30;
            for (int64_t o = r * kOut; o < (r + 1) * kOut; ++o) {
                error += std::pow(static_cast<double>(got[static_cast<size_t>(o)] - want[static_cast<size_t>(o)]), 2);
                size += std::pow(static_cast<double>(want[static_cast<size_t>(o)]), 2);
            }
            QVERIFY2(std::sqrt(error / size) < (library ? 0.06 : 1e-6), qPrintable(QString::number(std::sqrt(error / size))));
            if (library && r == 0) {
                qInfo("relative rms of a row: %.4f", std::sqrt(error / size));
                QVERIFY(error > 0);  // 8 bits it was
            }
        }
    }
    void attentionInEightBitsLosesLittle() {
        constexpr int64_t kQueries = 140, kKeys = 300, kHeads = 3, kQk = 128, kV = 96;
        std::vector<float> q = randomValues(kQueries * kHeads * kQk, 1), k = randomValues(kKeys * kHeads * kQk, 2),
                           v = randomValues(kKeys * kHeads * kV, 3);
        // Heads of different sizes have scales of their own.
        for (size_t i = 0; i < v.size(); ++i) v[i] *= i / kV % kHeads == 1 ? 2000.0f : 1.0f;
        for (size_t i = 0; i < k.size(); ++i) k[i] *= i / kQk % kHeads == 2 ? 1e-4f : 1.0f;
        const auto attention = [&](const CudaBackendOptions& options) {
            CudaBackend backend(options);
            const DeviceValues queries(backend, DType::BF16, q), keys(backend, DType::BF16, k), values(backend, DType::BF16, v),
                out = DeviceValues::poisoned(backend, DType::BF16, kQueries * kHeads * kV);
            backend.attention({.dtype = DType::BF16,
                               .q = queries.data(),
                               .k = keys.data(),
                               .v = values.data(),
                               .out = out.data(),
                               .qRowStride = kHeads * kQk,
                               .qHeadStride = kQk,
                               .kRowStride = kHeads * kQk,
                               .kHeadStride = kQk,
                               .vRowStride = kHeads * kV,
                               .vHeadStride = kV,
                               .outRowStride = kHeads * kV,
                               .outHeadStride = kV,
                               .queries = kQueries,
                               .keys = kKeys,
                               .heads = kHeads,
                               .qkDim = kQk,
                               .vDim = kV,
                               .scale = 0.25f,
                               .lastKeyBias = 2.0f});
            return out.read();
        };
        const std::vector<float> want = attention({.warpgroupAttention = true}),
                                 got = attention({.f8Products = true, .warpgroupAttention = true});
        for (size_t head = 0; head < kHeads; ++head) {
            std::vector<float> wanted, found;
            for (size_t i = 0; i < want.size(); ++i) {
                if (i / kV % kHeads != head) continue;
                wanted.push_back(want[i]);
                found.push_back(got[i]);
            }
            const Comparison c = compare(wanted, found, {});
            qInfo("head %d: relative rms %.4f", static_cast<int>(head), c.relativeRms);
            QVERIFY2(c.nanMismatches == 0 && c.relativeRms > 0 && c.relativeRms < 0.08, qPrintable(QString::fromStdString(c.text())));
        }
    }

    // ---- failures ----
    void aFailureNamesItsOperationAndPasses() {
        CudaBackend backend({});
        const DeviceValues x(backend, DType::F32, std::vector<float>(8, 1.0f)), y = DeviceValues::poisoned(backend, DType::F32, 8);
        emulation::failOnce("launch", cudaErrorLaunchFailure);
        try {
            backend.combine({.x = x.floats(), .y = y.floats(), .count = 8, .a = 2});
            QFAIL("a launch that failed went unseen");
        } catch (const CudaError& failure) {
            QVERIFY2(says(failure.what(), "[combine]"), failure.what());
        }
        backend.combine({.x = x.floats(), .y = y.floats(), .count = 8, .a = 2});
        QCOMPARE(y.read(), std::vector<float>(8, 2.0f));
    }
    void shapesThatDoNotFitAreRefused() {
        CudaBackend backend({});
        const std::vector<float> w(12, 1.0f);
        const auto weight = backend.packMatmul(w.data(), DType::F32, nullptr, 3, 4);
        const DeviceValues x(backend, DType::BF16, std::vector<float>(8)), y(backend, DType::F32, std::vector<float>(8));
        QVERIFY_EXCEPTION_THROWN(backend.matmul({.x = x.rows(2, 3, 3), .weight = weight.get(), .y = y.rows(2, 3, 3)}),
                                 std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(backend.matmul({.x = y.rows(2, 4, 4), .weight = weight.get(), .y = y.rows(2, 3, 3)}),
                                 std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(backend.attention({.keys = 0}), std::invalid_argument);
    }

    // ---- the file of tuned products ----
    void choicesAreFoundAgain() {
        const QTemporaryDir folder;
        AlgorithmCache cache(folder.path().toStdString(), "NVIDIA H200", "13.1");
        cache.put("a", choiceOf(1));
        cache.put("b", choiceOf(2));
        cache.save();
        const AlgorithmCache again(folder.path().toStdString(), "NVIDIA H200", "13.1");
        QCOMPARE(again.size(), size_t{2});
        QVERIFY(again.find("a") == choiceOf(1));
        QVERIFY(again.find("b") == choiceOf(2));
        QVERIFY(!again.find("c"));
    }
    void anotherDeviceOrLibraryHasItsOwn() {
        const QTemporaryDir folder;
        AlgorithmCache cache(folder.path().toStdString(), "NVIDIA H200", "13.1");
        cache.put("a", choiceOf(1));
        cache.save();
        QCOMPARE(AlgorithmCache(folder.path().toStdString(), "NVIDIA H100", "13.1").size(), size_t{0});
        QCOMPARE(AlgorithmCache(folder.path().toStdString(), "NVIDIA H200", "13.2").size(), size_t{0});
    }
    void brokenLinesAreLeftOut() {
        const QTemporaryDir folder;
        AlgorithmCache cache(folder.path().toStdString(), "gpu", "1");
        cache.put("good", choiceOf(1));
        cache.save();
        std::ofstream(cache.file(), std::ios::app) << "cut 1.5 12 a b\nlong 1 2 1 2 3 4 5 6 7 8 9\n\xff\xfe\nwords x y\n\n";
        const AlgorithmCache again(folder.path().toStdString(), "gpu", "1");
        QCOMPARE(again.size(), size_t{1});
        QVERIFY(again.find("good") == choiceOf(1));
    }
    void aFolderThatCannotBeWrittenIsNoFailure() {
        AlgorithmCache cache("/proc/no/such/folder", "gpu", "1");
        cache.put("a", choiceOf(1));
        cache.save();
        QVERIFY(cache.find("a") == choiceOf(1));
        AlgorithmCache none("", "gpu", "1");
        none.put("a", choiceOf(1));
        none.save();
        QVERIFY(none.file().empty());
    }
    void productsOfOtherShapeOrPlaceHaveOtherNames() {
        alignas(16) static float data[8];
        const GemmCall call{.x = data, .w = data, .y = data, .rows = 4, .out = 8, .in = 16, .xStride = 16, .yStride = 8};
        GemmCall other = call;
        QCOMPARE(productName(call), productName(other));
        other.bias = data;
        QVERIFY(productName(call) != productName(other));
        other = call;
        other.x = data + 1;  // less aligned: another algorithm may be needed
        QVERIFY(productName(call) != productName(other));
        other = call;
        other.x = data + 4;
        QCOMPARE(productName(call), productName(other));
        other.activation = Activation::GeluTanh;
        QVERIFY(productName(call) != productName(other));
    }
};

QTEST_GUILESS_MAIN(TestCudaHostLogic)
#include "test_cuda_host_logic.moc"
