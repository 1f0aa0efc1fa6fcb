// libFuzzer target: the bytes are a JSON header; its length and some data are added, so that mutations reach the
// checks behind the length. A first byte of '!' gives the rest as it is, or as an index of shards.
#include <string>

#include "engine/checkpoint/safetensors.h"
#include "tests/fuzz/fuzz_checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace longtake;
    if (size > 0 && data[0] == '!') {
        readHostile(data + 1, size - 1);
        const auto* begin = reinterpret_cast<const std::byte*>(data + 1);
        (void)readShardIndex(*MappedFile::fromBytes({begin, begin + size - 1}, "fuzz"));
        return 0;
    }
    std::string file(8, '\0');
    for (size_t i = 0; i < 8; ++i) file[i] = static_cast<char>(size >> (8 * i));
    file.append(reinterpret_cast<const char*>(data), size);
    file.append(64, '\x3c');
    readHostile(reinterpret_cast<const uint8_t*>(file.data()), file.size());
    return 0;
}
