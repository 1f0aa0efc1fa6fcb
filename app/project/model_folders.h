// Where model folders are found: beside the program, in the user's data, where the environment says.
//
// Thread: pure functions on the file system.
#pragma once

#include <string>
#include <vector>

#include "engine/result.h"

namespace longtake {

// Folders that hold a model.json, the program's own first. Looked for in $LONGTAKE_MODELS (separated by ':'), in
// share/longtake/models and resources/models beside the program or above it, and in the user's data folder.
std::vector<std::string> findModelFolders();

// A folder as given; or the folder of that name (ignoring case) among findModelFolders(); or, for an empty name, the
// first of them. Fails with what was looked for.
Result<std::string> resolveModelFolder(const std::string& nameOrPath);

}  // namespace longtake
