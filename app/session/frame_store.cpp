#include "app/session/frame_store.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include "app/files/file_error.h"

namespace longtake {
namespace {

int makeNamelessFile(const std::string& folder) {
    const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0) return file;
    // Not every file system knows files without names.
    std::string name = folder + "/longtake-frames-XXXXXX";
    const int named = ::mkostemp(name.data(), O_CLOEXEC);
    if (named >= 0) ::unlink(name.c_str());
    return named;
}

}  // namespace

Result<std::shared_ptr<FrameStore>> FrameStore::create(int width, int height, const FrameStoreOptions& options) {
    std::string folder = options.folder;
    if (folder.empty()) {
        std::error_code ignored;
        folder = std::filesystem::temp_directory_path(ignored).string();
    }
    const int file = makeNamelessFile(folder);
    if (file < 0) return fileError("keep frames in", folder, errno);
    const int64_t bytes = int64_t{3} * width * height;
    return std::shared_ptr<FrameStore>(
        new FrameStore(file, width, height, std::max<int64_t>(options.maxBytes / std::max<int64_t>(bytes, 1), 24)));
}

FrameStore::~FrameStore() { ::close(file_); }

Result<void> FrameStore::append(const Frame8& frame) {
    if (frame.width != width_ || frame.height != height_) return Error{"a frame of another size cannot be kept with this take"};
    int64_t index = 0;
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return Error{"the take's frames are no longer kept"};
        index = frames_;
    }
    const int64_t start = index % capacity_ * frameBytes();
    for (int64_t done = 0; done < frameBytes();) {
        const ssize_t wrote = ::pwrite(file_, frame.rgb.data() + done, static_cast<size_t>(frameBytes() - done), start + done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) {
            const Error error = fileError("keep the take's frames in", "the temporary folder", wrote < 0 ? errno : ENOSPC);
            close();
            return error;
        }
        done += wrote;
    }
    {
        const std::lock_guard lock(mutex_);
        frames_ = index + 1;
    }
    grew_.notify_all();
    return {};
}

void FrameStore::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    grew_.notify_all();
}

// One slot of the ring is always the one being written, so it does not count.
int64_t FrameStore::firstFrame() const {
    const std::lock_guard lock(mutex_);
    return std::max<int64_t>(0, frames_ - capacity_ + 1);
}

int64_t FrameStore::frames() const {
    const std::lock_guard lock(mutex_);
    return frames_;
}

bool FrameStore::isClosed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
}

std::optional<Frame8> FrameStore::read(int64_t index) const {
    if (index < firstFrame() || index >= frames()) return std::nullopt;
    Frame8 frame;
    frame.width = width_;
    frame.height = height_;
    frame.rgb.resize(static_cast<size_t>(frameBytes()));
    const int64_t start = index % capacity_ * frameBytes();
    for (int64_t done = 0; done < frameBytes();) {
        const ssize_t got = ::pread(file_, frame.rgb.data() + done, static_cast<size_t>(frameBytes() - done), start + done);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return std::nullopt;
        done += got;
    }
    // The writer may have come round to this frame's place in the meantime.
    if (index < firstFrame()) return std::nullopt;
    return frame;
}

bool FrameStore::waitFor(int64_t index, int milliseconds) const {
    std::unique_lock lock(mutex_);
    grew_.wait_for(lock, std::chrono::milliseconds(milliseconds), [&] { return closed_ || frames_ > index; });
    return frames_ > index;
}

}  // namespace longtake
