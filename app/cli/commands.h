// The subcommands of longtake-cli.
//
// Thread: main thread.
#pragma once

#include <memory>

#include "app/cli/command.h"

namespace longtake {

std::unique_ptr<Command> makeRenderCommand();
std::unique_ptr<Command> makeInfoCommand();
std::unique_ptr<Command> makeRankCommand();
std::unique_ptr<Command> makeBenchCommand();
std::unique_ptr<Command> makeVerifyCommand();
std::unique_ptr<Command> makeImportCommand();
std::unique_ptr<Command> makeRecoverCommand();

}  // namespace longtake
