// Torch files: the pickle is data, the archive is checked, nothing is believed.
#include <QtTest>

#include <nlohmann/json.hpp>

#include "engine/checkpoint/torch_file.h"
#include "tests/checkpoint_fixtures.h"

using namespace longtake;
using namespace longtake::pickle_op;

namespace {

const CheckpointOptions kWholeTree{.select = CheckpointOptions::Select::WholeTree};
const std::string kSixFloats = floatsOf({0, 1, 2, 3, 4, 5});

std::string weightIs(const std::string& tensorProgram) { return dict(text("weight") + tensorProgram); }

// Refused, with one clear line that contains `word`.
void refuse(const char* what, const std::string& file, const std::string& word = "") {
    auto checkpoint = openBytes(file);
    QVERIFY2(!checkpoint.ok(), what);
    QVERIFY2(isOneClearLine(checkpoint.message()), checkpoint.message().c_str());
    QVERIFY2(checkpoint.message().find(word) != std::string::npos, checkpoint.message().c_str());
}

}  // namespace

class TestTorchFile : public QObject {
    Q_OBJECT

private slots:
    void aPlainTensorIsAView() {
        auto checkpoint = openBytes(torchFile(weightIs(tensor(floatStorage("0", 6), 1, {2, 2}, {2, 1})), {{"0", kSixFloats}}));
        QVERIFY2(checkpoint.ok(), checkpoint.ok() ? "" : checkpoint.message().c_str());
        QCOMPARE(checkpoint->format(), CheckpointFormat::TorchZip);
        auto weight = checkpoint->tensor("weight");
        QVERIFY(weight->shape() == Shape({2, 2}));
        QCOMPARE(weight->floats()[3], 4.0f);
    }

    void stridedTensorsAreCopied() {
        auto checkpoint = openBytes(torchFile(
            dict(text("turned") + tensor(floatStorage("0", 6), 0, {3, 2}, {1, 3}) + text("repeated") +
                 tensor(floatStorage("0", 6), 2, {2, 2}, {0, 1}) + text("one") + tensor(floatStorage("0", 6), 5, {1, 1}, {77, 99})),
            {{"0", kSixFloats}}));
        QVERIFY2(checkpoint.ok(), checkpoint.ok() ? "" : checkpoint.message().c_str());
        const std::vector<float> turned = {0, 3, 1, 4, 2, 5}, repeated = {2, 3, 2, 3};
        const auto got = checkpoint->tensor("turned").value(), again = checkpoint->tensor("repeated").value();
        QVERIFY(std::equal(turned.begin(), turned.end(), got.floats().begin()));
        QVERIFY(std::equal(repeated.begin(), repeated.end(), again.floats().begin()));
        QCOMPARE(checkpoint->tensor("one")->floats()[0], 5.0f);
        std::vector<float> piece(3);
        QVERIFY(checkpoint->readFloats("turned", 2, piece).ok());
        QVERIFY(std::equal(piece.begin(), piece.end(), turned.begin() + 2));
    }

    void newerTensorsNameTheirNumberType() {
        const std::string untyped = storage(global("torch.storage", "UntypedStorage"), "0", 4);
        const std::string program =
            global("torch._utils", "_rebuild_tensor_v3") +
            tuple(untyped + integer(0) + integers({4}) + integers({1}) + "\x89" + "N" + global("torch", "float8_e4m3fn")) + "R";
        auto checkpoint = openBytes(torchFile(weightIs(program), {{"0", std::string("\x38\x40\xb8\x00", 4)}}));
        QVERIFY2(checkpoint.ok(), checkpoint.ok() ? "" : checkpoint.message().c_str());
        QCOMPARE(checkpoint->toFloat("weight")->floats()[1], 2.0f);
        QCOMPARE(checkpoint->toFloat("weight")->floats()[2], -1.0f);
    }

    void theStateDictIsFound() {
        const std::string x = tensor(floatStorage("0", 6), 0, {6}, {1}), y = tensor(floatStorage("0", 6), 1, {2}, {1});
        const auto ofKeys = [&](const std::string& first, const std::string& second) {
            return torchFile(dict(text(first) + dict(text("x") + x) + text(second) + dict(text("x") + y) + text("step") + integer(3)),
                             {{"0", kSixFloats}});
        };
        const auto length = [](const std::string& file, const CheckpointOptions& options) {
            auto checkpoint = openBytes(file, options);
            return checkpoint.ok() ? checkpoint->tensor("x")->count() : -1;
        };
        const CheckpointOptions usual, plainFirst{.stateDicts = {"generator", "generator_ema"}};
        QCOMPARE(length(ofKeys("generator", "generator_ema"), usual), int64_t{2});
        QCOMPARE(length(ofKeys("generator", "generator_ema"), plainFirst), int64_t{6});
        QCOMPARE(length(ofKeys("critic", "generator"), usual), int64_t{2});
        QCOMPARE(length(ofKeys("model", "optimizer"), usual), int64_t{6});
        QCOMPARE(length(torchFile(dict(text("x") + x), {{"0", kSixFloats}}), usual), int64_t{6});
        QCOMPARE(length(torchFile(dict(text("params") + dict(text("x") + x)), {{"0", kSixFloats}}), usual), int64_t{6});
        refuse("two unknown sets", ofKeys("first", "second"), "first");
        auto tree = openBytes(ofKeys("a", "b"), kWholeTree);
        QVERIFY(tree.ok() && tree->has("a/x") && tree->has("b/x"));
    }

