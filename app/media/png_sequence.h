// Writes every frame as DIR/frame_000001.png, frame_000002.png, ...
//
// Owner:  one Exporter, or one caller that writes directly.
// Thread: any one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/media/export_sink.h"

namespace longtake {

class PngSequence final : public ExportSink {
public:
    // Makes the folder where it is missing. A folder that already holds frames is refused, because a longer old
    // sequence would go on behind a shorter new one.
    static Result<std::unique_ptr<PngSequence>> create(const std::string& folder);

    Result<void> write(const FrameView& frame) override;
    Result<void> finish() override;
    void cancel() override;  // removes the frames it wrote, and the folder if it made it
    const std::string& path() const override { return folder_; }

    static std::string frameName(int64_t number);  // 1 -> "frame_000001.png"

private:
    PngSequence(std::string folder, bool madeFolder) : folder_(std::move(folder)), madeFolder_(madeFolder) {}

    std::string folder_;
    bool madeFolder_ = false;
    int64_t frames_ = 0;
};

}  // namespace longtake
