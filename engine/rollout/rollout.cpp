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
    if (options.latentHeight < config.patchH || options.latentWidth < config.patchW || options.latentHeight % config.patchH ||
        options.latentWidth % config.patchW)
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
    options_.workspace.reset();  // who holds it is counted
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
    static std::atomic<uint64_t> prompts = 0;
    prompt_ = dit_.encodePrompt(mixed.slice(0, rows), *workspace_);
    promptNumber_ = ++prompts;
    promptTexts_ = std::move(texts);
    promptShares_ = shares;
    return {};
}

// Whether passes repeat from here on: the window is full, positions are its own, and all tables stay in memory. Rollouts
// that share their working memory and are not of the group change it for each other.
bool Rollout::isSteady(size_t rollouts) const {
    constexpr size_t kMostSteps = 32;  // modulations are kept for twice as many
    return options_.window.positions == Positions::Window && cache_.liveFrames() == cache_.capacityFrames() &&
           static_cast<size_t>(workspace_.use_count()) == rollouts && sampler_.steps().size() <= kMostSteps;
}

void Rollout::forward(Group group, const Tensor& (*latents)(const Rollout&), float timestep, int firstSlot, bool wantsOutput) {
    Rollout& first = *group.front();
    const std::vector<float> timesteps(static_cast<size_t>(first.options_.window.chunkFrames), timestep);
    std::vector<DitPass> passes;
    std::vector<uint64_t> prompts;
    for (Rollout* one : group) {
        passes.push_back({.latents = latents(*one),
                          .timesteps = timesteps,
                          .prompt = &one->prompt_,
                          .cache = &one->cache_,
                          .firstSlot = firstSlot,
                          .output = wantsOutput ? &one->flow_ : nullptr});
        prompts.push_back(one->promptNumber_);
    }
    first.runPass(passes, std::move(prompts), timestep);
}

void Rollout::runPass(std::span<const DitPass> takes, std::vector<uint64_t> prompts, float timestep) {
    // Recordings hold the keys and values of the prompts, and with them who is in the group.
    if (prompts != recordedPrompts_) recorder_.clear();
    recordedPrompts_ = std::move(prompts);
    const DitPass& one = takes.front();
    const auto pass = [&] { dit_.forward(takes, *workspace_); };
    if (isSteady(takes.size()))
        recorder_.run({timestep, one.firstSlot, cache_.liveFrames(), one.latents.data(), one.output ? one.output->data() : nullptr,
                       workspace_->bytes()},
                      pass);
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
    const Tensor latents = history_.slice(rememberedFrames_ - (held - first), held - first);
    const std::vector<float> timesteps(static_cast<size_t>(latents.shape()[0]), options_.window.contextNoise);
    const DitPass pass{.latents = latents, .timesteps = timesteps, .prompt = &prompt_, .cache = &cache_, .firstSlot = first};
    runPass({&pass, 1}, {promptNumber_}, options_.window.contextNoise);
}

bool Rollout::denoise(Group group, const PassCallback& afterPass) {
    Rollout& first = *group.front();
    const std::vector<DenoiseStep>& steps = first.sampler_.steps();
    const int firstSlot = first.cache_.liveFrames() - first.options_.window.chunkFrames;
    for (Rollout* one : group) {
        one->fillNoise(one->nextChunk_, 0);
        // Runs that begin below sigma 1 start from the same mixture that training saw: nothing clean but noise.
        one->backend_.combine({one->noise_.as<float>(), nullptr, one->noisy_.as<float>(), one->noisy_.count(), 1.0f, 0.0f});
    }
    for (size_t i = 0; i < steps.size(); ++i) {
        forward(
            group, [](const Rollout& one) -> const Tensor& { return one.noisy_; }, steps[i].timestep, firstSlot, true);
        for (Rollout* one : group) {
            if (one->dit_.config().predicts == Prediction::Clean)
                flowFromClean(one->backend_, one->noisy_.as<float>(), one->flow_.as<float>(), steps[i].sigma, one->flow_.as<float>(),
                              one->flow_.count());
            cleanFromFlow(one->backend_, one->noisy_.as<float>(), one->flow_.as<float>(), steps[i].sigma, one->clean_.as<float>(),
                          one->clean_.count());
            if (!one->observeClean) continue;
            Tensor host = Tensor::host(DType::F32, one->clean_.shape());
            one->backend_.download(host.data(), one->clean_.data(), one->clean_.bytes());
            one->observeClean(one->nextChunk_, static_cast<int>(i), host);
        }
        if (afterPass && !afterPass({first.nextChunk_, static_cast<int>(i) + 1, first.passes(), false})) return false;
        for (Rollout* one : group) one->renoise(i);
    }
    return true;
}

