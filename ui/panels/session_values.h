// What the session dock shows and gives back: the choices there are, the choice made, and the memory it takes.
//
// Owner:  whoever holds them.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace longtake {

struct SessionSettings {
    std::string modelId;
    int width = 256;  // pixels
    int height = 144;
    uint64_t seed = 1;
    bool newSeedEachTake = false;
    int steps = 4;         // denoise passes of a chunk
    int sinkFrames = 1;    // latent frames that are never evicted
    int windowFrames = 7;  // latent frames held in all: sink, past and current chunk
    std::string deviceId = "cpu";
    int threads = 0;  // of the CPU; 0: as many as there are cores
    std::string precision = "bf16";
    std::string startImage;  // file of the picture that the take begins with; empty: none

    bool operator==(const SessionSettings&) const = default;
};

struct FrameSize {
    int width = 0;
    int height = 0;

    bool operator==(const FrameSize&) const = default;
};

struct ModelChoice {
    std::string id;
    std::string name;
    std::string description;         // one line
    std::vector<std::string> knows;  // words worth naming
    std::vector<FrameSize> sizes;    // to choose from, first = its own; others can be typed
    FrameSize sizeStep{16, 16};      // both sides of any size are multiples of these
    int maxSteps = 4;
    int chunkFrames = 3;  // latent frames made at once: the window holds at least sink + chunk
    int maxWindowFrames = 21;
};

struct DeviceChoice {
    std::string id;    // "cpu", "cuda:0"
    std::string name;  // "CPU", "NVIDIA RTX 4090"
    bool usesThreads = false;
    std::vector<std::string> precisions;  // "bf16", "fp32"; first = what it runs best
    std::string problem;                  // why it cannot be used; it is then shown, but not to be chosen
};

struct SessionChoices {
    std::vector<ModelChoice> models;
    std::vector<DeviceChoice> devices;
    int cores = 1;
};

struct MemoryPart {
    std::string name;  // "weights", "cache", "work", "video"
    int64_t bytes = 0;
};

// What a take with some settings will take, before it starts.
struct MemoryPlanValues {
    std::vector<MemoryPart> parts;
    int64_t availableBytes = 0;  // on the chosen device; 0: unknown
    std::string advice;          // what to do when it does not fit

    int64_t neededBytes() const {
        int64_t sum = 0;
        for (const MemoryPart& part : parts) sum += part.bytes;
        return sum;
    }
    bool fits() const { return availableBytes == 0 || neededBytes() <= availableBytes; }
};

}  // namespace longtake
