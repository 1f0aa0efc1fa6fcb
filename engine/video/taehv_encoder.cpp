#include <stdexcept>

#include "engine/video/maps.h"
#include "engine/video/taehv.h"

namespace longtake {

namespace {

enum Slot : size_t { kStage = 0, kMemory = 2, kPooled = 4 };
constexpr int kFirstEntry[] = {2, 7, 12};

std::string entry(int index) { return "encoder." + std::to_string(index); }

float unchanged(float value, int64_t) { return value; }

// Planes [n, height, width] as planes [n * side * side, height / side, width / side]: one for each place in a patch.
std::vector<float> patchPlanes(const std::vector<float>& planes, int64_t height, int64_t width, int64_t side) {
    std::vector<float> out;
    out.reserve(planes.size());
    for (auto plane = planes.begin(); plane != planes.end(); plane += height * width)
        for (int64_t place = 0; place < side * side; ++place)
            for (int64_t y = place / side; y < height; y += side)
                for (int64_t x = place % side; x < width; x += side) out.push_back(plane[y * width + x]);
    return out;
}

}  // namespace

Result<std::unique_ptr<TaehvEncoder>> TaehvEncoder::load(const WeightSource& weights, Backend& backend) {
    return readModel(weights, "encoder.",
                     [&](WeightReader& reader) { return std::unique_ptr<TaehvEncoder>(new TaehvEncoder(weights, reader, backend)); });
}

TaehvEncoder::TaehvEncoder(const WeightSource& weights, WeightReader& reader, Backend& backend) : backend_(backend), scratch_(backend) {
    int64_t width = weightSize(weights, entry(0) + ".weight", 0);
    patch_ = taehvPatch(weightSize(weights, entry(0) + ".weight", 1));
    input_ = ConvLayer(backend, readKernel(reader, entry(0), width, 3 * patch_ * patch_, {3, 3}, Bias::Yes));
    for (int first : kFirstEntry) {
        const int64_t pooled = std::max<int64_t>(weightSize(weights, entry(first) + ".conv.weight", 1) / width, 1);
        const Kernel joinedFrames = readKernel(reader, entry(first) + ".conv", width, pooled * width, {1, 1}, Bias::No);
        // The kernel over the joined channels [earlier, later] as one over frames in the order of time.
        Kernel pool{.out = width, .in = width, .kt = static_cast<int>(pooled), .values = joinedFrames.values, .bias = {}};
        const auto n = static_cast<size_t>(width), s = static_cast<size_t>(pooled);
        for (size_t o = 0; o < n; ++o)
            for (size_t i = 0; i < n; ++i)
                for (size_t t = 0; t < s; ++t) pool.values[(o * n + i) * s + t] = joinedFrames.values[(o * s + t) * n + i];
        const int64_t next = weightSize(weights, entry(first + 1) + ".weight", 0);
        const Kernel shrink = readKernel(reader, entry(first + 1), next, width, {3, 3}, Bias::No);
        stages_.push_back(
            {ConvLayer(backend, pool), ConvLayer(backend, shrink), pooled, MemoryStage(backend, reader, "encoder.", first + 2, next)});
        framesPerLatent_ *= pooled;
        width = next;
    }
    output_ = ConvLayer(backend, readKernel(reader, entry(17), weightSize(weights, entry(17) + ".weight", 0), width, {3, 3}, Bias::Yes));
}

void TaehvEncoder::reset() {
    for (Stage& stage : stages_) stage.memory.reset();
    waiting_.clear();
    picture_ = Shape();
}

Tensor TaehvEncoder::encode(const Tensor& frames) {
    const Shape& shape = frames.shape();
    const int64_t unit = pixelsPerLatent();
    if (frames.dtype() != DType::F32 || shape.rank() != 4 || shape[1] != 3 || shape[2] < unit || shape[3] < unit || shape[2] % unit ||
        shape[3] % unit)
        throw std::invalid_argument("[taehv encode] frames must be [n, 3, height, width] of F32 with sides that are multiples of " +
                                    std::to_string(unit) + ", got " + shape.text());
    const Shape picture{shape[1], shape[2], shape[3]};
    if (picture_.rank() && !(picture_ == picture))
        throw std::invalid_argument("[taehv encode] the stream has pictures " + picture_.text() + ", got " + picture.text() +
                                    "; reset before another size");
    picture_ = picture;
    waiting_.insert(waiting_.end(), frames.as<float>(), frames.as<float>() + frames.count());

    const auto groupValues = static_cast<size_t>(framesPerLatent_ * picture.count());
    const auto groups = static_cast<int64_t>(waiting_.size() / groupValues);
    Tensor latents = Tensor::host(DType::F32, {groups, latentChannels(), shape[2] / unit, shape[3] / unit});
    for (int64_t i = 0; i < groups; ++i) {
        encodeGroup(latents.slice(i, 1).as<float>());
        waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(groupValues));
    }
    return latents;
}

