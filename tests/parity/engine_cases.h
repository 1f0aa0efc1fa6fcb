// The engine's parts on the golden data's small models, as cases that any backend can run: rollouts against the reference's
// numbers, decoders and text encoder against those of the CPU backend.
//
// Thread: pure functions.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/backend.h"

namespace longtake {

using BackendMaker = std::function<std::unique_ptr<Backend>(Precision)>;

struct EngineCase {
    std::string name;
    // "" when everything is as it should be, else what is not.
    std::function<std::string(const BackendMaker& tested, Precision)> check;
};
// The golden data's folder is asked for: $LONGTAKE_GOLDEN, or tests/data/golden. Throws when it is not there.
std::vector<EngineCase> engineCases();

}  // namespace longtake
