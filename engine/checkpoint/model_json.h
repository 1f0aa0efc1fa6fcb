// The text of a model.json, the counterpart of ModelConfig::parse.
//
// Thread: pure.
#pragma once

#include <string>

#include "engine/model/model_config.h"

namespace longtake {

std::string modelJson(const ModelConfig& config);

}  // namespace longtake
