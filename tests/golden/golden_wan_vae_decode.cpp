// The Wan video autoencoder against the reference: at once, in chunks, every layer of the first latent, and the encoder.
#include <QtTest>

#include "engine/video/wan_vae.h"
#include "tests/golden/golden_case.h"

using namespace longtake;

namespace {

Tensor unbatched(const Tensor& tensor) {
    std::vector<int64_t> sizes(tensor.shape().sizes().begin() + 1, tensor.shape().sizes().end());
    return tensor.reshaped(Shape(std::move(sizes)));
}

// [1, 3, n, H, W] in -1 ... 1, the reference's order, as frames [n, 3, H, W] in 0 ... 1.
Tensor framesOfClip(const Tensor& clip) {
    const Shape& s = clip.shape();
    const int64_t pixels = s[3] * s[4];
    Tensor out = Tensor::host(DType::F32, {s[2], s[1], s[3], s[4]});
    for (int64_t c = 0; c < s[1]; ++c)
        for (int64_t f = 0; f < s[2]; ++f)
            for (int64_t p = 0; p < pixels; ++p)
                out.as<float>()[(f * s[1] + c) * pixels + p] = clip.as<float>()[(c * s[2] + f) * pixels + p] * 0.5f + 0.5f;
    return out;
}

// A map [frames, h, w, C] in the reference's order [C, frames, h, w].
Tensor referenceOrder(const Tensor& map) {
    const Shape& s = map.shape();
    const int64_t pixels = s[1] * s[2];
    Tensor out = Tensor::host(DType::F32, {s[3], s[0], s[1], s[2]});
    for (int64_t f = 0; f < s[0]; ++f)
        for (int64_t p = 0; p < pixels; ++p)
            for (int64_t c = 0; c < s[3]; ++c) out.as<float>()[(c * s[0] + f) * pixels + p] = map.as<float>()[(f * pixels + p) * s[3] + c];
    return out;
}

// 0 ... 1 as the reference's -1 ... 1.
Tensor signedRange(Tensor frames) {
    for (float& value : frames.floats()) value = 2.0f * value - 1.0f;
    return frames;
}

struct Run {
    std::unique_ptr<Backend> backend;
    std::unique_ptr<WanVaeDecoder> decoder;
    std::unique_ptr<WanVaeEncoder> encoder;

    Run(const GoldenCase& golden, Precision precision) : backend(makeCpuBackend({.threads = 2, .precision = precision})) {
        Result<std::unique_ptr<WanVaeDecoder>> loaded = WanVaeDecoder::load(golden.weights(), *backend);
        Result<std::unique_ptr<WanVaeEncoder>> loadedEncoder = WanVaeEncoder::load(golden.weights(), *backend);
        if (!loaded || !loadedEncoder) qFatal("%s", (loaded ? loadedEncoder.message() : loaded.message()).c_str());
        decoder = std::move(loaded).value();
        encoder = std::move(loadedEncoder).value();
    }
};

}  // namespace

class GoldenWanVaeDecode : public QObject {
    Q_OBJECT
private slots:
    void decodesAsTheReference() {
        for (const GoldenCase& golden : GoldenCase::find("wan_vae_decode")) {
            Run run(golden, Precision::Fp32);
            QVERIFY2(golden.allWeightsRead(), golden.report());
            QCOMPARE(run.decoder->latentChannels(), golden.config()["z_dim"].get<int64_t>());
            const Tensor latents = unbatched(golden.input("in.latent"));
            QVERIFY2(golden.matches("out.whole_unclamped", run.decoder->decodeRaw(latents)), golden.report());
            run.decoder->reset();
            QVERIFY2(golden.matches("out.whole", signedRange(run.decoder->decode(latents))), golden.report());
        }
    }

