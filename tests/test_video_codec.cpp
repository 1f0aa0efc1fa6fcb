// What every video decoder and encoder promises, checked on the small models of the golden data.
#include <QtTest>

#include <random>

#include "engine/video/taehv.h"
#include "engine/video/video_codec.h"
#include "tests/golden/golden_case.h"

using namespace longtake;

namespace {

// Weights with some tensors taken out, added or reshaped.
class Altered final : public WeightSource {
public:
    explicit Altered(const WeightSource& source) : source_(source) {}
    void remove(const std::string& name) { removed_.insert(name); }
    void put(const std::string& name, const Tensor& tensor) { put_[name] = tensor; }

    std::vector<std::string> names() const override {
        std::vector<std::string> out;
        for (const std::string& name : source_.names())
            if (!removed_.contains(name) && !put_.contains(name)) out.push_back(name);
        for (const auto& [name, tensor] : put_) out.push_back(name);
        return out;
    }
    bool has(const std::string& name) const override { return put_.contains(name) || (!removed_.contains(name) && source_.has(name)); }
    Result<Tensor> tensor(const std::string& name) const override {
        if (const auto found = put_.find(name); found != put_.end()) return found->second;
        if (removed_.contains(name)) return Error{"no tensor named " + name};
        return source_.tensor(name);
    }

private:
    const WeightSource& source_;
    std::set<std::string> removed_;
    std::map<std::string, Tensor> put_;
};

std::string caseOf(VideoKind kind) { return kind == VideoKind::Taehv ? "taehv_decode" : "wan_vae_decode"; }

Tensor randomLatents(int64_t count, int64_t channels, int64_t height, int64_t width, uint32_t seed = 3) {
    Tensor latents = Tensor::host(DType::F32, {count, channels, height, width});
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    for (float& value : latents.floats()) value = normal(generator);
    return latents;
}

bool sameBits(const Tensor& a, const Tensor& b) { return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), a.bytes()) == 0; }

struct Model {
    GoldenCase golden;
    std::unique_ptr<Backend> backend;
    std::unique_ptr<VideoDecoder> decoder;

    explicit Model(VideoKind kind, int threads = 2, Precision precision = Precision::Bf16)
        : golden(GoldenCase::find(caseOf(kind)).front()), backend(makeCpuBackend({.threads = threads, .precision = precision})) {
        auto made = makeVideoDecoder(kind, golden.weights(), *backend);
        if (!made) qFatal("%s", made.message().c_str());
        decoder = std::move(made).value();
    }
    Tensor latents(int64_t count, uint32_t seed = 3) const { return randomLatents(count, decoder->latentChannels(), 3, 5, seed); }

    // decode() of consecutive parts, joined.
    Tensor inParts(const Tensor& latents, const std::vector<int64_t>& parts) {
        std::vector<float> values;
        Shape shape;
        int64_t done = 0, frames = 0;
        for (int64_t part : parts) {
            const int64_t promised = decoder->framesOf(part);
            const Tensor some = decoder->decode(latents.slice(done, part));
            if (some.shape()[0] != promised) qFatal("framesOf() promised another number of frames");
            values.insert(values.end(), some.as<float>(), some.as<float>() + some.count());
            shape = some.shape();
            frames += some.shape()[0];
            done += part;
        }
        Tensor all = Tensor::host(DType::F32, {frames, shape[1], shape[2], shape[3]});
        std::copy(values.begin(), values.end(), all.as<float>());
        return all;
    }
};

QString messageOf(const std::function<void()>& call) {
    try {
        call();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "no exception";
}

}  // namespace

