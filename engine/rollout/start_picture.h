// A picture that a take begins with: encoded as a still of one chunk, it stands in for what would be generated.
//
// Owner:  StartPicture is a value of TakeOptions; EncodedStart belongs to the takes that begin with it.
// Thread: generation thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/rollout/rollout.h"
#include "engine/video/video_codec.h"

namespace longtake {

class Model;

struct StartPicture {
    std::string path;  // names it in messages and in the project
    // The picture at just this size, in pixels. Called once, when the take is created.
    std::function<Result<Frame8>(int64_t width, int64_t height)> read;
    // What read() gave, once the take is created: what makes the take again where the file is not.
    std::shared_ptr<const Frame8> picture;

    explicit operator bool() const { return read != nullptr; }
};

class EncodedStart {
public:
    EncodedStart(std::shared_ptr<const Frame8> picture, std::unique_ptr<VideoEncoder> encoder, int64_t chunkFrames)
        : picture_(std::move(picture)), encoder_(std::move(encoder)), chunkFrames_(chunkFrames) {}

    // [chunkFrames, channels, h, w], F32, host memory. The first call encodes and tells its progress; "stopped" when the
    // callback said so, and the next call begins again.
    Result<Tensor> latents(const PassCallback& afterPass);

private:
    std::shared_ptr<const Frame8> picture_;
    std::unique_ptr<VideoEncoder> encoder_;  // gone once there are latents
    int64_t chunkFrames_;
    std::optional<Tensor> latents_;
};

// Null when there is no picture; else start.picture is filled. Fails in one line when it cannot be read or the model has
// no video encoder.
Result<std::shared_ptr<EncodedStart>> openStart(const Model& model, StartPicture& start, int64_t width, int64_t height,
                                                int64_t chunkFrames);

}  // namespace longtake
