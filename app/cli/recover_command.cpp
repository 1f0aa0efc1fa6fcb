#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "app/media/video_file.h"

namespace longtake {
namespace {

class RecoverCommand final : public Command {
public:
    void addTo(CLI::App& parser) override { parser.add_option("file", path_, "The .part.mp4 or .part.mov file")->required(); }

    CommandResult run(Reporter& reporter) override {
        const Result<RecoveredVideo> video = recoverPartial(path_);
        if (!video) return failure(video.message());
        reporter.text("recovered " + std::to_string(video->frames) + " frames (" + fixed(video->seconds, 1) + " s) into " + video->path);
        reporter.object({{"event", "done"}, {"output", video->path}, {"frames", video->frames}, {"seconds", video->seconds}});
        return done();
    }

private:
    std::string path_;
};

}  // namespace

std::unique_ptr<Command> makeRecoverCommand() { return std::make_unique<RecoverCommand>(); }

}  // namespace longtake
