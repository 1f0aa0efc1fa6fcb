#include "engine/rollout/model.h"

#include <algorithm>
#include <fstream>
#include <new>
#include <sstream>

#include "engine/checkpoint/checkpoint.h"

namespace longtake {

namespace fs = std::filesystem;

namespace {

constexpr uintmax_t kMaxConfigBytes = 16 << 20;
// A text encoder of more than this part of a GPU's free memory stays with the processor.
constexpr size_t kTextShare = 4;

Error inFile(const fs::path& file, const std::string& message) {
    return Error{message.starts_with(file.string()) ? message : file.string() + ": " + message};
}

size_t fileBytes(const fs::path& file) {
    std::error_code error;
    const uintmax_t size = fs::file_size(file, error);
    return error ? 0 : static_cast<size_t>(size);
}

TextEncoderConfig encoderConfig(const ModelConfig& config) {
    const TextConfig& t = config.text;
    TextEncoderConfig out;
    out.vocab = t.vocab;
    out.dim = t.dim;
    out.dimAttn = t.dimAttn;
    out.dimFfn = t.dimFfn;
    out.numHeads = t.numHeads;
    out.numLayers = t.numLayers;
    out.numBuckets = t.numBuckets;
    out.maxDistance = t.maxDistance;
    out.textLen = config.dit.textLen;
    return out;
}

}  // namespace

Result<ModelConfig> Model::readConfig(const fs::path& folder) {
    std::error_code error;
    if (!fs::is_directory(folder, error))
        return Error{folder.string() + ": not a model folder; a model is a folder with a model.json and its weights"};
    const fs::path file = folder / "model.json";
    const uintmax_t size = fs::file_size(file, error);
    if (error) return Error{file.string() + ": cannot be read (" + error.message() + "); a model folder needs it"};
    if (size > kMaxConfigBytes) return Error{file.string() + ": too large for a model.json (" + std::to_string(size) + " bytes)"};
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) return Error{file.string() + ": cannot be read"};
    return ModelConfig::parse(text.str(), file.string());
}

Result<std::unique_ptr<Model>> Model::load(const fs::path& folder, Backend& backend, MlaForm form) {
    try {
        return loadParts(folder, backend, form);
    } catch (const std::bad_alloc&) {
        return Error{folder.string() + ": the model does not fit the memory of " + backend.description() +
                     "; choose another device or a smaller model"};
    }
}

Result<std::unique_ptr<Model>> Model::loadParts(const fs::path& folder, Backend& backend, MlaForm form) {
    Result<ModelConfig> config = readConfig(folder);
    if (!config) return config.error();
    std::unique_ptr<Model> model(new Model(folder, std::move(config).value(), backend));
    const ModelConfig& c = model->config_;

    const fs::path ditFile = folder / c.dit.weights, textFile = folder / c.text.weights, videoFile = folder / c.video.weights;
    Result<Checkpoint> ditWeights = Checkpoint::open(ditFile);
    if (!ditWeights) return inFile(ditFile, ditWeights.message());
    auto dit = CausalDit::load(c.dit, c.rollout.positions, *ditWeights, backend, form);
    if (!dit) return inFile(ditFile, dit.message());
    model->dit_ = std::move(dit).value();

    const TextEncoderConfig textConfig = encoderConfig(c);
    Result<Tokenizer> tokenizer = Tokenizer::fromFile(folder / c.text.tokenizer, {textConfig.textLen, textConfig.vocab});
    if (!tokenizer) return inFile(folder / c.text.tokenizer, tokenizer.message());
    Result<Checkpoint> textWeights = Checkpoint::open(textFile);
    if (!textWeights) return inFile(textFile, textWeights.message());
    model->textBytes_ = fileBytes(textFile);
    // Prompts are few: the device's memory is worth more to takes than their encoder's speed is.
    if (backend.name() != "cpu" && model->textBytes_ > backend.freeBytes() / kTextShare)
        model->textBackend_ = makeCpuBackend({.precision = backend.computeType() == DType::BF16 ? Precision::Bf16 : Precision::Fp32});
    Backend& textBackend = model->textBackend_ ? *model->textBackend_ : backend;
    auto text = TextEncoder::create(textConfig, std::move(tokenizer).value(), *textWeights, textBackend);
    if (!text) return inFile(textFile, text.message());
    model->text_.emplace(std::move(text).value());

    model->decodeQueue_ = backend.makeQueue();
    if (const Result<void> decoder = model->loadDecoder(); !decoder) return inFile(videoFile, decoder.message());
    return model;
}

Result<void> Model::loadDecoder() {
    Result<Checkpoint> weights = Checkpoint::open(folder_ / config_.video.weights);
    if (!weights) return weights.error();
    auto tried = makeVideoDecoder(config_.video.kind, *weights, decodeBackend());
    if (!tried) return tried.error();
    if ((*tried)->latentChannels() != config_.dit.outDim)
        return Error{"it decodes " + std::to_string((*tried)->latentChannels()) + " channels, the transformer makes " +
                     std::to_string(config_.dit.outDim)};
    measureStream(**tried);
    tried->reset();  // weights that were used for a picture of one size may be held twice for one of another
    auto decoder = makeVideoDecoder(config_.video.kind, *weights, decodeBackend());
    if (!decoder) return decoder.error();
    decoder_ = std::move(*decoder);
    return {};
}

