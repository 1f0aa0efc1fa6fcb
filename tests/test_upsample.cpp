// Nearest doubling against plain indexing.
#include <QtTest>

#include "engine/tensor.h"

using namespace longtake;

class TestUpsample : public QObject {
    Q_OBJECT
private slots:
    void everyPixelBecomesFour_data() {
        QTest::addColumn<int>("channels");
        QTest::addColumn<bool>("bf16");
        for (int channels : {1, 3, 20, 64}) {
            QTest::addRow("%d channels, fp32", channels) << channels << false;
            QTest::addRow("%d channels, bf16", channels) << channels << true;
        }
    }
    void everyPixelBecomesFour() {
        QFETCH(int, channels);
        QFETCH(bool, bf16);
        constexpr int64_t kFrames = 3, kHeight = 5, kWidth = 7;
        const DType dtype = bf16 ? DType::BF16 : DType::F32;
        const size_t pixelBytes = static_cast<size_t>(channels) * sizeOf(dtype);
        auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
        Tensor x = Tensor::host(dtype, {kFrames, kHeight, kWidth, channels});
        for (size_t i = 0; i < x.bytes(); ++i) x.as<uint8_t>()[i] = static_cast<uint8_t>((i * 7 + i / 251) % 256);
        Tensor y = Tensor::host(dtype, {kFrames, 2 * kHeight, 2 * kWidth, channels});
        std::memset(y.data(), 0xff, y.bytes());
        backend->upsample2x(
            {.x = x.data(), .y = y.data(), .dtype = dtype, .frames = kFrames, .height = kHeight, .width = kWidth, .channels = channels});
        for (int64_t f = 0; f < kFrames; ++f)
            for (int64_t r = 0; r < 2 * kHeight; ++r)
                for (int64_t c = 0; c < 2 * kWidth; ++c) {
                    const size_t to = static_cast<size_t>((f * 2 * kHeight + r) * 2 * kWidth + c) * pixelBytes;
                    const size_t from = static_cast<size_t>((f * kHeight + r / 2) * kWidth + c / 2) * pixelBytes;
                    QVERIFY(std::memcmp(y.as<uint8_t>() + to, x.as<uint8_t>() + from, pixelBytes) == 0);
                }
    }
};

QTEST_GUILESS_MAIN(TestUpsample)
#include "test_upsample.moc"