class TestVideoCodec : public QObject {
    Q_OBJECT
    static void kinds() {
        QTest::addColumn<int>("kind");
        QTest::newRow("taehv") << static_cast<int>(VideoKind::Taehv);
        QTest::newRow("wan_vae") << static_cast<int>(VideoKind::WanVae);
    }

private slots:
    void anySplitGivesTheSameFrames_data() { kinds(); }
    void anySplitGivesTheSameFrames() {
        QFETCH(int, kind);
        Model model(static_cast<VideoKind>(kind));
        const Tensor latents = model.latents(7);
        const Tensor whole = model.inParts(latents, {7});
        for (const std::vector<int64_t>& parts : std::vector<std::vector<int64_t>>{{1, 1, 1, 1, 1, 1, 1}, {3, 3, 1}, {1, 6}, {2, 5}}) {
            model.decoder->reset();
            QVERIFY(sameBits(model.inParts(latents, parts), whole));
        }
    }

    void threadsDoNotChangeTheFrames_data() { kinds(); }
    void threadsDoNotChangeTheFrames() {
        QFETCH(int, kind);
        Model one(static_cast<VideoKind>(kind), 1), three(static_cast<VideoKind>(kind), 3);
        QVERIFY(sameBits(one.decoder->decode(one.latents(4)), three.decoder->decode(one.latents(4))));
    }

    void resetBeginsANewVideo_data() { kinds(); }
    void resetBeginsANewVideo() {
        QFETCH(int, kind);
        Model model(static_cast<VideoKind>(kind));
        const Tensor first = model.decoder->decode(model.latents(3));
        const Tensor further = model.decoder->decode(model.latents(3));
        QVERIFY(further.shape()[0] > first.shape()[0]);
        QVERIFY(model.decoder->stateBytes() > 0);
        model.decoder->reset();
        QVERIFY(sameBits(model.decoder->decode(model.latents(3)), first));
    }

    void theStreamRemembersItsPast_data() { kinds(); }
    void theStreamRemembersItsPast() {
        QFETCH(int, kind);
        Model model(static_cast<VideoKind>(kind));
        model.decoder->decode(model.latents(3, 1));
        const Tensor after = model.decoder->decode(model.latents(2, 9));
        model.decoder->reset();
        model.decoder->decode(model.latents(3, 2));
        const Tensor afterAnother = model.decoder->decode(model.latents(2, 9));
        QCOMPARE(after.shape().text(), afterAnother.shape().text());
        QVERIFY(!sameBits(after, afterAnother));
    }

    void aSnapshotBringsBackTheStream_data() { kinds(); }
    void aSnapshotBringsBackTheStream() {
        QFETCH(int, kind);
        Model model(static_cast<VideoKind>(kind));
        const VideoState empty = model.decoder->snapshot();
        const Tensor start = model.decoder->decode(model.latents(2, 1));
        const VideoState state = model.decoder->snapshot();
        const Tensor next = model.decoder->decode(model.latents(3, 5));
        model.decoder->restore(state);
        QVERIFY(sameBits(model.decoder->decode(model.latents(3, 5)), next));
        model.decoder->restore(state);
        QVERIFY(sameBits(model.decoder->decode(model.latents(3, 5)), next));  // restoring does not use the copy up
        model.decoder->restore(empty);
        QVERIFY(sameBits(model.decoder->decode(model.latents(2, 1)), start));
    }

    // Two streams of one set of weights, made in turns, each as if it were alone.
    void streamsBesideEachOtherShareTheWeightsAlone_data() { kinds(); }
    void streamsBesideEachOtherShareTheWeightsAlone() {
        QFETCH(int, kind);
        Model model(static_cast<VideoKind>(kind)), alone(static_cast<VideoKind>(kind));
        model.decoder->decode(model.latents(2, 9));  // a stream that goes on
        const size_t before = model.backend->allocatedBytes();
        auto first = model.decoder->beside(), second = first->beside();
        QCOMPARE(model.backend->allocatedBytes(), before);
        QCOMPARE(first->stateBytes(), size_t{0});
        std::vector<Tensor> wanted[2], got[2];
        for (uint32_t stream = 0; stream < 2; ++stream) {
            alone.decoder->reset();
            for (uint32_t chunk = 0; chunk < 3; ++chunk)
                wanted[stream].push_back(alone.decoder->decode(alone.latents(2, 20 * stream + chunk)));
        }
        model.decoder.reset();
        for (uint32_t chunk = 0; chunk < 3; ++chunk)
            for (uint32_t stream = 0; stream < 2; ++stream)
                got[stream].push_back((stream == 0 ? first : second)->decode(alone.latents(2, 20 * stream + chunk)));
        for (uint32_t stream = 0; stream < 2; ++stream)
            for (size_t chunk = 0; chunk < 3; ++chunk) QVERIFY(sameBits(got[stream][chunk], wanted[stream][chunk]));
    }

