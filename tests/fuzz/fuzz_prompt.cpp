// libFuzzer target for prompts.
#include "tests/fuzz/fuzz_texts.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    longtake::fuzzPrompt(data, size);
    return 0;
}
