#include "engine/rollout/rollout.h"

#include <algorithm>
#include <chrono>
#include <numeric>

namespace longtake {

namespace {

// Encodings of prompts kept for timelines that come back to one, and for blends.
constexpr size_t kMaxEncodings = 16;

double milliseconds(std::chrono::steady_clock::time_point since) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since).count();
}

int capacity(const RolloutOptions& options) {
    return options.window.windowFrames ? options.window.windowFrames : static_cast<int>(options.maxFrames);
}

}  // namespace

Result<std::unique_ptr<Rollout>> Rollout::create(const CausalDit& dit, Backend& backend, RolloutOptions options, TextRows text) {
    if (Result<void> valid = validate(options.window); !valid) return valid.error();
    if (Result<void> valid = validate(options.sampler); !valid) return valid.error();
    const DitConfig& config = dit.config();
    if (options.latentHeight < config.patchH || options.latentWidth < config.patchW ||
        options.latentHeight % config.patchH || options.latentWidth % config.patchW)
        return Error{"a latent size of " + std::to_string(options.latentWidth) + "x" + std::to_string(options.latentHeight) +
                     " cannot be cut into patches of " + std::to_string(config.patchW) + "x" + std::to_string(config.patchH)};
    if (options.window.windowFrames == 0 && options.maxFrames < options.window.chunkFrames)
        return Error{"without a window the number of frames must be given: at least one chunk"};
    return std::unique_ptr<Rollout>(new Rollout(dit, backend, std::move(options), std::move(text)));
}

Rollout::Rollout(const CausalDit& dit, Backend& backend, RolloutOptions options, TextRows text)
    : dit_(dit), backend_(backend), options_(std::move(options)), text_(std::move(text)), sampler_(options_.sampler),
      cache_(backend, dit.config(), capacity(options_), options_.window.sinkFrames,
             dit.tokensPerFrame(options_.latentHeight, options_.latentWidth)),
      workspace_(options_.workspace ? options_.workspace : std::make_shared<DitWorkspace>(dit.config(), backend)), recorder_(backend) {
    const Shape chunk{options_.window.chunkFrames, dit.config().outDim, options_.latentHeight, options_.latentWidth};
    for (Tensor* tensor : {&noisy_, &clean_, &flow_, &noise_}) *tensor = Tensor::allocate(backend, DType::F32, chunk);
    history_ = Tensor::allocate(backend, DType::F32, {capacity(options_), chunk[1], chunk[2], chunk[3]});
}

size_t Rollout::workingBytes() const {
    size_t total = workspace_->bytes() + history_.bytes();
    for (const Tensor* tensor : {&noisy_, &clean_, &flow_, &noise_}) total += tensor->bytes();
    return total;
}

void Rollout::restart(uint64_t seed) {
    options_.seed = seed;
    nextChunk_ = 0;
    recachedFor_ = -1;
    rememberedFrames_ = 0;
    cache_.clear();
}

Result<const Tensor*> Rollout::encoded(const std::string& prompt) {
    for (const auto& [text, rows] : encodings_)
        if (text == prompt) return &rows;
    Result<Tensor> rows = text_(prompt);
    if (!rows) return rows.error();
    if (encodings_.size() == kMaxEncodings) encodings_.pop_front();
    encodings_.emplace_back(prompt, std::move(rows).value());
    return &encodings_.back().second;
}

// A blend mixes the encoder's rows; rows beyond a text's end are zero, as the model knows them.
Result<void> Rollout::choosePrompt(int64_t chunk) {
    if (timeline_.empty()) return Error{"there is no prompt: give the take at least one"};
    const std::vector<PromptShare> shares = timeline_.sharesAt(chunk);
    std::vector<std::string> texts;
    for (const PromptShare& share : shares) texts.push_back(timeline_[share.segment].text);
    const bool same = texts == promptTexts_ && std::equal(shares.begin(), shares.end(), promptShares_.begin(), promptShares_.end(),
                                                          [](const PromptShare& a, const PromptShare& b) { return a.weight == b.weight; });
    if (same) return {};

    const int64_t width = dit_.config().textDim;
    Tensor mixed = Tensor::host(DType::F32, {dit_.config().textLen, width});
    int64_t rows = 0;
    for (size_t i = 0; i < shares.size(); ++i) {
        Result<const Tensor*> text = encoded(texts[i]);
        if (!text) return text.error();
        rows = std::max(rows, (*text)->shape()[0]);
        for (int64_t v = 0; v < (*text)->count(); ++v)
            mixed.as<float>()[v] += static_cast<float>(shares[i].weight) * (*text)->as<float>()[v];
    }
    recorder_.clear();  // they hold the keys and values of the prompt before
    prompt_ = dit_.encodePrompt(mixed.slice(0, rows), *workspace_);
    promptTexts_ = std::move(texts);
    promptShares_ = shares;
    return {};
}

