#include "engine/model/kv_cache.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace longtake {

KvCache::KvCache(Backend& backend, const DitConfig& model, int windowFrames, int sinkFrames, int64_t tokensPerFrame)
    : backend_(backend), dtype_(backend.computeType()), rowWidth_(model.cacheWidth()), denseWidth_(model.denseCacheWidth()),
      tokensPerFrame_(tokensPerFrame), capacity_(windowFrames), sink_(sinkFrames) {
    layers_.reserve(static_cast<size_t>(model.numLayers));
    for (int i = 0; i < model.numLayers; ++i)
        layers_.push_back(Tensor::allocate(backend, dtype_, {windowFrames * tokensPerFrame, rowWidth_}));
    frames_.reserve(static_cast<size_t>(windowFrames));
}

void KvCache::beginChunk(int64_t startFrame, int frames) {
    const auto count = static_cast<size_t>(frames);
    if (frames_.size() >= count && frames_[frames_.size() - count] == startFrame && frames_.back() == startFrame + frames - 1) return;
    if (!frames_.empty() && startFrame <= frames_.back())
        throw std::logic_error("[cache] frame " + std::to_string(startFrame) + " is older than what the cache holds");
    const int excess = liveFrames() + frames - capacity_;
    if (excess > 0) evict(excess);
    for (int i = 0; i < frames; ++i) frames_.push_back(startFrame + i);
}

void KvCache::evict(int count) {
    if (count > liveFrames() - sink_)
        throw std::logic_error("[cache] a window of " + std::to_string(capacity_) + " frames cannot hold the sink and this chunk");
    const int64_t frameBytes = tokensPerFrame_ * rowWidth_ * static_cast<int64_t>(sizeOf(dtype_));
    const int64_t moved = liveFrames() - sink_ - count;  // frames that stay and shift down by `count`
    for (Tensor& layer : layers_) {
        char* base = layer.as<char>() + sink_ * frameBytes;
        // In steps of `count` frames source and target never overlap.
        for (int64_t done = 0; done < moved; done += count) {
            const int64_t step = std::min<int64_t>(count, moved - done);
            backend_.copyBytes(base + done * frameBytes, base + (done + count) * frameBytes, static_cast<size_t>(step * frameBytes));
        }
    }
    frames_.erase(frames_.begin() + sink_, frames_.begin() + sink_ + count);
    evicted_ += count;
}

void KvCache::assign(const std::vector<int64_t>& frames) {
    if (frames.size() > static_cast<size_t>(capacity_))
        throw std::logic_error("[cache] " + std::to_string(frames.size()) + " frames in a window of " + std::to_string(capacity_));
    frames_.assign(frames.begin(), frames.end());  // keeps the reserved memory
}

void KvCache::clear() {
    frames_.clear();
    evicted_ = 0;
}

size_t KvCache::bytes() const {
    size_t total = 0;
    for (const Tensor& layer : layers_) total += layer.bytes();
    return total;
}

size_t KvCache::liveBytes() const { return static_cast<size_t>(liveTokens() * rowWidth_) * sizeOf(dtype_) * layers_.size(); }

size_t KvCache::denseBytes() const {
    return static_cast<size_t>(capacity_ * tokensPerFrame_ * denseWidth_) * sizeOf(dtype_) * layers_.size();
}

Tensor KvCache::snapshot(int layer) const {
    const Tensor live = rows(layer).slice(0, liveTokens());
    Tensor raw = Tensor::host(dtype_, live.shape());
    backend_.download(raw.data(), live.data(), live.bytes());
    if (dtype_ == DType::F32) return raw;
    Tensor out = Tensor::host(DType::F32, live.shape());
    for (int64_t i = 0; i < out.count(); ++i) out.as<float>()[i] = floatFromBf16(raw.as<uint16_t>()[i]);
    return out;
}

}  // namespace longtake
