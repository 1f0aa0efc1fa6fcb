#include "app/media/ffmpeg_handles.h"

#include <array>
#include <cstdlib>

extern "C" {
#include <libavutil/error.h>
#include <libavutil/log.h>
}

namespace longtake {
namespace {

// SVT-AV1 reads its log level from the environment only. Set while static objects are made: no other thread
// runs yet that could read the environment.
const bool kSvtQuiet = [] {
    if (std::getenv("LONGTAKE_FFMPEG_LOG") == nullptr) ::setenv("SVT_LOG", "0", 0);
    return true;
}();

}  // namespace

std::string ffmpegError(int code) {
    std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
    if (av_strerror(code, text.data(), text.size()) < 0) return "error " + std::to_string(code);
    return text.data();
}

void quietFfmpeg() {
    static const bool once = [] {
        if (std::getenv("LONGTAKE_FFMPEG_LOG") == nullptr) av_log_set_level(AV_LOG_QUIET);
        return kSvtQuiet;
    }();
    (void)once;
}

}  // namespace longtake
