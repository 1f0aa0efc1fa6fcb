#include "engine/checkpoint/zip_directory.h"

#include <algorithm>
#include <vector>

#include "engine/checkpoint/byte_reader.h"
#include "engine/checkpoint/stored_tensor.h"

namespace longtake {

namespace {

// Signatures and sizes of the records, from the zip application note (APPNOTE 6.3, section 4.3).
constexpr uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50;
constexpr uint32_t kEndRecord = 0x06054b50, kEnd64Record = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr uint64_t kEndRecordSize = 22, kLocatorSize = 20, kLongestComment = 65535;
constexpr uint64_t kSmallestCentral = 46;

struct Directory {
    uint64_t entries = 0, begin = 0, size = 0;
};

struct CentralEntry {
    std::string name;
    uint16_t flags = 0, method = 0;
    uint64_t stored = 0, size = 0, local = 0;
};

Error cutShort(const MappedFile& file) {
    return file.error("is a zip archive without a valid end; the download is cut short or damaged, fetch it again");
}

bool findEndRecord(const MappedFile& file, uint64_t& position) {
    if (file.size() < kEndRecordSize) return false;
    const uint64_t last = file.size() - kEndRecordSize;
    const uint64_t first = last > kLongestComment ? last - kLongestComment : 0;
    for (uint64_t at = last + 1; at-- > first;) {
        ByteReader reader(file.bytes().subspan(static_cast<size_t>(at)));
        uint32_t signature = 0;
        uint16_t comment = 0;
        if (!reader.read(signature) || signature != kEndRecord) continue;
        if (!reader.seek(20) || !reader.read(comment) || comment != reader.left()) continue;
        position = at;
        return true;
    }
    return false;
}

// The zip64 end record, if a locator stands before the plain one. False when it is damaged.
bool readEnd64(const MappedFile& file, uint64_t endRecord, Directory& directory, bool& isThere) {
    isThere = false;
    if (endRecord < kLocatorSize) return true;
    ByteReader reader(file.bytes());
    uint32_t signature = 0, disk = 0, disks = 0;
    uint64_t at = 0;
    if (!reader.seek(endRecord - kLocatorSize) || !reader.read(signature) || signature != kEnd64Locator) return true;
    isThere = true;
    if (!reader.read(disk) || !reader.read(at) || !reader.read(disks) || disk != 0 || disks > 1) return false;
    uint64_t length = 0, entriesHere = 0;
    uint16_t version = 0;
    uint32_t thisDisk = 0, startDisk = 0;
    return reader.seek(at) && reader.read(signature) && signature == kEnd64Record && reader.read(length) && reader.read(version) &&
           reader.read(version) && reader.read(thisDisk) && reader.read(startDisk) && thisDisk == 0 && startDisk == 0 &&
           reader.read(entriesHere) && reader.read(directory.entries) && entriesHere == directory.entries && reader.read(directory.size) &&
           reader.read(directory.begin);
}

Result<Directory> findDirectory(const MappedFile& file) {
    uint64_t end = 0;
    if (!findEndRecord(file, end)) return cutShort(file);
    ByteReader reader(file.bytes());
    uint32_t signature = 0, size = 0, begin = 0;
    uint16_t disk = 0, startDisk = 0, entriesHere = 0, entries = 0;
    if (!reader.seek(end) || !reader.read(signature) || !reader.read(disk) || !reader.read(startDisk) || !reader.read(entriesHere) ||
        !reader.read(entries) || !reader.read(size) || !reader.read(begin))
        return cutShort(file);
    Directory directory{entries, begin, size};
    bool isThere = false;
    if (!readEnd64(file, end, directory, isThere)) return file.error("has a damaged zip64 end record; fetch it again");
    if (!isThere && (disk != 0 || startDisk != 0 || entries != entriesHere))
        return file.error("is one part of a zip archive split over several files; join them first");
    if (directory.begin > file.size() || directory.size > file.size() - directory.begin)
        return file.error("has a zip directory outside the file; it is cut short or damaged, fetch it again");
    if (directory.entries > kMostTensors || directory.entries > directory.size / kSmallestCentral)
        return file.error("has a damaged zip directory: it cannot hold the entries it claims");
    return directory;
}

// Fields that do not fit 32 bits hold 0xffffffff and stand in the extra field with id 1, in this order.
bool readExtra64(ByteReader extra, CentralEntry& entry) {
    constexpr uint32_t kElsewhere = 0xffffffff;
    const bool any = entry.size == kElsewhere || entry.stored == kElsewhere || entry.local == kElsewhere;
    if (!any) return true;
    while (extra.left() >= 4) {
        uint16_t id = 0, length = 0;
        std::span<const std::byte> field;
        if (!extra.read(id) || !extra.read(length) || !extra.take(length, field)) return false;
        if (id != 1) continue;
        ByteReader values(field);
        if (entry.size == kElsewhere && !values.read(entry.size)) return false;
        if (entry.stored == kElsewhere && !values.read(entry.stored)) return false;
        return entry.local != kElsewhere || values.read(entry.local);
    }
    return false;
}

bool readCentral(ByteReader& reader, CentralEntry& entry) {
    uint32_t signature = 0, size = 0, stored = 0, local = 0;
    uint16_t nameLength = 0, extraLength = 0, commentLength = 0, disk = 0;
    std::string_view name;
    std::span<const std::byte> extra;
    const bool isRead = reader.read(signature) && signature == kCentralHeader && reader.skip(4) && reader.read(entry.flags) &&
                        reader.read(entry.method) && reader.skip(8) && reader.read(stored) && reader.read(size) &&
                        reader.read(nameLength) && reader.read(extraLength) && reader.read(commentLength) && reader.read(disk) &&
                        reader.skip(6) && reader.read(local) && nameLength <= kLongestName && reader.text(nameLength, name) &&
                        reader.take(extraLength, extra) && reader.skip(commentLength);
    if (!isRead || disk != 0) return false;
    entry.name = name;
    entry.size = size;
    entry.stored = stored;
    entry.local = local;
    return readExtra64(ByteReader(extra), entry);
}

// The numbers start after the local header, whose name and extra field may differ in length from the central
// ones.
bool locate(const MappedFile& file, const CentralEntry& entry, ZipMember& member) {
    ByteReader reader(file.bytes());
    uint32_t signature = 0;
    uint16_t method = 0, nameLength = 0, extraLength = 0;
    std::string_view name;
    if (!reader.seek(entry.local) || !reader.read(signature) || signature != kLocalHeader || !reader.skip(4) || !reader.read(method) ||
        !reader.skip(16) || !reader.read(nameLength) || !reader.read(extraLength) || !reader.text(nameLength, name) ||
        !reader.skip(extraLength))
        return false;
    if (method != entry.method || name != entry.name || entry.size > reader.left()) return false;
    member = {reader.position(), reader.position() + entry.size};
    return true;
}

}  // namespace

Result<std::map<std::string, ZipMember>> readZipDirectory(const MappedFile& file) {
    const auto directory = findDirectory(file);
    if (!directory) return directory.error();
    ByteReader reader(file.bytes().subspan(static_cast<size_t>(directory->begin), static_cast<size_t>(directory->size)));
    std::map<std::string, ZipMember> members;
    for (uint64_t i = 0; i < directory->entries; ++i) {
        CentralEntry entry;
        if (!readCentral(reader, entry)) return file.error("has a damaged zip directory; fetch it again");
        const std::string who = "zip member " + inQuotes(entry.name);
        if (entry.flags & 1) return file.error(who + " is encrypted; a checkpoint is not");
        if (entry.method != 0 || entry.stored != entry.size)
            return file.error(who + " is compressed; torch stores members as they are, so this is no torch checkpoint");
        ZipMember member;
        if (!locate(file, entry, member))
            return file.error(who + " does not lie where the directory says; the file is damaged, fetch it again");
        if (!members.emplace(entry.name, member).second) return file.error(who + " is there twice; refused");
    }
    std::vector<ZipMember> ordered;
    for (const auto& [name, member] : members)
        if (member.begin < member.end) ordered.push_back(member);
    std::sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
    for (size_t i = 1; i < ordered.size(); ++i)
        if (ordered[i].begin < ordered[i - 1].end) return file.error("has zip members that overlap; refused");
    return members;
}

}  // namespace longtake
