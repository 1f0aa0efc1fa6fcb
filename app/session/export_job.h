// Writes a stretch of a take from its frame store into a sink: afterwards, or while it grows (a recording).
// A thread of its own reads, the exporter's writes; generation is never waited for and never waits.
//
// Owner:  whoever exports: the studio, or a test.
// Thread: any; the threads inside end with the destructor.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "app/media/exporter.h"
#include "app/session/frame_store.h"

namespace longtake {

struct ExportSpan {
    int64_t first = 0;
    std::optional<int64_t> last;  // included; none: until finish() or the end of the take
};

class ExportJob {
public:
    // onProgress: called on the job's threads; must not block.
    ExportJob(std::shared_ptr<FrameStore> frames, std::unique_ptr<ExportSink> sink, ExportSpan span, std::function<void()> onProgress);
    ~ExportJob();  // an unfinished video stays as a part file
    ExportJob(const ExportJob&) = delete;
    ExportJob& operator=(const ExportJob&) = delete;

    // No frames beyond those that are there now. projectJson replaces the one embedded when the file was begun;
    // empty: leaves it.
    void finish(std::string projectJson = {});
    void cancel();
    // Until everything is written; after finish() or cancel().
    Result<void> wait();

    ExportProgress progress() const { return exporter_.progress(); }
    double share() const;  // 0 .. 1; 0 for a recording
    const std::string& path() const { return exporter_.path(); }

private:
    void run();
    bool pushFrame(const Frame8& frame);

    const std::shared_ptr<FrameStore> frames_;
    const ExportSpan span_;
    std::atomic<bool> stop_ = false;
    std::atomic<int64_t> end_;  // one past the last frame
    std::mutex mutex_;
    std::string projectJson_;
    Exporter exporter_;  // its thread uses what stands before it
    std::thread thread_;
};

}  // namespace longtake
