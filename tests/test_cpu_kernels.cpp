// The CPU kernels against plain loops: odd shapes, gaps between rows, poisoned outputs, one and two threads.
#include <QTest>

#include <cmath>
#include <limits>
#include <random>

#include "kernels/backend.h"
#include "kernels/cpu/onednn.h"

using namespace longtake;

class CpuKernelsTest : public QObject {
    Q_OBJECT
private slots:
    void instructionSetsAreNoOrder();
    void theLoopsFollowTheInstructionSetAskedFor();
    void matmul_data();
    void matmul();
    void matmulAddsGated();
    void norm();
    void rope();
    void attention_data();
    void attention();
    void attentionWithSharedKeysAndLastKeyBias();
    void activations();
    void patchesRoundTrip();

private:
    std::vector<float> random(size_t count, float scale = 1.0f) {
        std::uniform_real_distribution<float> value(-scale, scale);
        std::vector<float> out(count);
        for (float& v : out) v = value(random_);
        return out;
    }
    std::unique_ptr<Backend> backend(int threads, Precision precision = Precision::Fp32) {
        return makeCpuBackend({.threads = threads, .precision = precision});
    }
    std::mt19937 random_{17};
};

namespace {

constexpr float kPoison = std::numeric_limits<float>::quiet_NaN();

bool close(float got, double want, double tolerance) {
    return std::abs(static_cast<double>(got) - want) <= tolerance * (1.0 + std::abs(want));
}

double gelu(double u) { return 0.5 * u * (1 + std::tanh(std::sqrt(2 / M_PI) * (u + 0.044715 * u * u * u))); }
double apply(Activation activation, double v) {
    switch (activation) {
        case Activation::Relu: return std::max(0.0, v);
        case Activation::Silu: return v / (1 + std::exp(-v));
        case Activation::GeluTanh: return gelu(v);
        default: return v;
    }
}

}  // namespace

// A laptop with AVX2 and VNNI, whose number is above all of AVX-512's, once passed for one that has bf16.
void CpuKernelsTest::instructionSetsAreNoOrder() {
    using cpu::includes;
    QVERIFY(!includes(dnnl_cpu_isa_avx2_vnni, dnnl_cpu_isa_avx512_core_bf16));
    QVERIFY(!includes(dnnl_cpu_isa_avx2_vnni, dnnl_cpu_isa_avx512_core));
    QVERIFY(includes(dnnl_cpu_isa_avx2_vnni, dnnl_cpu_isa_avx2));
    QVERIFY(!includes(dnnl_cpu_isa_avx512_mic, dnnl_cpu_isa_avx512_core));
    QVERIFY(!includes(dnnl_cpu_isa_avx512_core_vnni, dnnl_cpu_isa_avx512_core_bf16));
    QVERIFY(includes(dnnl_cpu_isa_avx512_core_amx, dnnl_cpu_isa_avx512_core_bf16));
}

// ctest runs this program once as the processor is, and again held to less.
void CpuKernelsTest::theLoopsFollowTheInstructionSetAskedFor() {
    const QByteArray most = qgetenv("ONEDNN_MAX_CPU_ISA");
    const std::string name = backend(1)->description();
    if (most == "SSE41") QVERIFY2(name.find(" baseline fp32") != std::string::npos, name.c_str());
    else if (most == "AVX2" && cpu::includes(cpu::instructionSet(), dnnl_cpu_isa_avx2))
        QVERIFY2(name.find(" avx2 fp32") != std::string::npos, name.c_str());
    else QVERIFY2(most.isEmpty(), most.constData());
}

void CpuKernelsTest::matmul_data() {
    QTest::addColumn<int>("m");
    QTest::addColumn<int>("n");
    QTest::addColumn<int>("k");
    QTest::newRow("one row") << 1 << 7 << 5;
    QTest::newRow("odd") << 37 << 29 << 41;
    QTest::newRow("several tiles") << 300 << 1100 << 65;
    QTest::newRow("many rows") << 1500 << 48 << 96;
}

