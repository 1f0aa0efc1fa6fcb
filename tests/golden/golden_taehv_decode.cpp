// The tiny autoencoder against the reference: at once, latent by latent, and the encoder.
#include <QtTest>

#include "engine/video/taehv.h"
#include "tests/golden/golden_case.h"

using namespace longtake;

namespace {

// [1, n, ...] as [n, ...]
Tensor unbatched(const Tensor& tensor) {
    std::vector<int64_t> sizes(tensor.shape().sizes().begin() + 1, tensor.shape().sizes().end());
    return tensor.reshaped(Shape(std::move(sizes)));
}

Tensor planesOf(const Tensor& map) {
    const Shape& s = map.shape();
    Tensor out = Tensor::host(DType::F32, {s[0], s[3], s[1], s[2]});
    for (int64_t f = 0; f < s[0]; ++f)
        for (int64_t p = 0; p < s[1] * s[2]; ++p)
            for (int64_t c = 0; c < s[3]; ++c) {
                const int64_t from = (f * s[1] * s[2] + p) * s[3] + c;
                out.as<float>()[(f * s[3] + c) * s[1] * s[2] + p] =
                    map.dtype() == DType::BF16 ? floatFromBf16(map.as<uint16_t>()[from]) : map.as<float>()[from];
            }
    return out;
}

struct Run {
    std::unique_ptr<Backend> backend;
    std::unique_ptr<TaehvDecoder> decoder;
    std::unique_ptr<TaehvEncoder> encoder;

    Run(const GoldenCase& golden, Precision precision) : backend(makeCpuBackend({.threads = 2, .precision = precision})) {
        Result<std::unique_ptr<TaehvDecoder>> loaded = TaehvDecoder::load(golden.weights(), *backend);
        Result<std::unique_ptr<TaehvEncoder>> loadedEncoder = TaehvEncoder::load(golden.weights(), *backend);
        if (!loaded || !loadedEncoder) qFatal("%s", (loaded ? loadedEncoder.message() : loaded.message()).c_str());
        decoder = std::move(loaded).value();
        encoder = std::move(loadedEncoder).value();
    }

    // Picture by picture; the counts of latents handed out before the end.
    Tensor encoded(const Tensor& clip, Tensor& counts) {
        std::vector<float> values;
        Shape latent;
        auto add = [&](const Tensor& some) {
            values.insert(values.end(), some.as<float>(), some.as<float>() + some.count());
            if (some.shape()[0]) latent = some.shape();
        };
        counts = Tensor::host(DType::I64, {clip.shape()[0]});
        for (int64_t i = 0; i < clip.shape()[0]; ++i) {
            const Tensor some = encoder->encode(clip.slice(i, 1));
            counts.as<int64_t>()[i] = some.shape()[0];
            add(some);
        }
        add(encoder->finish());
        Tensor all = Tensor::host(
            DType::F32, {static_cast<int64_t>(values.size()) / (latent[1] * latent[2] * latent[3]), latent[1], latent[2], latent[3]});
        std::copy(values.begin(), values.end(), all.as<float>());
        return all;
    }
};

// The decoder's weights, but with the two new frames of decoder.13 in the other order: what comes second in the
// reference then meets the next stage's empty memory, as it did there.
class SecondFrameFirst final : public WeightSource {
public:
    explicit SecondFrameFirst(const WeightSource& source) : source_(source) {}
    std::vector<std::string> names() const override { return source_.names(); }
    bool has(const std::string& name) const override { return source_.has(name); }
    Result<Tensor> tensor(const std::string& name) const override {
        Result<Tensor> found = source_.tensor(name);
        if (!found || name != "decoder.13.conv.weight") return found;
        Tensor swapped = Tensor::host(found->dtype(), found->shape());
        const size_t half = found->bytes() / 2;
        std::memcpy(swapped.as<char>(), found->as<char>() + half, half);
        std::memcpy(swapped.as<char>() + half, found->as<char>(), half);
        return swapped;
    }

private:
    const WeightSource& source_;
};

// The first half of decoder.19's frames for the first latent.
Tensor firstHalfOfLastGrowth(const WeightSource& weights, const Tensor& latent) {
    const auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
    auto decoder = TaehvDecoder::load(weights, *backend);
    if (!decoder) qFatal("%s", decoder.message().c_str());
    Tensor half;
    (*decoder)->setObserver([&](const std::string& layer, const Tensor& map) {
        if (layer == "decoder.19") half = planesOf(map.slice(0, map.shape()[0] / 2));
    });
    (*decoder)->decode(latent);
    return half;
}

}  // namespace

