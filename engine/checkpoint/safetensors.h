// The safetensors format: u64 header length, a JSON header, the numbers.
//
// Reading trusts nothing: no byte outside the file is touched whatever the header says. Writing goes to a
// temporary file that takes the final name only when it is complete.
//
// Thread: reading is pure; a writer belongs to one thread.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/checkpoint/stored_tensor.h"

namespace longtake {

struct SafetensorsHeader {
    std::vector<StoredTensor> tensors;  // by position in the file
    std::map<std::string, std::string> metadata;
};

Result<SafetensorsHeader> readSafetensors(const MappedFile& file);

// The weight_map of a `*.safetensors.index.json`: tensor name -> file name, plain names of the same folder.
Result<std::map<std::string, std::string>> readShardIndex(const MappedFile& file);

// Writes the tensors in the order of entries(): wider numbers first, so that every tensor is aligned.
class SafetensorsWriter {
public:
    struct Entry {
        std::string name;
        DType dtype = DType::F32;
        Shape shape;
    };

    static Result<SafetensorsWriter> create(const std::filesystem::path& path, std::vector<Entry> entries,
                                            const std::map<std::string, std::string>& metadata = {});
    SafetensorsWriter(SafetensorsWriter&&) noexcept;
    SafetensorsWriter& operator=(SafetensorsWriter&&) = delete;
    ~SafetensorsWriter();  // removes the temporary file unless finish() succeeded

    const std::vector<Entry>& entries() const { return entries_; }
    // The next bytes of the data, over all entries one after the other.
    Result<void> append(std::span<const std::byte> bytes);
    // Fails when bytes are missing; else the file is on disk under its final name.
    Result<void> finish();

private:
    SafetensorsWriter() = default;
    Error failure(int code) const;

    std::filesystem::path path_, temporary_;
    std::vector<Entry> entries_;
    uint64_t expected_ = 0, written_ = 0;
    int descriptor_ = -1;
};

// All of it at once, for small files.
Result<void> writeSafetensors(const std::filesystem::path& path, const std::vector<std::pair<std::string, Tensor>>& tensors,
                              const std::map<std::string, std::string>& metadata = {});

}  // namespace longtake