    void memoryStaysConstant_data() { kinds(); }
    void memoryStaysConstant() {
        QFETCH(int, kind);
        Model model(static_cast<VideoKind>(kind));
        QCOMPARE(model.decoder->stateBytes(), size_t{0});
        QVERIFY(model.decoder->weightBytes() > 0);
        model.decoder->decode(model.latents(3));
        model.decoder->decode(model.latents(3));
        const size_t state = model.decoder->stateBytes(), scratch = model.decoder->scratchBytes(), all = model.backend->allocatedBytes();
        for (int i = 0; i < 20; ++i) model.decoder->decode(model.latents(3));
        QCOMPARE(model.decoder->stateBytes(), state);
        QCOMPARE(model.decoder->scratchBytes(), scratch);
        QCOMPARE(model.backend->allocatedBytes(), all);
    }

    void eightBitFramesAreTheRoundedOnes_data() { kinds(); }
    void eightBitFramesAreTheRoundedOnes() {
        QFETCH(int, kind);
        for (Precision precision : {Precision::Fp32, Precision::Bf16}) {
            Model model(static_cast<VideoKind>(kind), 2, precision);
            const Tensor wanted = model.decoder->decode(model.latents(3));
            model.decoder->reset();
            int64_t index = 0;
            model.decoder->decodeRgb8(model.latents(3), [&](const Frame8& frame) {
                QVERIFY(index < wanted.shape()[0]);
                QCOMPARE(int64_t{frame.width}, wanted.shape()[3]);
                QCOMPARE(int64_t{frame.height}, wanted.shape()[2]);
                const float* planes = wanted.slice(index++, 1).as<float>();
                const size_t pixels = static_cast<size_t>(frame.width * frame.height);
                QCOMPARE(frame.rgb.size(), 3 * pixels);
                for (size_t i = 0; i < frame.rgb.size(); ++i)
                    QVERIFY(std::abs(static_cast<float>(frame.rgb[i]) - 255.0f * planes[i % 3 * pixels + i / 3]) <= 0.501f);
            });
            QCOMPARE(index, wanted.shape()[0]);
        }
    }

    void latentsThatDoNotFitAreRefused_data() { kinds(); }
    void latentsThatDoNotFitAreRefused() {
        QFETCH(int, kind);
        Model model(static_cast<VideoKind>(kind));
        const int64_t channels = model.decoder->latentChannels();
        QString message = messageOf([&] { model.decoder->decode(randomLatents(2, channels + 1, 3, 5)); });
        QVERIFY2(message.contains(QString("[n, %1, height, width]").arg(channels)) &&
                     message.contains(QString("[2, %1, 3, 5]").arg(channels + 1)),
                 qPrintable(message));
        model.decoder->decode(model.latents(1));
        message = messageOf([&] { model.decoder->decode(randomLatents(1, channels, 4, 5)); });
        QVERIFY2(message.contains("3 x 5") && message.contains("4 x 5") && message.contains("reset"), qPrintable(message));
        model.decoder->reset();
        QCOMPARE(model.decoder->decode(randomLatents(1, channels, 4, 5)).shape()[2], 4 * model.decoder->pixelsPerLatent());
    }

