// The safetensors reader trusts nothing; the writer leaves nothing half-written.
#include <sys/resource.h>

#include <QtTest>
#include <cmath>
#include <csignal>
#include <numeric>

#include "engine/checkpoint/safetensors.h"
#include "tests/checkpoint_fixtures.h"

using namespace longtake;

namespace {

std::string entry(const std::string& name, const std::string& type, const std::string& shape, const std::string& offsets) {
    return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

const std::string kGood = "{" + entry("a", "F32", "[2]", "[0,8]") + "," + entry("b", "F32", "[1,1]", "[8,12]") + "}";

// Limits the size of files this process may write while it lives, as a full disk would.
struct SmallDisk {
    rlimit before{};
    explicit SmallDisk(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before);
        rlimit limit = before;
        limit.rlim_cur = bytes;
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~SmallDisk() { setrlimit(RLIMIT_FSIZE, &before); }
};

}  // namespace

class TestSafetensors : public QObject {
    Q_OBJECT

private slots:
    void everyNumberTypeComesBackAsItWasWritten() {
        QTemporaryDir folder;
        std::vector<std::pair<std::string, Tensor>> tensors;
        for (const DType type :
             {DType::U8, DType::Bool, DType::F64, DType::F32, DType::F16, DType::BF16, DType::I64, DType::I32, DType::I16, DType::I8}) {
            Tensor tensor = Tensor::host(type, {3, 1, 5});
            for (size_t i = 0; i < tensor.bytes(); ++i) tensor.as<uint8_t>()[i] = static_cast<uint8_t>(37 * i + 1);
            tensors.emplace_back(std::string(nameOf(type)), tensor);
        }
        tensors.emplace_back("scalar", Tensor::host(DType::F32, Shape()));
        tensors.emplace_back("empty", Tensor::host(DType::F32, {0, 7}));
        const std::filesystem::path path = folder.filePath("all.safetensors").toStdString();
        QVERIFY(writeSafetensors(path, tensors, {{"made by", "a test"}}).ok());

        auto checkpoint = Checkpoint::open(path);
        QVERIFY2(checkpoint.ok(), checkpoint.ok() ? "" : checkpoint.message().c_str());
        QCOMPARE(checkpoint->names().size(), tensors.size());
        QCOMPARE(checkpoint->metadata().at("made by"), std::string("a test"));
        for (const auto& [name, want] : tensors) {
            auto got = checkpoint->tensor(name);
            QVERIFY2(got.ok(), name.c_str());
            QVERIFY2(got->dtype() == want.dtype() && got->shape() == want.shape(), name.c_str());
            QVERIFY2(std::memcmp(got->data(), want.data(), want.bytes()) == 0, name.c_str());
            QVERIFY2(checkpoint->info(name)->isView || want.count() == 0, name.c_str());
        }
    }

    void aViewOutlivesTheCheckpoint() {
        QTemporaryDir folder;
        const std::filesystem::path path = folder.filePath("one.safetensors").toStdString();
        Tensor numbers = Tensor::host(DType::F32, {4});
        std::iota(numbers.floats().begin(), numbers.floats().end(), 1.0f);
        QVERIFY(writeSafetensors(path, {{"x", numbers}}).ok());
        Tensor kept;
        {
            auto checkpoint = Checkpoint::open(path);
            QVERIFY(checkpoint.ok());
            kept = checkpoint->tensor("x").value();
        }
        QCOMPARE(kept.floats()[3], 4.0f);
    }

    void unalignedNumbersAreCopied() {
        const std::string header = "{" + entry("pad", "U8", "[1]", "[0,1]") + "," + entry("x", "F32", "[2]", "[1,9]") + "}";
        auto checkpoint = openBytes(safetensorsFile(header, "p" + floatsOf({1.5f, -2.0f})));
        QVERIFY(checkpoint.ok());
        auto x = checkpoint->tensor("x");
        QCOMPARE(reinterpret_cast<uintptr_t>(x->data()) % alignof(float), uintptr_t{0});
        QCOMPARE(x->floats()[1], -2.0f);
    }

