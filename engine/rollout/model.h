// A model folder in memory: configuration, text encoder, transformer, and what makes video decoders.
//
// Owner:  the program or the session. The Backend must outlive it.
// Thread: generation thread only, except the const values.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "engine/model/causal_dit.h"
#include "engine/rollout/chunk_clock.h"
#include "engine/text/text_encoder.h"
#include "engine/video/video_codec.h"

namespace longtake {

// What a take will need, in bytes; said before it starts.
struct MemoryPlan {
    size_t weights = 0;       // transformer, as packed for the backend
    size_t textEncoder = 0;   // its weights in the file; not the device's where the processor encodes
    size_t videoDecoder = 0;  // its weights
    size_t videoStream = 0;   // what a take's decoder remembers, and its working memory
    size_t cache = 0;
    size_t denseCache = 0;  // what a dense cache of the same window would take; not part of the total
    size_t working = 0;     // activations of the largest pass, latents
    size_t available = 0;   // what the backend could still give

    size_t total() const { return weights + textEncoder + videoDecoder + forTake(); }
    // What is still to be taken once the model is loaded.
    size_t forTake() const { return cache + working + videoStream; }
    bool fits() const { return forTake() <= available; }
};

class Model {
public:
    // Reads <folder>/model.json and the files it names. Every failure is one line that names the file; running out of
    // memory is one. A text encoder that would take much of a GPU's memory stays with the processor.
    static Result<std::unique_ptr<Model>> load(const std::filesystem::path& folder, Backend& backend, MlaForm form = MlaForm::Automatic);
    // model.json alone.
    static Result<ModelConfig> readConfig(const std::filesystem::path& folder);

    const ModelConfig& config() const { return config_; }
    const std::filesystem::path& folder() const { return folder_; }
    const CausalDit& dit() const { return *dit_; }
    Backend& backend() const { return backend_; }
    bool encodesTextOnCpu() const { return textBackend_ != nullptr || backend_.name() == "cpu"; }

    // The encoder's real rows of a prompt: [tokens, textDim], F32 host memory.
    Result<Tensor> textRows(const std::string& prompt) const;
    // How many of the prompt's tokens have no room in the model's text length.
    Result<int64_t> droppedTokens(const std::string& prompt) const;
    // A stream of its own, of weights that all share. For decodeBackend(): pictures are made beside what backend() computes
    // where the device has queues.
    std::unique_ptr<VideoDecoder> makeDecoder() const { return decoder_->beside(); }
    // Of a take whose chunks have so many latent frames.
    ChunkClock clock(int chunkFrames) const;
    Backend& decodeBackend() const { return decodeQueue_ ? *decodeQueue_ : backend_; }
    Backend* decodeQueue() const { return decodeQueue_.get(); }
    Result<std::unique_ptr<VideoEncoder>> makeEncoder() const;

    // Pixels in a row or column of one token; sizes must be multiples of these.
    int64_t widthStep() const;
    int64_t heightStep() const;
    Result<void> checkSize(int64_t width, int64_t height) const;
    MemoryPlan plan(int64_t width, int64_t height, const RolloutConfig& window) const;
    // Working memory of one more take whose chunks are made together with another's.
    size_t joinedBytes(int64_t width, int64_t height, const RolloutConfig& window) const;

private:
    static Result<std::unique_ptr<Model>> loadParts(const std::filesystem::path& folder, Backend& backend, MlaForm form);
    Model(std::filesystem::path folder, ModelConfig config, Backend& backend)
        : folder_(std::move(folder)), config_(std::move(config)), backend_(backend) {}

    Result<void> loadDecoder();
    void measureStream(VideoDecoder& decoder);
    size_t latentBytes(int64_t width, int64_t height, const RolloutConfig& window) const;

    std::filesystem::path folder_;
    ModelConfig config_;
    Backend& backend_;
    std::unique_ptr<Backend> decodeQueue_;  // null: backend_ decodes, in order
    std::unique_ptr<Backend> textBackend_;  // null: backend_ encodes text too
    std::optional<TextEncoder> text_;
    std::unique_ptr<CausalDit> dit_;
    std::unique_ptr<VideoDecoder> decoder_;  // decodes nothing itself: those of the takes are made beside it
    size_t textBytes_ = 0;
    double streamBytesPerLatent_ = 0;  // what a decoder takes beside its weights, for each place of a latent frame
};

}  // namespace longtake