    void aWeightThatDoesNotFitIsNamed_data() {
        QTest::addColumn<int>("kind");
        QTest::addColumn<QString>("name");
        QTest::newRow("taehv, first") << static_cast<int>(VideoKind::Taehv) << "decoder.1.weight";
        QTest::newRow("taehv, memory") << static_cast<int>(VideoKind::Taehv) << "decoder.10.conv.2.bias";
        QTest::newRow("taehv, growth") << static_cast<int>(VideoKind::Taehv) << "decoder.13.conv.weight";
        QTest::newRow("taehv, last") << static_cast<int>(VideoKind::Taehv) << "decoder.22.weight";
        QTest::newRow("wan, latent") << static_cast<int>(VideoKind::WanVae) << "conv2.bias";
        QTest::newRow("wan, norm") << static_cast<int>(VideoKind::WanVae) << "decoder.upsamples.1.residual.3.gamma";
        QTest::newRow("wan, attention") << static_cast<int>(VideoKind::WanVae) << "decoder.middle.1.to_qkv.weight";
        QTest::newRow("wan, head") << static_cast<int>(VideoKind::WanVae) << "decoder.head.2.weight";
    }
    void aWeightThatDoesNotFitIsNamed() {
        QFETCH(int, kind);
        QFETCH(QString, name);
        const auto which = static_cast<VideoKind>(kind);
        const GoldenCase golden = GoldenCase::find(caseOf(which)).front();
        auto backend = makeCpuBackend({.threads = 1, .precision = Precision::Fp32});

        Altered missing(golden.weights());
        missing.remove(name.toStdString());
        auto made = makeVideoDecoder(which, missing, *backend);
        QVERIFY(!made);
        QVERIFY2(made.message().find(name.toStdString()) != std::string::npos, made.message().c_str());

        Altered reshaped(golden.weights());
        const Tensor odd = Tensor::host(DType::F32, {7, 5, 3});
        reshaped.put(name.toStdString(), odd);
        made = makeVideoDecoder(which, reshaped, *backend);
        QVERIFY(!made);
        QVERIFY2(QString::fromStdString(made.message()).contains("[7, 5, 3]"), made.message().c_str());

        Altered hollow(golden.weights());  // sizes of nothing, that others are divided by
        hollow.put(name.toStdString(), Tensor::host(DType::F32, {6, 0, 3, 3}));
        QVERIFY(!makeVideoDecoder(which, hollow, *backend));
        made = makeVideoDecoder(which, reshaped, *backend);
        QVERIFY(QString::fromStdString(made.message()).count("[") >= 2);  // the shape it should have, too
        QCOMPARE(QString::fromStdString(made.message()).count("\n"), 0);

        Altered more(golden.weights());
        more.put("decoder.99.extra", odd);
        made = makeVideoDecoder(which, more, *backend);
        QVERIFY(!made);
        QVERIFY2(made.message().find("decoder.99.extra") != std::string::npos, made.message().c_str());
    }

    // A checkpoint made for more growth than is wanted: the last rows of the kernel count.
    void lessGrowthUsesTheLastRows() {
        const GoldenCase golden = GoldenCase::find("taehv_decode").front();
        auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
        Altered cut(golden.weights());
        for (const char* name : {"decoder.13.conv.weight", "decoder.19.conv.weight"}) {
            const Tensor whole = golden.weights().tensor(name).value();
            const int64_t width = whole.shape()[1];
            cut.put(name, whole.slice(whole.shape()[0] - width, width));
        }
        auto wanted = TaehvDecoder::load(cut, *backend);
        auto made = TaehvDecoder::load(golden.weights(), *backend, {.growth = {1, 1, 1}});
        QVERIFY(wanted.ok() && made.ok());
        QCOMPARE((*made)->framesPerLatent(), 1);
        const Tensor latents = randomLatents(4, (*made)->latentChannels(), 3, 4);
        const Tensor frames = (*made)->decode(latents);
        QCOMPARE(frames.shape()[0], 4);
        QVERIFY(sameBits(frames, (*wanted)->decode(latents)));
        const auto tooMuch = TaehvDecoder::load(golden.weights(), *backend, {.growth = {2, 2, 2}});
        QVERIFY(!tooMuch);
        QVERIFY2(tooMuch.message().find("decoder.7.conv.weight") != std::string::npos, tooMuch.message().c_str());
    }

