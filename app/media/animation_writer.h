// Writes short takes as looping GIF or WebP for sharing.
//
// Owner:  one Exporter, or one caller that writes directly.
// Thread: any one thread at a time.
//
// The encoder of WebP holds its compressed result in memory until finish(); GIF is written as it comes. Both go
// to a temporary file that gets the final name in finish().
#pragma once

#include <memory>
#include <string>

#include "app/media/export_sink.h"
#include "app/media/video_options.h"

namespace longtake {

enum class AnimationKind : uint8_t { Gif, Webp };

struct AnimationOptions {
    AnimationKind kind = AnimationKind::Gif;
    int quality = 70;     // 0..100; WebP only: a GIF always has its 255 colours
    FrameRate frameRate;  // GIF counts in hundredths of a second: 16 fps alternates 6 and 7
    PictureSize size;     // 0x0: that of the frames
};

class AnimationWriter final : public ExportSink {
public:
    static Result<std::unique_ptr<AnimationWriter>> create(const std::string& path, PictureSize frames, const AnimationOptions& options);
    ~AnimationWriter() override;

    Result<void> write(const FrameView& frame) override;
    Result<void> finish() override;
    void cancel() override;
    const std::string& path() const override;

private:
    struct State;
    explicit AnimationWriter(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace longtake
