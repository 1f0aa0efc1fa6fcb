#include "app/files/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

namespace longtake {

void keepStandardStreams() {
    // open() takes the lowest free number: once it gives one beyond them, all three are in use.
    int fd = 0;
    while ((fd = ::open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO) {
    }
    if (fd > STDERR_FILENO) ::close(fd);
    std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace longtake
