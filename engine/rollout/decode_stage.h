// The decoder behind a rollout. Where the device has a queue for it, a chunk is decoded beside the next one: its frames are
// handed out when they are there, and nobody waits for them before they have to be. Otherwise they come at once.
//
// Owner:  Take. Both backends must outlive it.
// Thread: generation thread only.
#pragma once

#include <deque>
#include <memory>

#include "engine/video/video_codec.h"

namespace longtake {

class DecodeStage {
public:
    // queue: of the same device as `backend`, what the decoder was made for; null: it was made for `backend`.
    DecodeStage(Backend& backend, Backend* queue, std::unique_ptr<VideoDecoder> decoder)
        : backend_(backend), queue_(queue), decoder_(std::move(decoder)) {}

    VideoDecoder& decoder() { return *decoder_; }
    const VideoDecoder& decoder() const { return *decoder_; }

    // Queues the decoding of a chunk's latents (as VideoDecoder::decode), whose memory may be written again at once by what
    // `backend` is given next. Frames of the chunk before are handed out first, waiting for them.
    void push(const Tensor& latents, const FrameSink& sink);
    // Frames that are there, without waiting.
    void handOut(const FrameSink& sink);
    // All of them.
    void finish(const FrameSink& sink);
    int64_t waiting() const { return static_cast<int64_t>(frames_.size()); }

    void reset();          // a new video begins; frames that were not handed out are dropped
    size_t bytes() const;  // weights not included: they are the model's

private:
    void handOutFirst(const FrameSink& sink);

    Backend& backend_;
    Backend* queue_;
    std::unique_ptr<VideoDecoder> decoder_;
    Tensor latents_;  // what the queue reads; the queue's memory
    LaterFrames frames_;
};

}  // namespace longtake
