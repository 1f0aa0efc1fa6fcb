// Replays what fuzzing the texts found worth keeping: model.json, project files, prompts.
#include <QTest>

#include "tests/checkpoint_fixtures.h"
#include "tests/fuzz/fuzz_texts.h"

using namespace longtake;

class TextCorpusTest : public QObject {
    Q_OBJECT

private slots:
    void everyInputIsReadOrRefused() {
        const std::pair<const char*, void (*)(const uint8_t*, size_t)> targets[] = {
            {"model_json", fuzzModelJson}, {"project", fuzzProject}, {"prompt", fuzzPrompt}};
        for (const auto& [name, run] : targets) {
            int replayed = 0;
            const auto folder = std::filesystem::path(LONGTAKE_SOURCE_DIR) / "tests/fuzz/corpus" / name;
            for (const auto& entry : std::filesystem::directory_iterator(folder)) {
                const std::string bytes = readFile(entry.path());
                run(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
                ++replayed;
            }
            QVERIFY2(replayed >= 10, name);
        }
    }
};

QTEST_GUILESS_MAIN(TextCorpusTest)
#include "test_text_corpus.moc"
