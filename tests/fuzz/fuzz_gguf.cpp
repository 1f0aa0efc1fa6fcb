// libFuzzer target for GGUF files.
#include "tests/fuzz/fuzz_checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    longtake::fuzzGguf(data, size);
    return 0;
}
