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

std::filesystem::path folderOf(const std::string& path) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    return folder.empty() ? "." : folder;
}

Error noFile(const std::string& doing, const std::string& path) {
    return Error{"cannot " + doing + " " + printable(path) + ": it is a device or a pipe; give the name of a file"};
}

// The file that a name stands for: renaming over a link would cut it. Of links in a circle, one of them.
std::string behindLinks(std::string path) {
    constexpr int kMostLinks = 40;  // as the kernel follows
    std::error_code failure;
    for (int i = 0; i < kMostLinks; ++i) {
        const std::filesystem::path target = std::filesystem::read_symlink(path, failure);
        if (failure) break;
        path = (folderOf(path) / target).string();  // an absolute target stands for itself
    }
    return path;
}

void syncFolderOf(const std::string& path) {
    const std::filesystem::path folder = folderOf(path);
    const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // Some file systems cannot sync folders; the content is safe by then, only the name is not yet.
    if (fd.open()) (void)::fsync(fd.get());
}

}  // namespace

Result<void> checkPlace(const std::string& path) {
    const std::string folder = folderOf(behindLinks(path)).string();
    struct stat info {};
    if (::stat(folder.c_str(), &info) != 0) return fileError("write", path, errno);
    if (!S_ISDIR(info.st_mode)) return fileError("write", path, ENOTDIR);
    if (::access(folder.c_str(), W_OK | X_OK) != 0) return fileError("write", path, errno);
    if (::stat(path.c_str(), &info) != 0) {
        if (errno == ENOENT) return {};  // a name that is free
        return fileError("write", path, errno);
    }
    if (S_ISDIR(info.st_mode)) return fileError("write", path, EISDIR);
    if (!S_ISREG(info.st_mode)) return noFile("write", path);
    if (::access(path.c_str(), W_OK) != 0) return fileError("write", path, errno);  // somebody protects it
    return {};
}

// A name that is as long as the file system allows must not grow: its end is cut off.
std::string temporaryNameFor(const std::string& name) {
    static std::atomic<unsigned> counter{0};
    constexpr size_t kKept = 200;
    const std::string path = behindLinks(name);
    const size_t folder = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
    return path.substr(0, folder + kKept) + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
}

Result<void> renameOver(const std::string& temporary, const std::string& name) {
    const std::string path = behindLinks(name);
    struct stat before {};
    if (::stat(path.c_str(), &before) == 0) (void)::chmod(temporary.c_str(), before.st_mode & 0777);
    if (std::rename(temporary.c_str(), path.c_str()) != 0) {
        const int failure = errno;
        ::unlink(temporary.c_str());
        return fileError("write", name, failure);
    }
    syncFolderOf(path);
    return {};
}

Result<void> writeFileAtomically(const std::string& path, std::string_view bytes) {
    // Renaming over a device or a pipe would put a file in its place.
    if (const Result<void> place = checkPlace(path); !place) return place.error();
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

Result<void> checkIsFile(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0 || ::access(path.c_str(), R_OK) != 0) return fileError("read", path, errno);
    if (S_ISDIR(info.st_mode)) return fileError("read", path, EISDIR);
    if (!S_ISREG(info.st_mode)) return noFile("read", path);
    return {};
}

Result<std::string> readWholeFile(const std::string& path, size_t maxBytes) {
    // Not blocking: opening a pipe that nobody writes would otherwise wait for ever.
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.open()) return fileError("read", path, errno);
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return fileError("read", path, errno);
    if (S_ISDIR(info.st_mode)) return fileError("read", path, EISDIR);
    if (!S_ISREG(info.st_mode)) return noFile("read", path);
    if (static_cast<uint64_t>(info.st_size) > maxBytes) {
        return Error{"cannot read " + printable(path) + ": it has " + std::to_string(info.st_size) + " bytes, more than the " +
                     std::to_string(maxBytes) + " this kind of file can have; check that it is the right file"};
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
