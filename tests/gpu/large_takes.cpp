// Takes of the 1.3B model with random weights: how fast, how many, how soon.
#include <algorithm>

#include "engine/rollout/decode_stage.h"
#include "engine/rollout/rollout.h"
#include "engine/text/umt5_encoder.h"
#include "engine/video/taehv.h"
#include "engine/video/wan_vae.h"
#include "tests/gpu/gpu_parts.h"
#include "tests/gpu/profiling_backend.h"
#include "tests/random_weights.h"

namespace longtake {

namespace {

constexpr int kWindow = 6, kLargeWindow = 21;
// From the second pass of the steady state on, passes are recordings.
constexpr int kWarmChunks = 3;

template <typename Value>
Value orThrow(Result<Value> result) {
    if (!result) throw std::runtime_error(result.message());
    return std::move(*result);
}

// The backend that decodes: its own queue where the device has one.
struct Queues {
    std::unique_ptr<Backend> main = gpu(Precision::Bf16), beside = main->makeQueue();
    Backend& decoding() { return beside ? *beside : *main; }
};

std::unique_ptr<CausalDit> largeModel(Backend& b, AttentionKind attention) {
    DitConfig config = largeDit(attention);
    config.numLayers = setup().layers;
    return orThrow(CausalDit::load(config, Positions::Window, RandomWeights(ditShapes(config)), b));
}

std::unique_ptr<VideoDecoder> largeDecoder(const std::string& name, Backend& b) {
    if (name == "taehv") return orThrow(TaehvDecoder::load(RandomWeights(taehvShapes()), b));
    return orThrow(WanVaeDecoder::load(RandomWeights(wanShapes()), b));
}

Result<Tensor> textRows(const DitConfig& config, const std::string& prompt) {
    Tensor rows = Tensor::host(DType::F32, {60, config.textDim});
    for (int64_t i = 0; i < rows.count(); ++i)
        rows.as<float>()[i] = 0.001f * static_cast<float>((i + static_cast<int64_t>(prompt.size())) % 997 - 498);
    return rows;
}

const char* const kPrompt = "a beach at dusk";

// beside: shares its working memory.
std::unique_ptr<Rollout> largeRollout(Backend& b, const CausalDit& dit, int windowFrames, const Rollout* beside = nullptr) {
    RolloutOptions options;
    options.window = {.chunkFrames = 3, .windowFrames = windowFrames, .sinkFrames = 1};
    options.latentHeight = setup().latentHeight;
    options.latentWidth = setup().latentWidth;
    if (beside) options.workspace = beside->workspace();
    auto rollout = orThrow(Rollout::create(dit, b, options, [&dit](const std::string& prompt) { return textRows(dit.config(), prompt); }));
    rollout->setTimeline(PromptTimeline::create(kPrompt).value());
    return rollout;
}

// Fills the window with one pass a chunk instead of five.
void fillWindow(Rollout& rollout, const DitConfig& config) {
    Tensor latents = Tensor::host(DType::F32, {3, config.outDim, setup().latentHeight, setup().latentWidth});
    for (int64_t i = 0; i < latents.count(); ++i) latents.as<float>()[i] = 0.01f * static_cast<float>(i % 199 - 99);
    while (rollout.cache().liveFrames() < rollout.cache().capacityFrames()) (void)orThrow(rollout.prefill(latents));
}

// Frames as the session takes them: the preview's pictures on the device, the bytes on the host.
class LargeTake {
public:
    LargeTake(Queues& queues, const CausalDit& dit, int windowFrames, const std::string& decoder)
        : queues_(queues), rollout_(largeRollout(*queues.main, dit, windowFrames)) {
        if (decoder.empty()) return;
        decode_ = std::make_unique<DecodeStage>(*queues.main, queues.beside.get(), largeDecoder(decoder, queues.decoding()));
        decode_->decoder().setPictureTap([this](const PicturesParams& picture) { preview(picture); });
    }

    Rollout& rollout() { return *rollout_; }
    void chunk() {
        const RolloutChunk made = orThrow(rollout_->next([this](const DenoiseProgress&) {
            if (decode_) decode_->handOut(sink_);
            return true;
        }));
        if (decode_) decode_->push(made.latents, sink_);
        else frames_ += 12;
    }
    // Until every frame is on the host. Gives how many there were since the last call.
    int finish() {
        if (decode_) decode_->finish(sink_);
        queues_.main->synchronize();
        return std::exchange(frames_, 0);
    }

private:
    void preview(PicturesParams picture) {
        const size_t bytes = static_cast<size_t>(picture.pixels) * 4;
        if (shown_.empty()) shown_ = Tensor::allocate(queues_.decoding(), DType::U8, {static_cast<int64_t>(kSlots * bytes)});
        picture.y = shown_.as<uint8_t>() + slot_++ % kSlots * bytes;
        picture.bytesPerPixel = 4;
        queues_.decoding().pictures(picture);
    }

