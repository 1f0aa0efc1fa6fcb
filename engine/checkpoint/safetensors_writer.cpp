#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "engine/checkpoint/safetensors.h"

namespace longtake {

Result<SafetensorsWriter> SafetensorsWriter::create(const std::filesystem::path& path, std::vector<Entry> entries,
                                                    const std::map<std::string, std::string>& metadata) {
    SafetensorsWriter writer;
    writer.path_ = path;
    writer.temporary_ = path.string() + ".tmp-" + std::to_string(::getpid());
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return sizeOf(a.dtype) > sizeOf(b.dtype); });
    writer.entries_ = std::move(entries);

    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    uint64_t offset = 0;
    for (const Entry& entry : writer.entries_) {
        const auto count = checkedCount(entry.shape.sizes());
        const auto bytes = count ? storedBytes(encodingOf(entry.dtype), *count) : std::nullopt;
        if (!bytes) return Error{path.string() + ": tensor " + inQuotes(entry.name) + " is too large to write"};
        if (header.contains(entry.name)) return Error{path.string() + ": tensor " + inQuotes(entry.name) + " would be written twice"};
        header[entry.name] = {{"dtype", nameOf(entry.dtype)},
                              {"shape", std::vector<int64_t>(entry.shape.sizes().begin(), entry.shape.sizes().end())},
                              {"data_offsets", {offset, offset + *bytes}}};
        offset += *bytes;
    }
    std::string text = header.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    text.append((64 - (8 + text.size()) % 64) % 64, ' ');  // the numbers start aligned

    writer.descriptor_ = ::open(writer.temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (writer.descriptor_ < 0) return writer.failure(errno);
    const uint64_t length = text.size();
    writer.expected_ = 8 + length;
    auto wrote = writer.append(std::as_bytes(std::span(&length, 1)));
    if (wrote) wrote = writer.append(std::as_bytes(std::span(text)));
    if (!wrote) return wrote.error();
    writer.expected_ += offset;
    return writer;
}

SafetensorsWriter::SafetensorsWriter(SafetensorsWriter&& other) noexcept
    : path_(std::move(other.path_)), temporary_(std::move(other.temporary_)), entries_(std::move(other.entries_)),
      expected_(other.expected_), written_(other.written_), descriptor_(std::exchange(other.descriptor_, -1)) {}

SafetensorsWriter::~SafetensorsWriter() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    std::error_code ignored;
    std::filesystem::remove(temporary_, ignored);
}

Error SafetensorsWriter::failure(int code) const {
    const std::string name = path_.string();
    if (code == ENOSPC || code == EDQUOT)
        return {name + ": the disk is full; free some space or choose another folder, nothing was left behind"};
    if (code == EFBIG) return {name + ": the file would exceed the size this system or user allows; choose another folder"};
    if (code == EACCES || code == EROFS) return {name + ": this folder cannot be written to; choose another"};
    if (code == ENOENT) return {name + ": its folder does not exist; create it first"};
    return {name + ": cannot be written: " + std::strerror(code)};
}

Result<void> SafetensorsWriter::append(std::span<const std::byte> bytes) {
    if (bytes.size() > expected_ - written_) return Error{path_.string() + ": more numbers given than its tensors hold"};
    while (!bytes.empty()) {
        // One call moves at most 2 GiB on Linux.
        const ssize_t count = ::write(descriptor_, bytes.data(), std::min<size_t>(bytes.size(), 1u << 26));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failure(errno);
        bytes = bytes.subspan(static_cast<size_t>(count));
        written_ += static_cast<uint64_t>(count);
    }
    return {};
}

Result<void> SafetensorsWriter::finish() {
    if (written_ != expected_) return Error{path_.string() + ": numbers are missing, so it was not written"};
    // The disk may report that it is full only now.
    if (::fsync(descriptor_) != 0) return failure(errno);
    std::error_code code;
    std::filesystem::rename(temporary_, path_, code);
    if (code) return failure(code.value());
    ::close(std::exchange(descriptor_, -1));
    return {};
}

Result<void> writeSafetensors(const std::filesystem::path& path, const std::vector<std::pair<std::string, Tensor>>& tensors,
                              const std::map<std::string, std::string>& metadata) {
    std::vector<SafetensorsWriter::Entry> entries;
    std::map<std::string, const Tensor*> byName;
    for (const auto& [name, tensor] : tensors) {
        entries.push_back({name, tensor.dtype(), tensor.shape()});
        byName[name] = &tensor;
    }
    auto writer = SafetensorsWriter::create(path, std::move(entries), metadata);
    if (!writer) return writer.error();
    for (const auto& entry : writer->entries()) {
        const Tensor& tensor = *byName[entry.name];
        auto wrote = writer->append({static_cast<const std::byte*>(tensor.data()), tensor.bytes()});
        if (!wrote) return wrote;
    }
    return writer->finish();
}

}  // namespace longtake
