// The directory of a zip archive whose members are stored uncompressed, as torch writes them, zip64 included.
//
// Thread: pure.
#pragma once

#include <map>
#include <string>

#include "engine/checkpoint/mapped_file.h"

namespace longtake {

struct ZipMember {
    uint64_t begin = 0;  // bytes [begin, end) of the file
    uint64_t end = 0;
};

// Member name -> its bytes. Refuses compressed, encrypted, multi-disk, overlapping and doubled members, and
// whatever points outside the file.
Result<std::map<std::string, ZipMember>> readZipDirectory(const MappedFile& file);

}  // namespace longtake