class GoldenTaehvDecode : public QObject {
    Q_OBJECT
private slots:
    void decodesAsTheReference() {
        for (const GoldenCase& golden : GoldenCase::find("taehv_decode")) {
            Run run(golden, Precision::Fp32);
            QVERIFY2(golden.allWeightsRead(), golden.report());
            const Tensor latents = unbatched(golden.input("in.latent"));
            QCOMPARE(run.decoder->latentChannels(), golden.config()["latent_channels"].get<int64_t>());
            QVERIFY2(golden.matches("out.decoded", run.decoder->decode(latents)), golden.report());
            run.decoder->reset();
            QVERIFY2(golden.matches("out.decoded_raw", run.decoder->decodeRaw(latents)), golden.report());
        }
    }

    // The reference took these with empty memory for every frame; in a stream that holds for a stage's first frame.
    void growsInTimeAsTheReference() {
        for (const GoldenCase& golden : GoldenCase::find("taehv_decode")) {
            Run run(golden, Precision::Fp32);
            QStringList wrong;
            size_t seen = 0;
            int64_t framesBefore = 1;
            run.decoder->setObserver([&](const std::string& layer, const Tensor& map) {
                ++seen;
                const int64_t ofFirstFrame = map.shape()[0] / framesBefore;
                framesBefore = map.shape()[0];
                if (golden.expected("out.latent0." + layer).shape()[0] != map.shape()[0])
                    wrong << "frames of " + QString::fromStdString(layer);
                if (!golden.matchesStart("out.latent0." + layer, planesOf(map.slice(0, ofFirstFrame)))) wrong << golden.report();
            });
            run.decoder->decode(unbatched(golden.input("in.latent")).slice(0, 1));
            QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join("; ")));
            QCOMPARE(seen, golden.outputs("out.latent0.").size());
        }
    }

    // Its later frames too: each frame of the stage before, in turn, as the stream's first.
    void growsLastWithEmptyMemory() {
        for (const GoldenCase& golden : GoldenCase::find("taehv_decode")) {
            const Tensor latent = unbatched(golden.input("in.latent")).slice(0, 1), want = golden.expected("out.latent0.decoder.19");
            Tensor all = Tensor::host(DType::F32, want.shape());
            const Tensor first = firstHalfOfLastGrowth(golden.weights(), latent),
                         second = firstHalfOfLastGrowth(SecondFrameFirst(golden.weights()), latent);
            QCOMPARE(first.count() + second.count(), all.count());
            std::copy_n(first.as<float>(), first.count(), all.as<float>());
            std::copy_n(second.as<float>(), second.count(), all.as<float>() + first.count());
            QVERIFY2(golden.matches("out.latent0.decoder.19", all), golden.report());
        }
    }

    void streamsLatentByLatent() {
        for (const GoldenCase& golden : GoldenCase::find("taehv_decode")) {
            Run run(golden, Precision::Fp32);
            const Tensor latents = unbatched(golden.input("in.latent"));
            Tensor all = unbatched(golden.expected("out.decoded")), counts = Tensor::host(DType::I64, {latents.shape()[0]});
            std::fill(all.floats().begin(), all.floats().end(), std::nanf(""));
            int64_t done = 0;
            for (int64_t i = 0; i < latents.shape()[0]; ++i) {
                const Tensor some = run.decoder->decode(latents.slice(i, 1));
                counts.as<int64_t>()[i] = some.shape()[0];
                std::memcpy(all.slice(done, some.shape()[0]).data(), some.data(), some.bytes());
                done += some.shape()[0];
            }
            QVERIFY2(golden.matches("out.frames_per_latent", counts), golden.report());
            QVERIFY2(golden.matches("out.decoded", all), golden.report());
        }
    }

    void encodesAsTheReference() {
        for (const GoldenCase& golden : GoldenCase::find("taehv_decode")) {
            Run run(golden, Precision::Fp32);
            Tensor counts;
            const Tensor latents = run.encoded(unbatched(golden.input("in.clip")), counts);
            QVERIFY2(golden.matches("out.encoded", latents), golden.report());
            QVERIFY2(golden.matches("out.latents_per_frame", counts), golden.report());
        }
    }

    void losesLittleIn16Bit() {
        if (!cpuHasBf16()) QSKIP("this processor has no bf16 dot products");
        for (const GoldenCase& golden : GoldenCase::find("taehv_decode")) {
            Run run(golden, Precision::Bf16);
            const Tensor latents = unbatched(golden.input("in.latent"));
            QVERIFY2(golden.matchesIn16Bit("out.decoded", run.decoder->decode(latents)), golden.report());
            run.decoder->reset();
            const Tensor raw = run.decoder->decodeRaw(latents);
            QVERIFY2(golden.matchesIn16Bit("out.decoded_raw", raw), golden.report());
            Tensor counts;
            const Tensor encoded = run.encoded(unbatched(golden.input("in.clip")), counts);
            QVERIFY2(golden.matchesIn16Bit("out.encoded", encoded), golden.report());
            qInfo("relative rms in bf16: pictures %.4f, latents %.4f", golden.relativeRms("out.decoded_raw", raw),
                  golden.relativeRms("out.encoded", encoded));
        }
    }
};

QTEST_GUILESS_MAIN(GoldenTaehvDecode)
#include "golden_taehv_decode.moc"
