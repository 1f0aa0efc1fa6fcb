// libFuzzer target for safetensors headers.
#include "tests/fuzz/fuzz_checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    longtake::fuzzSafetensors(data, size);
    return 0;
}
