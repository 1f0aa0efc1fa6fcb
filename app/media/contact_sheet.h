// A contact sheet: evenly spaced frames of a take, side by side in one picture.
//
// Owner:  the caller.
// Thread: one at a time.
#pragma once

#include <string>
#include <vector>

#include "engine/result.h"
#include "engine/video/frame_view.h"

namespace longtake {

struct ContactSheetOptions {
    int tiles = 12;
    int columns = 4;
    int tileWidth = 320;  // pixels; the height follows the frames' shape
    int gap = 8;          // pixels between tiles and around them
};

// Show it every frame in order; it keeps small copies of those it needs. When the take turns out longer than
// expected the last frames are missing from the sheet; shorter, and it has fewer tiles.
class ContactSheet {
public:
    ContactSheet(int64_t expectedFrames, const ContactSheetOptions& options);

    Result<void> add(const FrameView& frame);

    int tileCount() const { return static_cast<int>(tiles_.size()); }
    OwnedFrame picture() const;  // RGB24
    Result<void> write(const std::string& path) const;

private:
    int64_t frameOfTile(int tile) const;

    int64_t expectedFrames_;
    ContactSheetOptions options_;
    int64_t seen_ = 0;
    std::vector<OwnedFrame> tiles_;
};

}  // namespace longtake
