// A file mapped read-only into memory, or bytes that stand in for one in tests.
//
// Owner:  shared; every tensor viewed on it keeps it alive.
// Thread: const after open, any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/result.h"

namespace longtake {

class MappedFile;
using MappedFilePtr = std::shared_ptr<const MappedFile>;

class MappedFile {
public:
    // Fails when the path is missing, unreadable or not a regular file. The file must not be shortened while
    // mapped.
    static Result<MappedFilePtr> open(const std::filesystem::path& path);
    static MappedFilePtr fromBytes(std::vector<std::byte> bytes, std::string label);

    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    std::span<const std::byte> bytes() const { return {data_, size_}; }
    size_t size() const { return size_; }
    const std::string& path() const { return path_; }

    // Lets the system drop these pages again; a long copy then stays small in memory. Contents are
    // unaffected.
    void forget(size_t begin, size_t end) const;

    // "PATH: WHAT", the form of every message about this file.
    Error error(const std::string& what) const { return Error{path_ + ": " + what}; }

private:
    MappedFile() = default;

    const std::byte* data_ = nullptr;
    size_t size_ = 0;
    bool mapped_ = false;
    std::vector<std::byte> owned_;
    std::string path_;
};

// A name out of a file made fit for one line of a message: quoted, shortened, control characters replaced.
std::string inQuotes(std::string_view name);

}  // namespace longtake
