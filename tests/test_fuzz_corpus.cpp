// The corpora of every fuzz target, without a fuzzer.
#include <QTest>

#include "tests/fuzz/fuzz_checkpoint.h"
#include "tests/fuzz/fuzz_texts.h"
#include "tests/fuzz/replay_corpus.h"

using namespace longtake;

class FuzzCorpusTest : public QObject {
    Q_OBJECT

private slots:
    void safetensors() { replayCorpus("safetensors", fuzzSafetensors); }
    void torchFiles() { replayCorpus("pt", fuzzTorch); }
    void gguf() { replayCorpus("gguf", fuzzGguf); }
    void modelJson() { replayCorpus("model_json", fuzzModelJson); }
    void projects() { replayCorpus("project", fuzzProject); }
    void prompts() { replayCorpus("prompt", fuzzPrompt); }
};

QTEST_GUILESS_MAIN(FuzzCorpusTest)
#include "test_fuzz_corpus.moc"
