// libFuzzer target for model.json.
#include "tests/fuzz/fuzz_texts.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    longtake::fuzzModelJson(data, size);
    return 0;
}
