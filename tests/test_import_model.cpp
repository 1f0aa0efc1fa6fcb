// An import makes a model folder that the engine reads, in constant memory, or leaves nothing behind.
#include <sys/resource.h>

#include <cmath>
#include <csignal>

#include <QtTest>

#include "engine/checkpoint/import_model.h"
#include "engine/checkpoint/lora.h"
#include "engine/checkpoint/safetensors.h"
#include "tests/checkpoint_fixtures.h"

using namespace longtake;
namespace fs = std::filesystem;

namespace {

using Tensors = std::map<std::string, Tensor>;

const fs::path kGolden = fs::path(LONGTAKE_SOURCE_DIR) / "tests/data/golden";
const std::string kTokenizer = "\x0a\x05piece";

Tensor numbered(const Shape& shape, float step) {
    Tensor tensor = Tensor::host(DType::F32, shape);
    for (size_t i = 0; i < tensor.floats().size(); ++i) tensor.floats()[i] = step * static_cast<float>(i % 97) - 1;
    return tensor;
}

Tensors load(const fs::path& path) {
    auto checkpoint = Checkpoint::open(path);
    if (!checkpoint) qFatal("%s", checkpoint.message().c_str());
    Tensors out;
    for (const std::string& name : checkpoint->names()) out[name] = checkpoint->tensor(name).value();
    return out;
}

void save(const fs::path& path, const Tensors& tensors) {
    if (!writeSafetensors(path, {tensors.begin(), tensors.end()}).ok()) qFatal("fixture not written");
}

}  // namespace

class TestImportModel : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;
    fs::path root_;

    // Golden pieces that fit each other: the transformer's text width is made the encoder's.
    ImportOptions options(const std::string& transformer = "mla_dit_rollout") {
        ImportOptions options;
        Tensors dit = load(kGolden / transformer / "weights.safetensors");
        const Tensors text = load(kGolden / "umt5_encoder" / "weights.safetensors");
        const int64_t width = text.at("token_embedding.weight").shape()[1];
        dit["text_embedding.0.weight"] = numbered({dit.at("text_embedding.0.bias").shape()[0], width}, 0.01f);
        options.dit = root_ / "dit.bin";
        save(options.dit, dit);
        options.textEncoder = kGolden / "umt5_encoder" / "weights.safetensors";
        options.video = kGolden / "taehv_decode" / "weights.safetensors";
        options.tokenizer = root_ / "spiece.model";
        writeFile(options.tokenizer, kTokenizer);
        options.output = root_ / "model";
        options.name = "Imported";
        fs::remove_all(options.output);
        return options;
    }

    void failsAndLeavesNothing(const ImportOptions& options, const std::string& word) {
        const auto before = entries();
        auto report = importModel(options);
        QVERIFY2(!report.ok(), word.c_str());
        QVERIFY2(report.message().find(word) != std::string::npos && report.message().find('\n') == std::string::npos,
                 report.message().c_str());
        QCOMPARE(entries(), before);
    }

    QStringList entries() const { return QDir(folder_.path()).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot); }

