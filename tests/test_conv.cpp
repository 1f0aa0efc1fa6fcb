// The convolution of the CPU backend against plain loops.
#include <QtTest>

#include <algorithm>
#include <cmath>
#include <random>

#include "engine/tensor.h"
#include "tests/parity/conv_cases.h"

using namespace longtake;

namespace {

std::vector<float> randomValues(int64_t count, uint32_t seed, float scale) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<float> uniform(-scale, scale);
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = uniform(generator);
    return values;
}

float activated(double x, Activation activation) {
    switch (activation) {
        case Activation::None: return static_cast<float>(x);
        case Activation::Relu: return static_cast<float>(std::max(x, 0.0));
        case Activation::Silu: return static_cast<float>(x / (1 + std::exp(-x)));
        case Activation::GeluTanh: return static_cast<float>(0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))));
    }
    return 0;
}

struct Problem {
    ConvCase c;
    int64_t outFrames, outHeight, outWidth;
    std::vector<float> x, w, bias, before;

    explicit Problem(const ConvCase& chosen) : c(chosen) {
        outFrames = c.outFrames();
        outHeight = c.outHeight();
        outWidth = c.outWidth();
        const float reach = 1.0f / std::sqrt(static_cast<float>(c.in * c.kt * c.kh * c.kw));
        x = randomValues(c.frames * c.height * c.width * c.in, 1, 1.0f);
        w = randomValues(c.out * c.in * c.kt * c.kh * c.kw, 2, reach);
        bias = randomValues(c.out, 3, 0.5f);
        before = randomValues(outCount(), 4, 1.0f);
    }
    int64_t outCount() const { return c.outCount(); }

    std::vector<float> plain() const {
        std::vector<float> y(static_cast<size_t>(outCount()));
        size_t at = 0;
        for (int64_t f = 0; f < outFrames; ++f)
            for (int64_t r = 0; r < outHeight; ++r)
                for (int64_t q = 0; q < outWidth; ++q)
                    for (int64_t o = 0; o < c.out; ++o, ++at) {
                        double sum = (c.bias ? bias[static_cast<size_t>(o)] : 0.0f) + (c.accumulate ? before[at] : 0.0f);
                        y[at] = activated(sum + taps(f, r, q, o), c.activation);
                    }
        return y;
    }

    double taps(int64_t f, int64_t r, int64_t q, int64_t o) const {
        double sum = 0;
        for (int t = 0; t < c.kt; ++t)
            for (int i = 0; i < c.kh; ++i)
                for (int j = 0; j < c.kw; ++j) {
                    const int64_t row = r * c.stride - c.top + i, column = q * c.stride - c.left + j;
                    if (row < 0 || row >= c.height || column < 0 || column >= c.width) continue;
                    const float* from = &x[static_cast<size_t>((((f * c.strideT + t) * c.height + row) * c.width + column) * c.in)];
                    for (int64_t k = 0; k < c.in; ++k)
                        sum += static_cast<double>(from[k]) * w[static_cast<size_t>((((o * c.in + k) * c.kt + t) * c.kh + i) * c.kw + j)];
                }
        return sum;
    }

    void round() {  // to what bf16 can hold, so that the reference sees the same inputs
        for (auto* values : {&x, &w, &before})
            for (float& value : *values) value = floatFromBf16(bf16FromFloat(value));
    }
};

void store(Tensor& to, const std::vector<float>& values) {
    for (size_t i = 0; i < values.size(); ++i) {
        if (to.dtype() == DType::F32) to.as<float>()[i] = values[i];
        else to.as<uint16_t>()[i] = bf16FromFloat(values[i]);
    }
}

std::vector<float> load(const Tensor& from) {
    std::vector<float> values(static_cast<size_t>(from.count()));
    for (size_t i = 0; i < values.size(); ++i)
        values[i] = from.dtype() == DType::F32 ? from.as<float>()[i] : floatFromBf16(from.as<uint16_t>()[i]);
    return values;
}

constexpr int64_t kGuard = 64;

