// Which of the library's algorithms was fastest for a matrix product, kept in a text file between runs: one line a
// product. The file's name holds the device and the library's version; a line that cannot be read is left out.
//
// Owner:  the Gemm. Thread: one at a time; two programs may share a file, the last writer wins.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace longtake::cuda {

struct AlgorithmChoice {
    std::array<uint64_t, 8> data{};  // the library's own description
    uint64_t workspaceBytes = 0;
    float microseconds = 0;  // as measured; 0: not timed

    bool operator==(const AlgorithmChoice&) const = default;
};

class AlgorithmCache {
public:
    AlgorithmCache() = default;
    // folder empty: nothing is read or written.
    AlgorithmCache(const std::filesystem::path& folder, const std::string& device, const std::string& libraryVersion);

    std::optional<AlgorithmChoice> find(const std::string& product) const;
    void put(const std::string& product, const AlgorithmChoice& choice);
    // Writes a new file and renames it. A folder that cannot be written is no failure: the next run searches again.
    void save();

    size_t size() const { return choices_.size(); }
    const std::filesystem::path& file() const { return file_; }

private:
    std::filesystem::path file_;
    std::map<std::string, AlgorithmChoice> choices_;
    bool changed_ = false;
};

}  // namespace longtake::cuda
