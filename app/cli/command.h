// One subcommand of longtake-cli: its options on the parser, and what it does.
//
// Owner:  main().
// Thread: main thread.
#pragma once

#include <optional>
#include <string>

#include "app/cli/reporter.h"
#include "engine/result.h"

namespace CLI {
class App;
}

namespace longtake {

enum ExitStatus : int { kExitDone = 0, kExitFailure = 1, kExitUsage = 2 };

// Why a command did not do its work: wrong options (usage) or the world (failure).
struct CommandError {
    ExitStatus status = kExitFailure;
    std::string message;
};
using CommandResult = std::optional<CommandError>;  // empty: done

inline CommandResult done() { return std::nullopt; }
inline CommandResult usage(const std::string& message) { return CommandError{kExitUsage, message}; }
inline CommandResult failure(const std::string& message) { return CommandError{kExitFailure, message}; }

class Command {
public:
    virtual ~Command() = default;
    virtual void addTo(CLI::App& parser) = 0;  // its own subcommand; called once
    virtual CommandResult run(Reporter& reporter) = 0;
};

}  // namespace longtake