    void settingsOfKnownHarmlessClassesAreTolerated() {
        const std::string settings = global("argparse", "Namespace") + ")\x81" + dict(text("lr") + integer(1)) + "b";
        const std::string unknownName = global("some.module", "SomeClass");  // named, never called
        auto checkpoint = openBytes(torchFile(
            dict(text("weight") + tensor(floatStorage("0", 6), 0, {6}, {1}) + text("args") + settings + text("class") + unknownName),
            {{"0", kSixFloats}}));
        QVERIFY2(checkpoint.ok(), checkpoint.ok() ? "" : checkpoint.message().c_str());
        QCOMPARE(checkpoint->names().size(), size_t{1});
    }

    void callsAreRefusedInEveryForm() {
        const std::string good = text("weight") + tensor(floatStorage("0", 6), 0, {6}, {1}), command = tuple(text("true"));
        const auto file = [&](const std::string& value) { return torchFile(dict(good + text("x") + value), {{"0", kSixFloats}}); };
        refuse("REDUCE", file(global("os", "system") + command + "R"), "os.system");
        refuse("NEWOBJ", file(global("subprocess", "Popen") + command + "\x81"), "subprocess.Popen");
        refuse("NEWOBJ_EX", file(global("subprocess", "Popen") + command + "}\x92"), "subprocess.Popen");
        refuse("STACK_GLOBAL", file(text("builtins") + text("exec") + "\x93" + command + "R"), "builtins.exec");
        refuse("INST", file("(" + text("true") + "ios\nsystem\n"), "operation 105");
        refuse("OBJ", file("(" + global("os", "system") + text("true") + "o"), "operation 111");
        refuse("EXT1", file("\x82\x01"), "operation 130");
        refuse("a call of a call", file(global("builtins", "getattr") + tuple(global("os", "path") + text("x")) + "R)R"), "getattr");
        refuse("a text is no function", file(text("os.system") + command + "R"));
        refuse("hidden in a subclass",
               file(global("torch._tensor", "_rebuild_from_type_v2") + tuple(global("os", "system") + "N" + command + "N") + "R"),
               "os.system");
        refuse("in place of the sizes",
               torchFile(weightIs(global("torch._utils", "_rebuild_tensor_v2") +
                                  tuple(floatStorage("0", 6) + integer(0) + global("os", "system") + command + "R" + integers({1})) + "R"),
                         {{"0", kSixFloats}}),
               "os.system");
        refuse("popped again", file("N" + global("os", "system") + command + "R0"), "os.system");
    }

    void damagedPicklesAreRefused() {
        const auto file = [&](const std::string& body) { return torchFile(body, {{"0", kSixFloats}}); };
        refuse("nothing", file(""));
        refuse("no tensors", file(dict(text("a") + integer(1))), "no tensors");
        refuse("unbalanced mark", file("("));
        refuse("pop under a mark", file("N(0"));
        refuse("unknown memo", file("h\x07"));
        refuse("odd items", file("}(" + text("a") + "u"));
        refuse("items on a number", file(integer(1) + "(" + text("a") + integer(2) + "u"));
        refuse("text beyond the end", file("X" + le<uint32_t>(0xfffffff0)));
        refuse("text of 2^64 - 1", file("\x8d" + le<uint64_t>(UINT64_MAX)));
        refuse("negative text", file("T" + le<int32_t>(-1)));
        refuse("persistent number", file(integer(3) + "Q"));
        refuse("a tensor without a storage", file(weightIs(tensor(integer(1), 0, {1}, {1}))));
        refuse("sizes as texts", file(weightIs(global("torch._utils", "_rebuild_tensor_v2") +
                                               tuple(floatStorage("0", 6) + integer(0) + tuple(text("6")) + integers({1})) + "R")));
        refuse("unknown storage", file(weightIs(tensor(storage(global("torch", "QInt8Storage"), "0", 6), 0, {1}, {1}))));
        refuse("too many marks", file(std::string(10000, '(')));
    }