// The output, and a check that nothing around it was written.
std::vector<float> computed(const Problem& problem, int threads, Precision precision) {
    auto backend = makeCpuBackend({.threads = threads, .precision = precision});
    const DType dtype = backend->computeType();
    const ConvCase& c = problem.c;
    auto weight = backend->packConv(problem.w.data(), DType::F32, c.bias ? problem.bias.data() : nullptr, c.out, c.in, c.kt, c.kh, c.kw);
    Tensor x = Tensor::host(dtype, {static_cast<int64_t>(problem.x.size())});
    store(x, problem.x);
    const float poison = std::nanf("");
    Tensor y = Tensor::host(dtype, {problem.outCount() + 2 * kGuard});
    store(y, std::vector<float>(static_cast<size_t>(y.count()), poison));
    Tensor inside = y.slice(kGuard, problem.outCount());
    if (c.accumulate) store(inside, problem.before);
    backend->conv(c.params(x.data(), inside.data(), dtype, weight.get()));
    backend->synchronize();
    for (const Tensor& guard : {y.slice(0, kGuard), y.slice(kGuard + problem.outCount(), kGuard)}) {
        for (float value : load(guard)) {
            if (!std::isnan(value)) qFatal("the convolution wrote outside its output");
        }
    }
    return load(inside);
}

double largestDifference(const std::vector<float>& got, const std::vector<float>& want, double relative) {
    double largest = 0;
    for (size_t i = 0; i < want.size(); ++i) {
        if (std::isnan(got[i])) return HUGE_VAL;
        largest = std::max(largest, std::abs(static_cast<double>(got[i]) - want[i]) - relative * std::abs(want[i]));
    }
    return largest;
}

}  // namespace

class TestConv : public QObject {
    Q_OBJECT
    static void addCases() {
        QTest::addColumn<int>("index");
        for (int i = 0; i < static_cast<int>(std::size(kConvCases)); ++i) {
            const ConvCase& c = kConvCases[i];
            const std::string label = c.name() + " #" + std::to_string(i);
            QTest::newRow(label.c_str()) << i;
        }
    }

private slots:
    void equalsPlainLoopsInFp32_data() { addCases(); }
    void equalsPlainLoopsInFp32() {
        QFETCH(int, index);
        const Problem problem(kConvCases[index]);
        const double difference = largestDifference(computed(problem, 2, Precision::Fp32), problem.plain(), 0);
        QVERIFY2(difference < 2e-5, qPrintable(QString::number(difference)));
    }

    void equalsPlainLoopsInBf16_data() { addCases(); }
    void equalsPlainLoopsInBf16() {
        if (!cpuHasBf16()) QSKIP("this processor has no bf16 dot products");
        QFETCH(int, index);
        Problem problem(kConvCases[index]);
        problem.round();
        const double difference = largestDifference(computed(problem, 2, Precision::Bf16), problem.plain(), 1.0 / 128);
        QVERIFY2(difference < 2e-3, qPrintable(QString::number(difference)));
    }

    void threadCountDoesNotChangeTheBits_data() { addCases(); }
    void threadCountDoesNotChangeTheBits() {
        QFETCH(int, index);
        const Problem problem(kConvCases[index]);
        for (Precision precision : {Precision::Fp32, Precision::Bf16}) {
            const std::vector<float> one = computed(problem, 1, precision);
            for (int threads : {2, 3}) {
                const std::vector<float> many = computed(problem, threads, precision);
                QVERIFY(std::memcmp(one.data(), many.data(), one.size() * sizeof(float)) == 0);
            }
        }
    }

    // Every second pixel of every second row of every third frame: the rest stays as it was.
    void writesBetweenOtherPixels() {
        for (const ConvCase& c : {ConvCase{3, 37, 29, 12, 20, 1, 2, 2, 1, 0, 0, 1},
                                  ConvCase{4, 50, 64, 16, 32, 3, 3, 3, 1, 1, 1, 1, 1, 1, true, false, Activation::Relu}}) {
            const Problem problem(c);
            const std::vector<float> want = problem.plain();
            const int64_t pixel = 2 * c.out, row = 2 * problem.outWidth * pixel, frame = 3 * problem.outHeight * row;
            std::vector<std::vector<float>> results;
            for (int threads : {1, 2}) {
                auto backend = makeCpuBackend({.threads = threads, .precision = Precision::Fp32});
                auto weight = backend->packConv(problem.w.data(), DType::F32, problem.bias.data(), c.out, c.in, c.kt, c.kh, c.kw);
                std::vector<float> y(static_cast<size_t>(problem.outFrames * frame), -7.0f);
                ConvParams params = c.params(problem.x.data(), y.data(), DType::F32, weight.get());
                params.yPixelStride = pixel;
                params.yRowStride = row;
                params.yFrameStride = frame;
                backend->conv(params);
                results.push_back(y);
            }
            QVERIFY(results[0] == results[1]);
            std::vector<float>& y = results[0];
            std::vector<float> got;
            for (int64_t f = 0; f < problem.outFrames; ++f)
                for (int64_t r = 0; r < problem.outHeight; ++r)
                    for (int64_t q = 0; q < problem.outWidth; ++q)
                        for (int64_t o = 0; o < c.out; ++o) {
                            float& value = y[static_cast<size_t>(f * frame + r * row + q * pixel + o)];
                            got.push_back(value);
                            value = -7.0f;
                        }
            QVERIFY(largestDifference(got, want, 0) < 2e-5);
            QVERIFY(std::all_of(y.begin(), y.end(), [](float value) { return value == -7.0f; }));
        }
    }