// From the clean latents of a step to the noisy ones of the next.
void Rollout::renoise(size_t step) {
    const std::vector<DenoiseStep>& steps = sampler_.steps();
    if (step + 1 == steps.size()) return;
    const float next = steps[step + 1].sigma;
    const int64_t count = noisy_.count();
    if (sampler_.kind() == SamplerKind::Euler) {
        backend_.combine({noisy_.as<float>(), flow_.as<float>(), noisy_.as<float>(), count, 1.0f, next - steps[step].sigma});
        return;
    }
    fillNoise(nextChunk_, static_cast<int>(step) + 1);
    mixNoise(backend_, clean_.as<float>(), noise_.as<float>(), next, noisy_.as<float>(), count);
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

void Rollout::writeClean(Group group) {
    const Rollout& first = *group.front();
    for (Rollout* one : group) one->remember(one->clean_);
    forward(
        group, [](const Rollout& one) -> const Tensor& { return one.clean_; }, first.options_.window.contextNoise,
        first.cache_.liveFrames() - first.options_.window.chunkFrames, false);
}

Result<RolloutChunk> Rollout::begin() {
    RolloutChunk chunk;
    chunk.index = nextChunk_;
    chunk.firstFrame = nextChunk_ * options_.window.chunkFrames;
    if (options_.window.windowFrames == 0 && chunk.firstFrame + options_.window.chunkFrames > capacity(options_))
        return Error{"the take is full: without a window it holds " + std::to_string(capacity(options_)) + " latent frames"};
    if (Result<void> chosen = choosePrompt(chunk.index); !chosen) return chosen.error();
    chunk.latents = clean_;
    return chunk;
}

bool Rollout::recacheIfDue(RolloutChunk& chunk, const PassCallback& afterPass) {
    if (!timeline_.recachesAt(chunk.index) || recachedFor_ == chunk.index) return true;
    if (afterPass && !afterPass({chunk.index, 0, passes(), true})) return false;
    const auto start = std::chrono::steady_clock::now();
    recache();
    chunk.recached = true;
    chunk.recacheMs = milliseconds(start);
    recachedFor_ = chunk.index;
    return true;
}

bool Rollout::canJoin(const Rollout& other) const {
    const RolloutOptions &a = options_, &b = other.options_;
    return &dit_ == &other.dit_ && workspace_ == other.workspace_ && a.window == b.window && a.sampler == b.sampler &&
           a.latentHeight == b.latentHeight && a.latentWidth == b.latentWidth && a.maxFrames == b.maxFrames &&
           nextChunk_ == other.nextChunk_;
}

Result<RolloutChunk> Rollout::next(const PassCallback& afterPass) {
    Rollout* const alone[] = {this};
    Result<std::vector<RolloutChunk>> chunks = nextTogether(alone, afterPass);
    if (!chunks) return chunks.error();
    return std::move(chunks->front());
}

Result<std::vector<RolloutChunk>> Rollout::nextTogether(Group group, const PassCallback& afterPass) {
    Rollout& first = *group.front();
    std::vector<RolloutChunk> chunks;
    if (!std::all_of(group.begin(), group.end(), [&](const Rollout* one) { return one->canJoin(first); })) {
        for (Rollout* one : group) {
            Result<RolloutChunk> chunk = one->next(afterPass);
            if (!chunk) return chunk.error();
            chunks.push_back(std::move(*chunk));
        }
        return chunks;
    }
    for (Rollout* one : group) {
        Result<RolloutChunk> chunk = one->begin();
        if (!chunk) return chunk.error();
        chunks.push_back(std::move(*chunk));
    }
    for (size_t i = 0; i < group.size(); ++i)
        if (!group[i]->recacheIfDue(chunks[i], afterPass)) return Error{"stopped"};

    const auto start = std::chrono::steady_clock::now();
    for (size_t i = 0; i < group.size(); ++i) group[i]->cache_.beginChunk(chunks[i].firstFrame, first.options_.window.chunkFrames);
    if (!denoise(group, afterPass)) return Error{"stopped"};
    const auto cleanStart = std::chrono::steady_clock::now();
    writeClean(group);
    const double takes = static_cast<double>(group.size());
    for (size_t i = 0; i < group.size(); ++i) {
        chunks[i].denoiseMs = (milliseconds(start) - milliseconds(cleanStart)) / takes;
        chunks[i].cleanPassMs = milliseconds(cleanStart) / takes;
        ++group[i]->nextChunk_;
    }
    // The chunk is complete: a stop asked for now is heard at the next one.
    if (afterPass) afterPass({chunks.front().index, first.passes(), first.passes(), false});
    return chunks;
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
    Rollout* const alone[] = {this};
    writeClean(alone);
    chunk.cleanPassMs = milliseconds(start);
    ++nextChunk_;
    chunk.latents = clean_;
    return chunk;
}

}  // namespace longtake
