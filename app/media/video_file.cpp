#include "app/media/video_file.h"

#include <unistd.h>

#include <filesystem>

#include "app/files/atomic_file.h"
#include "app/files/file_error.h"
#include "app/media/output_file.h"
#include "app/media/remux.h"

namespace longtake {
namespace {

constexpr std::string_view kPartMp4 = ".part.mp4";
constexpr std::string_view kPartMov = ".part.mov";

// "take.part.mp4" -> "take.mp4", "take-recovered.mp4", "take-recovered-2.mp4", ...: the first that is free.
std::string recoveredNameFor(const std::string& partPath) {
    const std::string extension = partPath.substr(partPath.size() - 4);
    const std::string stem = partPath.substr(0, partPath.size() - kPartMp4.size());
    std::string name = stem + extension;
    for (int n = 1; std::filesystem::exists(name); ++n) {
        name = stem + "-recovered" + (n == 1 ? "" : "-" + std::to_string(n)) + extension;
    }
    return name;
}

}  // namespace

bool isPartialVideo(const std::string& path) { return path.ends_with(kPartMp4) || path.ends_with(kPartMov); }

Result<std::string> readEmbeddedProject(const std::string& path) {
    Result<InputContextPtr> input = openVideoFile(path);
    if (!input) return input.error();
    const AVDictionaryEntry* entry = av_dict_get((*input)->metadata, kProjectKey, nullptr, 0);
    if (entry == nullptr) {
        return Error{"no project in " + printable(path) + ": only videos made by Longtake carry their session"};
    }
    return std::string(entry->value);
}

Result<RecoveredVideo> recoverPartial(const std::string& partPath) {
    if (!isPartialVideo(partPath)) {
        return Error{"cannot recover " + printable(partPath) + ": it is not a .part.mp4 or .part.mov file"};
    }
    if (isBeingWritten(partPath)) {
        return Error{"cannot recover " + printable(partPath) + ": it is still being written; finish that recording"};
    }
    const std::string path = recoveredNameFor(partPath);
    const std::string temporary = temporaryNameFor(path);
    Result<RemuxedVideo> video = remuxWithIndexInFront(
        partPath,
        {.path = temporary, .displayName = path, .container = partPath.ends_with(kPartMov) ? "mov" : "mp4", .project = std::nullopt});
    if (!video) return video.error();
    if (video->frames == 0) {
        ::unlink(temporary.c_str());
        return Error{"cannot recover " + printable(partPath) + ": it holds no complete picture; delete it, nothing is lost"};
    }
    if (const Result<void> renamed = renameOver(temporary, path); !renamed) return renamed.error();
    ::unlink(partPath.c_str());
    return RecoveredVideo{path, video->frames, video->seconds, std::move(video->projectJson)};
}

}  // namespace longtake
