#include "kernels/backend.h"

#include <unistd.h>

namespace longtake {

namespace {

class DoneCopy final : public HostCopy {
public:
    bool ready() const override { return true; }
    void finish() override {}
};

}  // namespace

// Where work is done in order there is nothing to wait for.
void Backend::waitFor(const Backend&) {}
void Backend::waitFor(const HostCopy&) {}

std::unique_ptr<HostCopy> Backend::downloadLater(void* host, const void* device, size_t bytes) {
    download(host, device, bytes);
    return std::make_unique<DoneCopy>();
}

SharedFramesOffer::~SharedFramesOffer() {
    for (int fd : {origin_.memoryFd, origin_.readyFd, origin_.releasedFd})
        if (fd >= 0) ::close(fd);
}

Result<std::unique_ptr<SharedFrameWriter>> Backend::importFrames(const SharedFramesOrigin& origin) {
    const SharedFramesOffer closed(origin);
    return Error{"the " + name() + " backend shares no memory with the display"};
}

}  // namespace longtake
