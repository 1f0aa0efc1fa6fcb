// Weights by name and shape: the first that does not fit ends a load with one line, before anything else is done.
#include <QTest>

#include "engine/model/causal_dit.h"
#include "engine/weight_reader.h"
#include "tests/appendix_numbers.h"

using namespace longtake;

class TestWeightReader : public QObject {
    Q_OBJECT
private slots:
    void aLoadThatReadsEverythingCountsIt();
    void whatDoesNotFitEndsTheLoad_data();
    void whatDoesNotFitEndsTheLoad();
    void whatAConfigurationClaimsTakesNoMemory();
};

void TestWeightReader::aLoadThatReadsEverythingCountsIt() {
    AppendixWeights weights;
    weights.add("a", {2, 3});
    weights.add("b", {1, 1, 4});
    weights.add("other.c", {5});
    const auto load = [](WeightReader& reader) {
        (void)reader.floats("a", {2, 3});
        (void)reader.read("a", {2, 3});  // once more is no more parameters
        (void)reader.read("b", {4});     // sizes of 1 in front do not count
        return reader.parameters();
    };
    QCOMPARE(readModel(weights, "b", load).value(), int64_t{10});
    const auto unread = readModel(weights, "", load);
    QVERIFY(!unread);
    QCOMPARE(unread.message(), std::string("the model has no place for weight \"other.c\": the file does not belong to this model"));
}

void TestWeightReader::whatDoesNotFitEndsTheLoad_data() {
    QTest::addColumn<QString>("says");
    QTest::newRow("c") << "weight \"c\" is missing, the model needs it with shape [2, 3]";
    QTest::newRow("a") << "weight \"a\" has shape [3, 2], the model needs [2, 3]";
    QTest::newRow("b") << "weight \"b\" has type I32, the model needs a float type";
}

void TestWeightReader::whatDoesNotFitEndsTheLoad() {
    QFETCH(QString, says);
    AppendixWeights weights;
    weights.add("a", {3, 2});
    weights.add("b", {2, 3});
    weights.replace("b", Tensor::host(DType::I32, {2, 3}));
    bool wentOn = false;
    const auto loaded = readModel(weights, "", [&](WeightReader& reader) {
        (void)reader.floats(QTest::currentDataTag(), {2, 3});
        wentOn = true;
        return 0;
    });
    QVERIFY(!loaded);
    QVERIFY2(QString::fromStdString(loaded.message()).startsWith(says), loaded.message().c_str());
    QVERIFY(!wentOn);
}

// A few bytes of model.json can ask for weights of terabytes; the file beside it does not have them.
void TestWeightReader::whatAConfigurationClaimsTakesNoMemory() {
    constexpr int kHuge = 1 << 20;
    DitConfig config;
    config.dim = config.ffnDim = config.textDim = config.freqDim = kHuge;
    config.numHeads = 1;
    config.numLayers = 4096;
    config.textLen = 8;
    config.inDim = config.outDim = 16;
    AppendixWeights weights;
    weights.add("patch_embedding.weight", {4, 16, 1, 2, 2});
    const auto backend = makeCpuBackend({.threads = 1});
    const auto loaded = CausalDit::load(config, Positions::Window, weights, *backend);
    QVERIFY(!loaded);
    QVERIFY2(loaded.message().find("weight \"patch_embedding.weight\" has shape [4, 16, 1, 2, 2], the model needs [1048576, ") == 0,
             loaded.message().c_str());
    QCOMPARE(backend->allocatedBytes(), size_t{0});
}

QTEST_APPLESS_MAIN(TestWeightReader)
#include "test_weight_reader.moc"
