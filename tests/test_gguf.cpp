// GGUF files: every quantised type, shapes, hostile headers.
#include <QtTest>
#include <cmath>
#include <functional>

#include "engine/checkpoint/gguf.h"
#include "tests/checkpoint_fixtures.h"

using namespace longtake;

namespace {

struct GgufFixture {
    struct Item {
        std::string name;
        std::vector<uint64_t> dims;  // as stored: fastest first
        uint32_t type = 0;
        std::string data;
        uint64_t offset = UINT64_MAX;  // where it claims to lie; else where it does
    };
    uint32_t version = 3;
    std::vector<std::string> values;
    std::vector<Item> items;
    uint64_t alignment = 32;

    static std::string text(const std::string& value) { return le<uint64_t>(value.size()) + value; }
    void add(const std::string& key, uint32_t type, const std::string& value) { values.push_back(text(key) + le(type) + value); }

    std::string bytes() const {
        std::string head = "GGUF" + le(version) + le<uint64_t>(items.size()) + le<uint64_t>(values.size()), data;
        for (const std::string& value : values) head += value;
        for (const Item& item : items) {
            data.resize((data.size() + alignment - 1) / alignment * alignment);
            head += text(item.name) + le(static_cast<uint32_t>(item.dims.size()));
            for (uint64_t dim : item.dims) head += le(dim);
            head += le(item.type) + le(item.offset == UINT64_MAX ? static_cast<uint64_t>(data.size()) : item.offset);
            data += item.data;
        }
        head.resize((head.size() + alignment - 1) / alignment * alignment);
        return head + data;
    }
};

std::string half(float value) { return le(f16FromFloat(value)); }

// Sets `bits` bits of `value` at bit `at` of byte `byte`.
void put(std::string& block, size_t byte, int at, int value) {
    block[byte] = static_cast<char>(static_cast<uint8_t>(block[byte]) | static_cast<uint8_t>(value << at));
}

// The code of element i in the tests below, below `limit`.
int code(int i, int limit) { return (i * 7 + i / 5 + 3) % limit; }

void compare(const char* what, uint32_t type, const std::string& block, const std::function<float(int)>& want) {
    const int count = block.size() < 60 ? 32 : 256;
    GgufFixture file;
    // Two rows of one block, the second with doubled factors left out: the same block twice checks the
    // stepping.
    file.items.push_back({"x", {static_cast<uint64_t>(count), 2}, type, block + block});
    auto checkpoint = openBytes(file.bytes());
    QVERIFY2(checkpoint.ok(), checkpoint.ok() ? "" : checkpoint.message().c_str());
    auto x = checkpoint->tensor("x");
    QVERIFY2(x->dtype() == DType::F32 && x->shape() == Shape({2, count}), what);
    for (int i = 0; i < 2 * count; ++i) {
        const float got = x->floats()[static_cast<size_t>(i)], wanted = want(i % count);
        QVERIFY2(std::abs(got - wanted) <= 1e-5f * (1 + std::abs(wanted)),
                 (std::string(what) + " element " + std::to_string(i) + ": " + std::to_string(got) + ", want " + std::to_string(wanted))
                     .c_str());
    }
}

}  // namespace

class TestGguf : public QObject {
    Q_OBJECT

private slots:
    void smallBlocks() {
        const float d = 0.25f, m = -1.5f;
        for (const bool hasMinimum : {false, true}) {
            for (const bool hasFifth : {false, true}) {
                const int limit = hasFifth ? 32 : 16;
                std::string nibbles(16, '\0');
                uint32_t fifth = 0;
                for (int i = 0; i < 32; ++i) {
                    const int c = code(i, limit);
                    put(nibbles, static_cast<size_t>(i % 16), i < 16 ? 0 : 4, c & 15);
                    fifth |= static_cast<uint32_t>(c >> 4) << i;
                }
                const std::string block = half(d) + (hasMinimum ? half(m) : "") + (hasFifth ? le(fifth) : "") + nibbles;
                const uint32_t type = hasFifth ? (hasMinimum ? 7 : 6) : (hasMinimum ? 3 : 2);
                compare("Q4 and Q5", type, block, [&](int i) {
                    const auto c = static_cast<float>(code(i, limit));
                    return hasMinimum ? d * c + m : d * (c - static_cast<float>(limit / 2));
                });
            }
        }
        std::string q8 = half(d);
        for (int i = 0; i < 32; ++i) q8 += static_cast<char>(code(i, 256) - 128);
        compare("Q8_0", 8, q8, [&](int i) { return d * static_cast<float>(code(i, 256) - 128); });
    }

