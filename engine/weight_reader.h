// Reads a model's weights by name and shape, and remembers what was read, so that a load ends with one clear line when
// something is missing, does not fit, or was never used.
//
// Owner:  the load function. The source must outlive it.
// Thread: one.
#pragma once

#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/weight_source.h"

namespace longtake {

class WeightReader {
public:
    // What read() throws, and readModel() makes an Error of.
    struct Problem {
        std::string message;
    };

    explicit WeightReader(const WeightSource& source) : source_(source) {}

    // Host memory in the tensor's own type, which is a float type. Sizes of 1 in front of the wanted shape are ignored. The
    // first weight that is missing or does not fit ends the load: what a configuration merely claims takes no memory.
    Tensor read(const std::string& name, const Shape& shape);
    // The same, as F32 values.
    std::vector<float> floats(const std::string& name, const Shape& shape);

    int64_t parameters() const { return parameters_; }  // numbers read so far
    // A line that lists weights nobody read (only those that start with `prefix`).
    Result<void> finish(const std::string& prefix = "") const;

private:
    const WeightSource& source_;
    std::set<std::string> read_;
    int64_t parameters_ = 0;
};

// What load(reader) gives, once it has read every weight whose name starts with `prefix`; else the line that says why not.
template <typename Load>
auto readModel(const WeightSource& weights, const std::string& prefix, Load load) -> Result<std::invoke_result_t<Load, WeightReader&>> {
    try {
        WeightReader reader(weights);
        auto model = load(reader);
        if (const Result<void> complete = reader.finish(prefix); !complete) return complete.error();
        return model;
    } catch (const WeightReader::Problem& problem) {
        return Error{problem.message};
    }
}

// Any float type to F32, in host memory.
std::vector<float> toFloats(const Tensor& tensor);

}  // namespace longtake
