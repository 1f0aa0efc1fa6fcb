// From options to a take that is ready to run: project, model, backend, sizes, prompts.
//
// Owner:  a Command.
// Thread: main thread.
#pragma once

#include <memory>

#include "app/cli/arguments.h"
#include "app/cli/command.h"
#include "app/project/project.h"
#include "engine/rollout/take.h"

namespace longtake {

struct TakeSetup {
    Project project;                       // every setting as it will be used; without events and hashes
    std::vector<uint64_t> recordedHashes;  // of the project given, if any
    std::unique_ptr<Backend> backend;
    std::unique_ptr<Model> model;
    std::unique_ptr<Take> take;
    int64_t frames = 0;  // of video
    int64_t chunks = 0;  // that give them
    double loadMs = 0;   // of the model

    TakeSetup() = default;
    TakeSetup(TakeSetup&&) = default;
    // Members refer to those above them, so they go in this order.
    ~TakeSetup() {
        take.reset();
        model.reset();
        backend.reset();
    }
};

inline constexpr double kDefaultSeconds = 6;

// Fills `setup`, or says why not. Things to know, such as a prompt that is longer than the model reads, are noted.
CommandResult prepareTake(const TakeArguments& arguments, Reporter& reporter, TakeSetup& setup);

// The most memory the process has had in use, in bytes.
uint64_t peakMemoryBytes();

}  // namespace longtake