void CpuKernelsTest::matmul() {
    QFETCH(int, m);
    QFETCH(int, n);
    QFETCH(int, k);
    const auto M = static_cast<size_t>(m), N = static_cast<size_t>(n), K = static_cast<size_t>(k), strideX = K + 3, strideY = N + 5;
    const std::vector<float> x = random(M * strideX), w = random(N * K), bias = random(N);
    std::vector<float> first;
    for (int threads : {1, 2}) {
        const auto cpu = backend(threads);
        const auto packed = cpu->packMatmul(w.data(), DType::F32, bias.data(), n, k);
        for (Activation activation : {Activation::None, Activation::Relu, Activation::Silu, Activation::GeluTanh}) {
            std::vector<float> y(M * strideY, kPoison);
            cpu->matmul({.x = {const_cast<float*>(x.data()), DType::F32, m, k, static_cast<int64_t>(strideX)},
                         .weight = packed.get(),
                         .y = {y.data(), DType::F32, m, n, static_cast<int64_t>(strideY)},
                         .activation = activation});
            for (size_t i = 0; i < M; ++i)
                for (size_t j = 0; j < N; ++j) {
                    double sum = static_cast<double>(bias[j]);
                    for (size_t c = 0; c < K; ++c) sum += static_cast<double>(x[i * strideX + c]) * static_cast<double>(w[j * K + c]);
                    QVERIFY(close(y[i * strideY + j], apply(activation, sum), 2e-5));
                }
            for (size_t i = 0; i + 1 < M; ++i) QVERIFY(std::isnan(y[i * strideY + N]));  // the gap is nobody's
            if (activation != Activation::None) continue;
            std::erase_if(y, [](float v) { return std::isnan(v); });
            if (first.empty()) first = y;
            QCOMPARE(y, first);
        }
    }
}

void CpuKernelsTest::matmulAddsGated() {
    const int64_t m = 45, n = 70, k = 33, group = 15;
    const std::vector<float> x = random(m * k), w = random(n * k), gate = random(3 * n), start = random(m * n);
    for (int threads : {1, 2}) {
        const auto cpu = backend(threads);
        const auto packed = cpu->packMatmul(w.data(), DType::F32, nullptr, n, k);
        std::vector<float> y = start;
        cpu->matmul({.x = {const_cast<float*>(x.data()), DType::F32, m, k, k},
                     .weight = packed.get(),
                     .y = {y.data(), DType::F32, m, n, n},
                     .accumulate = true,
                     .gate = {gate.data(), n, group}});
        for (int64_t i = 0; i < m; ++i)
            for (int64_t j = 0; j < n; ++j) {
                double sum = 0;
                for (int64_t c = 0; c < k; ++c)
                    sum += static_cast<double>(x[static_cast<size_t>(i * k + c)]) * static_cast<double>(w[static_cast<size_t>(j * k + c)]);
                const double want = static_cast<double>(start[static_cast<size_t>(i * n + j)]) +
                                    sum * static_cast<double>(gate[static_cast<size_t>(i / group * n + j)]);
                QVERIFY(close(y[static_cast<size_t>(i * n + j)], want, 2e-5));
            }
    }
}

void CpuKernelsTest::norm() {
    const int64_t m = 70, d = 83, group = 35;
    const std::vector<float> x = random(m * d, 3), gain = random(d), bias = random(d), scale = random(2 * d), shift = random(2 * d);
    const auto cpu = backend(2);
    for (NormKind kind : {NormKind::Layer, NormKind::Rms})
        for (int parts = 0; parts < 4; ++parts) {
            const bool affine = parts & 1, modulated = parts & 2;
            std::vector<float> y(static_cast<size_t>(m * d), kPoison);
            NormParams p;
            p.kind = kind;
            p.x = {const_cast<float*>(x.data()), DType::F32, m, d, d};
            p.y = {y.data(), DType::F32, m, d, d};
            if (affine) {
                p.gain = gain.data();
                p.bias = bias.data();
            }
            if (modulated) {
                p.scale = {scale.data(), d, group};
                p.shift = {shift.data(), d, group};
            }
            cpu->norm(p);
            for (int64_t i = 0; i < m; ++i) {
                double mean = 0, squares = 0;
                for (int64_t c = 0; c < d; ++c) mean += static_cast<double>(x[static_cast<size_t>(i * d + c)]) / static_cast<double>(d);
                if (kind == NormKind::Rms) mean = 0;
                for (int64_t c = 0; c < d; ++c)
                    squares += std::pow(static_cast<double>(x[static_cast<size_t>(i * d + c)]) - mean, 2) / static_cast<double>(d);
                for (int64_t c = 0; c < d; ++c) {
                    const auto column = static_cast<size_t>(c), g = static_cast<size_t>(i / group * d + c);
                    double want = (static_cast<double>(x[static_cast<size_t>(i * d + c)]) - mean) / std::sqrt(squares + 1e-6);
                    if (affine) want = want * static_cast<double>(gain[column]) + static_cast<double>(bias[column]);
                    if (modulated) want = want * (1 + static_cast<double>(scale[g])) + static_cast<double>(shift[g]);
                    QVERIFY(close(y[static_cast<size_t>(i * d + c)], want, 1e-5));
                }
            }
        }
}