    // A patch of 2 x 2: every place of it is what a model with that place's kernels alone would show.
    void aPatchIsItsPlaces() {
        const GoldenCase golden = GoldenCase::find("taehv_decode").front();
        auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
        const Tensor kernel = golden.weights().tensor("decoder.22.weight").value();
        const int64_t width = kernel.shape()[1];
        const Tensor wide = randomLatents(12, width, 3, 3, 5), bias = randomLatents(12, 1, 1, 1, 6).reshaped({12});
        Altered patched(golden.weights());
        patched.put("decoder.22.weight", wide);
        patched.put("decoder.22.bias", bias);
        auto made = makeVideoDecoder(VideoKind::Taehv, patched, *backend);
        QVERIFY2(made.ok(), made.ok() ? "" : made.message().c_str());
        QCOMPARE((*made)->pixelsPerLatent(), 16);
        const Tensor latents = randomLatents(2, (*made)->latentChannels(), 3, 4);
        const Tensor shown = (*made)->decode(latents);
        QCOMPARE(shown.shape().text(), Shape({5, 3, 48, 64}).text());
        for (int64_t place = 0; place < 4; ++place) {
            Tensor part = Tensor::host(DType::F32, {3, width, 3, 3}), partBias = Tensor::host(DType::F32, {3});
            for (int64_t color = 0; color < 3; ++color) {
                const Tensor row = wide.slice(4 * color + place, 1);
                std::copy(row.floats().begin(), row.floats().end(), part.slice(color, 1).as<float>());
                partBias.as<float>()[color] = bias.as<float>()[4 * color + place];
            }
            Altered alone(golden.weights());
            alone.put("decoder.22.weight", part);
            alone.put("decoder.22.bias", partBias);
            const Tensor wanted = makeVideoDecoder(VideoKind::Taehv, alone, *backend).value()->decode(latents);
            for (int64_t i = 0; i < wanted.count(); ++i) {
                const int64_t x = i % 32, y = i / 32 % 24, plane = i / (32 * 24);
                const float got = shown.as<float>()[(plane * 48 + 2 * y + place / 2) * 64 + 2 * x + place % 2];
                QVERIFY(std::abs(got - wanted.as<float>()[i]) <= 1e-6f);
            }
        }
    }

    // And an encoder that looks at one place of every patch sees a picture of those pixels.
    void anEncoderSeesThePlacesOfAPatch() {
        const GoldenCase golden = GoldenCase::find("taehv_decode").front();
        auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
        const Tensor kernel = golden.weights().tensor("encoder.0.weight").value();
        const Tensor clip = randomLatents(4, 3, 32, 48);
        for (int64_t place = 0; place < 4; ++place) {
            Tensor wide = Tensor::host(DType::F32, {kernel.shape()[0], 12, 3, 3}), part = Tensor::host(DType::F32, {4, 3, 16, 24});
            std::ranges::fill(wide.floats(), 0.0f);
            for (int64_t i = 0; i < kernel.count(); ++i) {
                const int64_t tap = i % 9, color = i / 9 % 3, out = i / 27;
                wide.as<float>()[(out * 12 + 4 * color + place) * 9 + tap] = kernel.as<float>()[i];
            }
            for (int64_t i = 0; i < part.count(); ++i) {
                const int64_t x = i % 24, y = i / 24 % 16, plane = i / (24 * 16);
                part.as<float>()[i] = clip.as<float>()[(plane * 32 + 2 * y + place / 2) * 48 + 2 * x + place % 2];
            }
            Altered patched(golden.weights());
            patched.put("encoder.0.weight", wide);
            auto made = makeVideoEncoder(VideoKind::Taehv, patched, *backend);
            QVERIFY2(made.ok(), made.ok() ? "" : made.message().c_str());
            QCOMPARE((*made)->pixelsPerLatent(), 16);
            const Tensor got = (*made)->encode(clip);
            const Tensor wanted = makeVideoEncoder(VideoKind::Taehv, golden.weights(), *backend).value()->encode(part);
            QCOMPARE(got.shape().text(), wanted.shape().text());
            for (int64_t i = 0; i < wanted.count(); ++i) QVERIFY(std::abs(got.as<float>()[i] - wanted.as<float>()[i]) <= 1e-5f);
        }
    }

