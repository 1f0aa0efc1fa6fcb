// One folder of golden data: sizes, weights, inputs, expected outputs, and the comparison with what was computed.
//
//   for (const GoldenCase& golden : GoldenCase::find("umt5_encoder")) {
//       const int64_t dim = golden.config()["dim"];
//       ... golden.weights() is a WeightSource; golden.input("in.ids"); ...
//       QVERIFY2(golden.matches("out.final", got), golden.report());
//   }
//   QVERIFY2(golden.allWeightsRead(), golden.report());
//
// The folders are under $LONGTAKE_GOLDEN, or tests/data/golden; a folder belongs to a case by the "case" in its case.json.
// Thread: one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "engine/weight_source.h"

namespace longtake {

// A whole safetensors file in memory. Remembers what was read, so that a test can tell what was left over.
class GoldenTensors final : public WeightSource {
public:
    GoldenTensors() = default;
    explicit GoldenTensors(const std::filesystem::path& file);

    std::vector<std::string> names() const override;
    bool has(const std::string& name) const override { return tensors_.contains(name); }
    Result<Tensor> tensor(const std::string& name) const override;
    std::vector<std::string> unread() const;

private:
    std::map<std::string, Tensor> tensors_;
    mutable std::set<std::string> read_;
};

class GoldenCase {
public:
    // Every folder of this case; throws when there is none, so that a missing folder cannot pass.
    static std::vector<GoldenCase> find(const std::string& name);

    std::filesystem::path folder() const { return folder_; }
    const nlohmann::json& json() const { return json_; }
    const nlohmann::json& config() const { return json_.at("config"); }
    const GoldenTensors& weights() const { return weights_; }
    // Names of the outputs that start with `prefix`, sorted by name.
    std::vector<std::string> outputs(const std::string& prefix = "out.") const;
    bool has(const std::string& name) const { return io_.has(name); }
    Tensor input(const std::string& name) const { return value(name); }
    Tensor expected(const std::string& name) const { return value(name); }

    // |got - want| <= atol + rtol |want|, NaN where NaN is wanted; shapes must agree (a leading 1 apart), integers be equal.
    // `got` is host memory of any type.
    bool matches(const std::string& name, const Tensor& got) const;
    // The same for the first entries along the slowest axis, as many as `got` has.
    bool matchesStart(const std::string& name, const Tensor& got) const;
    // norm(got - want) / norm(want).
    double relativeRms(const std::string& name, const Tensor& got) const;
    // For 16-bit runs: at most `factor` times what the reference itself loses in bfloat16.
    bool matchesIn16Bit(const std::string& name, const Tensor& got, double factor = 3.0) const;
    bool allWeightsRead() const;
    // What the last failed check found; valid until the next check.
    const char* report() const { return report_.c_str(); }

private:
    Tensor value(const std::string& name) const;
    void tolerance(const std::string& name, DType got, double& atol, double& rtol) const;
    bool agrees(const std::string& name, const Tensor& want, const Tensor& got) const;
    bool sameShape(const std::string& name, const Tensor& want, const Tensor& got) const;
    bool fail(const std::string& text) const;

