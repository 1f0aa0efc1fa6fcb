// A file that FFmpeg's muxers write into, with the exact reason when a write fails. Private to app/media.
//
// Owner:  the writer or remuxer that created it.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/result.h"

struct AVIOContext;

namespace longtake {

class OutputFile {
public:
    // Creates a file that does not exist yet and locks it, so that recovery by another process leaves it alone.
    // The name must be free: what lies there may be a recording that a crash left.
    // displayName: what messages call it; the user asked for a file of that name, not for a temporary one.
    static Result<std::unique_ptr<OutputFile>> create(const std::string& path, const std::string& displayName);

    ~OutputFile();  // closes; the file stays
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    const std::string& path() const { return path_; }
    const std::string& displayName() const { return displayName_; }
    AVIOContext* io() { return io_; }

    // The errno of the first write or seek that failed, or 0.
    int failure() const { return failure_; }

    // Flushes, makes the content durable and closes. Once.
    Result<void> close();

    // Closes and deletes.
    void remove();

private:
    OutputFile(std::string path, std::string displayName, int fd);
    static int writePacket(void* self, uint8_t* data, int size);
    static int64_t seek(void* self, int64_t offset, int whence);
    void release();

    std::string path_;
    std::string displayName_;
    int fd_ = -1;
    int failure_ = 0;
    AVIOContext* io_ = nullptr;
};

// True while another OutputFile, in this process or another, still writes this file.
bool isBeingWritten(const std::string& path);

}  // namespace longtake
