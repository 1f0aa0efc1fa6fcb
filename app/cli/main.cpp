// longtake-cli: the engine without a display.
//
// Exit status: 0 done, 1 failure (a file, the disk, the model, memory), 2 wrong usage. One line on stderr says why.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "app/files/standard_streams.h"

namespace {

using namespace longtake;

// CLI11 prints help through an exception too; everything else is wrong usage.
// `first` is the program's first argument: what the user took for a command.
int reportParseError(const CLI::App& parser, const CLI::ParseError& error, const std::string& first, bool json) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return parser.exit(error);
    const auto chosen = parser.get_subcommands();
    std::string what = error.what(), help = "longtake-cli --help";
    if (!chosen.empty()) {
        help = "longtake-cli " + chosen.front()->get_name() + " --help";
        const size_t twice = what.find(": At Most 1 ");
        if (twice != std::string::npos) what = what.substr(0, twice) + " is given more than once";
    } else if (first.empty()) what = "there is no command";
    else what = std::string("unknown ") + (first.starts_with('-') ? "option" : "command") + " \"" + first + "\"";
    Reporter(json ? OutputStyle::Json : OutputStyle::Text).error(what + "; see " + help);
    return kExitUsage;
}

// An option with nothing behind it is a variable that a script forgot to set: to go on as if it were not there would
// make another video than the one that was asked for.
CommandResult checkValues(const CLI::App& parser) {
    for (const CLI::Option* option : parser.get_options()) {
        if (option->results().size() != 1 || !option->results().front().empty()) continue;
        return usage(option->get_name() + " has no value; give one, or leave it out");
    }
    return done();
}

CommandResult runGuarded(Command& command, Reporter& reporter) {
    try {
        return command.run(reporter);
    } catch (const std::bad_alloc&) {
        return failure("there is not enough memory for this; choose a smaller size, window or model");
    } catch (const std::exception& error) {
        return failure(error.what());
    }
}

}  // namespace

int main(int argc, char** argv) {
    keepStandardStreams();
    CLI::App parser("Longtake: one continuous video out of changing prompts", "longtake-cli");
    parser.require_subcommand(1);
    parser.failure_message(CLI::FailureMessage::simple);
    parser.set_version_flag("--version", "longtake-cli " LONGTAKE_VERSION);
    bool json = false;
    std::vector<std::pair<CLI::App*, std::unique_ptr<Command>>> commands;
    const auto add = [&](const char* name, const char* about, std::unique_ptr<Command> command) {
        CLI::App* sub = parser.add_subcommand(name, about);
        sub->add_flag("--json", json, "Print one JSON object a line instead of text");
        command->addTo(*sub);
        commands.emplace_back(sub, std::move(command));
    };
    add("render", "Make a video out of prompts, or again out of a project", makeRenderCommand());
    add("info", "Tell a model's dimensions, its cache, and the memory a size takes", makeInfoCommand());
    add("rank", "Tell the effective rank of a model's attention weights", makeRankCommand());
    add("bench", "Measure how fast this machine generates", makeBenchCommand());
    add("verify", "Render a project again and compare every frame", makeVerifyCommand());
    add("import", "Make a model folder out of downloaded checkpoints", makeImportCommand());
    add("recover", "Turn the .part.mp4 that a crash left into a video", makeRecoverCommand());
    try {
        parser.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return reportParseError(parser, error, argc > 1 ? argv[1] : "", json);
    }
    Reporter reporter(json ? OutputStyle::Json : OutputStyle::Text);
    for (const auto& [sub, command] : commands) {
        if (!sub->parsed()) continue;
        CommandResult result = checkValues(*sub);
        if (!result) result = runGuarded(*command, reporter);
        if (const auto printed = reporter.finish(); !result && !printed) result = failure(printed.message());
        if (!result) return kExitDone;
        reporter.error(result->message);
        return result->status;
    }
    return kExitUsage;
}
