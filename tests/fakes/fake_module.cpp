// CUDA modules that are not what they should be: FAKE_KIND 0 has no entry, 1 is of another version, 2 opens nothing and
// gives no reason, 3 has two devices and fails at the second.
#include <cstring>

#include "kernels/cuda/module.h"

namespace {

[[maybe_unused]] int countDevices(char*, size_t) { return 2; }

[[maybe_unused]] bool describeDevice(int device, longtake::ModuleDevice* out, char* message, size_t room) {
    if (device == 1) {
        std::strncpy(message, "the second device is lost", room);
        return false;
    }
    std::strcpy(out->name, "Fake GPU");
    out->architecture = 90;
    out->totalBytes = 1000;
    return true;
}

[[maybe_unused]] longtake::Backend* open(const longtake::ModuleRequest*, char*, size_t) { return nullptr; }

}  // namespace

#if FAKE_KIND > 0
extern "C" [[gnu::visibility("default")]] const longtake::ModuleEntry* longtake_cuda_entry() {
    static const longtake::ModuleEntry entry{longtake::moduleAbi() + (FAKE_KIND == 1), countDevices, describeDevice, open};
    return &entry;
}
#endif
