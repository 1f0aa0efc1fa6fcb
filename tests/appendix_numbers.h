// The parameters and inputs of the specification's appendix A (A.1): numbers made from names, so that a tiny model
// needs no file. AppendixWeights is a WeightSource over them.
//
// Thread: one.
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "engine/weight_source.h"

namespace longtake {

inline uint64_t fnv1a(const std::string& name) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (unsigned char byte : name) hash = (hash ^ byte) * 0x100000001b3u;
    return hash;
}

// r(name, i): the i-th number of a name, from -1 to 1.
inline double appendixNumber(const std::string& name, uint64_t i) {
    uint64_t z = fnv1a(name) + (i + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return 2.0 * static_cast<double>(z >> 11) / 9007199254740992.0 - 1.0;
}

inline bool isAppendixGain(const std::string& name) {
    if (name.ends_with("gamma")) return true;
    if (!name.ends_with(".weight")) return false;
    const size_t end = name.size() - 7;
    const size_t dot = name.rfind('.', end - 1);
    const size_t start = dot == std::string::npos || dot >= end ? 0 : dot + 1;
    return name.substr(start, end - start).starts_with("norm");
}

// tens(name, shape)
inline Tensor appendixInput(const std::string& name, const Shape& shape) {
    Tensor tensor = Tensor::host(DType::F32, shape);
    for (int64_t i = 0; i < tensor.count(); ++i) tensor.as<float>()[i] = static_cast<float>(appendixNumber(name, static_cast<uint64_t>(i)));
    return tensor;
}

inline Tensor appendixParameter(const std::string& name, const Shape& shape) {
    Tensor tensor = appendixInput(name, shape);
    const double fanIn = static_cast<double>(shape.count()) / static_cast<double>(shape.rank() > 0 ? shape[0] : 1);
    const bool table = name.ends_with("token_embedding.weight") || name.ends_with("pos_embedding.embedding.weight");
    for (int64_t i = 0; i < tensor.count(); ++i) {
        const double r = appendixNumber(name, static_cast<uint64_t>(i));
        const double value = isAppendixGain(name)           ? 1.0 + 0.1 * r
                             : name.ends_with("bias")       ? 0.1 * r
                             : name.ends_with("modulation") ? 0.2 * r
                             : table                        ? r
                                                            : r * std::sqrt(3.0 / fanIn);
        tensor.as<float>()[i] = static_cast<float>(value);
    }
    return tensor;
}

class AppendixWeights final : public WeightSource {
public:
    void add(const std::string& name, const Shape& shape) { tensors_[name] = appendixParameter(name, shape); }
    void replace(const std::string& name, Tensor tensor) { tensors_[name] = std::move(tensor); }
    void remove(const std::string& name) { tensors_.erase(name); }

    std::vector<std::string> names() const override {
        std::vector<std::string> out;
        for (const auto& [name, tensor] : tensors_) out.push_back(name);
        return out;
    }
    bool has(const std::string& name) const override { return tensors_.contains(name); }
    Result<Tensor> tensor(const std::string& name) const override {
        const auto found = tensors_.find(name);
        if (found == tensors_.end()) return Error{"no tensor named " + name};
        return found->second;
    }

private:
    std::map<std::string, Tensor> tensors_;
};

}  // namespace longtake