    void sixteenBitFilesGiveTheSameModel() {
        const GoldenCase golden = GoldenCase::find("taehv_decode").front();
        auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
        Altered half(golden.weights()), rounded(golden.weights());
        for (const std::string& name : golden.weights().names()) {
            const Tensor whole = golden.weights().tensor(name).value();
            Tensor f16 = Tensor::host(DType::F16, whole.shape()), f32 = Tensor::host(DType::F32, whole.shape());
            for (int64_t i = 0; i < whole.count(); ++i) {
                f16.as<uint16_t>()[i] = f16FromFloat(whole.as<float>()[i]);
                f32.as<float>()[i] = floatFromF16(f16.as<uint16_t>()[i]);
            }
            half.put(name, f16);
            rounded.put(name, f32);
        }
        auto a = makeVideoDecoder(VideoKind::Taehv, half, *backend), b = makeVideoDecoder(VideoKind::Taehv, rounded, *backend);
        QVERIFY(a.ok() && b.ok());
        const Tensor latents = randomLatents(2, (*a)->latentChannels(), 3, 4);
        QVERIFY(sameBits((*a)->decode(latents), (*b)->decode(latents)));
    }

    void encodersRefuseWhatDoesNotFit_data() { kinds(); }
    void encodersRefuseWhatDoesNotFit() {
        QFETCH(int, kind);
        const auto which = static_cast<VideoKind>(kind);
        const GoldenCase golden = GoldenCase::find(caseOf(which)).front();
        auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
        auto made = makeVideoEncoder(which, golden.weights(), *backend);
        QVERIFY2(made.ok(), made.ok() ? "" : made.message().c_str());
        VideoEncoder& encoder = **made;
        QVERIFY(messageOf([&] { encoder.encode(randomLatents(1, 3, 20, 24)); }).contains("multiples of 8"));
        QVERIFY(messageOf([&] { encoder.encode(randomLatents(1, 4, 16, 24)); }).contains("[1, 4, 16, 24]"));
        encoder.encode(randomLatents(1, 3, 16, 24));
        QVERIFY(messageOf([&] { encoder.encode(randomLatents(1, 3, 24, 24)); }).contains("reset"));
    }

    void anEncoderBeginsAnewAfterTheEnd_data() { kinds(); }
    void anEncoderBeginsAnewAfterTheEnd() {
        QFETCH(int, kind);
        const auto which = static_cast<VideoKind>(kind);
        const GoldenCase golden = GoldenCase::find(caseOf(which)).front();
        auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Bf16});
        auto made = makeVideoEncoder(which, golden.weights(), *backend);
        QVERIFY(made.ok());
        const Tensor clip = randomLatents(5, 3, 16, 24);
        const Tensor first = (*made)->encode(clip);
        QVERIFY((*made)->stateBytes() > 0);
        (*made)->finish();
        QCOMPARE((*made)->stateBytes(), size_t{0});
        QVERIFY(sameBits((*made)->encode(clip), first));
    }
};

QTEST_GUILESS_MAIN(TestVideoCodec)
#include "test_video_codec.moc"
