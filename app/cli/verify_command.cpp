#include <algorithm>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "app/cli/take_run.h"

namespace longtake {
namespace {

struct Replay {
    std::string name;  // "recorded", "2 threads"
    std::vector<uint64_t> hashes;
};

// -1: all that both have are the same.
int64_t firstDifference(const Replay& a, const Replay& b) {
    const size_t common = std::min(a.hashes.size(), b.hashes.size());
    for (size_t i = 0; i < common; ++i) {
        if (a.hashes[i] != b.hashes[i]) return static_cast<int64_t>(i);
    }
    return -1;
}

class VerifyCommand final : public Command {
public:
    void addTo(CLI::App& parser) override {
        parser.add_option("file", take_.project, "A .longtake file, or a video made by Longtake");
        take_.addTo(parser);
        parser.footer("Without recorded frames the take is made twice, with 1 thread and with 2.");
    }

    CommandResult run(Reporter& reporter) override;

private:
    CommandResult replay(const TakeArguments& arguments, Reporter& reporter, Replay& result, TakeSetup& setup) const;
    CommandResult compare(const Replay& a, const Replay& b, const ChunkClock& clock, Reporter& reporter) const;

    TakeArguments take_;
};

CommandResult VerifyCommand::replay(const TakeArguments& arguments, Reporter& reporter, Replay& result, TakeSetup& setup) const {
    if (CommandResult wrong = prepareTake(arguments, reporter, setup)) return wrong;
    result.name = std::to_string(setup.backend->threads()) + (setup.backend->threads() == 1 ? " thread" : " threads");
    const StopSignal stop;
    const Result<RunTotals> totals = runTake(setup, reporter, stop, [&](const Frame8& frame) {
        result.hashes.push_back(frameHash(frame));
        return true;
    });
    if (!totals) return failure(totals.message());
    if (totals->stopped) return failure("stopped before the end; nothing is compared");
    return done();
}

CommandResult VerifyCommand::compare(const Replay& a, const Replay& b, const ChunkClock& clock, Reporter& reporter) const {
    const size_t common = std::min(a.hashes.size(), b.hashes.size());
    const int64_t different = firstDifference(a, b);
    nlohmann::json object{{"event", "verify"}, {"a", a.name},           {"b", b.name},
                          {"frames", common},  {"same", different < 0}, {"first_difference", different}};
    reporter.object(object);
    if (different < 0) {
        reporter.text(a.name + " and " + b.name + ": all " + std::to_string(common) + " frames are the same");
        return done();
    }
    return failure(a.name + " and " + b.name + ": frame " + std::to_string(different) + " (" + fixed(clock.secondsOfFrame(different), 2) +
                   " s, chunk " + std::to_string(clock.chunkOfFrame(different)) + ") is the first that differs, of " +
                   std::to_string(common));
}

CommandResult VerifyCommand::run(Reporter& reporter) {
    if (const auto valid = take_.check(); !valid) return usage(valid.message());
    Replay first;
    TakeSetup setup;
    // What is recorded decides; a run with one thread is the measure where nothing is.
    TakeArguments arguments = take_;
    Replay recorded{"recorded", {}};
    if (!take_.project.empty()) {
        const Result<Project> project = loadAnyProject(take_.project);
        if (!project) return failure(project.message());
        recorded.hashes = project->frameHashes;
    }
    if (!recorded.hashes.empty()) {
        if (CommandResult wrong = replay(arguments, reporter, first, setup)) return wrong;
        return compare(recorded, first, setup.take->clock(), reporter);
    }
    arguments.threads = 1;
    if (CommandResult wrong = replay(arguments, reporter, first, setup)) return wrong;
    Replay second;
    TakeSetup other;
    arguments.threads = take_.threads.value_or(2);
    if (CommandResult wrong = replay(arguments, reporter, second, other)) return wrong;
    return compare(first, second, setup.take->clock(), reporter);
}

}  // namespace

std::unique_ptr<Command> makeVerifyCommand() { return std::make_unique<VerifyCommand>(); }

}  // namespace longtake