    void twoAndThreeBits() {
        const float d = 0.5f, dmin = 0.125f;
        std::string q2(84, '\0'), q3(110, '\0');
        for (int k = 0; k < 16; ++k) {
            q2[static_cast<size_t>(k)] = static_cast<char>((k % 16) | ((15 - k) << 4));
            const int scale = 4 * k;  // 0..60, stored with 32 added
            put(q3, static_cast<size_t>(96 + k % 8), k < 8 ? 0 : 4, scale & 15);
            put(q3, static_cast<size_t>(104 + k % 4), 2 * (k / 4), scale >> 4);
        }
        for (int i = 0; i < 256; ++i) {
            const size_t byte = static_cast<size_t>(i / 128 * 32 + i % 32);
            put(q2, 16 + byte, 2 * (i % 128 / 32), code(i, 4));
            put(q3, 32 + byte, 2 * (i % 128 / 32), code(i, 8) & 3);
            put(q3, static_cast<size_t>(i % 32), i / 32, code(i, 8) >> 2);
        }
        q2.replace(80, 4, half(d) + half(dmin));
        q3.replace(108, 2, half(d));
        compare("Q2_K", 10, q2, [&](int i) {
            return d * static_cast<float>(i / 16) * static_cast<float>(code(i, 4)) - dmin * static_cast<float>(15 - i / 16);
        });
        compare("Q3_K", 11, q3, [&](int i) { return d * static_cast<float>(4 * (i / 16) - 32) * static_cast<float>(code(i, 8) - 4); });
    }

    void fourToSixBits() {
        const float d = 0.5f, dmin = 0.25f;
        auto scale = [](int k) { return (k * 9 + 5) % 64; };
        auto minimum = [](int k) { return (63 - k * 7) % 64; };
        std::string factors(12, '\0');
        for (int k = 0; k < 8; ++k) {
            if (k < 4) {
                put(factors, static_cast<size_t>(k), 0, scale(k));
                put(factors, static_cast<size_t>(k + 4), 0, minimum(k));
            } else {
                put(factors, static_cast<size_t>(k + 4), 0, scale(k) & 15);
                put(factors, static_cast<size_t>(k + 4), 4, minimum(k) & 15);
                put(factors, static_cast<size_t>(k - 4), 6, scale(k) >> 4);
                put(factors, static_cast<size_t>(k), 6, minimum(k) >> 4);
            }
        }
        for (const int bits : {4, 5}) {
            std::string high(bits == 5 ? 32 : 0, '\0'), low(128, '\0');
            for (int i = 0; i < 256; ++i) {
                const int c = code(i, 1 << bits);
                put(low, static_cast<size_t>(i / 64 * 32 + i % 32), i / 32 % 2 * 4, c & 15);
                if (bits == 5) put(high, static_cast<size_t>(i % 32), i / 32, c >> 4);
            }
            compare(bits == 4 ? "Q4_K" : "Q5_K", bits == 4 ? 12 : 13, half(d) + half(dmin) + factors + high + low, [&](int i) {
                return d * static_cast<float>(scale(i / 32)) * static_cast<float>(code(i, 1 << bits)) -
                       dmin * static_cast<float>(minimum(i / 32));
            });
        }
        std::string low(128, '\0'), high(64, '\0'), scales;
        for (int i = 0; i < 256; ++i) {
            const int c = code(i, 64), half128 = i / 128, lane = i % 128 / 32, column = i % 32;
            put(low, static_cast<size_t>(half128 * 64 + lane % 2 * 32 + column), lane / 2 * 4, c & 15);
            put(high, static_cast<size_t>(half128 * 32 + column), 2 * lane, c >> 4);
        }
        for (int k = 0; k < 16; ++k) scales += static_cast<char>(k * 5 - 40);
        compare("Q6_K", 14, low + high + scales + half(d),
                [&](int i) { return d * static_cast<float>(i / 16 * 5 - 40) * static_cast<float>(code(i, 64) - 32); });
    }

