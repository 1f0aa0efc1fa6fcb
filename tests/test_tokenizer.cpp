// Token ids against those of SentencePiece's own tool (spm_encode), special tokens as UMT5 has them, and model files
// that are damaged or made to do harm.
#include <QTest>
#include <QTemporaryDir>
#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>

#include "engine/text/sentencepiece_check.h"
#include "engine/text/tokenizer.h"

using namespace longtake;

namespace {

using Ids = std::vector<int32_t>;

const std::string& modelBytes() {
    static const std::string bytes = [] {
        std::ifstream in(LONGTAKE_SOURCE_DIR "/tests/data/tokenizer.model", std::ios::binary);
        return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    }();
    return bytes;
}

Tokenizer tokenizerOf(int64_t textLen = 512, int64_t vocabulary = 1000) {
    Result<Tokenizer> tokenizer = Tokenizer::fromBytes(modelBytes(), "tokenizer.model", {.textLen = textLen, .vocabulary = vocabulary});
    if (!tokenizer) throw std::runtime_error(tokenizer.message());
    return std::move(*tokenizer);
}

Ids idsOf(const Tokenizer& tokenizer, std::string_view text) {
    const Result<TokenIds> tokens = tokenizer.encode(text);
    return tokens ? tokens->ids : Ids{-1};
}

QString refusal(std::string_view bytes) {
    const Result<Tokenizer> tokenizer = Tokenizer::fromBytes(bytes, "x.model", {.textLen = 16, .vocabulary = 1000});
    return tokenizer ? QString() : QString::fromStdString(tokenizer.message());
}

// A protobuf message, written by hand.
std::string varint(uint64_t value) {
    std::string out;
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
    out.push_back(static_cast<char>(value));
    return out;
}
std::string bytesField(int number, const std::string& bytes) {
    return varint(static_cast<uint64_t>(number) << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string numberField(int number, uint64_t value) { return varint(static_cast<uint64_t>(number) << 3) + varint(value); }
std::string floatField(int number, float value) {
    std::string out = varint(static_cast<uint64_t>(number) << 3 | 5);
    const auto bits = std::bit_cast<uint32_t>(value);
    for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(bits >> (8 * i)));
    return out;
}
std::string piece(const std::string& text, float score, int type) {
    return bytesField(1, bytesField(1, text) + floatField(2, score) + numberField(3, static_cast<uint64_t>(type)));
}

struct Parts {
    std::string pieces = piece("<pad>", 0, 3) + piece("</s>", 0, 3) + piece("<s>", 0, 3) + piece("<unk>", 0, 2) + piece("a", -1, 1);
    std::string trainer =
        bytesField(2, numberField(3, 1) + numberField(40, 3) + numberField(41, 2) + numberField(42, 1) + numberField(43, 0));
    std::string map;
    std::string model() const { return pieces + trainer + bytesField(3, map.empty() ? "" : bytesField(2, map)); }
};

std::string mapOf(const std::vector<uint32_t>& units, const std::string& replacements) {
    const auto trieBytes = static_cast<uint32_t>(units.size() * 4);
    std::string out(4 + trieBytes, '\0');
    std::memcpy(out.data(), &trieBytes, 4);
    std::memcpy(out.data() + 4, units.data(), trieBytes);
    return out + replacements;
}

// The trie of one key, "a" (engine-spec 2.2): unit 0 -> 256 ^ 'a' -> a leaf at 512.
std::vector<uint32_t> oneKey(uint32_t value = 0) {
    std::vector<uint32_t> units(768, 0);
    units[0] = 256u << 10;
    const uint32_t at = 256u ^ 'a';
    units[at] = (at ^ 512u) << 10 | 0x100u | 'a';
    units[512] = 0x80000000u | value;
    return units;
}

}  // namespace

class TestTokenizer final : public QObject {
    Q_OBJECT

private slots:
    void agreesWithSentencePiecesOwnTool();
    void aPromptOfNothingIsItsEnd();
    void unseenCharactersBecomeBytes();
    void cutsWhatHasNoRoomAndSaysSo();
    void specialTokensAreReadBeforeSplitting();
    void noWordBeginsRightBehindASpecialToken();
    void extraIdsNeedRowsInTheEncoder();
    void refusesTextThatIsNotUtf8();
    void refusesAVocabularySmallerThanItsPieces();
    void aMissingFileIsNamed();
    void everyTruncationIsRefused();
    void damagedBytesNeverCrash();
    void aSmallModelMadeByHandIsAccepted();
    void refusesHostileModels_data();
    void refusesHostileModels();
};

void TestTokenizer::agreesWithSentencePiecesOwnTool() {
    const Tokenizer tokenizer = tokenizerOf();
    QCOMPARE(idsOf(tokenizer, "a boat on the ocean at dusk."),
             (Ids{262, 260, 281, 265, 263, 260, 270, 260, 264, 261, 288, 311, 261, 277, 262, 263, 280, 299, 279, 269, 1}));
    QCOMPARE(idsOf(tokenizer, "walks into a bar"), (Ids{292, 290, 279, 316, 260, 278, 263, 272, 262, 295, 265, 267, 1}));
    // The normaliser's table: one character to two and to three, the longest of two keys, a key of several bytes.
    QCOMPARE(idsOf(tokenizer, "x \ufb01n \u2026 cafe \u00c6A\u00c6"),
             (Ids{260, 124, 286, 278, 260, 269, 269, 269, 274, 265, 319, 199, 173, 260, 69, 73, 69, 69, 73, 1}));
}

void TestTokenizer::aPromptOfNothingIsItsEnd() { QCOMPARE(idsOf(tokenizerOf(), ""), Ids{1}); }

void TestTokenizer::unseenCharactersBecomeBytes() { QCOMPARE(idsOf(tokenizerOf(), "\u6d77"), (Ids{260, 4 + 0xe6, 4 + 0xb5, 4 + 0xb7, 1})); }

void TestTokenizer::cutsWhatHasNoRoomAndSaysSo() {
    const Tokenizer tokenizer = tokenizerOf(4);
    const Result<TokenIds> cut = tokenizer.encode("walks into a bar");
    QCOMPARE(cut->ids, (Ids{292, 290, 279, 1}));
    QCOMPARE(cut->dropped, 9);
    const Result<TokenIds> whole = tokenizerOf(13).encode("walks into a bar");
    QCOMPARE(whole->ids.size(), size_t(13));
    QCOMPARE(whole->dropped, 0);
}

void TestTokenizer::specialTokensAreReadBeforeSplitting() {
    const Tokenizer tokenizer = tokenizerOf();
    const auto extra = static_cast<int32_t>(tokenizer.pieces() + 299);
    QCOMPARE(idsOf(tokenizer, "a</s>"), (Ids{262, 1, 1}));
    QCOMPARE(idsOf(tokenizer, "<pad><s><unk>"), (Ids{0, 2, 3, 1}));
    QCOMPARE(idsOf(tokenizer, "walks <extra_id_0> into <extra_id_12> a"),
             (Ids{292, 290, 279, 316, extra, 260, 278, 263, 272, extra - 12, 262, 1}));
    QCOMPARE(idsOf(tokenizer, "<extra_id_299>"), (Ids{static_cast<int32_t>(tokenizer.pieces()), 1}));
    for (const char* plain : {"<extra_id_300>", "<extra_id_01>", "<extra_id_>", "<extra_id_1", "< pad>"})
        QVERIFY2(idsOf(tokenizer, plain).size() > 4, plain);
}

void TestTokenizer::noWordBeginsRightBehindASpecialToken() {
    const Tokenizer tokenizer = tokenizerOf();
    const auto extra = static_cast<int32_t>(tokenizer.pieces() + 299);
    QCOMPARE(idsOf(tokenizer, "<extra_id_0>."), (Ids{extra, 269, 1}));
    QCOMPARE(idsOf(tokenizer, "<extra_id_0> ."), (Ids{extra, 260, 269, 1}));
}

void TestTokenizer::extraIdsNeedRowsInTheEncoder() {
    const int64_t pieces = tokenizerOf().pieces();
    QCOMPARE(idsOf(tokenizerOf(512, pieces + 300), "<extra_id_0>"), (Ids{static_cast<int32_t>(pieces + 299), 1}));
    for (int32_t id : idsOf(tokenizerOf(512, pieces + 299), "<extra_id_0>")) QVERIFY(id < pieces);
}

void TestTokenizer::refusesTextThatIsNotUtf8() {
    const Result<TokenIds> tokens = tokenizerOf().encode("ab\xff");
    QVERIFY(!tokens);
    QCOMPARE(tokens.message(), std::string("prompt: byte 2 is not UTF-8"));
}

void TestTokenizer::refusesAVocabularySmallerThanItsPieces() {
    const int64_t pieces = tokenizerOf().pieces();
    QVERIFY(Tokenizer::fromBytes(modelBytes(), "m", {.textLen = 16, .vocabulary = pieces}).ok());
    const Result<Tokenizer> refused = Tokenizer::fromBytes(modelBytes(), "m", {.textLen = 16, .vocabulary = pieces - 1});
    QVERIFY(!refused);
    QVERIFY(refused.message().starts_with("m: it has " + std::to_string(pieces) + " pieces and the text encoder has "));
}

void TestTokenizer::aMissingFileIsNamed() {
    for (const auto& [path, fault] : {std::pair("/nowhere/spiece.model", ": there is no such file"), std::pair("/", ": is a folder")}) {
        const Result<Tokenizer> refused = Tokenizer::fromFile(path, {.textLen = 16, .vocabulary = 1000});
        QVERIFY(!refused);
        QVERIFY2(refused.message().starts_with(std::string(path) + fault), refused.message().c_str());
    }
    QTemporaryDir folder;
    const std::string copy = folder.filePath("copy.model").toStdString();
    std::ofstream(copy, std::ios::binary) << modelBytes();
    QVERIFY(Tokenizer::fromFile(copy, {.textLen = 16, .vocabulary = 1000}).ok());
}

void TestTokenizer::everyTruncationIsRefused() {
    for (size_t size = 0; size < modelBytes().size(); size += size < 600 ? 1 : 97) {
        const QString message = refusal(std::string_view(modelBytes()).substr(0, size));
        QVERIFY2(message.startsWith("x.model: ") && !message.contains('\n'), qPrintable(QString::number(size) + " " + message));
    }
}

// Whatever is accepted has to work as well.
void TestTokenizer::damagedBytesNeverCrash() {
    uint32_t state = 7;
    const auto random = [&](size_t below) { return (state = state * 1664525u + 1013904223u, (state >> 8) % below); };
    int accepted = 0, refused = 0;
    for (int round = 0; round < 400; ++round) {
        std::string bytes = modelBytes();
        for (size_t i = 0; i <= random(4); ++i) bytes[random(bytes.size())] = static_cast<char>(random(256));
        const Result<Tokenizer> tokenizer = Tokenizer::fromBytes(bytes, "x.model", {.textLen = 64, .vocabulary = 1000});
        if (!tokenizer) {
            ++refused;
            continue;
        }
        ++accepted;
        const Result<TokenIds> tokens = tokenizer->encode("a \ufb01ne cafe \u2026 <extra_id_3>. \u6d77 walks");
        if (tokens) {
            for (int32_t id : tokens->ids) QVERIFY(id >= 0 && id < 1000);
        }
    }
    QVERIFY(accepted > 20 && refused > 20);
}

void TestTokenizer::aSmallModelMadeByHandIsAccepted() {
    Parts parts;
    QCOMPARE(refusal(parts.model()), QString());
    parts.map = mapOf(oneKey(), std::string("b\0", 2));
    QCOMPARE(refusal(parts.model()), QString());
    // The key is applied: with "a" read as "b" there is nothing left that the model knows.
    const TokenizerLimits limits{.textLen = 16, .vocabulary = 1000};
    QCOMPARE(idsOf(*Tokenizer::fromBytes(parts.model(), "m", limits), "a"), (Ids{3, 1}));
    QCOMPARE(idsOf(*Tokenizer::fromBytes(Parts().model(), "m", limits), "a"), (Ids{3, 4, 1}));
}

void TestTokenizer::refusesHostileModels_data() {
    QTest::addColumn<QByteArray>("model");
    const auto row = [](const char* name, const std::string& model) { QTest::newRow(name) << QByteArray::fromStdString(model); };
    const auto withPiece = [](const std::string& more) {
        Parts parts;
        parts.pieces += more;
        return parts.model();
    };
    const auto withMap = [](const std::string& map) {
        Parts parts;
        parts.map = map;
        return parts.model();
    };
    const std::string b("b\0", 2);

    row("text", "This is no model, it is a text.");
    row("zeros", std::string(4096, '\0'));
    row("no pieces", Parts().trainer + bytesField(3, ""));
    row("a score that is no number", withPiece(piece("b", std::nanf(""), 1)));
    row("an infinite score", withPiece(piece("b", -INFINITY, 1)));
    row("an empty piece", withPiece(piece("", -1, 1)));
    row("a piece with a zero byte", withPiece(piece(std::string("b\0c", 3), -1, 1)));
    row("a piece that is not UTF-8", withPiece(piece("\xff", -1, 1)));
    row("a piece twice", withPiece(piece("a", -1, 1)));
    row("a piece of an unknown type", withPiece(piece("b", -1, 9)));
    row("two unknowns", withPiece(piece("<unk2>", 0, 2)));
    Parts noEnd;
    noEnd.pieces = piece("<unk>", 0, 2) + piece("a", -1, 1);
    row("no </s>", noEnd.model());
    Parts bpe;
    bpe.trainer = bytesField(2, numberField(3, 2));
    row("another kind of model", bpe.model());
    row("two normalisers", Parts().model() + bytesField(3, ""));

    row("a table of one byte", withMap("x"));
    row("a trie longer than its table", withMap(std::string("\xff\xff\xff\x7f", 4) + "abc"));
    row("a trie of odd length", withMap(std::string("\x05\0\0\0", 4) + std::string(5, '\0') + b));
    row("replacements without an end", withMap(mapOf(oneKey(), "b")));
    row("a replacement that is not UTF-8", withMap(mapOf(oneKey(), std::string("\xff\0", 2))));
    row("a replacement outside the table", withMap(mapOf(oneKey(2), b)));
    row("a replacement from the middle", withMap(mapOf(oneKey(1), std::string("bc\0", 3))));
    std::vector<uint32_t> outside = oneKey();
    outside[0] = 100000u << 10;
    row("a root that leads outside", withMap(mapOf(outside, b)));
    std::vector<uint32_t> deeper = oneKey();
    deeper[256u ^ 'a'] = 0x1FFFFFu << 10 | 0x100u | 'a';
    row("a key that leads outside", withMap(mapOf(deeper, b)));
    // "a", "aa", "aaa", ...: every unit leads to itself, and each is a key.
    std::vector<uint32_t> endless(512, 0);
    endless[0] = 256u << 10;
    endless[256u ^ 'a'] = static_cast<uint32_t>('a') << 10 | 0x100u | 'a';
    endless[256] = 0x80000000u;
    row("an endless key", withMap(mapOf(endless, b)));
    // Forty keys, each the beginning of the next: more matches at one place than the library has room for.
    std::vector<uint32_t> nested(256 * 42, 0);
    nested[0] = 256u << 10;
    for (uint32_t i = 1; i <= 40; ++i) {
        const uint32_t at = (256u * i) ^ 'a';
        nested[at] = (at ^ (256u * (i + 1))) << 10 | 0x100u | 'a';
        nested[256u * (i + 1)] = 0x80000000u;
    }
    row("forty nested keys", withMap(mapOf(nested, b)));
}

void TestTokenizer::refusesHostileModels() {
    QFETCH(QByteArray, model);
    const QString message = refusal(model.toStdString());
    QVERIFY(message.startsWith("x.model: "));
    QVERIFY(!message.contains('\n'));
}

QTEST_APPLESS_MAIN(TestTokenizer)
#include "test_tokenizer.moc"