    std::filesystem::path folder_;
    nlohmann::json json_;
    GoldenTensors weights_;
    GoldenTensors io_;
    mutable std::string report_;
};

// ---- implementation

inline double goldenValue(const Tensor& tensor, int64_t i) {
    const auto k = static_cast<size_t>(i);
    switch (tensor.dtype()) {
        case DType::F64: return tensor.as<double>()[k];
        case DType::F32: return static_cast<double>(tensor.as<float>()[k]);
        case DType::F16: return static_cast<double>(floatFromF16(tensor.as<uint16_t>()[k]));
        case DType::BF16: return static_cast<double>(floatFromBf16(tensor.as<uint16_t>()[k]));
        case DType::F8E4M3: return static_cast<double>(floatFromF8E4M3(tensor.as<uint8_t>()[k]));
        case DType::F8E5M2: return static_cast<double>(floatFromF8E5M2(tensor.as<uint8_t>()[k]));
        case DType::I64: return static_cast<double>(tensor.as<int64_t>()[k]);
        case DType::I32: return tensor.as<int32_t>()[k];
        case DType::I16: return tensor.as<int16_t>()[k];
        case DType::I8: return tensor.as<int8_t>()[k];
        case DType::U8:
        case DType::Bool: return tensor.as<uint8_t>()[k];
    }
    return 0;
}

inline GoldenTensors::GoldenTensors(const std::filesystem::path& file) {
    static const std::map<std::string, DType> kTypes = {{"F64", DType::F64},   {"F32", DType::F32},        {"F16", DType::F16},
                                                        {"BF16", DType::BF16}, {"F8_E4M3", DType::F8E4M3}, {"F8_E5M2", DType::F8E5M2},
                                                        {"I64", DType::I64},   {"I32", DType::I32},        {"I16", DType::I16},
                                                        {"I8", DType::I8},     {"U8", DType::U8},          {"BOOL", DType::Bool}};
    std::ifstream in(file, std::ios::binary);
    uint64_t headerBytes = 0;
    if (!in.read(reinterpret_cast<char*>(&headerBytes), 8)) throw std::runtime_error(file.string() + ": cannot read");
    std::string header(headerBytes, '\0');
    in.read(header.data(), static_cast<std::streamsize>(headerBytes));
    const std::streamoff start = 8 + static_cast<std::streamoff>(headerBytes);
    const nlohmann::json entries = nlohmann::json::parse(header);
    for (const auto& [name, entry] : entries.items()) {
        if (name == "__metadata__") continue;
        Tensor tensor = Tensor::host(kTypes.at(entry.at("dtype")), Shape(entry.at("shape").get<std::vector<int64_t>>()));
        const int64_t first = entry.at("data_offsets").at(0), end = entry.at("data_offsets").at(1);
        if (end - first != static_cast<int64_t>(tensor.bytes())) throw std::runtime_error(name + ": size and shape disagree");
        in.seekg(start + first);
        if (!in.read(static_cast<char*>(tensor.data()), end - first)) throw std::runtime_error(name + ": cannot read");
        tensors_.emplace(name, std::move(tensor));
    }
}

inline std::vector<std::string> GoldenTensors::names() const {
    std::vector<std::string> out;
    for (const auto& [name, tensor] : tensors_) out.push_back(name);
    return out;
}

inline Result<Tensor> GoldenTensors::tensor(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) return Error{"no tensor named " + name};
    read_.insert(name);
    return found->second;
}

inline std::vector<std::string> GoldenTensors::unread() const {
    std::vector<std::string> out;
    for (const auto& [name, tensor] : tensors_) {
        if (!read_.contains(name)) out.push_back(name);
    }
    return out;
}

inline std::vector<GoldenCase> GoldenCase::find(const std::string& name) {
    namespace fs = std::filesystem;
    const char* set = std::getenv("LONGTAKE_GOLDEN");
    const fs::path root = set && *set ? fs::path(set) : fs::path(LONGTAKE_SOURCE_DIR) / "tests/data/golden";
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(root)) {
        if (fs::exists(entry.path() / "case.json")) folders.push_back(entry.path());
    }
    std::sort(folders.begin(), folders.end());
    std::vector<GoldenCase> out;
    for (const fs::path& folder : folders) {
        GoldenCase golden;
        std::ifstream in(folder / "case.json");
        golden.json_ = nlohmann::json::parse(in);
        if (golden.json_.at("case") != name) continue;
        golden.folder_ = folder;
        if (fs::exists(folder / "weights.safetensors")) golden.weights_ = GoldenTensors(folder / "weights.safetensors");
        golden.io_ = GoldenTensors(folder / "io.safetensors");
        out.push_back(std::move(golden));
    }
    if (out.empty()) throw std::runtime_error(root.string() + ": no case named " + name);
    return out;
}

inline std::vector<std::string> GoldenCase::outputs(const std::string& prefix) const {
    std::vector<std::string> out;
    for (const std::string& name : io_.names()) {
        if (name.starts_with(prefix) && name.starts_with("out.")) out.push_back(name);
    }
    return out;
}

inline Tensor GoldenCase::value(const std::string& name) const {
    Result<Tensor> found = io_.tensor(name);
    if (!found) throw std::runtime_error(folder_.string() + "/io.safetensors: " + found.message());
    Tensor copy = Tensor::host(found->dtype(), found->shape());  // a test may write into what it gets
    std::memcpy(copy.data(), found->data(), copy.bytes());
    return copy;
}

