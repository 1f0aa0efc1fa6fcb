// The text encoder against the specification's own numbers (appendix A.2), and how it refuses weights that do not fit.
#include <QTest>

#include "engine/text/umt5_encoder.h"
#include "tests/appendix_numbers.h"

using namespace longtake;

namespace {

const TextEncoderConfig kTiny{.vocab = 40,
                              .dim = 16,
                              .dimAttn = 16,
                              .dimFfn = 24,
                              .numHeads = 2,
                              .numLayers = 2,
                              .numBuckets = 32,
                              .maxDistance = 128,
                              .textLen = 50};

AppendixWeights weightsOf(const TextEncoderConfig& c) {
    AppendixWeights weights;
    weights.add("token_embedding.weight", {c.vocab, c.dim});
    weights.add("norm.weight", {c.dim});
    for (int i = 0; i < c.numLayers; ++i) {
        const std::string block = "blocks." + std::to_string(i) + ".";
        weights.add(block + "norm1.weight", {c.dim});
        weights.add(block + "norm2.weight", {c.dim});
        for (const char* name : {"q", "k", "v"}) weights.add(block + "attn." + name + ".weight", {c.dimAttn, c.dim});
        weights.add(block + "attn.o.weight", {c.dim, c.dimAttn});
        weights.add(block + "pos_embedding.embedding.weight", {c.numBuckets, c.numHeads});
        weights.add(block + "ffn.gate.0.weight", {c.dimFfn, c.dim});
        weights.add(block + "ffn.fc1.weight", {c.dimFfn, c.dim});
        weights.add(block + "ffn.fc2.weight", {c.dim, c.dimFfn});
    }
    return weights;
}

std::vector<int32_t> tinyIds() {
    std::vector<int32_t> ids;
    for (int i = 0; i < 45; ++i) ids.push_back((7 * i + 3) % 40);
    ids.push_back(1);
    return ids;
}

std::vector<float> hostValues(Backend& backend, const Tensor& tensor) {
    std::vector<float> out(static_cast<size_t>(tensor.count()));
    backend.download(out.data(), tensor.data(), tensor.bytes());
    return out;
}

std::unique_ptr<Backend> fp32(int threads = 1) { return makeCpuBackend({.threads = threads, .precision = Precision::Fp32}); }

std::vector<float> encoded(Backend& backend, const TextEncoderConfig& config, const std::vector<int32_t>& ids) {
    const AppendixWeights weights = weightsOf(config);
    const Result<Umt5Encoder> encoder = Umt5Encoder::create(config, weights, backend);
    return hostValues(backend, encoder->encode(ids));
}

bool near(double got, double want, double relative = 1e-4) {
    if (std::abs(got - want) <= relative * std::max(1.0, std::abs(want))) return true;
    qWarning("got %.10f, want %.10f", got, want);
    return false;
}

double sum(std::span<const float> values) {
    double total = 0;
    for (float value : values) total += static_cast<double>(value);
    return total;
}

double squares(std::span<const float> values) {
    double total = 0;
    for (float value : values) total += static_cast<double>(value) * static_cast<double>(value);
    return total;
}

}  // namespace

class TestUmt5Encoder final : public QObject {
    Q_OBJECT

private slots:
    void theAppendixNumbersAreTheSpecifications();
    void givesTheSpecificationsNumbers();
    void rowsBehindTheTokensAreZero();
    void roomBehindTheTokensChangesNothing();
    void givesTheSameBitsTwiceAndWithTwoThreads();
    void bf16StaysNearFp32();
    void bucketsFollowTheSpecificationsTable();
    void refusesWeightsThatDoNotFit_data();
    void refusesWeightsThatDoNotFit();
    void refusesSizesThatCannotWork_data();
    void refusesSizesThatCannotWork();
    void refusesIdsOutsideTheVocabulary();
};