    static constexpr size_t kSlots = 48;
    Queues& queues_;
    std::unique_ptr<Rollout> rollout_;
    std::unique_ptr<DecodeStage> decode_;
    Tensor shown_;
    size_t slot_ = 0;
    int frames_ = 0;
    FrameSink sink_ = [this](const Frame8&) { ++frames_; };
};

struct Speed {
    double fps = 0, chunkMs = 0;
};

Speed timeTake(Queues& queues, const CausalDit& dit, int windowFrames, const std::string& decoder, const char* cache, int chunks) {
    LargeTake take(queues, dit, windowFrames, decoder);
    fillWindow(take.rollout(), dit.config());
    for (int i = 0; i < kWarmChunks; ++i) take.chunk();
    take.finish();
    const double start = now();
    for (int i = 0; i < chunks; ++i) take.chunk();
    const int frames = take.finish();
    const double ms = now() - start;
    say("%s cache, window %d, decoder %s: %.1f FPS, %.1f ms a chunk\n", cache, windowFrames, decoder.empty() ? "none" : decoder.c_str(),
        1000.0 * frames / ms, ms / chunks);
    return {1000.0 * frames / ms, ms / chunks};
}

// What the preview adds to a chunk: its pictures in RGBA, one after the other.
double previewMs(Backend& b) {
    constexpr int kFrames = 12;
    const int64_t pixels = 64 * setup().latentHeight * setup().latentWidth;
    const Tensor from = Tensor::allocate(b, b.computeType(), {pixels, 3});
    Tensor to = Tensor::allocate(b, DType::U8, {pixels, 4});
    const PicturesParams p{.x = from.data(), .dtype = from.dtype(), .y = to.as<uint8_t>(), .pixels = pixels, .bytesPerPixel = 4};
    double best = 1e30;
    for (int round = 0; round < 6; ++round) {
        b.synchronize();
        const double start = now();
        for (int i = 0; i < kFrames; ++i) b.pictures(p);
        b.synchronize();
        best = std::min(best, now() - start);
    }
    return best;
}

// Chunks of several takes in shared passes, frames a second of all.
double timeTogether(Backend& b, const CausalDit& dit, int takes) {
    std::vector<std::unique_ptr<Rollout>> rollouts;
    std::vector<Rollout*> group;
    for (int i = 0; i < takes; ++i) {
        rollouts.push_back(largeRollout(b, dit, kLargeWindow, i ? rollouts.front().get() : nullptr));
        fillWindow(*rollouts.back(), dit.config());
        group.push_back(rollouts.back().get());
    }
    // One chunk is warm enough here: a pass of several takes is too long for its start to count.
    constexpr int kChunks = 2;
    (void)orThrow(Rollout::nextTogether(group));
    b.synchronize();
    const double start = now();
    for (int i = 0; i < kChunks; ++i) (void)orThrow(Rollout::nextTogether(group));
    b.synchronize();
    return 12000.0 * takes * kChunks / (now() - start);
}

}  // namespace

int take() {
    Queues queues;
    say("%s\n", queues.main->description().c_str());
    const double start = now();
    const auto dit = largeModel(*queues.main, AttentionKind::Mla);
    queues.main->synchronize();
    say("1.3B weights in %.1f s, %.2f GB\n", (now() - start) / 1000, static_cast<double>(dit->weightBytes()) * 1e-9);
    const int chunks = setup().timedChunks;
    figure("denoise only, window 6", timeTake(queues, *dit, kWindow, "", "latent", chunks).fps, "FPS", Wanted::AtLeast, 60);
    const Speed taehv = timeTake(queues, *dit, kWindow, "taehv", "latent", chunks);
    figure("end to end with TAEHV, preview and host copy included", taehv.fps, "FPS", Wanted::AtLeast, 50);
    figure("preview's share of a chunk (display itself not included)", 100 * previewMs(*queues.main) / taehv.chunkMs, "%", Wanted::Below,
           1);
    figure("end to end with the Wan VAE, preview and host copy included", timeTake(queues, *dit, kWindow, "wan", "latent", chunks).fps,
           "FPS", Wanted::AtLeast, 30);
    return 0;
}

// What is known is said at once: the part may be cut off while more takes are tried.
int dense() {
    Queues queues;
    constexpr const char* kNames[] = {"latent", "dense"};
    const std::unique_ptr<CausalDit> dits[] = {largeModel(*queues.main, AttentionKind::Mla),
                                               largeModel(*queues.main, AttentionKind::Dense)};
    double best[2];
    for (size_t i : {0, 1}) best[i] = timeTake(queues, *dits[i], kLargeWindow, "", kNames[i], std::max(1, setup().timedChunks / 2)).fps;
    figure("latent against dense cache, window 21, one take", best[0] / best[1], "x", Wanted::AtLeast, 1.0);
    for (int takes = 2; takes <= setup().mostTogether; takes *= 2) {
        for (size_t i : {0, 1}) try {
                const double fps = timeTogether(*queues.main, *dits[i], takes);
                say("%s cache, window 21, %d takes in shared passes: %.1f FPS of all\n", kNames[i], takes, fps);
                best[i] = std::max(best[i], fps);
            } catch (const std::bad_alloc&) {
                say("%s cache, window 21: %d takes do not fit\n", kNames[i], takes);
            }
        figure("latent against dense cache, all takes together at their best", best[0] / best[1], "x", Wanted::AtLeast, 1.5);
    }
    return 0;
}

int fit() {
    double count[2];
    for (const AttentionKind attention : {AttentionKind::Mla, AttentionKind::Dense}) {
        Queues queues;
        const size_t which = attention == AttentionKind::Mla ? 0 : 1;
        const auto dit = largeModel(*queues.main, attention);
        std::vector<std::unique_ptr<Rollout>> takes;
        try {
            while (static_cast<int>(takes.size()) < setup().mostTakes) {
                takes.push_back(largeRollout(*queues.main, *dit, kLargeWindow, takes.empty() ? nullptr : takes.front().get()));
                if (takes.size() > 1) continue;
                fillWindow(*takes.front(), dit->config());  // so that its working memory is there
                (void)orThrow(takes.front()->next());
            }
        } catch (const std::bad_alloc&) {
        }
        count[which] = static_cast<double>(takes.size());
        say("%s cache, window 21: %zu takes fit beside each other, counted up to %d\n", which == 0 ? "latent" : "dense", takes.size(),
            setup().mostTakes);
    }
    figure("takes that fit, latent against dense cache, window 21", count[0] / std::max(1.0, count[1]), "x", Wanted::AtLeast, 8);
    return 0;
}

int prompt() {
    Queues queues;
    TextEncoderConfig text{.vocab = 4096, .dim = 4096, .dimAttn = 4096, .dimFfn = 10240, .numHeads = 64, .numLayers = setup().textLayers};
    std::vector<int32_t> ids;
    for (int32_t i = 0; i < 60; ++i) ids.push_back(100 + i);
    double encodeMs = 1e30;
    {
        const RandomWeights weights(umt5Shapes(text));  // the encoder reads its embedding there
        const Umt5Encoder encoder = orThrow(Umt5Encoder::create(text, weights, *queues.main));
        for (int i = 0; i < 4; ++i) {
            queues.main->synchronize();
            const double start = now();
            const Tensor rows = encoder.encode(ids);
            Tensor host = Tensor::host(rows.dtype(), rows.shape());
            queues.main->download(host.data(), rows.data(), rows.bytes());
            encodeMs = std::min(encodeMs, now() - start);
        }
    }
    const auto dit = largeModel(*queues.main, AttentionKind::Mla);
    const auto rollout = largeRollout(*queues.main, *dit, kWindow);
    DecodeStage decode(*queues.main, queues.beside.get(), largeDecoder("taehv", queues.decoding()));
    fillWindow(*rollout, dit->config());
    double chunkMs = 1e30, changeMs = 1e30;
    const FrameSink ignore = [](const Frame8&) {};
    for (int i = 0; i < kWarmChunks; ++i) decode.push(orThrow(rollout->next()).latents, ignore);
    for (int i = 0; i < 4; ++i) {
        decode.finish(ignore);
        double start = now();
        decode.push(orThrow(rollout->next()).latents, ignore);
        chunkMs = std::min(chunkMs, now() - start);
        decode.finish(ignore);
        std::vector<PromptSegment> segments = rollout->timeline().segments();
        segments.push_back({.firstChunk = rollout->nextChunk(),
                            .text = std::string(kPrompt) + std::string(static_cast<size_t>(i + 1), '!'),
                            .transition = Transition::Recache});
        rollout->setTimeline(PromptTimeline::create(std::move(segments)).value());
        bool first = true;
        const FrameSink noteFirst = [&](const Frame8&) {
            if (std::exchange(first, false)) changeMs = std::min(changeMs, now() - start);
        };
        start = now();
        decode.push(orThrow(rollout->next()).latents, noteFirst);
        decode.finish(noteFirst);
    }
    say("text encoder of the real size, 60 tokens: %.1f ms; re-cache, chunk and its first frame: %.1f ms; a chunk that is under way: up to "
        "%.1f ms\n",
        encodeMs, changeMs, chunkMs);
    figure("prompt to its first frame, given at a chunk's boundary", encodeMs + changeMs, "ms", Wanted::Below, 400);
    figure("prompt to its first frame, given just after a chunk began", encodeMs + changeMs + chunkMs, "ms", Wanted::Below, 400);
    return 0;
}

// The same passes, queued without anything between them: the device never waits for the host.
int idle() {
    Queues queues;
    Backend& b = *queues.main;
    const auto dit = largeModel(b, AttentionKind::Mla);
    const double chunkMs = timeTake(queues, *dit, kWindow, "", "latent", setup().timedChunks).chunkMs;

    const int64_t perFrame = dit->tokensPerFrame(setup().latentHeight, setup().latentWidth);
    DitWorkspace workspace(dit->config(), b);
    KvCache cache(b, dit->config(), kWindow, 1, perFrame);
    for (int64_t frame = 0; frame < kWindow; frame += 3) cache.beginChunk(frame, 3);
    const PromptContext context = dit->encodePrompt(orThrow(textRows(dit->config(), kPrompt)), workspace);
    const Shape shape{3, dit->config().outDim, setup().latentHeight, setup().latentWidth};
    Tensor latents = Tensor::allocate(b, DType::F32, shape), flow = Tensor::allocate(b, DType::F32, shape);
    b.noise({latents.as<float>(), latents.count(), 1, 0, 0});
    const auto backToBack = [&](Tensor* out) {
        const std::vector<float> timesteps(3, out ? 750.0f : 0.0f);
        const auto pass = [&] {
            dit->forward(
                {.latents = latents, .timesteps = timesteps, .prompt = &context, .cache = &cache, .firstSlot = kWindow - 3, .output = out},
                workspace);
        };
        for (int i = 0; i < 2; ++i) pass();
        std::unique_ptr<RecordedPass> recorded;
        if (b.beginRecording()) {
            pass();
            recorded = b.endRecording();
        }
        double best = 1e30;
        for (int round = 0; round < 3; ++round) {
            constexpr int kRuns = 8;
            b.synchronize();
            const double start = now();
            for (int i = 0; i < kRuns; ++i) recorded ? recorded->run() : pass();
            b.synchronize();
            best = std::min(best, (now() - start) / kRuns);
        }
        return best;
    };
    const double denoiseMs = backToBack(&flow), cleanMs = backToBack(nullptr), busyMs = 4 * denoiseMs + cleanMs;
    say("a chunk %.2f ms, its passes back to back %.2f ms (a denoise pass %.2f ms, the clean one %.2f ms)\n", chunkMs, busyMs, denoiseMs,
        cleanMs);
    figure("time of a steady chunk that is not its passes", std::max(0.0, 100 * (1 - busyMs / chunkMs)), "%", Wanted::Below, 3);
    return 0;
}

int profile() {
    const auto b = gpu(Precision::Bf16);
    ProfilingBackend profiled(*b);
    for (const char* decoder : {"taehv", "wan"}) {
        const auto dit = largeModel(profiled, AttentionKind::Mla);
        const auto rollout = largeRollout(profiled, *dit, kWindow);
        const auto decoding = largeDecoder(decoder, profiled);
        fillWindow(*rollout, dit->config());
        const auto chunk = [&] { decoding->decodeRgb8(orThrow(rollout->next()).latents, [](const Frame8&) {}); };
        for (int i = 0; i < kWarmChunks; ++i) chunk();
        profiled.clear();
        const double start = now();
        chunk();
        say("\none chunk with the decoder %s: %.1f ms when every operation is waited for, %.1f ms within operations\n", decoder,
            now() - start, profiled.totalMs());
        profiled.print();
    }
    return 0;
}

}  // namespace longtake
