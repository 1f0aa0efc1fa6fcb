// Builds checkpoint files in memory, byte by byte, for tests of the readers.
//
// Thread: pure.
#pragma once

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "engine/checkpoint/checkpoint.h"

namespace longtake {

template <typename Number>
std::string le(Number value) {
    std::string out(sizeof value, '\0');
    std::memcpy(out.data(), &value, sizeof value);
    return out;
}

inline std::vector<std::byte> bytesOf(const std::string& text) {
    std::vector<std::byte> bytes(text.size());
    if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
    return bytes;
}

inline Result<Checkpoint> openBytes(const std::string& content, const CheckpointOptions& options = {}) {
    return Checkpoint::open(MappedFile::fromBytes(bytesOf(content), "given.bin"), options);
}

inline void writeFile(const std::filesystem::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}

inline std::string readFile(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline std::string safetensorsFile(const std::string& header, const std::string& data) {
    return le<uint64_t>(header.size()) + header + data;
}

inline std::string floatsOf(const std::vector<float>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

// A zip archive of stored members, in the plain 32-bit form.
struct ZipFixture {
    struct Member {
        std::string name, content;
        uint16_t method = 0, flags = 0;
    };
    std::vector<Member> members;

    std::string bytes() const {
        std::string out, directory;
        for (const Member& member : members) {
            const auto size = static_cast<uint32_t>(member.content.size());
            const std::string sizes = le<uint32_t>(0) + le(size) + le(size);
            const std::string name = le(static_cast<uint16_t>(member.name.size())) + le<uint16_t>(0);
            const std::string kind = le<uint16_t>(20) + le(member.flags) + le(member.method) + le<uint32_t>(0);
            directory += "PK\1\2" + le<uint16_t>(20) + kind + sizes + name + le<uint16_t>(0) + le<uint16_t>(0) + le<uint16_t>(0) +
                         le<uint32_t>(0) + le(static_cast<uint32_t>(out.size())) + member.name;
            out += "PK\3\4" + kind + sizes + name + member.name + member.content;
        }
        const auto count = static_cast<uint16_t>(members.size());
        return out + directory + "PK\5\6" + le<uint32_t>(0) + le(count) + le(count) + le(static_cast<uint32_t>(directory.size())) +
               le(static_cast<uint32_t>(out.size())) + le<uint16_t>(0);
    }
};

// Pickle operations as text; concatenation makes a program.
namespace pickle_op {
inline std::string text(const std::string& value) { return "X" + le(static_cast<uint32_t>(value.size())) + value; }
inline std::string integer(int32_t value) { return "J" + le(value); }
inline std::string global(const std::string& module, const std::string& name) { return "c" + module + "\n" + name + "\n"; }
inline std::string tuple(const std::string& items) { return "(" + items + "t"; }
inline std::string dict(const std::string& items) { return "}(" + items + "u"; }
inline std::string program(const std::string& body) { return "\x80\x02" + body + "."; }
inline std::string storage(const std::string& type, const std::string& key, int32_t count) {
    return tuple(text("storage") + type + text(key) + text("cpu") + integer(count)) + "Q";
}
inline std::string integers(const std::vector<int32_t>& values) {
    std::string items;
    for (int32_t value : values) items += integer(value);
    return tuple(items);
}
inline std::string tensor(const std::string& from, int32_t offset, const std::vector<int32_t>& sizes, const std::vector<int32_t>& strides) {
    return global("torch._utils", "_rebuild_tensor_v2") +
           tuple(from + integer(offset) + integers(sizes) + integers(strides) + "\x89" + global("collections", "OrderedDict") + ")R") + "R";
}
inline std::string floatStorage(const std::string& key, int32_t count) { return storage(global("torch", "FloatStorage"), key, count); }
}  // namespace pickle_op

// A torch file of one pickle and its storages.
inline std::string torchFile(const std::string& body, const std::vector<std::pair<std::string, std::string>>& storages) {
    ZipFixture zip;
    zip.members.push_back({"archive/data.pkl", pickle_op::program(body)});
    for (const auto& [key, content] : storages) zip.members.push_back({"archive/data/" + key, content});
    zip.members.push_back({"archive/version", "3\n"});
    return zip.bytes();
}

// A refusal is one line that names the file and says something.
inline bool isOneClearLine(const std::string& message, const std::string& file = "given.bin") {
    return message.find('\n') == std::string::npos && message.size() > file.size() + 10 && message.size() < 600 &&
           message.find(file) != std::string::npos;
}

}  // namespace longtake