private slots:
    void init() { root_ = folder_.path().toStdString(); }

    void theFolderHoldsTheSameModel() {
        ImportOptions given = options();
        auto report = importModel(given);
        QVERIFY2(report.ok(), report.ok() ? "" : report.message().c_str());
        auto config = ModelConfig::parse(readFile(given.output / "model.json"), "model.json");
        QVERIFY2(config.ok(), config.ok() ? "" : config.message().c_str());
        QCOMPARE(config->name, std::string("Imported"));
        QCOMPARE(config->dit.attention, AttentionKind::Mla);
        QCOMPARE(config->dit.numHeads, report->config.dit.numHeads);
        QCOMPARE(config->dit.mla.dC, report->config.dit.mla.dC);
        QCOMPARE(config->text.vocab, report->config.text.vocab);
        QCOMPARE(config->video.kind, VideoKind::Taehv);
        QCOMPARE(config->rollout.positions, Positions::Window);
        QCOMPARE(readFile(given.output / config->text.tokenizer), kTokenizer);
        const std::pair<fs::path, std::string> files[] = {
            {given.dit, config->dit.weights}, {given.textEncoder, config->text.weights}, {given.video, config->video.weights}};
        uint64_t bytes = 0;
        for (const auto& [source, file] : files) {
            const Tensors want = load(source), got = load(given.output / file);
            QCOMPARE(got.size(), want.size());
            for (const auto& [name, tensor] : want) {
                QVERIFY2(got.contains(name) && got.at(name).shape() == tensor.shape(), name.c_str());
                QVERIFY2(std::memcmp(got.at(name).data(), tensor.data(), tensor.bytes()) == 0, name.c_str());
                bytes += tensor.bytes();
            }
        }
        QCOMPARE(report->bytesWritten, bytes);
        QVERIFY(report->lines.size() >= 3);
    }

    void halfPrecisionKeepsNormsAndModulation() {
        ImportOptions given = options();
        given.precision = WeightPrecision::Bf16;
        QVERIFY(importModel(given).ok());
        auto checkpoint = Checkpoint::open(given.output / "dit.safetensors");
        QVERIFY(checkpoint.ok());
        const Tensors want = load(given.dit);
        for (const auto& [name, tensor] : want) {
            const bool isMatrix = tensor.shape().rank() >= 2 && !name.ends_with("modulation");
            QVERIFY2(checkpoint->info(name)->dtype == (isMatrix ? DType::BF16 : DType::F32), name.c_str());
            QVERIFY2(checkpoint->info(name)->isView, name.c_str());
            const Tensor got = checkpoint->toFloat(name).value();
            for (size_t i = 0; i < got.floats().size(); ++i)
                QVERIFY2(got.floats()[i] == (isMatrix ? floatFromBf16(bf16FromFloat(tensor.floats()[i])) : tensor.floats()[i]),
                         name.c_str());
        }
        auto video = Checkpoint::open(given.output / "video.safetensors");
        QCOMPARE(video->info("decoder.1.weight")->dtype, DType::F32);
    }

    void denseModelsTakeTheirHeadsFromTheConfig() {
        ImportOptions given = options("dit_dense_forward");
        failsAndLeavesNothing(given, "config.json");
        given.ditConfig = root_ / "config.json";
        writeFile(given.ditConfig, R"({"num_heads": 2, "text_len": 12, "eps": 1e-05, "dim": 64})");
        auto report = importModel(given);
        QVERIFY2(report.ok(), report.ok() ? "" : report.message().c_str());
        auto config = ModelConfig::parse(readFile(given.output / "model.json"), "model.json");
        QVERIFY2(config.ok(), config.ok() ? "" : config.message().c_str());
        QCOMPARE(config->dit.numHeads, 2);
        QCOMPARE(config->dit.textLen, 12);
        QCOMPARE(config->dit.eps, 1e-5f);
        QCOMPARE(config->rollout.positions, Positions::Absolute);
    }

    void theTokenizerMayBeInTheTextEncodersFile() {
        ImportOptions given = options();
        Tensors text = load(given.textEncoder);
        given.textEncoder = root_ / "text.bin";
        given.tokenizer.clear();
        save(given.textEncoder, text);
        failsAndLeavesNothing(given, "spiece.model");
        Tensor piece = Tensor::host(DType::U8, {static_cast<int64_t>(kTokenizer.size())});
        std::memcpy(piece.data(), kTokenizer.data(), kTokenizer.size());
        text["spiece_model"] = piece;
        save(given.textEncoder, text);
        QVERIFY(importModel(given).ok());
        QCOMPARE(readFile(given.output / "spiece.model"), kTokenizer);
        QVERIFY(!load(given.output / "text_encoder.safetensors").contains("spiece_model"));
    }

    void anAdapterIsMergedInFullPrecision() {
        ImportOptions given = options();
        given.lora = root_ / "lora.bin";
        const Tensor before = load(given.dit).at("blocks.1.ffn.2.weight");
        const int64_t rows = before.shape()[0], columns = before.shape()[1], rank = 3;
        const Tensor a = numbered({rank, columns}, 0.02f), b = numbered({rows, rank}, 0.03f);
        const std::string at = "base_model.model.blocks.1.ffn.2.";
        save(given.lora, {{at + "lora_A.default.weight", a}, {at + "lora_B.default.weight", b}});
        for (const float alpha : {0.0f, 6.0f}) {
            fs::remove_all(given.output);
            given.loraAlpha = alpha;
            auto report = importModel(given);
            QVERIFY2(report.ok(), report.ok() ? "" : report.message().c_str());
            const Tensors after = load(given.output / "dit.safetensors");
            for (int64_t row = 0; row < rows; ++row) {
                for (int64_t column = 0; column < columns; ++column) {
                    double delta = 0;
                    for (int64_t k = 0; k < rank; ++k)
                        delta += static_cast<double>(b.floats()[static_cast<size_t>(row * rank + k)]) *
                                 static_cast<double>(a.floats()[static_cast<size_t>(k * columns + column)]);
                    const auto i = static_cast<size_t>(row * columns + column);
                    const double want = static_cast<double>(before.floats()[i]) + (alpha > 0 ? 2.0 : 1.0) * delta;
                    QVERIFY(std::abs(static_cast<double>(after.at("blocks.1.ffn.2.weight").floats()[i]) - want) < 1e-5);
                }
            }
            const Tensor untouched = load(given.dit).at("blocks.0.ffn.2.weight");
            QVERIFY(std::memcmp(after.at("blocks.0.ffn.2.weight").data(), untouched.data(), untouched.bytes()) == 0);
        }
    }

    void adaptersThatDoNotFitAreRefused() {
        ImportOptions given = options();
        given.lora = root_ / "lora.bin";
        const auto pair = [](const std::string& target, const Shape& a, const Shape& b) {
            return Tensors{{target + ".lora_A.weight", numbered(a, 0.1f)}, {target + ".lora_B.weight", numbered(b, 0.1f)}};
        };
        save(given.lora, pair("blocks.0.ffn.2", {3, 7}, {5, 3}));
        failsAndLeavesNothing(given, "fits a weight of");
        save(given.lora, pair("blocks.99.ffn.2", {3, 7}, {5, 3}));
        failsAndLeavesNothing(given, "another model");
        save(given.lora, pair("blocks.0.ffn.2", {3, 7}, {5, 4}));
        failsAndLeavesNothing(given, "do not fit");
        save(given.lora, {{"blocks.0.ffn.2.lora_A.weight", numbered({3, 7}, 1)}});
        failsAndLeavesNothing(given, "one half");
        save(given.lora, {{"x", numbered({3, 7}, 1)}});
        failsAndLeavesNothing(given, "no low-rank adapter");
    }

    void anAdaptersOwnAlphaCounts() {
        save(root_ / "lora.bin", {{"diffusion_model.blocks.0.ffn.0.lora_down.weight", numbered({2, 1}, 0)},
                                  {"diffusion_model.blocks.0.ffn.0.lora_up.weight", numbered({1, 2}, 0)},
                                  {"diffusion_model.blocks.0.ffn.0.alpha", numbered({}, 0)}});
        auto lora = LoraAdapter::open(root_ / "lora.bin");
        QVERIFY2(lora.ok(), lora.ok() ? "" : lora.message().c_str());
        std::vector<float> weight = {10};
        QVERIFY(lora->addTo("blocks.0.ffn.0.weight", weight, 1, 1).ok());
        QCOMPARE(weight[0], 9.0f);  // alpha -1 over rank 2 times (-1 * -1 + -1 * -1)
    }

    void partsThatDoNotFitAreRefused() {
        ImportOptions given = options();
        given.dit = kGolden / "mla_dit_rollout" / "weights.safetensors";
        failsAndLeavesNothing(given, "texts of width");
        given = options();
        given.video = given.textEncoder;
        failsAndLeavesNothing(given, "autoencoder");
        given = options();
        given.tokenizer = kGolden / "umt5_encoder" / "case.json";
        failsAndLeavesNothing(given, "SentencePiece");
        given = options();
        given.textEncoder = root_ / "absent.pth";
        failsAndLeavesNothing(given, "no such file");
        given = options();
        Tensors dit = load(given.dit);
        dit.erase("blocks.0.norm3.bias");
        save(given.dit, dit);
        failsAndLeavesNothing(given, "norm3.bias");
    }

    void anExistingFolderIsNotTouched() {
        ImportOptions given = options();
        fs::create_directory(given.output);
        writeFile(given.output / "mine.txt", "keep");
        failsAndLeavesNothing(given, "exists already");
        QCOMPARE(readFile(given.output / "mine.txt"), std::string("keep"));
        fs::remove_all(given.output);
        fs::create_directory(given.output);  // an empty one may be filled
        given.output += "/";
        QVERIFY(importModel(given).ok());
    }

    void aStopLeavesNothing() {
        ImportOptions given = options();
        uint64_t last = 0;
        given.progress = [&](const ImportProgress& progress) {
            last = progress.done;
            return progress.file != "text_encoder.safetensors";
        };
        failsAndLeavesNothing(given, "stopped");
        QVERIFY(last > 0);
    }

    void aFullDiskLeavesNothing() {
        ImportOptions given = options();
        std::signal(SIGXFSZ, SIG_IGN);
        rlimit before{};
        getrlimit(RLIMIT_FSIZE, &before);
        const rlimit small{.rlim_cur = 20000, .rlim_max = before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
        failsAndLeavesNothing(given, (given.output / "dit.safetensors").string());
        setrlimit(RLIMIT_FSIZE, &before);
    }

    void compressedWeightsBecomeHalfPrecision() {
        ImportOptions given = options();
        Tensors text = load(given.textEncoder);
        // As an fp8 file with one scale: 0x38 is 1, times 0.75.
        const std::string name = "blocks.0.attn.q.weight";
        const Shape shape = text.at(name).shape();
        std::string header = "{", data;
        for (const auto& [key, tensor] : text) {
            const bool isCompressed = key == name;
            const std::string bytes =
                isCompressed ? std::string(static_cast<size_t>(shape.count()), '\x38') : std::string(tensor.as<char>(), tensor.bytes());
            header += "\"" + key + "\":{\"dtype\":\"" + (isCompressed ? "F8_E4M3" : "F32") + "\",\"shape\":" + tensor.shape().text() +
                      ",\"data_offsets\":[" + std::to_string(data.size()) + "," + std::to_string(data.size() + bytes.size()) + "]},";
            data += bytes;
        }
        header += "\"blocks.0.attn.q.scale_weight\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[" + std::to_string(data.size()) +
                  "," + std::to_string(data.size() + 4) + "]}}";
        given.textEncoder = root_ / "fp8.safetensors";
        writeFile(given.textEncoder, safetensorsFile(header, data + floatsOf({0.75f})));
        QVERIFY(importModel(given).ok());
        auto got = Checkpoint::open(given.output / "text_encoder.safetensors");
        QCOMPARE(got->info(name)->dtype, DType::BF16);
        QCOMPARE(got->toFloat(name)->floats()[5], 0.75f);
    }
};

QTEST_GUILESS_MAIN(TestImportModel)
#include "test_import_model.moc"
