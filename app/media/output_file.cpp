#include "app/media/output_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "app/files/file_error.h"

extern "C" {
#include <libavformat/avio.h>
#include <libavutil/error.h>
#include <libavutil/mem.h>
}

namespace longtake {

Result<std::unique_ptr<OutputFile>> OutputFile::create(const std::string& path, const std::string& displayName) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return fileError("write", displayName, errno);
    (void)::flock(fd, LOCK_EX | LOCK_NB);  // a file system without locks loses only the courtesy
    return std::unique_ptr<OutputFile>(new OutputFile(path, displayName, fd));
}

OutputFile::OutputFile(std::string path, std::string displayName, int fd)
    : path_(std::move(path)), displayName_(std::move(displayName)), fd_(fd) {
    constexpr int kBufferBytes = 64 * 1024;
    auto* buffer = static_cast<unsigned char*>(av_malloc(kBufferBytes));
    io_ = avio_alloc_context(buffer, kBufferBytes, 1, this, nullptr, &OutputFile::writePacket, &OutputFile::seek);
}

OutputFile::~OutputFile() { release(); }

int OutputFile::writePacket(void* self, uint8_t* data, int size) {
    auto* file = static_cast<OutputFile*>(self);
    int done = 0;
    while (done < size) {
        const ssize_t count = ::write(file->fd_, data + done, static_cast<size_t>(size - done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            if (file->failure_ == 0) file->failure_ = errno;
            return AVERROR(file->failure_);
        }
        done += static_cast<int>(count);
    }
    return size;
}

int64_t OutputFile::seek(void* self, int64_t offset, int whence) {
    auto* file = static_cast<OutputFile*>(self);
    if (whence == AVSEEK_SIZE) {
        const off_t here = ::lseek(file->fd_, 0, SEEK_CUR);
        const off_t end = ::lseek(file->fd_, 0, SEEK_END);
        ::lseek(file->fd_, here, SEEK_SET);
        return end;
    }
    const off_t position = ::lseek(file->fd_, offset, whence & ~AVSEEK_FORCE);
    if (position < 0) {
        if (file->failure_ == 0) file->failure_ = errno;
        return AVERROR(errno);
    }
    return position;
}

void OutputFile::release() {
    if (io_ != nullptr) {
        avio_flush(io_);
        av_freep(&io_->buffer);
        avio_context_free(&io_);
    }
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

Result<void> OutputFile::close() {
    if (io_ != nullptr) avio_flush(io_);
    if (failure_ == 0 && fd_ >= 0 && ::fsync(fd_) != 0) failure_ = errno;
    release();
    if (failure_ != 0) return fileError("write", displayName_, failure_);
    return {};
}

void OutputFile::remove() {
    release();
    ::unlink(path_.c_str());
}

bool isBeingWritten(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    const bool locked = ::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    ::close(fd);
    return locked;
}

}  // namespace longtake
