// libFuzzer target: the bytes are a torch file; or, where they do not start like one, a pickle that is put into a zip
// archive with one storage, so that mutations reach the pickle machine without having to build an archive.
#include <string_view>

#include "tests/checkpoint_fixtures.h"
#include "tests/fuzz/fuzz_checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace longtake;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const bool isLegacy = bytes.starts_with("\x80\x02\x8a\x0a");
    if (bytes.starts_with("PK") || isLegacy) {
        readHostile(data, size);
        return 0;
    }
    ZipFixture zip;
    zip.members.push_back({"a/data.pkl", std::string(bytes)});
    zip.members.push_back({"a/data/0", std::string(48, '\x3c')});
    const std::string file = zip.bytes();
    readHostile(reinterpret_cast<const uint8_t*>(file.data()), file.size());
    return 0;
}
