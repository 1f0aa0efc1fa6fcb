#include "engine/weight_reader.h"

#include "kernels/numbers.h"

namespace longtake {

namespace {

bool matches(const Shape& have, const Shape& want) {
    const int extra = have.rank() - want.rank();
    if (extra < 0) return false;
    for (int i = 0; i < extra; ++i)
        if (have[i] != 1) return false;
    for (int i = 0; i < want.rank(); ++i)
        if (have[extra + i] != want[i]) return false;
    return true;
}

bool isFloat(DType dtype) {
    return dtype == DType::F64 || dtype == DType::F32 || dtype == DType::F16 || dtype == DType::BF16 || dtype == DType::F8E4M3 ||
           dtype == DType::F8E5M2;
}

}  // namespace

Tensor WeightReader::read(const std::string& name, const Shape& shape) {
    const std::string who = "weight \"" + name + "\" ";
    if (!source_.has(name))
        throw Problem{who + "is missing, the model needs it with shape " + shape.text() + ": the file does not belong to this model"};
    Result<Tensor> tensor = source_.tensor(name);
    if (!tensor) throw Problem{tensor.message()};
    if (!matches(tensor->shape(), shape)) throw Problem{who + "has shape " + tensor->shape().text() + ", the model needs " + shape.text()};
    if (!isFloat(tensor->dtype()))
        throw Problem{who + "has type " + std::string(nameOf(tensor->dtype())) + ", the model needs a float type"};
    if (read_.insert(name).second) parameters_ += tensor->count();
    return std::move(*tensor);
}

std::vector<float> WeightReader::floats(const std::string& name, const Shape& shape) { return toFloats(read(name, shape)); }

Result<void> WeightReader::finish(const std::string& prefix) const {
    std::string unused;
    int count = 0;
    for (const std::string& name : source_.names()) {
        if (!name.starts_with(prefix) || read_.contains(name)) continue;
        if (++count <= 3) unused += (unused.empty() ? "\"" : ", \"") + name + "\"";
    }
    if (count == 0) return {};
    if (count > 3) unused += " and " + std::to_string(count - 3) + " more";
    return Error{"the model has no place for weight" + std::string(count > 1 ? "s " : " ") + unused +
                 ": the file does not belong to this model"};
}

std::vector<float> toFloats(const Tensor& tensor) {
    std::vector<float> out(static_cast<size_t>(tensor.count()));
    for (size_t i = 0; i < out.size(); ++i) out[i] = numberAt(tensor.data(), tensor.dtype(), static_cast<int64_t>(i));
    return out;
}

}  // namespace longtake