void CpuKernelsTest::rope() {
    const int64_t rows = 9, heads = 3, pairs = 5, width = 12;
    const std::vector<float> x = random(rows * heads * width), angle = random(rows * pairs, 3);
    std::vector<float> cosines, sines, y(static_cast<size_t>(rows * heads * width), kPoison);
    for (float a : angle) {
        cosines.push_back(std::cos(a));
        sines.push_back(std::sin(a));
    }
    backend(2)->rope({.x = x.data(),
                      .xRowStride = heads * width,
                      .xHeadStride = width,
                      .y = y.data(),
                      .yRowStride = heads * width,
                      .yHeadStride = width,
                      .rows = rows,
                      .heads = heads,
                      .pairs = pairs,
                      .cosines = cosines.data(),
                      .sines = sines.data()});
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t h = 0; h < heads; ++h)
            for (int64_t i = 0; i < width; ++i) {
                const auto at = static_cast<size_t>((r * heads + h) * width + i);
                if (i >= 2 * pairs) {
                    QVERIFY(std::isnan(y[at]));
                    continue;
                }
                const auto p = static_cast<size_t>(r * pairs + i / 2);
                const double c = static_cast<double>(cosines[p]), s = static_cast<double>(sines[p]);
                const size_t even = at - static_cast<size_t>(i % 2);
                const double re = static_cast<double>(x[even]), im = static_cast<double>(x[even + 1]);
                QVERIFY(close(y[at], i % 2 ? re * s + im * c : re * c - im * s, 1e-6));
            }
}

void CpuKernelsTest::attention_data() {
    QTest::addColumn<int>("queries");
    QTest::addColumn<int>("keys");
    QTest::addColumn<int>("qk");
    QTest::addColumn<int>("v");
    QTest::newRow("tiny") << 1 << 1 << 4 << 3;
    QTest::newRow("odd") << 101 << 67 << 20 << 37;
    QTest::newRow("a head of 64") << 200 << 300 << 64 << 64;
    QTest::newRow("absorbed widths") << 97 << 129 << 224 << 192;
}

void CpuKernelsTest::attention() {
    QFETCH(int, queries);
    QFETCH(int, keys);
    QFETCH(int, qk);
    QFETCH(int, v);
    const int64_t heads = 2;
    const auto size = [](int64_t a, int64_t b, int64_t c) { return static_cast<size_t>(a * b * c); };
    const std::vector<float> q = random(size(queries, heads, qk), 2), k = random(size(keys, heads, qk), 2),
                             values = random(size(keys, heads, v)), bias = random(size(heads, queries, keys), 2);
    std::vector<float> first;
    for (int threads : {1, 2})
        for (bool biased : {false, true}) {
            std::vector<float> out(size(queries, heads, v), kPoison);
            AttentionParams p;
            p.q = q.data();
            p.k = k.data();
            p.v = values.data();
            p.out = out.data();
            p.qRowStride = p.kRowStride = heads * qk;
            p.qHeadStride = p.kHeadStride = qk;
            p.vRowStride = p.outRowStride = heads * v;
            p.vHeadStride = p.outHeadStride = v;
            p.queries = queries;
            p.keys = keys;
            p.heads = heads;
            p.qkDim = qk;
            p.vDim = v;
            p.scale = 0.3f;
            if (biased) p.bias = bias.data();
            backend(threads)->attention(p);
            if (!biased) {
                if (first.empty()) first = out;
                QCOMPARE(out, first);
            }
            for (int64_t h = 0; h < heads; ++h)
                for (int64_t i = 0; i < queries; i += 7) {
                    std::vector<double> weight(static_cast<size_t>(keys));
                    double total = 0;
                    for (int64_t j = 0; j < keys; ++j) {
                        double dot = 0;
                        for (int64_t d = 0; d < qk; ++d)
                            dot += static_cast<double>(q[size(i, heads, qk) + size(h, qk, 1) + static_cast<size_t>(d)]) *
                                   static_cast<double>(k[size(j, heads, qk) + size(h, qk, 1) + static_cast<size_t>(d)]);
                        dot = dot * 0.3 + (biased ? static_cast<double>(bias[static_cast<size_t>((h * queries + i) * keys + j)]) : 0);
                        total += weight[static_cast<size_t>(j)] = std::exp(dot);
                    }
                    for (int64_t d = 0; d < v; ++d) {
                        double want = 0;
                        for (int64_t j = 0; j < keys; ++j)
                            want += weight[static_cast<size_t>(j)] / total *
                                    static_cast<double>(values[size(j, heads, v) + size(h, v, 1) + static_cast<size_t>(d)]);
                        QVERIFY(close(out[size(i, heads, v) + size(h, v, 1) + static_cast<size_t>(d)], want, 1e-5));
                    }
                }
        }
}