Tensor TaehvEncoder::finish() {
    Tensor latents = Tensor::host(DType::F32, {0, latentChannels(), 0, 0});
    if (!waiting_.empty()) {
        const auto values = static_cast<size_t>(picture_.count());
        const std::vector<float> last(waiting_.end() - static_cast<ptrdiff_t>(values), waiting_.end());
        while (waiting_.size() < values * static_cast<size_t>(framesPerLatent_)) waiting_.insert(waiting_.end(), last.begin(), last.end());
        latents = Tensor::host(DType::F32, {1, latentChannels(), picture_[1] / pixelsPerLatent(), picture_[2] / pixelsPerLatent()});
        encodeGroup(latents.as<float>());
    }
    reset();
    return latents;
}

void TaehvEncoder::encodeGroup(float* latent) {
    const DType dtype = backend_.computeType();
    int64_t frames = framesPerLatent_, height = picture_[1] / patch_, width = picture_[2] / patch_;
    Tensor pictures = scratch_.take(kPooled, dtype, mapShape(frames, height, width, input_.inChannels()));
    planesToMap(backend_, patchPlanes(waiting_, picture_[1], picture_[2], patch_).data(), unchanged, pictures);
    ConvShape rectified = kSame, halved = kSame;
    rectified.activation = Activation::Relu;
    halved.stride = 2;
    Tensor now = scratch_.take(kStage, dtype, mapShape(frames, height, width, input_.outChannels()));
    input_.run(backend_, pictures, now, rectified);
    for (size_t i = 0; i < stages_.size(); ++i) {
        Stage& stage = stages_[i];
        frames /= stage.framesPerFrame;
        Tensor pooled = scratch_.take(kPooled, dtype, mapShape(frames, height, width, stage.pool.outChannels()));
        stage.pool.run(backend_, now, pooled, {.strideT = static_cast<int>(stage.framesPerFrame)});
        height /= 2;
        width /= 2;
        Tensor maps = scratch_.take(kStage + (i + 1) % 2, dtype, mapShape(1 + frames, height, width, stage.memory.width()));
        now = maps.slice(1, frames);
        stage.shrink.run(backend_, pooled, now, halved);
        stage.memory.run(maps, scratch_, kMemory);
    }
    Tensor out = scratch_.take(kPooled, dtype, mapShape(frames, height, width, latentChannels()));
    output_.run(backend_, now, out, kSame);
    mapToPlanes(backend_, out, unchanged, latent);
}

size_t TaehvEncoder::stateBytes() const {
    size_t total = waiting_.size() * sizeof(float);
    for (const Stage& stage : stages_) total += bytesOf(stage.memory.past());
    return total;
}

size_t TaehvEncoder::weightBytes() const {
    size_t total = input_.bytes() + output_.bytes();
    for (const Stage& stage : stages_) total += stage.pool.bytes() + stage.shrink.bytes() + stage.memory.weightBytes();
    return total;
}

}  // namespace longtake
