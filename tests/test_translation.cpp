// The German texts: all there, none unfinished, and none that lost a placeholder, a mnemonic or a line on the way.
#include <QFile>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTranslator>
#include <QXmlStreamReader>
#include <QtTest/QtTest>
#include <map>
#include <vector>

namespace {

struct Message {
    QString context;
    QString source;
    QString translation;
    QString state;  // what the file says of it: "unfinished", "vanished", or nothing
};

const QString kFile = QStringLiteral(LONGTAKE_SOURCE_DIR "/resources/translations/longtake_de.ts");
const QString kCompiled = QStringLiteral(LONGTAKE_BINARY_DIR "/translations/longtake_de.qm");

std::vector<Message> readMessages(const QString& path) {
    QFile file(path);
    std::vector<Message> messages;
    if (!file.open(QIODevice::ReadOnly)) return messages;
    QXmlStreamReader xml(&file);
    QString context;
    while (!xml.atEnd()) {
        if (xml.readNext() != QXmlStreamReader::StartElement) continue;
        if (xml.name() == u"name") context = xml.readElementText();
        if (xml.name() == u"message") messages.push_back({.context = context, .source = {}, .translation = {}, .state = {}});
        if (xml.name() == u"source") messages.back().source = xml.readElementText();
        if (xml.name() == u"translation") {
            messages.back().state = xml.attributes().value(QStringLiteral("type")).toString();
            messages.back().translation = xml.readElementText();
        }
    }
    return xml.hasError() ? std::vector<Message>{} : messages;
}

// How often each thing that the pattern finds is in the text; its order may change with the language.
std::map<QString, int> counted(const QString& text, const char* pattern) {
    std::map<QString, int> found;
    for (auto it = QRegularExpression(QString::fromUtf8(pattern)).globalMatch(text); it.hasNext();) ++found[it.next().captured()];
    return found;
}

QString said(const Message& message) { return message.context + ": " + message.source + " -> " + message.translation; }

}  // namespace

class TranslationTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        messages_ = readMessages(kFile);
        QVERIFY2(messages_.size() > 300, "the German texts cannot be read");
    }

    void everyMessageIsFinished() {
        for (const Message& message : messages_) {
            QVERIFY2(message.state.isEmpty(), qPrintable(said(message)));
            QVERIFY2(!message.translation.isEmpty(), qPrintable(said(message)));
        }
    }

    void keepsWhatTheProgramFillsIn() {
        for (const Message& message : messages_) {
            for (const char* pattern : {"%[1-9]", "\\[\\*\\]", "<[^>]+>", "\\*\\.\\w+", ";;", "\n"}) {
                QVERIFY2(counted(message.source, pattern) == counted(message.translation, pattern), qPrintable(said(message)));
            }
        }
    }

    void keepsMnemonicsEllipsesAndEdges() {
        auto edge = [](const QString& text) { return std::pair(text.front().isSpace(), text.back().isSpace()); };
        for (const Message& message : messages_) {
            for (const char* pattern : {"&(?=\\S)", "…"}) {
                QVERIFY2(counted(message.source, pattern) == counted(message.translation, pattern), qPrintable(said(message)));
            }
            QVERIFY2(edge(message.source) == edge(message.translation), qPrintable(said(message)));
        }
    }

    // Texts stand in the code under the context that the program asks for when it runs.
    void compiledTextsAreFound() {
        QTranslator translator;
        QVERIFY2(translator.load(kCompiled), qPrintable(kCompiled));
        for (const Message& message : messages_) {
            QCOMPARE(translator.translate(message.context.toUtf8().constData(), message.source.toUtf8().constData()), message.translation);
        }
        QCOMPARE(translator.translate("longtake::MainWindow", "&File"), QStringLiteral("&Datei"));
        QCOMPARE(translator.translate("Hud", "latency"), QStringLiteral("Latenz"));
    }

    // A text added to the code and not to the translation fails here.
    void everyTextOfTheCodeIsTranslated() {
        const QString lupdate = qEnvironmentVariable("LONGTAKE_LUPDATE");
        if (lupdate.isEmpty()) QSKIP("LONGTAKE_LUPDATE does not say where lupdate is; ctest does");
        QTemporaryDir folder;
        const QString fresh = folder.filePath(QStringLiteral("fresh.ts"));
        QProcess process;
        process.setWorkingDirectory(QStringLiteral(LONGTAKE_SOURCE_DIR));
        process.start(lupdate, {"-silent", "-I", ".", "ui", "app", "-locations", "none", "-source-language", "en", "-target-language", "de",
                                "-ts", fresh});
        QVERIFY2(process.waitForFinished(120000) && process.exitCode() == 0, qPrintable(process.readAllStandardError()));
        QTranslator translator;
        QVERIFY(translator.load(kCompiled));
        const std::vector<Message> inCode = readMessages(fresh);
        QVERIFY(inCode.size() > 300);
        for (const Message& message : inCode) {
            QVERIFY2(!translator.translate(message.context.toUtf8().constData(), message.source.toUtf8().constData()).isEmpty(),
                     qPrintable(said(message)));
        }
    }

private:
    std::vector<Message> messages_;
};

QTEST_GUILESS_MAIN(TranslationTest)
#include "test_translation.moc"
