#include "engine/rollout/decode_stage.h"

namespace longtake {

void DecodeStage::push(const Tensor& latents, const FrameSink& sink) {
    if (!queue_) return decoder_->decodeRgb8(latents, sink);
    finish(sink);
    if (latents_.empty() || !(latents_.shape() == latents.shape())) latents_ = Tensor::allocate(*queue_, latents.dtype(), latents.shape());
    backend_.waitFor(*queue_);  // it may still read what lies there
    backend_.copyBytes(latents_.data(), latents.data(), latents.bytes());
    queue_->waitFor(backend_);
    decoder_->decodeLater(latents_, frames_);
}

void DecodeStage::handOutFirst(const FrameSink& sink) {
    LaterFrame first = std::move(frames_.front());
    frames_.pop_front();
    first.finish();
    sink(std::move(first.frame));
}

void DecodeStage::handOut(const FrameSink& sink) {
    while (!frames_.empty() && frames_.front().ready()) handOutFirst(sink);
}

void DecodeStage::finish(const FrameSink& sink) {
    while (!frames_.empty()) handOutFirst(sink);
}

void DecodeStage::reset() {
    frames_.clear();
    decoder_->reset();
}

size_t DecodeStage::bytes() const { return decoder_->stateBytes() + decoder_->scratchBytes() + (latents_.empty() ? 0 : latents_.bytes()); }

}  // namespace longtake
