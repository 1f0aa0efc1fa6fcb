// The files that one take is written to: video, frames, contact sheet, project.
//
// Owner:  a Command.
// Thread: main thread; the exporters have their own.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/command.h"
#include "app/cli/take_run.h"
#include "app/media/contact_sheet.h"
#include "app/media/exporter.h"
#include "app/project/project.h"

namespace longtake {

// Paths and settings; those that are empty are not written.
struct OutputChoice {
    std::string output, frames, contactSheet, saveProject;
    std::string codec = "h264", quality = "good", videoSize;

    // What can be known wrong before anything is made: formats, settings, places, two files under one name.
    CommandResult check() const;
    // The same for one of several takes: out.mp4 as out-1.mp4 for take 0, the folder frames as frames-1.
    OutputChoice numbered(size_t take) const;
};

class TakeOutputs {
public:
    TakeOutputs(OutputChoice choice, Project project) : choice_(std::move(choice)), project_(std::move(project)) {}

    CommandResult open(int64_t frames);
    // False when a file takes no more; finish() says why.
    bool push(const Frame8& frame);
    CommandResult finish(const RunTotals& totals);
    void cancel();  // and remove what was begun

    const OutputChoice& choice() const { return choice_; }
    const Project& project() const { return project_; }
    const std::string& encoderName() const { return encoderName_; }
    bool takesNv12() const { return takesNv12_; }  // the video, where frames have it

private:
    Result<std::unique_ptr<ExportSink>> openVideo();

    OutputChoice choice_;
    Project project_;                                   // with the hashes of the frames so far
    std::vector<std::unique_ptr<Exporter>> exporters_;  // the video first, where there is one
    bool takesNv12_ = false;
    std::optional<ContactSheet> sheet_;
    std::string encoderName_, problem_;
};

}  // namespace longtake
