// Replays what fuzzing found worth keeping: every input reaches another piece of the readers, and none may
// crash.
#include <QtTest>

#include "tests/fuzz/fuzz_checkpoint.h"

using namespace longtake;

class TestCheckpointCorpus : public QObject {
    Q_OBJECT

private slots:
    void everyInputIsReadOrRefused() {
        const std::pair<const char*, void (*)(const uint8_t*, size_t)> targets[] = {
            {"safetensors", fuzzSafetensors}, {"pt", fuzzTorch}, {"gguf", fuzzGguf}};
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

QTEST_GUILESS_MAIN(TestCheckpointCorpus)
#include "test_checkpoint_corpus.moc"