// Whether passes repeat from here on: the window is full, positions are its own, and all tables stay in memory. Takes that
// share their working memory change it for each other.
bool Rollout::isSteady() const {
    constexpr size_t kMostSteps = 32;  // modulations are kept for twice as many
    return options_.window.positions == Positions::Window && cache_.liveFrames() == cache_.capacityFrames() && workspace_.use_count() == 1 &&
           sampler_.steps().size() <= kMostSteps;
}

void Rollout::forward(const Tensor& latents, float timestep, int firstSlot, Tensor* flow) {
    const std::vector<float> timesteps(static_cast<size_t>(latents.shape()[0]), timestep);
    const auto pass = [&] {
        dit_.forward({.latents = latents, .timesteps = timesteps, .prompt = &prompt_, .cache = &cache_, .firstSlot = firstSlot, .flow = flow}, *workspace_);
    };
    if (isSteady()) recorder_.run({timestep, firstSlot, cache_.liveFrames(), latents.data(), flow ? flow->data() : nullptr, workspace_->bytes()}, pass);
    else pass();
    backend_.synchronize();
}

void Rollout::fillNoise(int64_t chunk, int step) {
    if (noiseOverride) {
        Tensor host = Tensor::host(DType::F32, noise_.shape());
        noiseOverride(chunk, step, host.as<float>(), host.count());
        backend_.upload(noise_.data(), host.data(), host.bytes());
        return;
    }
    backend_.noise({noise_.as<float>(), noise_.count(), options_.seed, static_cast<uint32_t>(chunk), static_cast<uint32_t>(step)});
}

// Writes the window again under the current prompt: one pass over the clean latents of the frames held, all seeing
// each other. A sink that the take has moved away from stays as it was, or is given up for the oldest frames still
// remembered (engine-spec 4.4, global sink). What a stopped chunk left in the cache is written over.
void Rollout::recache() {
    const int64_t made = nextChunk_ * options_.window.chunkFrames;
    const auto held = static_cast<int>(std::min<int64_t>(made, cache_.capacityFrames()));
    if (held == 0) return;
    const bool keepsSink = made > held && options_.window.sinkAtRecache == SinkAtRecache::Kept;
    const int first = keepsSink ? cache_.sinkFrames() : 0;
    std::vector<int64_t> frames(static_cast<size_t>(held));
    std::iota(frames.begin(), frames.begin() + first, 0);
    std::iota(frames.begin() + first, frames.end(), made - held + first);
    cache_.assign(frames);
    forward(history_.slice(rememberedFrames_ - (held - first), held - first), options_.window.contextNoise, first, nullptr);
}

bool Rollout::denoise(RolloutChunk& chunk, const PassCallback& afterPass) {
    const std::vector<DenoiseStep>& steps = sampler_.steps();
    const int firstSlot = cache_.liveFrames() - options_.window.chunkFrames;
    const int64_t count = noisy_.count();
    fillNoise(chunk.index, 0);
    // Runs that begin below sigma 1 start from the same mixture that training saw: nothing clean but noise.
    backend_.combine({noise_.as<float>(), nullptr, noisy_.as<float>(), count, 1.0f, 0.0f});
    for (size_t i = 0; i < steps.size(); ++i) {
        forward(noisy_, steps[i].timestep, firstSlot, &flow_);
        cleanFromFlow(backend_, noisy_.as<float>(), flow_.as<float>(), steps[i].sigma, clean_.as<float>(), count);
        if (observeClean) {
            Tensor host = Tensor::host(DType::F32, clean_.shape());
            backend_.download(host.data(), clean_.data(), clean_.bytes());
            observeClean(chunk.index, static_cast<int>(i), host);
        }
        if (afterPass && !afterPass({chunk.index, static_cast<int>(i) + 1, passes(), false})) return false;
        if (i + 1 == steps.size()) break;
        const float next = steps[i + 1].sigma;
        if (sampler_.kind() == SamplerKind::Euler) {
            backend_.combine({noisy_.as<float>(), flow_.as<float>(), noisy_.as<float>(), count, 1.0f, next - steps[i].sigma});
        } else {
            fillNoise(chunk.index, static_cast<int>(i) + 1);
            mixNoise(backend_, clean_.as<float>(), noise_.as<float>(), next, noisy_.as<float>(), count);
        }
    }
    return true;
}

