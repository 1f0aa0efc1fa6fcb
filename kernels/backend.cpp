#include "kernels/backend.h"

#include <unistd.h>

namespace longtake {

SharedFramesOffer::~SharedFramesOffer() {
    for (int fd : {origin_.memoryFd, origin_.readyFd, origin_.releasedFd})
        if (fd >= 0) ::close(fd);
}

Result<std::unique_ptr<SharedFrameWriter>> Backend::importFrames(const SharedFramesOrigin& origin) {
    const SharedFramesOffer closed(origin);
    return Error{"the " + name() + " backend shares no memory with the display"};
}

}  // namespace longtake