    void impossibleTensorsAreRefused() {
        const auto file = [&](int32_t count, int32_t offset, const std::vector<int32_t>& sizes, const std::vector<int32_t>& strides) {
            return torchFile(weightIs(tensor(floatStorage("0", count), offset, sizes, strides)), {{"0", kSixFloats}});
        };
        const int32_t big = INT32_MAX;
        QVERIFY(openBytes(file(6, 0, {6}, {1})).ok());
        refuse("storage too large", file(7, 0, {6}, {1}), "storage");
        refuse("negative storage", file(-1, 0, {0}, {1}), "storage");
        refuse("offset", file(6, 1, {6}, {1}));
        refuse("offset of nothing", file(6, 7, {0}, {1}));
        refuse("negative offset", file(6, -1, {2}, {1}));
        refuse("stride", file(6, 0, {2, 3}, {4, 1}));
        refuse("negative stride", file(6, 5, {2}, {-1}));
        refuse("fewer strides", file(6, 0, {2, 3}, {1}));
        refuse("negative size", file(6, 0, {-2, -3}, {3, 1}));
        refuse("count overflows", file(6, 0, {big, big, big}, {0, 0, 0}));
        refuse("reach overflows", file(6, 0, {big, big, big, 1}, {big, big, big, big}));
        refuse("overflow behind a zero", file(6, 0, {0, big, big, big}, {0, 0, 0, 0}));
        refuse("one number as a billion", file(6, 0, {1 << 30}, {0}), "absurd");
        refuse("nine dimensions", file(6, 0, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1}));
    }

    void treesThatNeverEndAreRefused() {
        const std::string good = text("w") + tensor(floatStorage("0", 6), 0, {6}, {1});
        const std::string itself = "}q\x01(" + good + text("again") + "h\x01u";
        refuse("contains itself", torchFile(itself, {{"0", kSixFloats}}), "nest");
        std::string doubling = dict(good) + "q\x01";
        for (char level = 1; level < 60; ++level)
            doubling += std::string("0") + "}(" + text("a") + "h" + level + text("b") + "h" + level + "uq" + static_cast<char>(level + 1);
        refuse("doubles at every level", torchFile(doubling, {{"0", kSixFloats}}));
        std::string deep = tensor(floatStorage("0", 6), 0, {6}, {1});
        for (int level = 0; level < 200; ++level) deep += "\x85";
        refuse("two hundred levels", torchFile(deep, {{"0", kSixFloats}}), "nest");
    }

    void archivesAreChecked() {
        const std::string pickle = program(weightIs(tensor(floatStorage("0", 6), 0, {6}, {1})));
        const ZipFixture good{{{"a/data.pkl", pickle}, {"a/data/0", kSixFloats}}};
        QVERIFY(openBytes(good.bytes()).ok());
        ZipFixture zip = good;
        zip.members[1].method = 8;
        refuse("compressed", zip.bytes(), "compressed");
        zip = good;
        zip.members[1].flags = 1;
        refuse("encrypted", zip.bytes(), "encrypted");
        zip = good;
        zip.members.push_back(zip.members[1]);
        refuse("doubled", zip.bytes(), "twice");
        zip = good;
        zip.members.push_back({"b/data.pkl", pickle});
        refuse("two pickles", zip.bytes(), "more than one");
        zip = good;
        zip.members.push_back({"a/byteorder", "big"});
        refuse("big-endian", zip.bytes(), "big-endian");
        zip.members[2].content = "little";
        QVERIFY(openBytes(zip.bytes()).ok());
        refuse("no pickle", ZipFixture{{{"a/other", "x"}}}.bytes(), "data.pkl");
        refuse("nothing", ZipFixture{}.bytes());

        // The second member's directory entry points at the first.
        std::string file = good.bytes();
        const size_t entry = file.rfind("PK\1\2");
        file.replace(entry + 42, 4, le<uint32_t>(0));
        refuse("names disagree", file, "does not lie");
        file = good.bytes();
        file.replace(file.rfind("PK\1\2") + 42, 4, le<uint32_t>(0xfffffff0));
        refuse("points outside", file);
        file = good.bytes();
        file.replace(file.size() - 12, 4, le<uint32_t>(0xfffffff0));
        refuse("directory size", file);
        file = good.bytes();
        file.replace(file.size() - 14, 4, le<uint16_t>(9) + le<uint16_t>(9));
        refuse("too many entries", file);
    }

    void everyCutOfAFileIsRefused() {
        const std::string whole = torchFile(weightIs(tensor(floatStorage("0", 6), 0, {6}, {1})), {{"0", kSixFloats}});
        QVERIFY(openBytes(whole).ok());
        for (size_t length = 0; length < whole.size(); ++length)
            QVERIFY2(!openBytes(whole.substr(0, length)).ok(), std::to_string(length).c_str());
    }

    void longIntegersKeepTheirSign() {
        const auto value = [](const std::string& digits) {
            const std::string pickle = program(std::string("\x8a") + static_cast<char>(digits.size()) + digits);
            auto tree = readPickle(std::as_bytes(std::span(pickle)));
            return tree.ok() ? tree->root.integer : -99;
        };
        QCOMPARE(value(""), int64_t{0});
        QCOMPARE(value("\xff"), int64_t{-1});
        QCOMPARE(value(std::string("\xff\x00", 2)), int64_t{255});
        QCOMPARE(value(le<int64_t>(INT64_MIN)), INT64_MIN);
    }
};

QTEST_GUILESS_MAIN(TestTorchFile)
#include "test_torch_file.moc"
