// Where exported frames go: a video file, a numbered PNG sequence, an animation.
//
// Owner:  one Exporter, or one caller that writes directly.
// Thread: any one thread at a time. A sink is opened by its own create(), so that a wrong path or an encoder
//         that does not open is known before the first frame.
#pragma once

#include <string>

#include "engine/result.h"
#include "engine/video/frame_view.h"

namespace longtake {

// Intended use: write() for every frame, then finish() or cancel(), once. After a failed write() only cancel()
// or destruction is left.
class ExportSink {
public:
    virtual ~ExportSink() = default;

    // All frames of a sink have the size it was created for; the pixel format may change between frames.
    virtual Result<void> write(const FrameView& frame) = 0;

    // Puts the complete file under its final name. On failure nothing is left under that name that was not
    // there before.
    virtual Result<void> finish() = 0;

    // Removes what was written.
    virtual void cancel() = 0;

    // The final name: a file, or the folder of a sequence.
    virtual const std::string& path() const = 0;
};

}  // namespace longtake
