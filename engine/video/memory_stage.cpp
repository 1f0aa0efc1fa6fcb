#include "engine/video/memory_stage.h"

#include "engine/video/maps.h"

namespace longtake {

namespace {

// The kernel over the joined channels [now; before] as one over two frames in the order of time: no joining is needed.
Kernel overTwoFrames(const Kernel& joinedChannels) {
    Kernel kernel = joinedChannels;
    kernel.in /= 2;
    kernel.kt = 2;
    const auto in = static_cast<size_t>(kernel.in), taps = static_cast<size_t>(kernel.kh * kernel.kw);
    for (size_t o = 0; o < static_cast<size_t>(kernel.out); ++o)
        for (size_t i = 0; i < in; ++i)
            for (size_t t = 0; t < 2; ++t)
                for (size_t k = 0; k < taps; ++k)
                    kernel.values[((o * in + i) * 2 + t) * taps + k] = joinedChannels.values[(o * 2 * in + (1 - t) * in + i) * taps + k];
    return kernel;
}

}  // namespace

MemoryStage::MemoryStage(Backend& backend, WeightReader& reader, const std::string& prefix, int firstIndex, int64_t width)
    : backend_(backend), width_(width) {
    for (size_t i = 0; i < blocks_.size(); ++i) {
        const std::string name = prefix + std::to_string(firstIndex + static_cast<int>(i)) + ".conv.";
        blocks_[i].first = ConvLayer(backend, overTwoFrames(readKernel(reader, name + "0", width, 2 * width, {3, 3}, Bias::Yes)));
        blocks_[i].second = ConvLayer(backend, readKernel(reader, name + "2", width, width, {3, 3}, Bias::Yes));
        blocks_[i].third = ConvLayer(backend, readKernel(reader, name + "4", width, width, {3, 3}, Bias::Yes));
    }
}

size_t MemoryStage::weightBytes() const {
    size_t total = 0;
    for (const Block& block : blocks_) total += block.first.bytes() + block.second.bytes() + block.third.bytes();
    return total;
}

void MemoryStage::run(Tensor maps, Scratch& scratch, size_t slot) {
    const Shape& shape = maps.shape();
    const int64_t frames = shape[0] - 1;
    const Shape working = mapShape(frames, shape[1], shape[2], shape[3]);
    Tensor inner = scratch.take(slot, maps.dtype(), working), outer = scratch.take(slot + 1, maps.dtype(), working);
    Tensor before = maps.slice(0, 1), now = maps.slice(1, frames);
    if (past_.empty())
        for (size_t i = 0; i < blocks_.size(); ++i) past_.push_back(zeroMap(backend_, before.shape()));

    ConvShape rectified = kSame, added = kSame;
    rectified.activation = added.activation = Activation::Relu;
    added.accumulate = true;
    for (size_t i = 0; i < blocks_.size(); ++i) {
        copyMap(backend_, past_[i], before);
        blocks_[i].first.run(backend_, maps, inner, rectified);
        copyMap(backend_, maps.slice(frames, 1), past_[i]);
        blocks_[i].second.run(backend_, inner, outer, rectified);
        blocks_[i].third.run(backend_, outer, now, added);
    }
}

}  // namespace longtake
