#include "kernels/backend.h"

#include <unistd.h>

namespace longtake {

Result<std::unique_ptr<SharedFrameWriter>> Backend::importFrames(const SharedFramesOrigin& origin) {
    for (int fd : {origin.memoryFd, origin.readyFd, origin.releasedFd})
        if (fd >= 0) ::close(fd);
    return Error{"the " + name() + " backend shares no memory with the display: frames go through the CPU's memory"};
}

}  // namespace longtake
