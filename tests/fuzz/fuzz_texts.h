// What the fuzz targets for texts, and the test that replays their corpus, do with their bytes: parse them, and expect
// that what was accepted is written and read again as the same.
//
// Thread: one.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "app/project/project.h"
#include "engine/checkpoint/model_json.h"
#include "engine/text/prompt_cleaning.h"
#include "tests/fuzz/expect.h"

namespace longtake {

inline void expectOneLine(const std::string& message) {
    expect(!message.empty() && message.size() < 4000 && message.find('\n') == std::string::npos);
}

inline void fuzzModelJson(const uint8_t* data, size_t size) {
    const auto config = ModelConfig::parse({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!config) return expectOneLine(config.message());
    const std::string written = modelJson(*config);
    const auto again = ModelConfig::parse(written, "fuzz");
    expect(again.ok() && modelJson(*again) == written);
}

inline void fuzzProject(const uint8_t* data, size_t size) {
    const auto project = Project::parse({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!project) return expectOneLine(project.message());
    const std::string written = project->toJson();
    const auto again = Project::parse(written, "fuzz");
    expect(again.ok() && again->toJson() == written);
}

// A prompt may be any bytes; a cleaned one has words, with single spaces between them.
inline void fuzzPrompt(const uint8_t* data, size_t size) {
    const auto cleaned = cleanPrompt({reinterpret_cast<const char*>(data), size});
    if (!cleaned) return expectOneLine(cleaned.message());
    expect(!cleaned->empty() && cleaned->front() != ' ' && cleaned->back() != ' ' && cleaned->find("  ") == std::string::npos);
    (void)unknownWords(*cleaned, std::vector<std::string>{"ocean"});
}

}  // namespace longtake
