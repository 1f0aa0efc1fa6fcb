// Replays what fuzzing found worth keeping: every input reaches another piece of the code, and none may crash it.
//
// Thread: one.
#pragma once

#include <QTest>

#include <cstdint>
#include <filesystem>
#include <string>

#include "tests/checkpoint_fixtures.h"

namespace longtake {

// Runs a fuzz target over tests/fuzz/corpus/<name>; a QtTest failure when there is next to nothing to replay.
inline void replayCorpus(const std::string& name, void (*target)(const uint8_t*, size_t)) {
    int replayed = 0;
    const auto folder = std::filesystem::path(LONGTAKE_SOURCE_DIR) / "tests/fuzz/corpus" / name;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string bytes = readFile(entry.path());
        target(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
        ++replayed;
    }
    QVERIFY2(replayed >= 10, name.c_str());
}

}  // namespace longtake
