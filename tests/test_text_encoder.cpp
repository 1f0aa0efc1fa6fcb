// From a typed prompt to hidden states: cleaning, tokens and encoder together.
#include <QTest>

#include "engine/text/text_encoder.h"
#include "tests/appendix_numbers.h"

using namespace longtake;

namespace {

const TextEncoderConfig kConfig{.vocab = 700, .dim = 16, .dimAttn = 16, .dimFfn = 24, .numHeads = 2, .numLayers = 1, .textLen = 12};

AppendixWeights weights() {
    AppendixWeights out;
    out.add("token_embedding.weight", {kConfig.vocab, kConfig.dim});
    out.add("norm.weight", {kConfig.dim});
    for (const char* name : {"norm1", "norm2"}) out.add(std::string("blocks.0.") + name + ".weight", {16});
    for (const char* name : {"q", "k", "v", "o"}) out.add(std::string("blocks.0.attn.") + name + ".weight", {16, 16});
    out.add("blocks.0.pos_embedding.embedding.weight", {kConfig.numBuckets, kConfig.numHeads});
    out.add("blocks.0.ffn.gate.0.weight", {24, 16});
    out.add("blocks.0.ffn.fc1.weight", {24, 16});
    out.add("blocks.0.ffn.fc2.weight", {16, 24});
    return out;
}

Result<TextEncoder> makeEncoder(Backend& backend, int64_t tokenizerLen = kConfig.textLen) {
    auto tokenizer =
        Tokenizer::fromFile(LONGTAKE_SOURCE_DIR "/tests/data/tokenizer.model", {.textLen = tokenizerLen, .vocabulary = kConfig.vocab});
    if (!tokenizer) return tokenizer.error();
    return TextEncoder::create(kConfig, std::move(*tokenizer), weights(), backend);
}

std::vector<float> values(Backend& backend, const TextContext& context) {
    std::vector<float> out(static_cast<size_t>(context.hidden.count()));
    backend.download(out.data(), context.hidden.data(), context.hidden.bytes());
    return out;
}

}  // namespace

class TestTextEncoder final : public QObject {
    Q_OBJECT

private slots:
    void init() { backend_ = makeCpuBackend({.threads = 1, .precision = Precision::Fp32}); }
    void aPromptBecomesRowsAndHowManyCount();
    void whatCleaningEvensOutMakesNoDifference();
    void aLongPromptIsCutAndSaysSo();
    void refusesAPromptThatIsEmpty();
    void refusesATokenizerMadeForAnotherEncoder();

private:
    std::unique_ptr<Backend> backend_;
};

void TestTextEncoder::aPromptBecomesRowsAndHowManyCount() {
    const Result<TextEncoder> encoder = makeEncoder(*backend_);
    QVERIFY2(encoder.ok(), encoder.ok() ? "" : encoder.message().c_str());
    const Result<TextContext> context = encoder->encode("a boat");
    QVERIFY(context.ok());
    QCOMPARE(context->tokens, static_cast<int64_t>(encoder->tokenize("a boat")->ids.size()));
    QCOMPARE(context->dropped, 0);
    QVERIFY(context->hidden.shape() == Shape({12, 16}));
    const std::vector<float> got = values(*backend_, *context);
    for (int64_t row = 0; row < 12; ++row) {
        double size = 0;
        for (int64_t c = 0; c < 16; ++c) size += std::abs(static_cast<double>(got[static_cast<size_t>(row * 16 + c)]));
        QCOMPARE(size > 0, row < context->tokens);
    }
}

void TestTextEncoder::whatCleaningEvensOutMakesNoDifference() {
    const Result<TextEncoder> encoder = makeEncoder(*backend_);
    const std::vector<float> plain = values(*backend_, *encoder->encode("a 'boat'"));
    QCOMPARE(values(*backend_, *encoder->encode("  a \n \u2018boat&rsquo; ")), plain);
    QVERIFY(values(*backend_, *encoder->encode("a 'bird'")) != plain);
}

void TestTextEncoder::aLongPromptIsCutAndSaysSo() {
    const Result<TextEncoder> encoder = makeEncoder(*backend_);
    const Result<TextContext> context = encoder->encode("a boat on the ocean at dusk.");
    QCOMPARE(context->tokens, 12);
    QCOMPARE(context->dropped, 9);
}

void TestTextEncoder::refusesAPromptThatIsEmpty() {
    const Result<TextEncoder> encoder = makeEncoder(*backend_);
    QVERIFY(!encoder->encode(" \n"));
    QVERIFY(!encoder->tokenize("\xff"));
}

void TestTextEncoder::refusesATokenizerMadeForAnotherEncoder() {
    const Result<TextEncoder> encoder = makeEncoder(*backend_, 13);
    QVERIFY(!encoder);
    QVERIFY(encoder.message().starts_with("text encoder: the tokenizer was made for 13 tokens"));
}

QTEST_APPLESS_MAIN(TestTextEncoder)
#include "test_text_encoder.moc"
