// What every fuzz target does with its bytes: open them as a checkpoint and load what opened.
//
// Thread: one.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/checkpoint/checkpoint.h"
#include "engine/checkpoint/name_map.h"

namespace longtake {

// Aborts when something is wrong that no sanitizer would notice.
inline void expect(bool condition) {
    if (!condition) std::abort();
}

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

}  // namespace longtake
