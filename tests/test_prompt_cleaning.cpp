// Prompts come out of cleanPrompt as the reference's tokenizer gets them. The expected values that are not obvious
// were taken from ftfy 6.3 and Python's html.unescape.
#include <QTest>

#include "engine/text/prompt_cleaning.h"

using namespace longtake;

namespace {

std::string cleaned(std::string_view prompt) {
    const Result<std::string> result = cleanPrompt(prompt);
    return result ? *result : "refused: " + result.message();
}

}  // namespace

class TestPromptCleaning : public QObject {
    Q_OBJECT

private slots:
    void repairs_data();
    void repairs();
    void refusesWhatIsNotUtf8_data();
    void refusesWhatIsNotUtf8();
    void refusesAnEmptyPrompt();
    void refusesAPromptOfTenThousandWords();
    void cleaningTwiceChangesNothingMore();
    void namesTheWordsThatAreNotInTheVocabulary();
    void knowsWordsWhateverTheirCaseAndPunctuation();
};

void TestPromptCleaning::repairs_data() {
    QTest::addColumn<QByteArray>("prompt");
    QTest::addColumn<QByteArray>("want");
    const auto row = [](const char* name, const char* prompt, const char* want) {
        QTest::newRow(name) << QByteArray(prompt) << QByteArray(want);
    };
    row("plain text stays", "A boat on the ocean, at dusk.", "A boat on the ocean, at dusk.");
    row("runs of white space", "  a \t\u00a0 boat\u2003\n\n at \u3000 dusk ", "a boat at dusk");
    row("zero width space is no white space", "a\u200bb", "a\u200bb");
    row("curly quotes", "\u201cit\u2019s\u201d \u2018a\u201b \u02bcn", "\"it's\" 'a' 'n");
    row("full width", "\uff21\uff0c\uff42\uff01", "A,b!");
    row("half width kana are composed", "\uff76\uff9e", "\u30ac");
    row("ligatures", "\ufb01ne \ufb05 \u01c4", "fine \u017ft D\u017d");
    row("composition", "e\u0301 A\u030a \u212b", "\u00e9 \u00c5 \u00c5");
    row("not decomposition by compatibility", "x\u00b2 \u00bd", "x\u00b2 \u00bd");
    row("C1 controls as Windows-1252", "a\xc2\x92s \xc2\x85", "a's \u2026");
    row("line breaks", "a\r\nb\rc\u2028d\u2029e", "a b c d e");
    row("terminal escapes", "\x1b[1;31mred\x1b[0m boat", "red boat");
    row("controls", "b\x07o\ufeffa\x7ft", "boat");
    row("entities", "rock &amp; roll &eacute;t&eacute; &#233; &#xe9;", "rock & roll \u00e9t\u00e9 \u00e9 \u00e9");
    row("entities in capitals", "P&EACUTE;REZ STRA&SZLIG;E", "P\u00c9REZ STRASSE");
    row("nested entities", "&amp;amp;lt;b", "<b");
    row("a tag stops the first reading, not the second and third", "<b> &amp;lt; &amp;amp;lt;", "<b> < &lt;");
    row("entities without a semicolon", "AT&ampT &copy 2026", "AT&T \u00a9 2026");
    row("no entity", "R&D; fish&chips &;", "R&D; fish&chips &;");
    row("numbers of no character", "a&#0;b&#x110000;c&#1;d", "a\ufffdb\ufffdcd");
    row("beyond the basic plane", "\U0001f30a wave", "\U0001f30a wave");
}

void TestPromptCleaning::repairs() {
    QFETCH(QByteArray, prompt);
    QFETCH(QByteArray, want);
    QCOMPARE(QByteArray::fromStdString(cleaned(prompt.toStdString())), want);
}

void TestPromptCleaning::refusesWhatIsNotUtf8_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::newRow("lone continuation") << QByteArray("ab\x80");
    QTest::newRow("cut off") << QByteArray("ab\xe2\x82");
    QTest::newRow("overlong") << QByteArray("ab\xc0\xaf");
    QTest::newRow("surrogate") << QByteArray("ab\xed\xa0\x80");
    QTest::newRow("beyond the last character") << QByteArray("ab\xf4\x90\x80\x80");
    QTest::newRow("Latin-1") << QByteArray("ab\xe9t\xe9");
}

void TestPromptCleaning::refusesWhatIsNotUtf8() {
    QFETCH(QByteArray, bytes);
    const Result<std::string> result = cleanPrompt(bytes.toStdString());
    QVERIFY(!result);
    QCOMPARE(QString::fromStdString(result.message()), QString("prompt: byte 2 is not UTF-8; save or type the text as UTF-8"));
}

void TestPromptCleaning::refusesAnEmptyPrompt() {
    for (const char* prompt : {"", "   \n\t", "\xef\xbb\xbf", "&nbsp;"}) {
        const Result<std::string> result = cleanPrompt(prompt);
        QVERIFY2(!result, prompt);
        QVERIFY(result.message().starts_with("prompt: it is empty"));
    }
}

void TestPromptCleaning::refusesAPromptOfTenThousandWords() {
    std::string prompt;
    for (int i = 0; i < 10000; ++i) prompt += "a ";
    const Result<std::string> result = cleanPrompt(prompt);
    QVERIFY(!result);
    QVERIFY(result.message().starts_with("prompt: 20000 bytes are too long"));
    QVERIFY(cleanPrompt(std::string(kMaxPromptBytes, 'a')).ok());
    QVERIFY(!cleanPrompt(std::string(kMaxPromptBytes + 1, 'a')).ok());
}

void TestPromptCleaning::cleaningTwiceChangesNothingMore() {
    const std::string once = cleaned(" \u201cA \ufb01ne\u201d  boat\r\n\uff0c e\u0301 ");
    QCOMPARE(cleaned(once), once);
}

void TestPromptCleaning::namesTheWordsThatAreNotInTheVocabulary() {
    const std::vector<std::string> vocabulary = {"a", "boat", "on", "the", "ocean", "slow motion"};
    const std::vector<std::string> want = {"Purple", "elephant", "na\u00efve"};
    QCOMPARE(unknownWords("A Purple elephant on the boat, a purple na\u00efve ocean", vocabulary), want);
    QCOMPARE(unknownWords("\xff", vocabulary), std::vector<std::string>());
}

void TestPromptCleaning::knowsWordsWhateverTheirCaseAndPunctuation() {
    const std::vector<std::string> vocabulary = {"The", "boat", "slow", "motion", "\u00c9t\u00e9", "don't"};
    QCOMPARE(unknownWords("THE boat's slow-motion; e\u0301te\u0301! Don\u2019t, 'boat'", vocabulary), std::vector<std::string>());
}

QTEST_APPLESS_MAIN(TestPromptCleaning)
#include "test_prompt_cleaning.moc"
