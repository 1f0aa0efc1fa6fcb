#include "app/media/png_sequence.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "app/files/file_error.h"
#include "app/media/png_file.h"

namespace longtake {

namespace fs = std::filesystem;

std::string PngSequence::frameName(int64_t number) {
    std::array<char, 40> name{};
    std::snprintf(name.data(), name.size(), "frame_%06lld.png", static_cast<long long>(number));
    return name.data();
}

Result<std::unique_ptr<PngSequence>> PngSequence::create(const std::string& folder) {
    std::error_code failure;
    const bool made = fs::create_directories(folder, failure);
    if (failure) return fileError("make the folder", folder, failure.value());
    if (::access(folder.c_str(), W_OK | X_OK) != 0) return fileError("write into", folder, errno);
    if (fs::exists(fs::path(folder) / frameName(1), failure)) {
        return Error{"cannot write frames into " + printable(folder) + ": it already holds frames; choose another folder or empty it"};
    }
    return std::unique_ptr<PngSequence>(new PngSequence(folder, made));
}

Result<void> PngSequence::write(const FrameView& frame) {
    Result<void> written = writePng((fs::path(folder_) / frameName(frames_ + 1)).string(), frame);
    if (written) ++frames_;
    return written;
}

Result<void> PngSequence::finish() {
    if (frames_ > 0) return {};
    cancel();
    return Error{"cannot write frames into " + printable(folder_) + ": no picture was made; nothing is written"};
}

void PngSequence::cancel() {
    std::error_code ignored;
    for (; frames_ > 0; --frames_) fs::remove(fs::path(folder_) / frameName(frames_), ignored);
    if (madeFolder_) fs::remove(folder_, ignored);
}

}  // namespace longtake