    // Whole rows between other rows, for few channels too, whose pixels are computed together.
    void writesBetweenOtherRows() {
        for (const int64_t channels : {3, 6, 20}) {
            const Problem problem(ConvCase{2, 21, 32, 24, channels, 1, 3, 3, 1, 1, 1, 1, 1, 1, true});
            const std::vector<float> want = problem.plain();
            const auto row = static_cast<size_t>(problem.outWidth * channels);
            auto backend = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
            auto weight = backend->packConv(problem.w.data(), DType::F32, problem.bias.data(), problem.c.out, problem.c.in, 1, 3, 3);
            std::vector<float> y(2 * want.size(), -7.0f), got;
            ConvParams params = problem.c.params(problem.x.data(), y.data(), DType::F32, weight.get());
            params.yRowStride = static_cast<int64_t>(2 * row);
            backend->conv(params);
            for (size_t r = 0; r < want.size() / row; ++r) {
                const auto from = y.begin() + static_cast<ptrdiff_t>(2 * r * row), end = from + static_cast<ptrdiff_t>(row);
                got.insert(got.end(), from, end);
                QVERIFY(std::all_of(end, end + static_cast<ptrdiff_t>(row), [](float value) { return value == -7.0f; }));
            }
            QVERIFY(largestDifference(got, want, 0) < 2e-5);
        }
    }

    void weightsOfEveryFloatTypeAreRead() {
        Problem problem(kConvCases[0]);
        problem.round();
        auto backend = makeCpuBackend({.threads = 1, .precision = Precision::Fp32});
        const ConvCase& c = problem.c;
        const std::vector<float> want = problem.plain();
        for (DType dtype : {DType::F32, DType::BF16}) {
            Tensor w = Tensor::host(dtype, {static_cast<int64_t>(problem.w.size())});
            store(w, problem.w);
            auto weight = backend->packConv(w.data(), dtype, problem.bias.data(), c.out, c.in, c.kt, c.kh, c.kw);
            QVERIFY(weight->bytes() >= problem.w.size() * sizeof(float));
            std::vector<float> y(want.size());
            backend->conv(c.params(problem.x.data(), y.data(), DType::F32, weight.get()));
            QVERIFY(largestDifference(y, want, 0) < 2e-5);
        }
    }

    void impossibleSizesAreRefused() {
        auto backend = makeCpuBackend({.threads = 1, .precision = Precision::Fp32});
        const std::vector<float> w(2 * 2 * 2 * 3 * 3), x(1024), empty;
        auto weight = backend->packConv(w.data(), DType::F32, nullptr, 2, 2, 2, 3, 3);
        std::vector<float> y(1024);
        ConvCase c{1, 8, 8, 2, 2, 2, 3, 3, 1, 1, 1, 1};  // one frame under a kernel of two
        QVERIFY_EXCEPTION_THROWN(backend->conv(c.params(x.data(), y.data(), DType::F32, weight.get())), std::invalid_argument);
        c = {2, 2, 8, 2, 2, 2, 3, 3, 0, 0, 1, 1};  // two rows under a kernel of three
        QVERIFY_EXCEPTION_THROWN(backend->conv(c.params(x.data(), y.data(), DType::F32, weight.get())), std::invalid_argument);
        c = {2, 8, 8, 2, 2, 2, 3, 3, 3, 1, 1, 1};  // more padding than kernel
        QVERIFY_EXCEPTION_THROWN(backend->conv(c.params(x.data(), y.data(), DType::F32, weight.get())), std::invalid_argument);
    }
};

QTEST_GUILESS_MAIN(TestConv)
#include "test_conv.moc"
