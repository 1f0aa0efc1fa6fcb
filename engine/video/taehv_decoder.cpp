#include <cmath>
#include <stdexcept>

#include "engine/video/maps.h"
#include "engine/video/taehv.h"

namespace longtake {

namespace {

// Slots of the working memory. Stages take turns with the first two.
enum Slot : size_t { kStage = 0, kMemory = 2, kLast = 4, kPictures = 5, kObserved = 6 };

constexpr int kFirstBlock[] = {3, 9, 15};
// Pictures are computed as value - 0.5: bf16 then resolves the middle of the range as finely as its ends.
constexpr float kMiddle = 0.5f;
constexpr float kLimit = 3.0f;  // latents are bent into -3 ... 3
// Maps of this size and their neighbours stay in the last cache level of a desktop processor.
constexpr int64_t kStageBytes = 8 << 20;

std::string entry(int index) { return "decoder." + std::to_string(index); }

}  // namespace

Result<std::unique_ptr<TaehvDecoder>> TaehvDecoder::load(const WeightSource& weights, Backend& backend, const TaehvOptions& options) {
    for (size_t i = 0; i < options.growth.size(); ++i) {
        const std::string name = entry(kFirstBlock[i] + 4) + ".conv.weight";
        const int64_t most = weightSize(weights, name, 0) / weightSize(weights, name, 1);
        if (options.growth[i] > std::max<int64_t>(most, 1))
            return Error{"weight \"" + name + "\" makes " + std::to_string(most) + " frames of one, " + std::to_string(options.growth[i]) +
                         " are wanted"};
    }
    return readModel(weights, "decoder.", [&](WeightReader& reader) {
        return std::unique_ptr<TaehvDecoder>(new TaehvDecoder(weights, reader, backend, options));
    });
}

TaehvDecoder::TaehvDecoder(const WeightSource& weights, WeightReader& reader, Backend& backend, const TaehvOptions& options)
    : backend_(backend), scratch_(backend), reader_(backend, 1.0f, kMiddle) {
    const std::string first = entry(1) + ".weight";
    int64_t width = weightSize(weights, first, 0);
    input_ = ConvLayer(backend, readKernel(reader, entry(1), width, weightSize(weights, first, 1), {3, 3}, Bias::Yes));
    for (size_t i = 0; i < options.growth.size(); ++i) {
        stages_.push_back(makeStage(weights, reader, kFirstBlock[i], width, options.growth[i]));
        framesPerLatent_ *= stages_.back().growth;
        width = stages_.back().out.front().outChannels();
    }
    const int64_t side = taehvPatch(weightSize(weights, entry(22) + ".weight", 0));
    Kernel last = readKernel(reader, entry(22), 3 * side * side, width, {3, 3}, Bias::Yes);
    for (float& value : last.bias) value -= kMiddle;
    for (int64_t row = 0; row < side; ++row) {
        std::vector<int64_t> outputs;  // column after column, the colours of a pixel beside each other
        for (int64_t column = 0; column < side; ++column)
            for (int64_t color = 0; color < 3; ++color) outputs.push_back((color * side + row) * side + column);
        output_.emplace_back(backend, outputsOf(last, outputs));
    }
}

TaehvDecoder::TaehvDecoder(const TaehvDecoder& other)
    : backend_(other.backend_), scratch_(backend_), reader_(backend_, 1.0f, kMiddle), input_(other.input_), stages_(other.stages_),
      output_(other.output_), framesPerLatent_(other.framesPerLatent_) {
    reset();
}

TaehvDecoder::Stage TaehvDecoder::makeStage(const WeightSource& weights, WeightReader& reader, int firstIndex, int64_t width,
                                            int64_t growth) const {
    Stage stage{MemoryStage(backend_, reader, "decoder.", firstIndex, width), growth, {}, {}};
    const int growIndex = firstIndex + 4;
    const int64_t held = std::max<int64_t>(weightSize(weights, entry(growIndex) + ".conv.weight", 0) / width, 1);
    if (stage.growth == 0) stage.growth = held;
    const Kernel all = readKernel(reader, entry(growIndex) + ".conv", held * width, width, {1, 1}, Bias::No);
    const int64_t next = weightSize(weights, entry(growIndex + 1) + ".weight", 0);
    const Kernel after = readKernel(reader, entry(growIndex + 1), next, width, {3, 3}, Bias::No);
    for (int64_t k = 0; k < stage.growth; ++k) {
        const Kernel one = outputsOf(all, (held - stage.growth + k) * width, width);
        stage.grow.emplace_back(backend_, one);
        stage.out.emplace_back(backend_, joined(one, after));
    }
    return stage;
}

int64_t TaehvDecoder::framesOf(int64_t latents) const {
    const int64_t all = latents * framesPerLatent_;
    return seen_ == 0 && latents > 0 ? all - (framesPerLatent_ - 1) : all;
}

void TaehvDecoder::reset() {
    for (Stage& stage : stages_) stage.memory.reset();
    seen_ = 0;
}

void TaehvDecoder::check(const Tensor& latents) const {
    const Shape& shape = latents.shape();
    const std::string wanted = "[n, " + std::to_string(latentChannels()) + ", height, width]";
    if (latents.dtype() != DType::F32 || shape.rank() != 4 || shape[0] < 1 || shape[1] != latentChannels() || shape[2] < 1 || shape[3] < 1)
        throw std::invalid_argument("[taehv decode] latents must be " + wanted + " of F32, got " + shape.text() + " of " +
                                    std::string(nameOf(latents.dtype())));
    const std::vector<Tensor>& past = stages_.front().memory.past();
    if (!past.empty() && (past[0].shape()[1] != shape[2] || past[0].shape()[2] != shape[3]))
        throw std::invalid_argument("[taehv decode] the stream has latents of " + std::to_string(past[0].shape()[1]) + " x " +
                                    std::to_string(past[0].shape()[2]) + ", got " + std::to_string(shape[2]) + " x " +
                                    std::to_string(shape[3]) + "; reset before another size");
}

int64_t TaehvDecoder::latentsAtOnce(int64_t height, int64_t width) const {
    int64_t largest = 1, frames = 1, scale = 1;
    for (const Stage& stage : stages_) {
        largest = std::max(largest,
                           frames * height * width * scale * stage.memory.width() * static_cast<int64_t>(sizeOf(backend_.computeType())));
        frames *= stage.growth;
        scale *= 4;
    }
    return std::max<int64_t>(kStageBytes / largest, 1);
}

void TaehvDecoder::run(const Tensor& latents, int64_t skippedFrames, const PictureSink& sink) {
    const int64_t step = latentsAtOnce(latents.shape()[2], latents.shape()[3]);
    for (int64_t first = 0; first < latents.shape()[0]; first += step) {
        const int64_t count = std::min(step, latents.shape()[0] - first);
        const int64_t skipped = std::min(skippedFrames, count * framesPerLatent_);
        runGroup(latents.slice(first, count), skipped, sink);
        skippedFrames -= skipped;
        seen_ += count;
    }
}

void TaehvDecoder::runGroup(const Tensor& latents, int64_t skippedFrames, const PictureSink& sink) {
    const DType dtype = backend_.computeType();
    int64_t frames = latents.shape()[0], height = latents.shape()[2], width = latents.shape()[3];
    Tensor input = scratch_.take(kLast, dtype, mapShape(frames, height, width, latentChannels()));
    backend_.planesToMap({.x = latents.as<float>(),
                          .y = input.data(),
                          .dtype = dtype,
                          .frames = frames,
                          .channels = latentChannels(),
                          .height = height,
                          .width = width,
                          .limit = kLimit});
    Tensor maps = scratch_.take(kStage, dtype, mapShape(1 + frames, height, width, input_.outChannels()));
    ConvShape rectified = kSame;
    rectified.activation = Activation::Relu;
    input_.run(backend_, input, maps.slice(1, frames), rectified);

    for (size_t i = 0;; ++i) {
        Stage& stage = stages_[i];
        stage.memory.run(maps, scratch_, kMemory);
        const Tensor now = maps.slice(1, frames);
        observeGrowth(stage, i, now);
        height *= 2;
        width *= 2;
        const int64_t channels = stage.out.front().outChannels();
        if (i + 1 < stages_.size()) {
            maps = scratch_.take(kStage + (i + 1) % 2, dtype, mapShape(1 + frames * stage.growth, height, width, channels));
            grow(stage, now, maps.slice(1, frames * stage.growth), Activation::None);
            frames *= stage.growth;
            continue;
        }
        // The rest sees one frame at a time, so frames nobody wants need not be computed.
        for (int64_t f = skippedFrames / stage.growth; f < frames; ++f) {
            Tensor last = scratch_.take(kLast, dtype, mapShape(stage.growth, height, width, channels));
            grow(stage, now.slice(f, 1), last, Activation::Relu);
            Tensor pictures = scratch_.take(kPictures, dtype, mapShape(stage.growth, height * patch(), width * patch(), 3));
            paint(last, pictures);
            const int64_t skipped = std::max<int64_t>(skippedFrames - f * stage.growth, 0);
            sink(pictures.slice(skipped, stage.growth - skipped));
        }
        return;
    }
}

void TaehvDecoder::grow(const Stage& stage, const Tensor& from, Tensor to, Activation activation) const {
    for (int64_t k = 0; k < stage.growth; ++k)
        stage.out[static_cast<size_t>(k)].run(backend_, from, to.slice(k, to.shape()[0] - k), stage.growth, activation);
}

// Row r of every patch is written by a convolution of its own, straight to where it belongs.
void TaehvDecoder::paint(const Tensor& last, Tensor pictures) const {
    const int64_t side = patch(), row = pictures.shape()[2] * 3;
    if (side == 1) return output_.front().run(backend_, last, pictures, kSame);  // pixels beside each other go faster
    for (int64_t r = 0; r < side; ++r)
        output_[static_cast<size_t>(r)].runIntoRows(
            backend_, last, pictures.as<char>() + static_cast<size_t>(r * row) * sizeOf(pictures.dtype()), side * row);
}

void TaehvDecoder::observeGrowth(const Stage& stage, size_t index, const Tensor& from) const {
    if (!observer_) return;
    const Shape& shape = from.shape();
    Tensor grown = Tensor::allocate(backend_, from.dtype(), mapShape(shape[0] * stage.growth, shape[1], shape[2], shape[3]));
    for (int64_t k = 0; k < stage.growth; ++k)
        stage.grow[static_cast<size_t>(k)].runInto(backend_, from, grown.slice(k, grown.shape()[0] - k), stage.growth);
    Tensor doubled = Tensor::allocate(backend_, from.dtype(), mapShape(grown.shape()[0], 2 * shape[1], 2 * shape[2], shape[3]));
    backend_.upsample2x({.x = grown.data(),
                         .y = doubled.data(),
                         .dtype = from.dtype(),
                         .frames = grown.shape()[0],
                         .height = shape[1],
                         .width = shape[2],
                         .channels = shape[3]});
    observer_(entry(kFirstBlock[index] + 4), doubled);
}

Tensor TaehvDecoder::planes(const Tensor& latents, int64_t skippedFrames, bool clamped) {
    const Shape& shape = latents.shape();
    Tensor out = Tensor::host(DType::F32,
                              {shape[0] * framesPerLatent_ - skippedFrames, 3, pixelsPerLatent() * shape[2], pixelsPerLatent() * shape[3]});
    float* to = out.as<float>();
    run(latents, skippedFrames, [&](const Tensor& pictures) {
        mapToPlanes(
            backend_, pictures, [clamped](float x, int64_t) { return clamped ? std::clamp(x + kMiddle, 0.0f, 1.0f) : x + kMiddle; }, to);
        to += pictures.count();
    });
    return out;
}

Tensor TaehvDecoder::decode(const Tensor& latents) {
    check(latents);
    return planes(latents, skippedFrames(latents.shape()[0]), true);
}

Tensor TaehvDecoder::decodeRaw(const Tensor& latents) {
    check(latents);
    return planes(latents, 0, false);
}

void TaehvDecoder::decodeRgb8(const Tensor& latents, const FrameSink& sink) {
    check(latents);
    run(latents, skippedFrames(latents.shape()[0]), [&](const Tensor& pictures) { reader_.read(pictures, sink); });
}

void TaehvDecoder::decodeLater(const Tensor& latents, LaterFrames& frames) {
    check(latents);
    run(latents, skippedFrames(latents.shape()[0]), [&](const Tensor& pictures) { reader_.readLater(pictures, frames); });
}

VideoState TaehvDecoder::snapshot() const {
    VideoState state{{}, seen_};
    for (const Stage& stage : stages_)
        for (const Tensor& map : stage.memory.past()) state.maps.push_back(cloneMap(backend_, map));
    return state;
}

void TaehvDecoder::restore(const VideoState& state) {
    reset();
    seen_ = state.seen;
    const size_t perStage = state.maps.size() / stages_.size();
    for (size_t i = 0; i < state.maps.size(); ++i) stages_[i / perStage].memory.past().push_back(cloneMap(backend_, state.maps[i]));
}

size_t TaehvDecoder::stateBytes() const {
    size_t total = 0;
    for (const Stage& stage : stages_) total += bytesOf(stage.memory.past());
    return total;
}

size_t TaehvDecoder::weightBytes() const {
    size_t total = input_.bytes();
    for (const ConvLayer& layer : output_) total += layer.bytes();
    for (const Stage& stage : stages_) {
        total += stage.memory.weightBytes();
        for (const ConvLayer& layer : stage.grow) total += layer.bytes();
        for (const DoublingConv& layer : stage.out) total += layer.bytes();
    }
    return total;
}

}  // namespace longtake