    void hostileHeadersAreRefused_data() {
        QTest::addColumn<QByteArray>("file");
        const std::string data(12, 'd');
        auto row = [&](const char* what, const std::string& header) {
            QTest::newRow(what) << QByteArray::fromStdString(safetensorsFile(header, data));
        };
        auto raw = [](const char* what, const std::string& content) { QTest::newRow(what) << QByteArray::fromStdString(content); };
        const std::string tail = "," + entry("b", "F32", "[1]", "[8,12]") + "}";
        raw("empty", "");
        raw("seven bytes", "1234567");
        raw("no header", le<uint64_t>(0) + "{}");
        raw("header beyond the file", le<uint64_t>(1000) + "{}");
        raw("header of 2^64 - 1", le<uint64_t>(UINT64_MAX) + "{}      ");
        raw("header of 2^63", le<uint64_t>(uint64_t{1} << 63) + "{}      ");
        row("not JSON", "{\"a\":");
        row("an array", "[1,2]");
        row("garbage after the object", kGood + "x");
        row("not UTF-8", "{\"\xff\xfe\":{}}");
        row("offsets outside", "{" + entry("a", "F32", "[2]", "[0,8]") + "," + entry("b", "F32", "[1]", "[12,16]") + "}");
        row("offsets reversed", "{" + entry("a", "F32", "[2]", "[8,0]") + tail);
        row("offsets of 2^63", "{" + entry("a", "F32", "[2]", "[9223372036854775807,9223372036854775815]") + tail);
        row("offsets negative", "{" + entry("a", "F32", "[2]", "[-8,0]") + tail);
        row("offsets as fractions", "{" + entry("a", "F32", "[2]", "[0.0,8.0]") + tail);
        row("three offsets", "{" + entry("a", "F32", "[2]", "[0,8,8]") + tail);
        row("overlap", "{" + entry("a", "F32", "[2]", "[0,8]") + "," + entry("b", "F32", "[2]", "[4,12]") + "}");
        row("a hole", "{" + entry("a", "F32", "[1]", "[0,4]") + tail);
        row("bytes left over", "{" + entry("a", "F32", "[2]", "[0,8]") + "}");
        row("doubled name", "{" + entry("b", "F32", "[2]", "[0,8]") + tail);
        row("shape too small", "{" + entry("a", "F32", "[1]", "[0,8]") + tail);
        row("shape overflows", "{" + entry("a", "F32", "[4611686018427387906,4]", "[0,8]") + tail);
        row("shape overflows behind a zero", "{" + entry("a", "F32", "[0,4611686018427387906,4]", "[0,0]") + tail);
        row("shape beyond 64 bits", "{" + entry("a", "F32", "[99999999999999999999]", "[0,8]") + tail);
        row("negative size", "{" + entry("a", "F32", "[-1,-2]", "[0,8]") + tail);
        row("nine dimensions", "{" + entry("a", "F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]") + tail);
        row("nested shape", "{" + entry("a", "F32", "[[2]]", "[0,8]") + tail);
        row("unknown type", "{" + entry("a", "Q7", "[2]", "[0,8]") + tail);
        row("type is a number", "{\"a\":{\"dtype\":1,\"shape\":[2],\"data_offsets\":[0,8]}" + tail);
        row("no shape", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}" + tail);
        row("two shapes", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"shape\":[2],\"data_offsets\":[0,8]}" + tail);
        row("a tensor that is null", "{\"a\":null" + tail);
        row("an unknown field", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":{}}" + tail);
        row("endless nesting", "{\"a\":" + std::string(100000, '[') + "}");
        row("a name of 5000 bytes", "{" + entry(std::string(5000, 'n'), "F32", "[2]", "[0,8]") + tail);
        row("a name with a line break", "{" + entry("a\\nb", "F32", "[3]", "[0,8]") + tail);
    }
    void hostileHeadersAreRefused() {
        QFETCH(QByteArray, file);
        auto checkpoint = openBytes(file.toStdString());
        QVERIFY(!checkpoint.ok());
        QVERIFY2(isOneClearLine(checkpoint.message()), checkpoint.message().c_str());
    }

    void everyCutOfAFileIsRefused() {
        const std::string whole = safetensorsFile(kGood + "   ", floatsOf({1, 2, 3}));
        QVERIFY(openBytes(whole).ok());
        for (size_t length = 0; length < whole.size(); ++length)
            QVERIFY2(!openBytes(whole.substr(0, length)).ok(), std::to_string(length).c_str());
    }

