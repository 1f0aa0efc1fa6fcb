// Named weights, wherever they come from: a checkpoint file, a fixture of a test.
//
// Owner:  the caller of the factory that reads it; not needed once a model is built.
// Thread: one at a time.
#pragma once

#include <string>
#include <vector>

#include "engine/result.h"
#include "engine/tensor.h"

namespace longtake {

class WeightSource {
public:
    virtual ~WeightSource() = default;

    virtual std::vector<std::string> names() const = 0;
    virtual bool has(const std::string& name) const = 0;
    // Host memory in the tensor's own type; fails with the name when there is none.
    virtual Result<Tensor> tensor(const std::string& name) const = 0;
};

}  // namespace longtake