// One key with weight ln(n) equals n equal keys; heads may share keys.
void CpuKernelsTest::attentionWithSharedKeysAndLastKeyBias() {
    const int64_t heads = 3, queries = 10, real = 5, padding = 59, width = 8;
    const std::vector<float> q = random(static_cast<size_t>(queries * heads * width)),
                             short_ = random(static_cast<size_t>((real + 1) * width));
    std::vector<float> full(short_.begin(), short_.end());
    for (int64_t i = 1; i < padding; ++i) full.insert(full.end(), short_.end() - width, short_.end());
    auto run = [&](const std::vector<float>& keys, float lastKeyBias) {
        std::vector<float> out(q.size(), kPoison);
        AttentionParams p;
        p.q = q.data();
        p.k = p.v = keys.data();
        p.out = out.data();
        p.qRowStride = p.outRowStride = heads * width;
        p.qHeadStride = p.outHeadStride = width;
        p.kRowStride = p.vRowStride = width;  // shared by the heads
        p.queries = queries;
        p.keys = static_cast<int64_t>(keys.size()) / width;
        p.heads = heads;
        p.qkDim = p.vDim = width;
        p.lastKeyBias = lastKeyBias;
        backend(1)->attention(p);
        return out;
    };
    const std::vector<float> a = run(short_, std::log(static_cast<float>(padding))), b = run(full, 0);
    for (size_t i = 0; i < a.size(); ++i) QVERIFY(close(a[i], static_cast<double>(b[i]), 1e-5));
}

void CpuKernelsTest::activations() {
    const std::vector<float> x = random(1001, 20);
    for (Activation activation : {Activation::None, Activation::Relu, Activation::Silu, Activation::GeluTanh}) {
        std::vector<float> y(x.size(), kPoison);
        const auto n = static_cast<int64_t>(x.size());
        backend(2)->activate({const_cast<float*>(x.data()), DType::F32, 1, n, n}, {y.data(), DType::F32, 1, n, n}, activation);
        for (size_t i = 0; i < x.size(); ++i) QVERIFY(close(y[i], apply(activation, static_cast<double>(x[i])), 2e-6));
    }
}

void CpuKernelsTest::patchesRoundTrip() {
    const int64_t frames = 3, channels = 5, height = 4, width = 6, tokens = frames * 2 * 3, values = channels * 4;
    const std::vector<float> latents = random(static_cast<size_t>(frames * channels * height * width));
    std::vector<float> rows(static_cast<size_t>(tokens * values), kPoison), swapped(rows.size()), back(latents.size(), kPoison);
    const auto cpu = backend(2);
    cpu->patchify(
        {const_cast<float*>(latents.data()), {rows.data(), DType::F32, tokens, values, values}, frames, channels, height, width, 2, 2});
    // Token (frame 1, row 1, column 2), channel 3, inside (1, 0): latent row 3, column 4.
    QCOMPARE(rows[static_cast<size_t>((6 + 3 + 2) * values + 3 * 4 + 2)],
             latents[static_cast<size_t>(((channels + 3) * height + 3) * width + 4)]);
    for (int64_t t = 0; t < tokens; ++t)
        for (int64_t c = 0; c < channels; ++c)
            for (int64_t i = 0; i < 4; ++i)
                swapped[static_cast<size_t>(t * values + i * channels + c)] = rows[static_cast<size_t>(t * values + c * 4 + i)];
    cpu->unpatchify({back.data(), {swapped.data(), DType::F32, tokens, values, values}, frames, channels, height, width, 2, 2});
    QCOMPARE(back, latents);
}

QTEST_GUILESS_MAIN(CpuKernelsTest)
#include "test_cpu_kernels.moc"