    void headerLengthsThatLookLikeOtherFormats() {
        for (const size_t length : {size_t{0x4b50}, size_t{0x227b}, size_t{0x8002}}) {  // "PK", "{\"", a pickle
            std::string header = kGood;
            header.resize(length, ' ');
            auto checkpoint = openBytes(safetensorsFile(header, floatsOf({1, 2, 3})));
            QVERIFY2(checkpoint.ok(), checkpoint.ok() ? "" : checkpoint.message().c_str());
            QCOMPARE(checkpoint->format(), CheckpointFormat::Safetensors);
        }
    }

    void shardsAreReadAsOne() {
        QTemporaryDir folder;
        const std::filesystem::path root = folder.path().toStdString();
        writeFile(root / "1.safetensors", safetensorsFile("{" + entry("a", "F32", "[1]", "[0,4]") + "}", floatsOf({1})));
        writeFile(root / "2.safetensors", safetensorsFile("{" + entry("b", "F32", "[1]", "[0,4]") + "}", floatsOf({2})));
        const auto index = root / "model.safetensors.index.json";
        writeFile(index, R"({"metadata":{"total_size":8},"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})");
        for (const auto& path : {index, root}) {
            auto checkpoint = Checkpoint::open(path);
            QVERIFY2(checkpoint.ok(), checkpoint.ok() ? "" : checkpoint.message().c_str());
            QCOMPARE(checkpoint->format(), CheckpointFormat::ShardedSafetensors);
            QCOMPARE(checkpoint->tensor("b")->floats()[0], 2.0f);
            QCOMPARE(checkpoint->names().size(), size_t{2});
        }
        for (const char* bad : {R"({"weight_map":{"a":"3.safetensors"}})", R"({"weight_map":{"a":"../1.safetensors"}})",
                                R"({"weight_map":{"a":"/etc/passwd"}})", R"({"weight_map":{"c":"1.safetensors"}})", R"({"weight_map":{}})",
                                R"({"weight_map":)", R"({"other":1})"}) {
            writeFile(index, bad);
            auto checkpoint = Checkpoint::open(index);
            QVERIFY2(!checkpoint.ok(), bad);
            QVERIFY2(isOneClearLine(checkpoint.message(), root.string()), checkpoint.message().c_str());
        }
    }

    void float8IsWidenedAndScaled() {
        // 0x38 is 1.0, 0x7e the largest (448), 0xc0 is -2.0 in E4M3.
        const std::string header =
            "{" + entry("plain.weight", "F8_E4M3", "[2]", "[0,2]") + "," + entry("one.weight", "F8_E4M3", "[2]", "[2,4]") + "," +
            entry("rows.weight", "F8_E4M3", "[2,2]", "[4,8]") + "," + entry("one.scale_weight", "F32", "[]", "[8,12]") + "," +
            entry("one.scale_input", "F32", "[]", "[12,16]") + "," + entry("rows.weight_scale", "F32", "[2,1]", "[16,24]") + "," +
            entry("scaled_fp8", "F8_E4M3", "[0]", "[24,24]") + "," + entry("spiece_model", "U8", "[3]", "[24,27]") + "}";
        const std::string data = std::string("\x38\x7e\x38\xc0\x38\x38\x38\xc0", 8) + floatsOf({0.5f, 1, 2, 4}) + "abc";
        auto checkpoint = openBytes(safetensorsFile(header, data));
        QVERIFY2(checkpoint.ok(), checkpoint.ok() ? "" : checkpoint.message().c_str());
        QCOMPARE(checkpoint->names().size(), size_t{3});
        QCOMPARE(checkpoint->tensor("plain.weight")->dtype(), DType::BF16);
        QCOMPARE(checkpoint->toFloat("plain.weight")->floats()[1], 448.0f);
        QCOMPARE(checkpoint->tensor("one.weight")->floats()[1], -1.0f);
        QCOMPARE(checkpoint->tensor("rows.weight")->floats()[1], 2.0f);
        QCOMPARE(checkpoint->tensor("rows.weight")->floats()[3], -8.0f);
        QCOMPARE(checkpoint->info("rows.weight")->dtype, DType::F32);
        QCOMPARE(checkpoint->tensor("spiece_model")->count(), int64_t{3});
    }

