// libFuzzer target for project files.
#include "tests/fuzz/fuzz_texts.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    longtake::fuzzProject(data, size);
    return 0;
}
