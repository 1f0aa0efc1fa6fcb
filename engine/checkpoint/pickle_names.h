// The fixed list of Python names a checkpoint may use.
//
// Thread: pure.
#pragma once

#include "engine/checkpoint/pickle.h"

namespace longtake {

PickleGlobal classifyPickleName(std::string_view module, std::string_view name);

}  // namespace longtake
