// Ctrl+C as a question: a command asks whether it was pressed and ends in order; pressed twice it ends the process.
//
// Owner:  the command that runs; one at a time.
// Thread: main thread.
#pragma once

namespace longtake {

class StopSignal {
public:
    StopSignal();   // from now on SIGINT, SIGTERM and SIGHUP only ask, those that the caller of the program lets through
    ~StopSignal();  // as before
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;

    bool asked() const;
};

}  // namespace longtake