    void unknownQuantisationIsRefused() {
        const std::string format = R"({"format":"nvfp4"})";
        const std::string size = std::to_string(format.size());
        const std::string header = "{" + entry("x.weight", "U8", "[2]", "[0,2]") + "," +
                                   entry("x.comfy_quant", "U8", "[" + size + "]", "[2," + std::to_string(2 + format.size()) + "]") + "}";
        auto checkpoint = openBytes(safetensorsFile(header, "ab" + format));
        QVERIFY(!checkpoint.ok());
        QVERIFY2(checkpoint.message().find("nvfp4") != std::string::npos, checkpoint.message().c_str());
    }

    void conversionsFollowTheTable() {
        Tensor integers = Tensor::host(DType::I64, {2});
        integers.as<int64_t>()[0] = -7;
        integers.as<int64_t>()[1] = 1 << 20;
        QCOMPARE(converted(integers, DType::F32)->floats()[0], -7.0f);
        QCOMPARE(floatFromBf16(converted(integers, DType::BF16)->as<uint16_t>()[1]), 1048576.0f);
        Tensor fine = Tensor::host(DType::F64, {2});
        fine.as<double>()[0] = 1.0 + 0x1p-9;  // halfway between two BF16 numbers: to even
        fine.as<double>()[1] = std::nan("");
        QCOMPARE(floatFromBf16(converted(fine, DType::BF16)->as<uint16_t>()[0]), 1.0f);
        QVERIFY(std::isnan(floatFromF16(converted(fine, DType::F16)->as<uint16_t>()[1])));
        QVERIFY(!converted(fine, DType::I32).ok());
        QVERIFY(converted(fine, DType::F64)->data() == fine.data());
    }

    void thingsThatAreNoCheckpoint() {
        QTemporaryDir folder;
        const std::filesystem::path root = folder.path().toStdString();
        const std::pair<const char*, std::string> files[] = {
            {"empty.bin", ""},
            {"page.pt", "<!DOCTYPE html><html>404</html>"},
            {"pointer.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"},
            {"noise.gguf", "certainly not a model, whatever it is called"}};
        for (const auto& [name, content] : files) {
            writeFile(root / name, content);
            auto checkpoint = Checkpoint::open(root / name);
            QVERIFY2(!checkpoint.ok(), name);
            QVERIFY2(isOneClearLine(checkpoint.message(), name), checkpoint.message().c_str());
        }
        QVERIFY(Checkpoint::open(root / "absent.pt").message().find("no such file") != std::string::npos);
        QVERIFY(!Checkpoint::open("/dev/null").ok());
        QVERIFY(!Checkpoint::open(root).ok());
    }

    void anUnfinishedFileIsNotLeftBehind() {
        QTemporaryDir folder;
        const std::filesystem::path path = folder.filePath("x.safetensors").toStdString();
        {
            auto writer = SafetensorsWriter::create(path, {{"x", DType::F32, {2}}});
            QVERIFY(writer.ok());
            const std::string half = floatsOf({1});
            QVERIFY(writer->append(std::as_bytes(std::span(half))).ok());
            QVERIFY(!writer->finish().ok());
            const std::string more = floatsOf({1, 2});
            QVERIFY(!writer->append(std::as_bytes(std::span(more))).ok());
        }
        QCOMPARE(QDir(folder.path()).entryList(QDir::Files).size(), 0);
    }

    void aFullDiskIsReportedAndLeavesNothing() {
        QTemporaryDir folder;
        const std::filesystem::path path = folder.filePath("x.safetensors").toStdString();
        Result<void> written;
        {
            const SmallDisk disk(4096);
            written = writeSafetensors(path, {{"x", Tensor::host(DType::F32, {100000})}});
        }
        QVERIFY(!written.ok());
        QVERIFY2(isOneClearLine(written.message(), "x.safetensors"), written.message().c_str());
        QCOMPARE(QDir(folder.path()).entryList(QDir::Files).size(), 0);
        QVERIFY(!writeSafetensors("/proc/x.safetensors", {}).ok());
    }
};

QTEST_GUILESS_MAIN(TestSafetensors)
#include "test_safetensors.moc"
