// libFuzzer target: the bytes are a GGUF file.
#include "tests/fuzz/fuzz_checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    longtake::readHostile(data, size);
    return 0;
}