inline bool GoldenCase::fail(const std::string& text) const {
    report_ = folder_.filename().string() + ": " + text;
    return false;
}

inline void GoldenCase::tolerance(const std::string& name, DType got, double& atol, double& rtol) const {
    const nlohmann::json* chosen = &json_.at("tolerance");
    const nlohmann::json& all = *chosen;
    if (all.contains("overrides") && all["overrides"].contains(name)) {
        chosen = &all["overrides"][name];
    } else if (got != DType::F64 && all.contains("for_a_float32_implementation")) {
        chosen = &all["for_a_float32_implementation"];
    }
    atol = chosen->at("atol");
    rtol = chosen->at("rtol");
}

inline bool GoldenCase::sameShape(const std::string& name, const Tensor& want, const Tensor& got) const {
    auto trimmed = [](const Shape& shape) {
        std::vector<int64_t> sizes(shape.sizes().begin(), shape.sizes().end());
        while (sizes.size() > 1 && sizes.front() == 1) sizes.erase(sizes.begin());
        return sizes;
    };
    if (trimmed(want.shape()) == trimmed(got.shape())) return true;
    return fail(name + ": shape " + got.shape().text() + ", want " + want.shape().text());
}

inline bool GoldenCase::matches(const std::string& name, const Tensor& got) const { return agrees(name, value(name), got); }

inline bool GoldenCase::matchesStart(const std::string& name, const Tensor& got) const {
    const Tensor want = value(name);
    if (want.shape()[0] < got.shape()[0]) return sameShape(name, want, got);
    return agrees(name, want.slice(0, got.shape()[0]), got);
}

inline bool GoldenCase::agrees(const std::string& name, const Tensor& want, const Tensor& got) const {
    if (!sameShape(name, want, got)) return false;
    const bool whole = want.dtype() != DType::F64 && want.dtype() != DType::F32 && want.dtype() != DType::F16 &&
                       want.dtype() != DType::BF16 && want.dtype() != DType::F8E4M3 && want.dtype() != DType::F8E5M2;
    double atol = 0, rtol = 0;
    if (!whole) tolerance(name, got.dtype(), atol, rtol);
    int64_t wrong = 0, first = -1;
    double largest = 0;
    for (int64_t i = 0; i < want.count(); ++i) {
        const double w = goldenValue(want, i), g = goldenValue(got, i);
        const bool same =
            std::isnan(w) || std::isnan(g) ? std::isnan(w) && std::isnan(g) : g == w || std::abs(g - w) <= atol + rtol * std::abs(w);
        if (std::isfinite(g - w)) largest = std::max(largest, std::abs(g - w));
        if (same) continue;
        if (wrong++ == 0) first = i;
    }
    if (wrong == 0) return true;
    std::ostringstream text;
    text.precision(9);
    text << name << " " << want.shape().text() << ": " << wrong << " of " << want.count() << " values differ, first at " << first
         << ": got " << goldenValue(got, first) << ", want " << goldenValue(want, first) << "; largest difference " << largest
         << ", allowed " << atol << " + " << rtol << " |want|";
    return fail(text.str());
}

inline double GoldenCase::relativeRms(const std::string& name, const Tensor& got) const {
    const Tensor want = value(name);
    if (got.count() != want.count()) return std::nan("");
    double difference = 0, size = 0;
    for (int64_t i = 0; i < want.count(); ++i) {
        const double w = goldenValue(want, i), g = goldenValue(got, i);
        difference += (g - w) * (g - w);
        size += w * w;
    }
    return std::sqrt(difference / size);
}

inline bool GoldenCase::matchesIn16Bit(const std::string& name, const Tensor& got, double factor) const {
    if (!sameShape(name, value(name), got)) return false;
    const double reference = json_.at("tolerance").at("bfloat16_run_of_the_reference").at("largest_relative_rms");
    const double loss = relativeRms(name, got);
    if (loss <= factor * reference) return true;  // false for NaN
    return fail(name + ": relative rms " + std::to_string(loss) + ", the reference loses " + std::to_string(reference));
}

inline bool GoldenCase::allWeightsRead() const {
    const std::vector<std::string> left = weights_.unread();
    if (left.empty()) return true;
    return fail(std::to_string(left.size()) + " weights were never read, the first is " + left.front());
}

}  // namespace longtake
