// A disk of a few bytes for this process alone, to fill.
//
// Thread: before the process has started any.
#pragma once

#include <sched.h>
#include <sys/mount.h>

#include <string>

// Mounts it over the folder. False where this machine does not let a test do that.
inline bool mountSmallDisk(const std::string& folder, const std::string& bytes) {
    const bool alone = ::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
    return alone && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("tmpfs", folder.c_str(), "tmpfs", 0, ("size=" + bytes).c_str()) == 0;
}
