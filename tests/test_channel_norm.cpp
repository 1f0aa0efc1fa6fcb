// The channel norm against its formula in double.
#include <QtTest>

#include <cmath>
#include <random>

#include "engine/tensor.h"

using namespace longtake;

namespace {

double expected(const std::vector<float>& x, const std::vector<float>& gain, size_t pixel, size_t channel, Activation activation) {
    const size_t channels = gain.size();
    double squares = 0;
    for (size_t c = 0; c < channels; ++c) squares += std::pow(static_cast<double>(x[pixel * channels + c]), 2);
    const double y =
        x[pixel * channels + channel] / std::max(std::sqrt(squares), 1e-12) * std::sqrt(static_cast<double>(channels)) * gain[channel];
    return activation == Activation::Silu ? y / (1 + std::exp(-y)) : y;
}

struct Sample {
    std::vector<float> x, gain;
    Sample(size_t pixels, size_t channels) : x(pixels * channels), gain(channels) {
        std::mt19937 generator(5);
        std::normal_distribution<float> normal;
        for (size_t i = 0; i < x.size(); ++i) x[i] = normal(generator) * std::pow(10.0f, static_cast<float>(i / channels % 9) - 6.0f);
        for (float& value : gain) value = 1 + 0.3f * normal(generator);
        std::fill(x.begin(), x.begin() + static_cast<long>(channels), 0.0f);  // the first pixel has no length
    }
};

}  // namespace

class TestChannelNorm : public QObject {
    Q_OBJECT
private slots:
    void equalsTheFormula_data() {
        QTest::addColumn<int>("channels");
        QTest::addColumn<int>("pixels");
        QTest::addColumn<bool>("silu");
        for (int channels : {1, 4, 20, 96, 384})
            for (int pixels : {1, 17, 1000})
                QTest::addRow("%d channels, %d pixels", channels, pixels) << channels << pixels << (pixels != 17);
    }
    void equalsTheFormula() {
        QFETCH(int, channels);
        QFETCH(int, pixels);
        QFETCH(bool, silu);
        const Sample sample(static_cast<size_t>(pixels), static_cast<size_t>(channels));
        const Activation activation = silu ? Activation::Silu : Activation::None;
        std::vector<float> first;
        for (int threads : {1, 2}) {
            auto backend = makeCpuBackend({.threads = threads, .precision = Precision::Fp32});
            std::vector<float> y(sample.x.size(), std::nanf(""));
            backend->channelNorm({.x = sample.x.data(),
                                  .y = y.data(),
                                  .dtype = DType::F32,
                                  .pixels = pixels,
                                  .channels = channels,
                                  .gain = sample.gain.data(),
                                  .activation = activation});
            for (size_t i = 0; i < y.size(); ++i) {
                const double want =
                    expected(sample.x, sample.gain, i / static_cast<size_t>(channels), i % static_cast<size_t>(channels), activation);
                QVERIFY2(std::abs(y[i] - want) <= 2e-6 + 2e-6 * std::abs(want), qPrintable(QString("%1, want %2").arg(y[i]).arg(want)));
            }
            if (first.empty()) first = y;
            QVERIFY(std::memcmp(first.data(), y.data(), y.size() * sizeof(float)) == 0);
        }
    }

    void sixteenBitPixelsAreNormedInFp32() {
        constexpr int64_t kPixels = 33, kChannels = 48;
        Sample sample(kPixels, kChannels);
        std::vector<uint16_t> x, y(sample.x.size(), 0x7fff);
        for (float& value : sample.x) {
            x.push_back(bf16FromFloat(value));
            value = floatFromBf16(x.back());
        }
        auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
        backend->channelNorm(
            {.x = x.data(), .y = y.data(), .dtype = DType::BF16, .pixels = kPixels, .channels = kChannels, .gain = sample.gain.data()});
        for (size_t i = 0; i < y.size(); ++i) {
            const double want = expected(sample.x, sample.gain, i / kChannels, i % kChannels, Activation::None);
            QVERIFY(std::abs(floatFromBf16(y[i]) - want) <= 1e-6 + std::abs(want) / 256);
        }
    }
};

QTEST_GUILESS_MAIN(TestChannelNorm)
#include "test_channel_norm.moc"