    void decodesAsTheGgufPackageDoes() {
        auto checkpoint = Checkpoint::open(std::filesystem::path(LONGTAKE_SOURCE_DIR) / "tests/data/gguf/quants.gguf");
        QVERIFY2(checkpoint.ok(), checkpoint.ok() ? "" : checkpoint.message().c_str());
        int compared = 0;
        for (const std::string& name : checkpoint->names()) {
            if (name.ends_with(".decoded")) continue;
            auto got = checkpoint->tensor(name);
            auto want = checkpoint->tensor(name + ".decoded");
            QVERIFY2(got.ok() && want.ok() && got->shape() == want->shape(), name.c_str());
            for (size_t i = 0; i < got->floats().size(); ++i)
                QVERIFY2(std::abs(got->floats()[i] - want->floats()[i]) <= 2e-6f * (1 + std::abs(want->floats()[i])),
                         (name + " element " + std::to_string(i)).c_str());
            ++compared;
        }
        QCOMPARE(compared, 10);
    }

    void plainTypesAndShapes() {
        for (const uint32_t version : {2u, 3u}) {
            GgufFixture file;
            file.version = version;
            file.add("general.architecture", 8, GgufFixture::text("wan"));
            file.add("some.array", 9, le<uint32_t>(8) + le<uint64_t>(2) + GgufFixture::text("a") + GgufFixture::text("b"));
            file.add("some.flag", 7, "\1");
            file.add("comfy.gguf.orig_shape.flat", 9, le<uint32_t>(5) + le<uint64_t>(3) + le<int32_t>(1) + le<int32_t>(2) + le<int32_t>(3));
            file.items.push_back({"m", {3, 2}, 0, floatsOf({1, 2, 3, 4, 5, 6})});
            file.items.push_back({"h", {2}, 1, half(1.5f) + half(-2)});
            file.items.push_back({"b", {1}, 30, le(bf16FromFloat(3.5f))});
            file.items.push_back({"patch", {2, 2, 1, 3, 5}, 0, std::string(240, '\0')});
            file.items.push_back({"flat", {6}, 0, floatsOf({1, 2, 3, 4, 5, 6})});
            auto checkpoint = openBytes(file.bytes());
            QVERIFY2(checkpoint.ok(), checkpoint.ok() ? "" : checkpoint.message().c_str());
            QCOMPARE(checkpoint->format(), CheckpointFormat::Gguf);
            QVERIFY(checkpoint->info("m")->shape == Shape({2, 3}));
            QVERIFY(checkpoint->info("m")->isView);
            QCOMPARE(checkpoint->tensor("m")->floats()[3], 4.0f);
            QCOMPARE(checkpoint->tensor("h")->dtype(), DType::F16);
            QCOMPARE(checkpoint->toFloat("b")->floats()[0], 3.5f);
            QVERIFY(checkpoint->info("patch")->shape == Shape({5, 3, 1, 2, 2}));
            QVERIFY(checkpoint->info("flat")->shape == Shape({1, 2, 3}));
            QCOMPARE(checkpoint->metadata().at("general.architecture"), std::string("wan"));
        }
    }

