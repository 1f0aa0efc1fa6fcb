#include "engine/checkpoint/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace longtake {

namespace {

Error openError(const std::string& path, int code) {
    if (code == ENOENT) return {path + ": there is no such file; check the path"};
    if (code == EACCES) return {path + ": this user may not read the file; check its permissions"};
    return {path + ": cannot be opened: " + std::strerror(code)};
}

}  // namespace

Result<MappedFilePtr> MappedFile::open(const std::filesystem::path& path) {
    std::shared_ptr<MappedFile> file(new MappedFile);
    file->path_ = path.string();
    // Without O_NONBLOCK opening a pipe would wait for a writer.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return openError(file->path_, errno);
    struct Closer {
        int descriptor;
        ~Closer() { ::close(descriptor); }
    } closer{descriptor};

    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return openError(file->path_, errno);
    if (S_ISDIR(status.st_mode)) return file->error("is a folder; give the file inside it");
    if (!S_ISREG(status.st_mode)) return file->error("is a device or a pipe; give a file");
    file->size_ = static_cast<size_t>(status.st_size);
    if (file->size_ == 0) return MappedFilePtr(std::move(file));

    void* memory = ::mmap(nullptr, file->size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (memory == MAP_FAILED) return file->error(std::string("cannot be mapped into memory: ") + std::strerror(errno));
    file->data_ = static_cast<const std::byte*>(memory);
    file->mapped_ = true;
    return MappedFilePtr(std::move(file));
}

MappedFilePtr MappedFile::fromBytes(std::vector<std::byte> bytes, std::string label) {
    std::shared_ptr<MappedFile> file(new MappedFile);
    file->owned_ = std::move(bytes);
    file->data_ = file->owned_.data();
    file->size_ = file->owned_.size();
    file->path_ = std::move(label);
    return file;
}

MappedFile::~MappedFile() {
    if (mapped_) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::forget(size_t begin, size_t end) const {
    if (!mapped_ || begin >= end || end > size_) return;
    const size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    const size_t first = begin / page * page;
    // A failure costs memory, nothing else.
    ::madvise(const_cast<std::byte*>(data_) + first, end - first, MADV_DONTNEED);
}

std::string inQuotes(std::string_view name) {
    constexpr size_t kLongest = 96;
    std::string out = "\"";
    for (char c : name.substr(0, kLongest)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    if (name.size() > kLongest) out += "...";
    return out + "\"";
}

}  // namespace longtake
