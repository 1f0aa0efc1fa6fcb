// libFuzzer target for torch files and pickles.
#include "tests/fuzz/fuzz_checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    longtake::fuzzTorch(data, size);
    return 0;
}
