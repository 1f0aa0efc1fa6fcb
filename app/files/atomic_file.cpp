#include "app/files/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "app/files/file_error.h"

namespace longtake {
namespace {

class FileDescriptor {
public:
    explicit FileDescriptor(int fd) : fd_(fd) {}
    ~FileDescriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;

    bool open() const { return fd_ >= 0; }
    int get() const { return fd_; }
    int close() {
        const int result = ::close(fd_);
        fd_ = -1;
        return result;
    }

private:
    int fd_;
};

// 0, or the errno of the first failure.
int writeAll(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        bytes.remove_prefix(static_cast<size_t>(written));
    }
    return 0;
}

void syncFolderOf(const std::string& path) {
    std::filesystem::path folder = std::filesystem::path(path).parent_path();
    if (folder.empty()) folder = ".";
    const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // Some file systems cannot sync folders; the content is safe by then, only the name is not yet.
    if (fd.open()) (void)::fsync(fd.get());
}

}  // namespace

std::string temporaryNameFor(const std::string& path) {
    static std::atomic<unsigned> counter{0};
    return path + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
}

Result<void> renameOver(const std::string& temporary, const std::string& path) {
    if (std::rename(temporary.c_str(), path.c_str()) != 0) {
        const int failure = errno;
        ::unlink(temporary.c_str());
        return fileError("write", path, failure);
    }
    syncFolderOf(path);
    return {};
}

Result<void> writeFileAtomically(const std::string& path, std::string_view bytes) {
    const std::string temporary = temporaryNameFor(path);
    FileDescriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!file.open()) return fileError("write", path, errno);
    int failure = writeAll(file.get(), bytes);
    if (failure == 0 && ::fsync(file.get()) != 0) failure = errno;
    if (file.close() != 0 && failure == 0) failure = errno;
    if (failure != 0) {
        ::unlink(temporary.c_str());
        return fileError("write", path, failure);
    }
    return renameOver(temporary, path);
}

Result<void> writeFileAtomically(const std::string& path, std::span<const uint8_t> bytes) {
    return writeFileAtomically(path, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

Result<std::string> readWholeFile(const std::string& path, size_t maxBytes) {
    // Not blocking: opening a pipe that nobody writes would otherwise wait for ever.
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.open()) return fileError("read", path, errno);
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return fileError("read", path, errno);
    if (S_ISDIR(info.st_mode)) return fileError("read", path, EISDIR);
    if (!S_ISREG(info.st_mode)) {
        return Error{"cannot read " + printable(path) + ": it is a device or a pipe; give the name of a file"};
    }
    if (static_cast<uint64_t>(info.st_size) > maxBytes) {
        return Error{"cannot read " + printable(path) + ": it has " + std::to_string(info.st_size) +
                     " bytes, more than the " + std::to_string(maxBytes) +
                     " this kind of file can have; check that it is the right file"};
    }
    std::string bytes(static_cast<size_t>(info.st_size), '\0');
    size_t have = 0;
    while (have < bytes.size()) {
        const ssize_t count = ::read(file.get(), bytes.data() + have, bytes.size() - have);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fileError("read", path, errno);
        if (count == 0) break;
        have += static_cast<size_t>(count);
    }
    bytes.resize(have);
    return bytes;
}

}  // namespace longtake