    void decodesInChunks() {
        for (const GoldenCase& golden : GoldenCase::find("wan_vae_decode")) {
            Run run(golden, Precision::Fp32);
            const Tensor latents = unbatched(golden.input("in.latent"));
            const int64_t chunk = golden.config()["chunk"];
            int64_t index = 0;
            for (int64_t first = 0; first < latents.shape()[0]; first += chunk, ++index) {
                const int64_t count = std::min(chunk, latents.shape()[0] - first), frames = run.decoder->framesOf(count);
                const Tensor got = signedRange(run.decoder->decode(latents.slice(first, count)));
                QCOMPARE(got.shape()[0], frames);
                QVERIFY2(golden.matches("out.chunk." + std::to_string(index), got), golden.report());
            }
            QCOMPARE(static_cast<size_t>(index), golden.outputs("out.chunk.").size());
        }
    }

    void everyLayerOfTheFirstLatentAgrees() {
        for (const GoldenCase& golden : GoldenCase::find("wan_vae_decode")) {
            Run run(golden, Precision::Fp32);
            QStringList wrong;
            size_t seen = 0;
            run.decoder->setObserver([&](const std::string& layer, const Tensor& map) {
                ++seen;
                if (!golden.matches("out.frame0." + layer, referenceOrder(map))) wrong << golden.report();
            });
            run.decoder->decode(unbatched(golden.input("in.latent")).slice(0, 1));
            QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join("; ")));
            QCOMPARE(seen, golden.outputs("out.frame0.").size());
        }
    }

    void latentMeansAreTheReferences() {
        for (const GoldenCase& golden : GoldenCase::find("wan_vae_decode")) {
            const Tensor mean = golden.expected("out.mean"), std = golden.expected("out.std");
            QCOMPARE(mean.count(), static_cast<int64_t>(kWanLatentMean.size()));
            for (size_t i = 0; i < kWanLatentMean.size(); ++i) {
                QCOMPARE(kWanLatentMean[i], mean.as<float>()[i]);
                QCOMPARE(kWanLatentStd[i], std.as<float>()[i]);
            }
        }
    }

    void encodesAsTheReference_data() {
        QTest::addColumn<int>("atATime");
        QTest::newRow("the whole clip") << 1000;
        QTest::newRow("picture by picture") << 1;
        QTest::newRow("three pictures at a time") << 3;
    }
    void encodesAsTheReference() {
        QFETCH(int, atATime);
        for (const GoldenCase& golden : GoldenCase::find("wan_vae_decode")) {
            Run run(golden, Precision::Fp32);
            const Tensor frames = framesOfClip(golden.input("in.clip"));
            Tensor latents = unbatched(golden.expected("out.encoded"));
            const int64_t wanted = latents.shape()[0];
            std::fill(latents.floats().begin(), latents.floats().end(), std::nanf(""));
            int64_t done = 0;
            for (int64_t first = 0; first < frames.shape()[0]; first += atATime) {
                const Tensor some = run.encoder->encode(frames.slice(first, std::min<int64_t>(atATime, frames.shape()[0] - first)));
                QVERIFY(done + some.shape()[0] <= wanted);
                std::memcpy(latents.slice(done, some.shape()[0]).data(), some.data(), some.bytes());
                done += some.shape()[0];
            }
            QVERIFY2(golden.matches("out.encoded", latents), golden.report());
            QCOMPARE(run.encoder->finish().shape()[0], 0);
        }
    }

    void losesLittleIn16Bit() {
        if (!cpuHasBf16()) QSKIP("this processor has no bf16 dot products");
        for (const GoldenCase& golden : GoldenCase::find("wan_vae_decode")) {
            Run run(golden, Precision::Bf16);
            const Tensor pictures = run.decoder->decodeRaw(unbatched(golden.input("in.latent")));
            QVERIFY2(golden.matchesIn16Bit("out.whole_unclamped", pictures), golden.report());
            const Tensor latents = run.encoder->encode(framesOfClip(golden.input("in.clip")));
            QVERIFY2(golden.matchesIn16Bit("out.encoded", latents), golden.report());
            qInfo("relative rms in bf16: pictures %.4f, latents %.4f", golden.relativeRms("out.whole_unclamped", pictures),
                  golden.relativeRms("out.encoded", latents));
        }
    }
};

QTEST_GUILESS_MAIN(GoldenWanVaeDecode)
#include "golden_wan_vae_decode.moc"
