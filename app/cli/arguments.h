// What several commands read from their options: sizes, the prompts of a take, the settings of a rollout.
//
// Owner:  a Command.
// Thread: main thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/project/project.h"
#include "engine/result.h"
#include "engine/rollout/chunk_clock.h"
#include "engine/video/frame_view.h"

namespace CLI {
class App;
}

namespace longtake {

Result<PictureSize> parsePictureSize(const std::string& text);  // "832x480"
Result<Precision> parsePrecision(const std::string& text);      // "fp32", "bf16"
Result<uint64_t> parseSeed(const std::string& text);            // 0 to 2^64 - 1

struct TransitionChoice {
    Transition transition = Transition::Recache;
    int blendChunks = 0;
};
Result<TransitionChoice> parseTransition(const std::string& text);  // "recache", "keep", "blend:4"

// The options that shape a take. Those not given come from the project, else from the model.
struct TakeArguments {
    std::string project;  // .longtake, or a video with one inside
    std::string model;    // folder or name
    std::string prompt;
    std::string image;                                    // picture to begin with
    std::vector<std::pair<std::string, std::string>> at;  // seconds, prompt
    std::string transition = "recache";
    std::optional<double> seconds;
    std::string seed, size, precision, device = "cpu";
    bool f8Products = false;
    std::optional<int> threads, steps, window, sink;
    std::optional<double> shift;

    void addTo(CLI::App& parser);

    // All that can be known wrong before a model is read.
    Result<void> check() const;
    // The prompts and their times as a timeline of this clock; fails when two times fall on one chunk.
    Result<PromptTimeline> timeline(const ChunkClock& clock) const;
};

// .longtake, or an MP4 or MOV with a project inside.
Result<Project> loadAnyProject(const std::string& path);

// The most seconds one command renders: a day.
inline constexpr double kMaxSeconds = 86'400;

}  // namespace longtake