void TestUmt5Encoder::theAppendixNumbersAreTheSpecifications() {
    QCOMPARE(fnv1a("a"), quint64(0xaf63dc4c8601ec8c));
    QVERIFY(near(appendixNumber("a", 0), -0.256538073129, 1e-11));
    QVERIFY(near(appendixNumber("a", 1), 0.996244638094, 1e-11));
    QVERIFY(near(appendixNumber("a", 2), 0.984213028062, 1e-11));
}

void TestUmt5Encoder::givesTheSpecificationsNumbers() {
    const auto backend = fp32();
    const std::vector<float> all = encoded(*backend, kTiny, tinyIds());
    QCOMPARE(all.size(), size_t(800));
    QVERIFY(near(sum(all), -71.4088482462));
    QVERIFY(near(squares(all), 672.6651506860));
    const double first[] = {-0.5589146080, 0.8754193187, -1.0481865931, -0.0467959275};
    for (size_t i = 0; i < 4; ++i) QVERIFY(near(static_cast<double>(all[i]), first[i], 1e-5));
    const std::span<const float> row = std::span(all).subspan(45 * 16, 16);
    QVERIFY(near(sum(row), -9.2883692702));
    QVERIFY(near(squares(row), 14.5800489463));
    const double ofRow[] = {-0.5032448519, -1.1584900180, -0.1374615167, -0.4344254016};
    for (size_t i = 0; i < 4; ++i) QVERIFY(near(static_cast<double>(row[i]), ofRow[i], 1e-5));
}

void TestUmt5Encoder::rowsBehindTheTokensAreZero() {
    const auto backend = fp32();
    const std::vector<float> all = encoded(*backend, kTiny, {5, 7, 1});
    QVERIFY(squares(std::span(all).first(48)) > 1.0);
    QCOMPARE(squares(std::span(all).subspan(48)), 0.0);
}

void TestUmt5Encoder::roomBehindTheTokensChangesNothing() {
    const auto backend = fp32();
    TextEncoderConfig tight = kTiny;
    tight.textLen = 46;
    const std::vector<float> padded = encoded(*backend, kTiny, tinyIds());
    const std::vector<float> exact = encoded(*backend, tight, tinyIds());
    QCOMPARE(std::vector<float>(padded.begin(), padded.begin() + 46 * 16), exact);
}

void TestUmt5Encoder::givesTheSameBitsTwiceAndWithTwoThreads() {
    const auto one = fp32(), two = fp32(2);
    const std::vector<float> first = encoded(*one, kTiny, tinyIds());
    QCOMPARE(encoded(*one, kTiny, tinyIds()), first);
    QCOMPARE(encoded(*two, kTiny, tinyIds()), first);
}

void TestUmt5Encoder::bf16StaysNearFp32() {
    const auto plain = fp32();
    const auto fast = makeCpuBackend({.threads = 1, .precision = Precision::Bf16});
    if (fast->computeType() != DType::BF16) QSKIP("this processor computes no bf16");
    const std::vector<float> want = encoded(*plain, kTiny, tinyIds());
    std::vector<float> got = encoded(*fast, kTiny, tinyIds());
    const double size = std::sqrt(squares(want));
    for (size_t i = 0; i < got.size(); ++i) got[i] -= want[i];
    const double loss = std::sqrt(squares(got)) / size;
    QVERIFY2(loss > 1e-6 && loss < 0.03, qPrintable(QString::number(loss)));
}

void TestUmt5Encoder::bucketsFollowTheSpecificationsTable() {
    const std::pair<int64_t, int> firstOf[] = {{0, 0},   {1, 1},   {7, 7},   {8, 8},   {12, 9}, {16, 10},
                                               {23, 11}, {32, 12}, {46, 13}, {64, 14}, {91, 15}};
    for (size_t i = 0; i < std::size(firstOf); ++i) {
        const int64_t end = i + 1 < std::size(firstOf) ? firstOf[i + 1].first : 600;
        for (int64_t a = firstOf[i].first; a < end; ++a) {
            if (a > 1 && a < 7) continue;  // one to one
            QCOMPARE(relativeBucket(-a, 32, 128), firstOf[i].second);
            if (a > 0) QCOMPARE(relativeBucket(a, 32, 128), 16 + firstOf[i].second);
        }
    }
}

