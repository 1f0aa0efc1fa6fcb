// Project: all that makes a take again, as the `.longtake` file and as what is embedded in exported videos.
//
// Owner:  whoever holds it; copying is how one is handed over.
// Thread: a plain value, no sharing.
//
// The file is JSON. Keys this version does not know, at any level, are kept and written again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/model/model_config.h"
#include "engine/result.h"
#include "engine/rollout/prompt_timeline.h"
#include "kernels/backend.h"

namespace longtake {

// One thing that happened while the take was made: a prompt typed, an export begun.
struct ProjectEvent {
    int64_t chunk = 0;  // the chunk being made then
    double atMs = 0;    // since the take began
    std::string kind;   // "prompt", "seed", "export", ...
    std::string text;

    bool operator==(const ProjectEvent&) const = default;
};

struct ProjectModel {
    std::string name;
    std::string path;         // folder as last opened; may be relative to the program's models
    std::string fingerprint;  // modelFingerprint(): whether the weights are still the same

    bool operator==(const ProjectModel&) const = default;
};

class Project {
public:
    static constexpr int kVersion = 1;
    static constexpr size_t kMaxBytes = 64u << 20;
    static constexpr size_t kMaxPictureBytes = 8u << 20;  // of startPicture; a larger one is not written

    ProjectModel model;
    uint64_t seed = 0;
    int width = 0, height = 0;  // pixels; 0: the model's own
    double fps = 16;
    SamplerConfig sampler;
    RolloutConfig rollout;
    Precision precision = Precision::Fp32;
    int threads = 0;           // 0: any number gives the same frames
    int64_t chunks = 0;        // length of the take; 0: open
    std::string startImage;    // file of the picture that the take begins with; empty: none
    std::string startPicture;  // that picture as the take was given it, a PNG, so that the file is not needed; empty: not known
    PromptTimeline timeline;
    std::optional<int64_t> rangeIn, rangeOut;  // marked frames, in order
    std::vector<ProjectEvent> events;
    std::vector<uint64_t> frameHashes;  // frameHash() of each frame in order; may be empty

    // origin names the file in messages: "cannot open take.longtake: sampler.shift must be ...".
    static Result<Project> parse(std::string_view json, const std::string& origin);
    static Result<Project> load(const std::string& path);

    std::string toJson() const;
    // Completely or not at all.
    Result<void> save(const std::string& path) const;

private:
    std::shared_ptr<const nlohmann::json> source_;  // what it was read from: keeps the unknown keys
};

}  // namespace longtake