    void anEmptyTensorBehindTheEndStaysInside() {
        GgufFixture file;
        file.items.push_back({"e", {0}, 0, ""});
        std::string content = file.bytes();
        content.resize(24 + 9 + 4 + 8 + 4 + 8);  // the header without its padding
        auto checkpoint = openBytes(content);
        QVERIFY2(checkpoint.ok(), checkpoint.ok() ? "" : checkpoint.message().c_str());
        QVERIFY(checkpoint->info("e")->end <= content.size());
        QCOMPARE(checkpoint->tensor("e")->count(), int64_t{0});
    }

    void hostileHeadersAreRefused() {
        const auto good = [] {
            GgufFixture file;
            file.items.push_back({"a", {2}, 0, floatsOf({1, 2})});
            return file;
        };
        std::vector<std::pair<const char*, std::string>> files;
        auto add = [&](const char* what, const GgufFixture& file) { files.emplace_back(what, file.bytes()); };
        GgufFixture file = good();
        file.version = 1;
        add("version 1", file);
        file = good();
        file.items[0].offset = 4;
        add("not aligned", file);
        file.items[0].offset = uint64_t{1} << 63;
        add("offset of 2^63", file);
        file.items[0].offset = UINT64_MAX - 31;
        add("offset near 2^64", file);
        file = good();
        file.items[0].dims = {uint64_t{1} << 62, 4};
        add("shape overflows", file);
        file.items[0].dims = {UINT64_MAX};
        add("negative size", file);
        file.items[0].dims = {200};
        add("too large", file);
        file.items[0].dims = std::vector<uint64_t>(9, 1);
        add("nine dimensions", file);
        file = good();
        file.items[0].type = 16;
        add("IQ type", file);
        file.items[0].type = 2;
        add("half a block", file);
        file = good();
        file.items.push_back(file.items[0]);
        add("doubled name", file);
        file.items[1].name = "b";
        file.items[1].offset = 0;
        add("overlap", file);
        for (const uint32_t alignment : {0u, 3u, 0x80000000u}) {
            file = good();
            file.add("general.alignment", 4, le(alignment));
            add("bad alignment", file);
        }
        file = good();
        file.add("k", 9, le<uint32_t>(6) + le<uint64_t>(uint64_t{1} << 62));
        add("array of 2^62", file);
        file = good();
        file.add("k", 9, le<uint32_t>(9) + le<uint64_t>(1) + le<uint32_t>(9));
        add("array of arrays", file);
        file = good();
        file.add("k", 99, "");
        add("unknown value", file);
        file = good();
        file.add("comfy.gguf.orig_shape.a", 9, le<uint32_t>(5) + le<uint64_t>(2) + le<int32_t>(3) + le<int32_t>(1));
        add("wrong original shape", file);
        files.emplace_back("a million tensors", "GGUF" + le<uint32_t>(3) + le<uint64_t>(UINT64_MAX) + le<uint64_t>(0));
        files.emplace_back("a million values", "GGUF" + le<uint32_t>(3) + le<uint64_t>(0) + le<uint64_t>(UINT64_MAX));
        for (const auto& [what, content] : files) {
            auto checkpoint = openBytes(content);
            QVERIFY2(!checkpoint.ok(), what);
            QVERIFY2(isOneClearLine(checkpoint.message()), checkpoint.message().c_str());
        }
    }

    void everyCutOfAFileIsRefused() {
        GgufFixture file;
        file.add("general.architecture", 8, GgufFixture::text("wan"));
        file.items.push_back({"a", {2}, 0, floatsOf({1, 2})});
        const std::string whole = file.bytes();
        QVERIFY(openBytes(whole).ok());
        for (size_t length = 0; length < whole.size(); ++length)
            QVERIFY2(!openBytes(whole.substr(0, length)).ok(), std::to_string(length).c_str());
    }
};

QTEST_GUILESS_MAIN(TestGguf)
#include "test_gguf.moc"
