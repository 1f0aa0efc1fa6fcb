// What the command line prints: text for people, or one JSON object a line for machines.
//
// Owner:  main().
// Thread: one at a time.
//
// Results go to stdout; progress and errors go to stderr. With --json progress and errors are objects on stdout
// too, told apart by "event": "progress", "note", "done", "error" or the command's own.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/result.h"

namespace longtake {

enum class OutputStyle : uint8_t { Text, Json };

struct RenderProgress {
    int64_t chunk = 0, chunks = 0;
    int64_t frames = 0;
    double videoSeconds = 0;
    double framesPerSecond = 0;  // of the generation
    uint64_t cacheBytes = 0;
    double secondsLeft = 0;
};

// "chunk 3/20  2.1 s of video  17.4 fps  cache 1.3 MB  0:07 left"
std::string progressLine(const RenderProgress& progress);

// Columns padded to the widest cell; the first is aligned left, the others right.
std::string tableText(const std::vector<std::vector<std::string>>& rows);

std::string humanBytes(uint64_t bytes);     // "1.3 MB", powers of 1000
std::string humanDuration(double seconds);  // "0:07", "1:02:03"
std::string fixed(double value, int digits);

class Reporter {
public:
    explicit Reporter(OutputStyle style);

    bool isJson() const { return style_ == OutputStyle::Json; }

    void text(const std::string& lines);            // only for people
    void object(const nlohmann::json& object);      // only for machines
    void note(const std::string& line);             // both: something to know that is no error
    void progress(const RenderProgress& progress);  // redrawn in place on a terminal, else every few seconds
    void error(const std::string& message);         // both: one line
    // Fails when standard output did not take everything, unless its reader just went away.
    Result<void> finish() const;

private:
    void print(const std::string& lines);  // to standard output
    void endProgressLine();

    OutputStyle style_;
    bool terminal_;
    bool lineOpen_ = false;
    int printFailure_ = 0;  // the errno of the first
    std::chrono::steady_clock::time_point lastProgress_{};
};

}  // namespace longtake
