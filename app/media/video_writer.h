// Writes a take as MP4 (H.264, H.265, AV1) or MOV (ProRes) so that a crash loses at most about a second.
//
// Owner:  one Exporter, or one caller that writes directly.
// Thread: any one thread at a time.
//
// While it runs the pictures go to "<name>.part.mp4": a fragmented file that plays up to its last fragment
// whatever happens. finish() turns it into an ordinary MP4 that starts at once over a network, and only then
// does the final name appear. A writer that is destroyed without finish() or cancel() leaves the part file for
// recoverPartial() (see video_file.h).
#pragma once

#include <memory>
#include <string>

#include "app/media/export_sink.h"
#include "app/media/video_options.h"

namespace longtake {

class VideoWriter final : public ExportSink {
public:
    // path ends in .mp4 or .mov (ProRes: .mov). Both sides of the video must be even, because 4:2:0 pictures
    // have half as many colour samples: an odd size is refused with the nearest even one named.
    static Result<std::unique_ptr<VideoWriter>> create(const std::string& path, PictureSize frames, const VideoOptions& options);
    ~VideoWriter() override;

    Result<void> write(const FrameView& frame) override;
    Result<void> finish() override;
    void cancel() override;
    const std::string& path() const override;

    // The project that finish() embeds, when it has grown since create(); the part file keeps the first one.
    Result<void> setProject(std::string json);

    const std::string& partPath() const;     // "<name>.part.mp4", or "<name>-2.part.mp4" where one is left over
    const std::string& encoderName() const;  // "libx264"
    // Whether frames in NV12 are what the encoder takes as they are; RGB always works.
    bool takesNv12() const;
    int64_t framesWritten() const;

private:
    struct State;
    explicit VideoWriter(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace longtake
