// Checkpoint files as torch writes them: good ones load bit for bit, hostile and damaged ones are refused
// with one clear line, and nothing in any of them runs.
#include <QtTest>

#include "engine/checkpoint/checkpoint.h"
#include "engine/checkpoint/torch_file.h"
#include "tests/golden/golden_case.h"

using namespace longtake;

namespace {

const CheckpointOptions kWholeTree{.select = CheckpointOptions::Select::WholeTree};

bool isOneClearLine(const std::string& message, const std::string& file) {
    return message.find('\n') == std::string::npos && message.size() > file.size() + 10 && message.size() < 500 &&
           message.find(file) != std::string::npos;
}

}  // namespace

class GoldenTorchPtFiles : public QObject {
    Q_OBJECT

private slots:
    void goodFilesLoadBitForBit() {
        for (const GoldenCase& golden : GoldenCase::find("torch_pt_files")) {
            for (const auto& [file, prefix] : golden.json().at("expected_values_for").items()) {
                const std::string source = prefix.get<std::string>().substr(0, prefix.get<std::string>().find('/') + 1);
                auto checkpoint = Checkpoint::open(golden.folder() / file, kWholeTree);
                QVERIFY2(checkpoint.ok(), checkpoint.ok() ? "" : checkpoint.message().c_str());
                size_t expected = 0;
                for (const auto& [name, description] : golden.json().at("tensors").at("outputs").items()) {
                    if (!name.starts_with(source)) continue;
                    ++expected;
                    auto got = checkpoint->tensor(name.substr(source.size()));
                    QVERIFY2(got.ok(), got.ok() ? "" : got.message().c_str());
                    const Tensor want = golden.expected(name);
                    const std::string who = file + " " + name;
                    QVERIFY2(got->dtype() == want.dtype(), who.c_str());
                    QVERIFY2(got->shape() == want.shape(), who.c_str());
                    QVERIFY2(std::memcmp(got->data(), want.data(), want.bytes()) == 0, who.c_str());
                }
                QVERIFY(expected > 0);
                QCOMPARE(checkpoint->names().size(), expected);
            }
        }
    }

    void hostileAndDamagedFilesAreRefused() {
        for (const GoldenCase& golden : GoldenCase::find("torch_pt_files")) {
            const std::string witness = golden.json().at("witness").at("file");
            QVERIFY2(!std::filesystem::exists(witness), "the witness file was there before the test");
            for (const std::string file : golden.json().at("must_be_refused")) {
                for (const CheckpointOptions& options : {kWholeTree, CheckpointOptions{}}) {
                    auto checkpoint = Checkpoint::open(golden.folder() / file, options);
                    QVERIFY2(!checkpoint.ok(), file.c_str());
                    QVERIFY2(isOneClearLine(checkpoint.message(), file), checkpoint.message().c_str());
                }
                qInfo("%s", Checkpoint::open(golden.folder() / file).message().c_str());
            }
            QVERIFY2(!std::filesystem::exists(witness), "a hostile file ran its command");
        }
    }

    void theOldFormatHoldsTheSameWeights() {
        for (const GoldenCase& golden : GoldenCase::find("torch_pt_files")) {
            if (!golden.json().at("files").contains("legacy.pt")) continue;
            auto checkpoint = Checkpoint::open(golden.folder() / "legacy.pt");
            QVERIFY2(checkpoint.ok(), checkpoint.ok() ? "" : checkpoint.message().c_str());
            QCOMPARE(checkpoint->format(), CheckpointFormat::TorchLegacy);
            QVERIFY(!checkpoint->names().empty());
            for (const std::string& name : checkpoint->names()) {
                const Tensor want = golden.expected("ok.pt/generator/" + name);
                auto got = checkpoint->tensor(name);
                QVERIFY2(got.ok() && got->shape() == want.shape() && got->dtype() == want.dtype(), name.c_str());
                QVERIFY2(std::memcmp(got->data(), want.data(), want.bytes()) == 0, name.c_str());
            }
        }
    }

    void plainValuesAreRead() {
        for (const GoldenCase& golden : GoldenCase::find("torch_pt_files")) {
            const std::string key = "plain_values_in_ok.pt";
            if (!golden.json().contains(key)) continue;
            auto file = MappedFile::open(golden.folder() / "ok.pt");
            QVERIFY(file.ok());
            auto torch = readTorchZip(**file);
            QVERIFY(torch.ok());
            const nlohmann::json got = nlohmann::json::parse(plainValues(torch->tree).dump());
            for (const auto& [name, want] : golden.json().at(key).items())
                QVERIFY2(got.contains(name) && got[name] == want, (name + ": " + got.dump()).c_str());
        }
    }

    void tensorsOfOneStorageLieInOneStorage() {
        for (const GoldenCase& golden : GoldenCase::find("torch_pt_files")) {
            const std::string key = "one_storage_in_ok.pt";
            if (!golden.json().contains(key)) continue;
            auto checkpoint = Checkpoint::open(golden.folder() / "ok.pt", kWholeTree);
            QVERIFY(checkpoint.ok());
            uint64_t begin = UINT64_MAX, end = 0, sum = 0;
            for (const std::string name : golden.json().at(key)) {
                auto info = checkpoint->info(name);
                QVERIFY2(info.ok(), name.c_str());
                begin = std::min(begin, info->begin);
                end = std::max(end, info->end);
                sum += info->end - info->begin;
            }
            QVERIFY(end - begin < sum);
        }
    }

    void theAveragedWeightsArePreferred() {
        for (const GoldenCase& golden : GoldenCase::find("torch_pt_files")) {
            auto averaged = Checkpoint::open(golden.folder() / "ok.pt");
            auto plain = Checkpoint::open(golden.folder() / "ok.pt", {.stateDicts = {"generator"}});
            QVERIFY(averaged.ok() && plain.ok());
            for (const auto& [name, description] : golden.json().at("tensors").at("outputs").items()) {
                const std::string ema = "ok.pt/generator_ema/", raw = "ok.pt/generator/";
                if (name.starts_with(ema)) QVERIFY2(averaged->has(name.substr(ema.size())), name.c_str());
                if (name.starts_with(raw)) QVERIFY2(plain->has(name.substr(raw.size())), name.c_str());
            }
            QVERIFY(!averaged->has("odd/scalar") && !averaged->has("scalar"));
        }
    }
};

QTEST_GUILESS_MAIN(GoldenTorchPtFiles)
#include "golden_torch_pt_files.moc"
