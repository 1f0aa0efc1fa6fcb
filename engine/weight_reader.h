// Reads a model's weights by name and shape, and remembers what was read, so that a load can end with
// one clear line when something is missing, has the wrong shape, or was never used.
//
// Owner:  the load function. The source must outlive it.
// Thread: one.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/weight_source.h"

namespace longtake {

class WeightReader {
public:
    explicit WeightReader(const WeightSource& source) : source_(source) {}

    // Host memory in the tensor's own type. Sizes of 1 in front of the wanted shape are ignored. After a failure
    // an all-zero tensor of the wanted shape is returned, so that a loader can go on and check once, at its end.
    Tensor read(const std::string& name, const Shape& shape);
    // The same, as F32 values.
    std::vector<float> floats(const std::string& name, const Shape& shape);

    // The first failure, or a line that lists weights nobody read (only those that start with `prefix`).
    Result<void> finish(const std::string& prefix = "") const;

private:
    const WeightSource& source_;
    std::set<std::string> read_;
    std::string failure_;
};

// Any float type to F32, in host memory.
std::vector<float> toFloats(const Tensor& tensor);

}  // namespace longtake
