#include "engine/rollout/take.h"

#include <algorithm>
#include <chrono>
#include <new>

namespace longtake {

TakeOptions TakeOptions::of(const ModelConfig& config) {
    TakeOptions options;
    options.width = config.width;
    options.height = config.height;
    options.window = config.rollout;
    options.sampler = config.sampler;
    return options;
}

Result<std::unique_ptr<Take>> Take::create(const Model& model, const TakeOptions& given, const Take* beside) {
    TakeOptions options = given;
    if (options.width == 0) options.width = model.config().width;
    if (options.height == 0) options.height = model.config().height;
    if (Result<void> size = model.checkSize(options.width, options.height); !size) return size.error();
    Result<std::shared_ptr<EncodedStart>> start =
        beside && beside->beginsLike(options) ? Result<std::shared_ptr<EncodedStart>>(beside->start_)
                                              : openStart(model, options.start, options.width, options.height, options.window.chunkFrames);
    if (!start) return start.error();

    RolloutConfig window = options.window;
    if (window.windowFrames == 0) {  // everything is kept
        if (options.maxFrames > kMostWindowFrames)
            return Error{"a take without a window holds at most " + std::to_string(kMostWindowFrames) + " latent frames, not " +
                         std::to_string(options.maxFrames) + "; choose a window or make it shorter"};
        window.windowFrames = static_cast<int>(options.maxFrames);
    }
    MemoryPlan plan = model.plan(options.width, options.height, window);
    if (beside) plan.working = model.joinedBytes(options.width, options.height, window);
    auto mega = [](size_t bytes) { return std::to_string(bytes >> 20) + " MB"; };
    const Error tooLarge{"a take of " + std::to_string(options.width) + "x" + std::to_string(options.height) + " needs about " +
                         mega(plan.forTake()) + ", there are " + mega(plan.available) + "; choose a smaller size or window"};
    if (!plan.fits()) return tooLarge;
    std::unique_ptr<VideoDecoder> decoder = model.makeDecoder();
    RolloutOptions rolloutOptions;
    rolloutOptions.window = options.window;
    rolloutOptions.sampler = options.sampler;
    rolloutOptions.seed = options.seed;
    rolloutOptions.latentHeight = options.height / decoder->pixelsPerLatent();
    rolloutOptions.latentWidth = options.width / decoder->pixelsPerLatent();
    rolloutOptions.maxFrames = options.maxFrames;
    if (beside) rolloutOptions.workspace = beside->rollout_->workspace();
    try {
        auto rollout = Rollout::create(model.dit(), model.backend(), rolloutOptions,
                                       [&model](const std::string& prompt) { return model.textRows(prompt); });
        if (!rollout) return rollout.error();
        DecodeStage decode(model.backend(), model.decodeQueue(), std::move(decoder));
        std::unique_ptr<Take> take(
            new Take(options, std::move(rollout).value(), std::move(decode), model.clock(options.window.chunkFrames)));
        take->start_ = std::move(start).value();
        return take;
    } catch (const std::bad_alloc&) {
        return tooLarge;
    }
}

Take::Take(const TakeOptions& options, std::unique_ptr<Rollout> rollout, DecodeStage decode, const ChunkClock& clock)
    : options_(options), rollout_(std::move(rollout)), decode_(std::move(decode)), clock_(clock) {}

bool Take::beginsLike(const TakeOptions& other) const {
    return start_ && other.start.picture == options_.start.picture && other.width == options_.width && other.height == options_.height &&
           other.window.chunkFrames == options_.window.chunkFrames;
}

Result<RolloutChunk> Take::encodePicture(const PassCallback& afterPass) {
    const auto start = std::chrono::steady_clock::now();
    const Result<Tensor> latents = start_->latents(afterPass);
    if (!latents) return latents.error();
    Result<RolloutChunk> chunk = rollout_->prefill(*latents);
    if (chunk)
        chunk->denoiseMs = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count() - chunk->cleanPassMs;
    return chunk;
}

Result<TakeChunk> Take::next(const FrameSink& frames, const PassCallback& afterPass) {
    Take* const alone[] = {this};
    Result<std::vector<TakeChunk>> chunks = nextTogether(
        alone, [&](size_t, Frame8 frame) { frames(std::move(frame)); }, afterPass);
    if (!chunks) return chunks.error();
    return chunks->front();
}

Result<std::vector<TakeChunk>> Take::nextTogether(std::span<Take* const> takes, const NumberedFrameSink& frames,
                                                  const PassCallback& afterPass) {
    const auto sinkOf = [&](size_t take) { return [&frames, take](Frame8 frame) { frames(take, std::move(frame)); }; };
    const auto between = [&](const DenoiseProgress& progress) {
        for (size_t i = 0; i < takes.size(); ++i) takes[i]->decode_.handOut(sinkOf(i));
        return !afterPass || afterPass(progress);
    };
    std::vector<RolloutChunk> made;
    if (std::any_of(takes.begin(), takes.end(), [](const Take* take) { return take->beginsWithPicture(); })) {
        for (Take* take : takes) {
            Result<RolloutChunk> chunk = take->beginsWithPicture() ? take->encodePicture(between) : take->rollout_->next(between);
            if (!chunk) return chunk.error();
            made.push_back(std::move(*chunk));
        }
    } else {
        std::vector<Rollout*> rollouts;
        for (Take* take : takes) rollouts.push_back(take->rollout_.get());
        Result<std::vector<RolloutChunk>> chunks = Rollout::nextTogether(rollouts, between);
        if (!chunks) return chunks.error();
        made = std::move(*chunks);
    }
    std::vector<TakeChunk> out;
    for (size_t i = 0; i < takes.size(); ++i) out.push_back(takes[i]->decode(made[i], sinkOf(i)));
    return out;
}

int64_t Take::joinedTakes() const {
    // As many rows as products need to be as fast as they can be, on processors and GPUs.
    constexpr int64_t kEnoughRows = 8192;
    return std::max<int64_t>(1, kEnoughRows / (options_.window.chunkFrames * rollout_->cache().tokensPerFrame()));
}

TakeChunk Take::decode(const RolloutChunk& made, const FrameSink& frames) {
    TakeChunk chunk;
    chunk.index = made.index;
    chunk.firstFrame = clock_.firstFrameOf(made.index);
    chunk.recached = made.recached;
    chunk.denoiseMs = made.denoiseMs;
    chunk.cleanPassMs = made.cleanPassMs;
    chunk.recacheMs = made.recacheMs;
    if (made.recached) recaches_.push_back(made.index);
    const auto start = std::chrono::steady_clock::now();
    chunk.frames = static_cast<int>(clock_.framesOf(made.index));
    decode_.push(made.latents, frames);
    if (options_.decoding == Decoding::WithItsChunk) decode_.finish(frames);
    chunk.decodeMs = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    return chunk;
}

void Take::restart(uint64_t seed) {
    options_.seed = seed;
    recaches_.clear();
    rollout_->restart(seed);
    decode_.reset();
}

CacheView Take::cacheView() const {
    const KvCache& cache = rollout_->cache();
    const int64_t chunkFrames = options_.window.chunkFrames;
    CacheView view;
    view.chunk = rollout_->nextChunk();
    view.sinkFrames = cache.sinkFrames();
    view.windowFrames = cache.capacityFrames();
    view.evictedFrames = cache.evictedFrames();
    view.recacheChunks = recaches_;
    view.bytes = static_cast<int64_t>(cache.liveBytes());
    view.denseBytes = static_cast<int64_t>(cache.denseBytes()) * cache.liveFrames() / cache.capacityFrames();
    std::vector<CacheSlot> slots(static_cast<size_t>(cache.capacityFrames()));
    for (int i = 0; i < cache.liveFrames(); ++i) {
        CacheSlot& slot = slots[static_cast<size_t>(i)];
        slot.frame = cache.frames()[static_cast<size_t>(i)];
        slot.tokens = static_cast<int>(cache.tokensPerFrame());
        slot.bytes = cache.tokensPerFrame() * cache.rowWidth() * static_cast<int64_t>(sizeOf(cache.dtype()));
        slot.ageChunks = static_cast<int>(view.chunk - slot.frame / chunkFrames);
        slot.kind = slot.ageChunks <= 0 ? SlotKind::Writing : i < cache.sinkFrames() ? SlotKind::Sink : SlotKind::Window;
    }
    view.layers.assign(static_cast<size_t>(cache.layers()), slots);
    return view;
}

size_t Take::bytes() const { return rollout_->cache().bytes() + rollout_->workingBytes() + decode_.bytes(); }

}  // namespace longtake
