// Whole-file reads with a size limit and writes that either happen completely or not at all.
//
// Thread: pure functions; two writers of the same path leave one of the two contents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/result.h"

namespace longtake {

// Temporary file in the same folder, fsync, rename, fsync of the folder. After a failure, a crash or a power
// cut the path holds either the old content or the new one, and the temporary file is gone where it can be. Links are
// followed, and a file that was there keeps its permissions.
Result<void> writeFileAtomically(const std::string& path, std::string_view bytes);
Result<void> writeFileAtomically(const std::string& path, std::span<const uint8_t> bytes);

// Fails for what cannot be read as a file: nothing there, a folder, a device or a pipe, which would be waited for.
Result<void> checkIsFile(const std::string& path);

// Fails for folders, devices and anything larger than maxBytes without reading it.
Result<std::string> readWholeFile(const std::string& path, size_t maxBytes);

// Fails where writing a file of that name would fail in the end, as far as can be known without writing it: a folder that
// is missing or may not be written, a file that may not, a name that is a folder, a device or a pipe.
Result<void> checkPlace(const std::string& path);

// The temporary name beside the file that `name` stands for, this process's own.
std::string temporaryNameFor(const std::string& name);

// Puts a finished temporary file under its final name and makes the rename durable.
Result<void> renameOver(const std::string& temporary, const std::string& name);

}  // namespace longtake
