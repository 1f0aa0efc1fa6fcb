// Makes a model folder (model.json, *.safetensors, spiece.model) out of downloaded checkpoints.
//
// Works tensor by tensor: memory holds one matrix at a time, whatever the size of the files. Everything is
// written into a temporary folder that takes the final name at the end; a failure leaves nothing behind.
//
// Thread: one at a time; may run on any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/model_config.h"
#include "engine/result.h"

namespace longtake {

enum class WeightPrecision : uint8_t {
    Keep,  // as stored; what a model folder cannot hold becomes F32 (F64), or BF16 (fp8, GGUF blocks)
    Bf16,  // matrices in BF16; norms, biases and modulations in F32
    F32,
};

struct ImportProgress {
    std::string file;              // being written
    uint64_t done = 0, total = 0;  // bytes over all files
};

struct ImportOptions {
    std::filesystem::path dit, textEncoder, video;  // files, shard indices or folders of them
    // spiece.model; empty: taken out of the text encoder's file where that carries it.
    std::filesystem::path tokenizer;
    std::filesystem::path ditConfig;  // config.json of the transformer; may be empty
    std::filesystem::path lora;       // merged into the transformer; may be empty
    float loraAlpha = 0;              // 0: as the file says, else its rank
    bool useAveraged = true;          // of a torch file with both: generator_ema, else generator
    std::filesystem::path output;     // the new folder; must not exist, or be empty
    std::string name, description, license;
    WeightPrecision precision = WeightPrecision::Keep;
    RopeBands ropeBands = RopeBands::High;
    // Empty: for latent attention the VideoMLA rollout, for dense attention that of Self-Forcing.
    std::optional<RolloutConfig> rollout;
    SamplerConfig sampler;
    int width = 832, height = 480, fps = 16;
    std::function<bool(const ImportProgress&)> progress;  // false stops the import; may be empty
};

struct ImportReport {
    std::filesystem::path folder;
    ModelConfig config;
    std::vector<std::string> lines;  // what was found, decided, left unused; one sentence each
    uint64_t bytesWritten = 0;
};

Result<ImportReport> importModel(const ImportOptions& options);

}  // namespace longtake
