// The encode thread: takes copies of frames and writes them to one ExportSink without slowing the generation.
//
// Owner:  Session, or the command line. It owns the sink.
// Thread: push() from one producer; everything else from any thread. The sink is touched by the exporter's own
//         thread alone.
//
// Intended use: push() every frame, finish(), then wait() or poll progress() until isOver(state). A destroyed
// exporter that was told neither finish() nor cancel() stops after the frame at hand and leaves a video's part
// file for recovery.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/media/export_sink.h"

namespace longtake {

struct ExporterOptions {
    size_t queueFrames = 48;  // two chunks and the burst of a third
    // How long push() may wait for a place in a full queue; 0: never, maximum: until there is one.
    std::chrono::milliseconds maxWait{0};
    // Whether the encode thread gives way to all that computes.
    bool givesWay = false;
    // Called on the encode thread after each frame and each change of state; must not block and must not call
    // back into the exporter except progress().
    std::function<void()> onProgress;
};

enum class PushResult : uint8_t {
    Accepted,
    Full,    // the frame was not taken: wait and push it again, or drop it
    Closed,  // finished, cancelled or failed: nothing more is taken
};

enum class ExportState : uint8_t { Writing, Finishing, Done, Cancelled, Failed };
constexpr bool isOver(ExportState state) { return state >= ExportState::Done; }

struct ExportProgress {
    ExportState state = ExportState::Writing;
    int64_t accepted = 0;  // frames taken by push()
    int64_t written = 0;   // frames the sink has
    int64_t refused = 0;   // pushes answered Full
    std::string error;     // one line when Failed
};

// The calling thread, and those that it starts from then on, take what the others leave of the processor.
void giveWay();

class Exporter {
public:
    Exporter(std::unique_ptr<ExportSink> sink, ExporterOptions options);
    ~Exporter();
    Exporter(const Exporter&) = delete;
    Exporter& operator=(const Exporter&) = delete;

    // Copies the pixels; the frame is the caller's again on return.
    PushResult push(const FrameView& frame);

    // No more frames: the queue is written out, then the sink is finished. Returns at once.
    // atEnd: called on the encode thread with the sink just before it is finished, to give it last words such as
    // the final project.
    void finish(std::function<void(ExportSink&)> atEnd = {});

    // Drops the queue and removes what was written. Returns at once.
    void cancel();

    // Blocks until the state is over: Done is success; Cancelled and Failed are errors.
    Result<void> wait();

    ExportProgress progress() const;
    const std::string& path() const { return path_; }

private:
    enum class Order : uint8_t { None, Finish, Cancel, Abandon };

    void run();
    bool writeOne(OwnedFrame& frame);
    void end(Order order);
    void setState(ExportState state, const std::string& error = {});

    const std::string path_;
    const ExporterOptions options_;
    std::unique_ptr<ExportSink> sink_;  // the encode thread's

    mutable std::mutex mutex_;
    std::condition_variable hasWork_;
    std::condition_variable hasRoom_;
    std::condition_variable over_;
    std::deque<OwnedFrame> queue_;
    std::vector<OwnedFrame> spare_;  // memory of written frames, used again
    std::function<void(ExportSink&)> atEnd_;
    Order order_ = Order::None;
    ExportProgress progress_;

    std::thread thread_;  // last: starts when all else is there
};

}  // namespace longtake
