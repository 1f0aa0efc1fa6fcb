#include "engine/checkpoint/lora.h"

#include "engine/checkpoint/name_map.h"

namespace longtake {

namespace {

// Splits "blocks.0.ffn.0.lora_A.default.weight" at its marker; empty when there is none.
std::string targetBefore(const std::string& name, std::string_view marker) {
    const size_t at = name.find(marker);
    return at == std::string::npos ? std::string() : name.substr(0, at) + ".weight";
}

}  // namespace

Result<LoraAdapter> LoraAdapter::open(const std::filesystem::path& path, float alpha) {
    auto checkpoint = Checkpoint::open(path, {.stateDicts = {"generator_lora", "lora", "state_dict", "model"}});
    if (!checkpoint) return checkpoint.error();
    LoraAdapter adapter(std::move(checkpoint).value());
    adapter.alpha_ = alpha;
    const std::string& file = adapter.checkpoint_.path();
    for (const std::string& name : adapter.checkpoint_.names()) {
        const std::string ours = withoutWrappers(name);
        for (const std::string_view marker : {".lora_A.", ".lora_down."})
            if (const auto target = targetBefore(ours, marker); !target.empty()) adapter.pairs_[target].a = name;
        for (const std::string_view marker : {".lora_B.", ".lora_up."})
            if (const auto target = targetBefore(ours, marker); !target.empty()) adapter.pairs_[target].b = name;
        if (ours.ends_with(".alpha")) adapter.pairs_[targetBefore(ours, ".alpha")].alpha = name;
    }
    if (adapter.pairs_.empty()) return Error{file + ": holds no low-rank adapter (no lora_A and lora_B tensors)"};
    for (const auto& [target, pair] : adapter.pairs_) {
        if (pair.a.empty() || pair.b.empty()) return Error{file + ": has only one half of the adapter for " + inQuotes(target)};
        const Shape a = adapter.checkpoint_.info(pair.a)->shape, b = adapter.checkpoint_.info(pair.b)->shape;
        if (a.rank() != 2 || b.rank() != 2 || a[0] != b[1] || a[0] < 1)
            return Error{file + ": the two halves of the adapter for " + inQuotes(target) + " do not fit: " + a.text() + " and " +
                         b.text()};
    }
    return adapter;
}

std::vector<std::string> LoraAdapter::targets() const {
    std::vector<std::string> out;
    for (const auto& [target, pair] : pairs_) out.push_back(target);
    return out;
}

Result<void> LoraAdapter::addTo(const std::string& target, std::span<float> weight, int64_t rows, int64_t columns) const {
    const Pair& pair = pairs_.at(target);
    auto a = checkpoint_.toFloat(pair.a);
    auto b = checkpoint_.toFloat(pair.b);
    if (!a) return a.error();
    if (!b) return b.error();
    const int64_t rank = a->shape()[0];
    if (a->shape()[1] != columns || b->shape()[0] != rows)
        return Error{checkpoint_.path() + ": the adapter for " + inQuotes(target) + " fits a weight of " +
                     Shape{b->shape()[0], a->shape()[1]}.text() + ", the model's is " + Shape{rows, columns}.text()};
    float alpha = alpha_ > 0 ? alpha_ : static_cast<float>(rank);
    if (alpha_ <= 0 && !pair.alpha.empty()) {
        auto stored = checkpoint_.toFloat(pair.alpha);
        if (!stored || stored->count() != 1)
            return Error{checkpoint_.path() + ": the alpha for " + inQuotes(target) + " is no single number"};
        alpha = stored->floats()[0];
    }
    const float scale = alpha / static_cast<float>(rank);
    const float* right = a->as<float>();
    const float* left = b->as<float>();
    const auto width = static_cast<size_t>(columns);
    std::vector<float> sum(width);
    for (int64_t row = 0; row < rows; ++row) {
        std::fill(sum.begin(), sum.end(), 0.0f);
        for (int64_t k = 0; k < rank; ++k) {
            const float factor = left[row * rank + k];
            const float* from = right + k * columns;
            for (size_t column = 0; column < width; ++column) sum[column] += factor * from[column];
        }
        float* to = weight.data() + row * columns;
        for (size_t column = 0; column < width; ++column) to[column] += scale * sum[column];
    }
    return {};
}

}  // namespace longtake
