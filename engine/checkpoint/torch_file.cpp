#include "engine/checkpoint/torch_file.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "engine/checkpoint/byte_reader.h"
#include "engine/checkpoint/torch_tree.h"
#include "engine/checkpoint/zip_directory.h"

namespace longtake {

namespace {

// PROTO 2, LONG1 of 10 bytes, 0x1950a86a20f9469cfc6c.
constexpr unsigned char kLegacyStart[] = {0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

std::span<const std::byte> bytesOf(const MappedFile& file, const ZipMember& member) {
    return file.bytes().subspan(static_cast<size_t>(member.begin), static_cast<size_t>(member.end - member.begin));
}

Result<TorchFile> assemble(const MappedFile& file, PickleTree tree, const StorageRanges& storages) {
    auto tensors = listTensors(file, tree, storages);
    if (!tensors) return tensors.error();
    if (tensors->empty()) return file.error("holds no tensors, so it is no checkpoint");
    return TorchFile{std::move(tree), std::move(tensors).value()};
}

}  // namespace

bool isLegacyTorch(std::span<const std::byte> bytes) {
    return bytes.size() >= sizeof kLegacyStart && std::memcmp(bytes.data(), kLegacyStart, sizeof kLegacyStart) == 0;
}

Result<TorchFile> readTorchZip(const MappedFile& file) {
    const auto members = readZipDirectory(file);
    if (!members) return members.error();
    constexpr std::string_view kPickle = "/data.pkl";
    std::string top;
    for (const auto& [name, member] : *members) {
        if (!name.ends_with(kPickle) || name.find('/') != name.size() - kPickle.size()) continue;
        if (!top.empty()) return file.error("has more than one data.pkl; refused");
        top = name.substr(0, name.size() - kPickle.size() + 1);
    }
    if (top.empty()) return file.error("is a zip archive without a data.pkl, so it is no torch checkpoint");
    const auto order = members->find(top + "byteorder");
    if (order != members->end()) {
        const auto text = bytesOf(file, order->second);
        if (text.size() != 6 || std::memcmp(text.data(), "little", 6) != 0)
            return file.error("was saved on a big-endian machine; save it again on an ordinary one");
    }
    StorageRanges storages;
    const std::string folder = top + "data/";
    for (const auto& [name, member] : *members)
        if (name.starts_with(folder)) storages[name.substr(folder.size())] = {member.begin, member.end};

    auto tree = readPickle(bytesOf(file, members->at(top + "data.pkl")));
    if (!tree) return file.error(tree.message());
    return assemble(file, std::move(tree).value(), storages);
}

Result<TorchFile> readTorchLegacy(const MappedFile& file) {
    // Five pickles: magic, protocol, system, the object, the list of storage keys; then the storages in that
    // order.
    size_t position = 0;
    PickleTree pickles[5];
    for (PickleTree& pickle : pickles) {
        size_t consumed = 0;
        auto tree = readPickle(file.bytes().subspan(position), &consumed);
        if (!tree) return file.error(tree.message());
        pickle = std::move(tree).value();
        position += consumed;
    }
    PickleTree& tree = pickles[3];
    const PickleTree& keys = pickles[4];
    if (pickles[1].root.kind != PickleValue::Kind::Int || pickles[1].root.integer != 1001)
        return file.error("is an old torch file of an unknown protocol; save it again with a current torch");
    if (keys.root.kind != PickleValue::Kind::List) return file.error("lists no storages; the file is damaged");

    std::map<std::string_view, uint64_t> itemBytes;
    for (const PickleStorage& storage : tree.storages) {
        const auto bytes = storage.encoding ? static_cast<uint64_t>(infoOf(*storage.encoding).blockBytes) : 1;
        const auto [known, isNew] = itemBytes.emplace(storage.key, bytes);
        if (!isNew && known->second != bytes) return file.error("gives one storage two number types; refused");
    }
    StorageRanges storages;
    ByteReader reader(file.bytes());
    (void)reader.seek(position);
    for (PickleValue key : keys.sequences[keys.root.index]) {
        const auto known = key.kind == PickleValue::Kind::Text ? itemBytes.find(keys.text(key)) : itemBytes.end();
        uint64_t count = 0;
        if (known == itemBytes.end() || !reader.read(count)) return file.error("has a damaged list of storages");
        const auto bytes = checkedProduct(count, known->second);
        const uint64_t begin = reader.position();
        if (!bytes || !reader.skip(*bytes)) return file.error("ends before its last storage; the download is cut short, fetch it again");
        if (!storages.emplace(std::string(known->first), std::pair(begin, begin + *bytes)).second)
            return file.error("lists a storage twice; refused");
    }
    return assemble(file, std::move(tree), storages);
}

Result<std::vector<StoredTensor>> selectStateDict(const MappedFile& file, std::vector<TorchTensor> tensors,
                                                  const std::vector<std::string>& keys) {
    std::set<std::string> groups;
    bool hasRoot = false;
    for (const TorchTensor& tensor : tensors) {
        if (tensor.path.size() > 1) groups.insert(tensor.path[0]);
        hasRoot = hasRoot || tensor.path.size() == 1;
    }
    std::string chosen;
    for (const std::string& key : keys)
        if (chosen.empty() && groups.contains(key)) chosen = key;
    if (chosen.empty() && !hasRoot) {
        if (groups.size() != 1) {
            std::string found;
            for (const std::string& group : groups)
                if (found.size() < 200) found += (found.empty() ? "" : ", ") + inQuotes(group);
            return file.error("has several sets of tensors (" + found + ") and none under a known name");
        }
        chosen = *groups.begin();
    }
    std::vector<StoredTensor> out;
    std::set<std::string> names;
    for (TorchTensor& tensor : tensors) {
        const bool isWanted = chosen.empty() ? tensor.path.size() == 1 : tensor.path.size() > 1 && tensor.path[0] == chosen;
        if (!isWanted) continue;
        std::string name;
        for (size_t i = chosen.empty() ? 0 : 1; i < tensor.path.size(); ++i) name += (name.empty() ? "" : ".") + tensor.path[i];
        if (!names.insert(name).second) return file.error("tensor " + inQuotes(name) + " is listed twice");
        tensor.stored.name = std::move(name);
        out.push_back(std::move(tensor.stored));
    }
    return out;
}

}  // namespace longtake
