#include <QTest>

#include "engine/rollout/sampler.h"
#include "golden_dit.h"

using namespace longtake;

class GoldenScheduler : public QObject {
    Q_OBJECT
private slots:
    void tableStepsAndConversions();
};

void GoldenScheduler::tableStepsAndConversions() {
    const auto backend = goldenBackend();
    for (const GoldenCase& golden : GoldenCase::find("scheduler")) {
        SamplerConfig config;
        config.shift = golden.config().at("shift");
        config.steps = golden.config().at("denoising_steps").get<std::vector<int>>();
        const Sampler sampler(config);
        QCOMPARE(golden.config().at("num_steps").get<int>(), Sampler::kTableSize);

        Tensor timesteps = Tensor::host(DType::F32, {Sampler::kTableSize}), sigmas = timesteps.reshaped({Sampler::kTableSize});
        sigmas = Tensor::host(DType::F32, {Sampler::kTableSize});
        for (int i = 0; i < Sampler::kTableSize; ++i) {
            timesteps.as<float>()[i] = sampler.timestep(i);
            sigmas.as<float>()[i] = sampler.sigma(i);
        }
        QVERIFY2(golden.matches("out.timesteps", timesteps), golden.report());
        QVERIFY2(golden.matches("out.sigmas", sigmas), golden.report());
        Tensor steps = Tensor::host(DType::F32, {static_cast<int64_t>(sampler.steps().size())});
        for (size_t i = 0; i < sampler.steps().size(); ++i) steps.as<float>()[i] = sampler.steps()[i].timestep;
        QVERIFY2(golden.matches("out.denoising_timesteps", steps), golden.report());

        const Tensor probes = golden.input("in.timestep"), x0 = golden.input("in.x0"), noise = golden.input("in.noise"),
                     flow = golden.input("in.flow"), noisyIn = golden.input("in.xt");
        const int64_t rows = probes.shape()[0], frames = probes.shape()[1], frameSize = x0.count() / frames;
        Tensor index = Tensor::host(DType::I64, probes.shape());
        Tensor noisy = Tensor::host(DType::F32, {rows, frames, frameSize}), clean = Tensor::host(DType::F32, noisy.shape()),
               back = Tensor::host(DType::F32, noisy.shape());
        for (int64_t i = 0; i < rows * frames; ++i) {
            const int entry = sampler.nearest(probes.as<float>()[i]);
            index.as<int64_t>()[i] = entry;
            const int64_t from = i % frames * frameSize, to = i * frameSize;
            mixNoise(*backend, x0.as<float>() + from, noise.as<float>() + from, sampler.sigma(entry), noisy.as<float>() + to, frameSize);
            cleanFromFlow(*backend, noisyIn.as<float>() + from, flow.as<float>() + from, sampler.sigma(entry), clean.as<float>() + to,
                          frameSize);
            for (int64_t v = 0; v < frameSize; ++v)
                back.as<float>()[to + v] = flowFromClean(noisyIn.as<float>()[from + v], x0.as<float>()[from + v], sampler.sigma(entry));
        }
        QVERIFY2(golden.matches("out.index", index), golden.report());
        const Shape shape = golden.expected("out.noisy").shape();
        QVERIFY2(golden.matches("out.noisy", noisy.reshaped(shape)), golden.report());
        QVERIFY2(golden.matches("out.clean", clean.reshaped(shape)), golden.report());
        QVERIFY2(golden.matches("out.flow_of_x0", back.reshaped(shape)), golden.report());
    }
}

QTEST_GUILESS_MAIN(GoldenScheduler)
#include "golden_scheduler.moc"