void TestUmt5Encoder::refusesWeightsThatDoNotFit_data() {
    QTest::addColumn<QString>("kind");
    QTest::addColumn<QString>("want");
    QTest::newRow("missing") << "missing"
                             << "weight \"blocks.1.attn.k.weight\" is missing, the model needs it with shape [16, 16]";
    QTest::newRow("shape") << "shape"
                           << "weight \"blocks.1.attn.k.weight\" has shape [16, 8], the model needs [16, 16]";
    QTest::newRow("type") << "type"
                          << "weight \"blocks.1.attn.k.weight\" has type I32, the model needs a float type";
    QTest::newRow("leftover") << "leftover"
                              << "the model has no place for weight \"blocks.2.norm1.weight\"";
}

void TestUmt5Encoder::refusesWeightsThatDoNotFit() {
    QFETCH(QString, kind);
    QFETCH(QString, want);
    AppendixWeights weights = weightsOf(kTiny);
    const std::string name = "blocks.1.attn.k.weight";
    if (kind == "missing") weights.remove(name);
    if (kind == "shape") weights.replace(name, appendixParameter(name, {16, 8}));
    if (kind == "type") weights.replace(name, Tensor::host(DType::I32, {16, 16}));
    if (kind == "leftover") weights.add("blocks.2.norm1.weight", {16});
    const auto backend = fp32();
    const Result<Umt5Encoder> encoder = Umt5Encoder::create(kTiny, weights, *backend);
    QVERIFY(!encoder);
    const QString message = QString::fromStdString(encoder.message());
    QVERIFY2(message.startsWith("text encoder: " + want), qPrintable(message));
    QVERIFY(!message.contains('\n'));
}

void TestUmt5Encoder::refusesSizesThatCannotWork_data() {
    QTest::addColumn<QString>("field");
    for (const char* field : {"vocab", "dim", "num_heads", "num_layers", "text_len", "dim_attn", "num_buckets", "max_distance"})
        QTest::newRow(field) << field;
}

void TestUmt5Encoder::refusesSizesThatCannotWork() {
    QFETCH(QString, field);
    QVERIFY(validate(kTiny).ok());
    TextEncoderConfig config = kTiny;
    if (field == "vocab") config.vocab = 0;
    if (field == "dim") config.dim = -1;
    if (field == "num_heads") config.numHeads = 0;
    if (field == "num_layers") config.numLayers = 1 << 30;
    if (field == "text_len") config.textLen = 0;
    if (field == "dim_attn") config.dimAttn = 17;
    if (field == "num_buckets") config.numBuckets = 30;
    if (field == "max_distance") config.maxDistance = 8;
    const AppendixWeights weights = weightsOf(kTiny);
    const auto backend = fp32();
    const Result<Umt5Encoder> encoder = Umt5Encoder::create(config, weights, *backend);
    QVERIFY(!encoder);
    QVERIFY(QString::fromStdString(encoder.message()).startsWith("text_encoder." + field + " is "));
}

void TestUmt5Encoder::refusesIdsOutsideTheVocabulary() {
    const AppendixWeights weights = weightsOf(kTiny);
    const auto backend = fp32();
    const Result<Umt5Encoder> encoder = Umt5Encoder::create(kTiny, weights, *backend);
    const std::vector<int32_t> beyond = {1, 40}, negative = {-1}, tooMany(51, 1);
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, (void)encoder->encode(beyond));
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, (void)encoder->encode(negative));
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, (void)encoder->encode(tooMany));
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, (void)encoder->encode({}));
}

QTEST_APPLESS_MAIN(TestUmt5Encoder)
#include "test_umt5_encoder.moc"
