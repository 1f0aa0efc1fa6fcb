// What the fuzz targets, and the test that replays their corpus, do with their bytes: open them as a
// checkpoint and load what opened.
//
// Thread: one.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/checkpoint/checkpoint.h"
#include "engine/checkpoint/name_map.h"
#include "engine/checkpoint/safetensors.h"
#include "tests/checkpoint_fixtures.h"
#include "tests/fuzz/expect.h"

namespace longtake {

inline void loadEverything(const Checkpoint& checkpoint, size_t fileSize) {
    constexpr int64_t kLargest = 1 << 20;  // larger ones are real too, but slow
    for (const std::string& name : checkpoint.names()) {
        const auto info = checkpoint.info(name);
        expect(info.ok() && info->begin <= info->end && info->end <= fileSize);
        if (info->shape.count() > kLargest) continue;
        const auto tensor = checkpoint.tensor(name);
        expect(tensor.ok() && tensor->shape() == info->shape && tensor->dtype() == info->dtype);
        const auto floats = checkpoint.toFloat(name);
        expect(floats.ok() && floats->count() == info->shape.count());
        volatile float sum = 0;
        for (float value : floats->floats()) sum = sum + value;
    }
}

inline void readHostile(const uint8_t* data, size_t size) {
    const auto* begin = reinterpret_cast<const std::byte*>(data);
    for (const auto select : {CheckpointOptions::Select::StateDict, CheckpointOptions::Select::WholeTree}) {
        const auto file = MappedFile::fromBytes({begin, begin + size}, "fuzz");
        const auto checkpoint = Checkpoint::open(file, {.select = select});
        if (!checkpoint) {
            expect(checkpoint.message().find('\n') == std::string::npos && checkpoint.message().size() < 2000);
            continue;
        }
        loadEverything(*checkpoint, size);
        (void)mapDit(*checkpoint);
        (void)mapTextEncoder(*checkpoint);
        (void)mapVideo(*checkpoint);
    }
}

// A JSON header: its length and some data are added, so that mutations reach the checks behind the length. A
// first byte of '!' gives the rest as it is, and as an index of shards.
inline void fuzzSafetensors(const uint8_t* data, size_t size) {
    if (size > 0 && data[0] == '!') {
        readHostile(data + 1, size - 1);
        const auto* begin = reinterpret_cast<const std::byte*>(data + 1);
        (void)readShardIndex(*MappedFile::fromBytes({begin, begin + size - 1}, "fuzz"));
        return;
    }
    const std::string file = safetensorsFile({reinterpret_cast<const char*>(data), size}, std::string(64, '\x3c'));
    readHostile(reinterpret_cast<const uint8_t*>(file.data()), file.size());
}

// A torch file; or, where the bytes do not start like one, a pickle that is put into an archive with one
// storage, so that mutations reach the pickle machine without having to build an archive.
inline void fuzzTorch(const uint8_t* data, size_t size) {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    if (bytes.starts_with("PK") || bytes.starts_with("\x80\x02\x8a\x0a")) return readHostile(data, size);
    const ZipFixture zip{{{"a/data.pkl", bytes}, {"a/data/0", std::string(48, '\x3c')}}};
    const std::string file = zip.bytes();
    readHostile(reinterpret_cast<const uint8_t*>(file.data()), file.size());
}

inline void fuzzGguf(const uint8_t* data, size_t size) { readHostile(data, size); }

}  // namespace longtake
