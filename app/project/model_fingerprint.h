// Whether a model folder is still the one a project was made with.
//
// Thread: a pure function on files.
#pragma once

#include <string>

#include "engine/result.h"

namespace longtake {

// SHA-256 over the names, sizes and contents of the folder's files, as 64 hexadecimal digits. Of a file larger
// than 64 MiB only its first and last MiB and 254 pieces of 64 KiB spread over it count, so that a model of many
// gigabytes takes well under a second; an exchange of single weights in between can go unseen.
Result<std::string> modelFingerprint(const std::string& folder);

}  // namespace longtake