// Every map of a decoder is as large as the picture, so what a small one takes tells what a large one will.
void Model::measureStream(VideoDecoder& decoder) {
    constexpr int64_t kSide = 8;
    const Tensor host = Tensor::host(DType::F32, {config_.rollout.chunkFrames, config_.dit.outDim, kSide, kSide});
    Tensor latents = Tensor::allocate(decodeBackend(), DType::F32, host.shape());
    decodeBackend().upload(latents.data(), host.data(), host.bytes());
    decoder.decodeRgb8(latents, [](Frame8) {});
    decoder.decodeRgb8(latents, [](Frame8) {});                    // the first chunk of a stream is shorter than the others
    const size_t handedOver = decodeQueue_ ? latents.bytes() : 0;  // the queue has latents of its own
    streamBytesPerLatent_ = static_cast<double>(decoder.stateBytes() + decoder.scratchBytes() + handedOver) / (kSide * kSide);
}

Result<Tensor> Model::textRows(const std::string& prompt) const {
    Result<TextContext> context = text_->encode(prompt);
    if (!context) return context.error();
    const Tensor real = context->hidden.slice(0, context->tokens);
    Tensor rows = Tensor::host(DType::F32, real.shape());
    (textBackend_ ? *textBackend_ : backend_).download(rows.data(), real.data(), real.bytes());
    return rows;
}

Result<int64_t> Model::droppedTokens(const std::string& prompt) const {
    Result<TokenIds> tokens = text_->tokenize(prompt);
    if (!tokens) return tokens.error();
    return tokens->dropped;
}

Result<std::unique_ptr<VideoEncoder>> Model::makeEncoder() const {
    const fs::path file = folder_ / config_.video.weights;
    Result<Checkpoint> weights = Checkpoint::open(file);
    if (!weights) return inFile(file, weights.message());
    auto encoder = makeVideoEncoder(config_.video.kind, *weights, backend_);
    if (!encoder) return inFile(file, encoder.message());
    if ((*encoder)->pixelsPerLatent() != decoder_->pixelsPerLatent())
        return inFile(file, "its encoder's latents cover " + std::to_string((*encoder)->pixelsPerLatent()) +
                                " pixels in a row, its decoder's " + std::to_string(decoder_->pixelsPerLatent()));
    return encoder;
}

ChunkClock Model::clock(int chunkFrames) const {
    return {.framesPerChunk = static_cast<int>(chunkFrames * decoder_->framesPerLatent()),
            .firstChunkFrames = static_cast<int>(decoder_->framesOf(chunkFrames)),
            .fps = static_cast<double>(config_.fps)};
}

int64_t Model::widthStep() const { return decoder_->pixelsPerLatent() * config_.dit.patchW; }
int64_t Model::heightStep() const { return decoder_->pixelsPerLatent() * config_.dit.patchH; }

Result<void> Model::checkSize(int64_t width, int64_t height) const {
    constexpr int64_t kMaxSide = 8192;
    auto nearest = [](int64_t value, int64_t step) { return std::clamp((value + step / 2) / step * step, step, kMaxSide / step * step); };
    if (width >= widthStep() && height >= heightStep() && width <= kMaxSide && height <= kMaxSide && width % widthStep() == 0 &&
        height % heightStep() == 0)
        return {};
    return Error{"size " + std::to_string(width) + "x" + std::to_string(height) + ": width must be a multiple of " +
                 std::to_string(widthStep()) + " and height of " + std::to_string(heightStep()) + ", at most " + std::to_string(kMaxSide) +
                 "; the nearest that works is " + std::to_string(nearest(width, widthStep())) + "x" +
                 std::to_string(nearest(height, heightStep()))};
}

// The rollout keeps four chunks' and a window's latents.
size_t Model::latentBytes(int64_t width, int64_t height, const RolloutConfig& window) const {
    const int64_t pixels = decoder_->pixelsPerLatent(), latents = (height / pixels) * (width / pixels);
    return static_cast<size_t>((4 * window.chunkFrames + window.windowFrames) * latents * config_.dit.outDim) * sizeof(float);
}

size_t Model::joinedBytes(int64_t width, int64_t height, const RolloutConfig& window) const {
    return dit_->workingBytes(window.chunkFrames * (height / heightStep()) * (width / widthStep()), 0) + latentBytes(width, height, window);
}

MemoryPlan Model::plan(int64_t width, int64_t height, const RolloutConfig& window) const {
    const int64_t tokens = (height / heightStep()) * (width / widthStep());
    const auto number = static_cast<int64_t>(sizeOf(backend_.computeType()));
    const int64_t held = window.windowFrames * tokens;
    const int64_t pixels = decoder_->pixelsPerLatent(), latents = (height / pixels) * (width / pixels);  // of a frame, each outDim numbers
    MemoryPlan plan;
    plan.weights = dit_->weightBytes();
    plan.textEncoder = textBytes_;
    plan.cache = static_cast<size_t>(held * config_.dit.cacheWidth() * number * config_.dit.numLayers);
    plan.denseCache = static_cast<size_t>(held * config_.dit.denseCacheWidth() * number * config_.dit.numLayers);
    // The largest pass is a re-cache, of everything but a sink.
    plan.working = dit_->workingBytes(held, held) + latentBytes(width, height, window);
    plan.videoDecoder = decoder_->weightBytes();
    plan.videoStream = static_cast<size_t>(streamBytesPerLatent_ * static_cast<double>(latents));
    plan.available = backend_.freeBytes();
    return plan;
}

}  // namespace longtake