// Keeps the newest clean latents for a later re-cache, oldest first.
void Rollout::remember(const Tensor& latents) {
    const int64_t count = latents.shape()[0], forgotten = std::max<int64_t>(0, rememberedFrames_ + count - history_.shape()[0]);
    rememberedFrames_ -= forgotten;
    for (int64_t i = 0; forgotten > 0 && i < rememberedFrames_; ++i) {
        Tensor to = history_.slice(i, 1);
        backend_.copyBytes(to.data(), history_.slice(i + forgotten, 1).data(), to.bytes());
    }
    Tensor end = history_.slice(rememberedFrames_, count);
    backend_.copyBytes(end.data(), latents.data(), latents.bytes());
    rememberedFrames_ += count;
}

void Rollout::writeClean(const Tensor& latents) {
    remember(latents);
    forward(latents, options_.window.contextNoise, cache_.liveFrames() - options_.window.chunkFrames, nullptr);
}

Result<RolloutChunk> Rollout::next(const PassCallback& afterPass) {
    RolloutChunk chunk;
    chunk.index = nextChunk_;
    chunk.firstFrame = nextChunk_ * options_.window.chunkFrames;
    if (options_.window.windowFrames == 0 && chunk.firstFrame + options_.window.chunkFrames > capacity(options_))
        return Error{"the take is full: without a window it holds " + std::to_string(capacity(options_)) + " latent frames"};
    if (Result<void> chosen = choosePrompt(chunk.index); !chosen) return chosen.error();

    if (timeline_.recachesAt(chunk.index) && recachedFor_ != chunk.index) {
        if (afterPass && !afterPass({chunk.index, 0, passes(), true})) return Error{"stopped"};
        const auto start = std::chrono::steady_clock::now();
        recache();
        chunk.recached = true;
        chunk.recacheMs = milliseconds(start);
        recachedFor_ = chunk.index;
    }

    const auto start = std::chrono::steady_clock::now();
    cache_.beginChunk(chunk.firstFrame, options_.window.chunkFrames);
    if (!denoise(chunk, afterPass)) return Error{"stopped"};
    chunk.denoiseMs = milliseconds(start);

    const auto cleanStart = std::chrono::steady_clock::now();
    writeClean(clean_);
    chunk.cleanPassMs = milliseconds(cleanStart);
    ++nextChunk_;
    // The chunk is complete: a stop asked for now is heard at the next one.
    if (afterPass) afterPass({chunk.index, passes(), passes(), false});
    chunk.latents = clean_;
    return chunk;
}

Result<RolloutChunk> Rollout::prefill(const Tensor& latents) {
    if (!(latents.shape() == clean_.shape()))
        return Error{"a start needs latents of shape " + clean_.shape().text() + ", got " + latents.shape().text()};
    RolloutChunk chunk;
    chunk.index = nextChunk_;
    chunk.firstFrame = nextChunk_ * options_.window.chunkFrames;
    if (Result<void> chosen = choosePrompt(chunk.index); !chosen) return chosen.error();
    const auto start = std::chrono::steady_clock::now();
    backend_.upload(clean_.data(), latents.data(), latents.bytes());
    cache_.beginChunk(chunk.firstFrame, options_.window.chunkFrames);
    writeClean(clean_);
    chunk.cleanPassMs = milliseconds(start);
    ++nextChunk_;
    chunk.latents = clean_;
    return chunk;
}

}  // namespace longtake
