#include "engine/checkpoint/name_map.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "engine/checkpoint/name_resolver.h"

namespace longtake {

namespace {

std::vector<int64_t> withoutOnes(const Shape& shape) {
    std::vector<int64_t> sizes;
    for (int64_t size : shape.sizes())
        if (size != 1) sizes.push_back(size);
    return sizes;
}

std::string firstFew(const std::vector<std::string>& names) {
    constexpr size_t kShown = 3;
    std::string out;
    for (size_t i = 0; i < std::min(kShown, names.size()); ++i) out += (i ? ", " : "") + names[i].substr(0, 120);
    if (names.size() > kShown) out += " and " + std::to_string(names.size() - kShown) + " more";
    return out;
}

}  // namespace

std::string withoutWrappers(std::string_view name) {
    std::string out;
    for (size_t begin = 0; begin <= name.size();) {
        const size_t end = std::min(name.find('.', begin), name.size());
        const std::string_view part = name.substr(begin, end - begin);
        const bool isWrapper =
            part == "_fsdp_wrapped_module" || part == "_checkpoint_wrapped_module" || part == "_orig_mod" || part == "module";
        if (!isWrapper) {
            if (!out.empty()) out += '.';
            out += part;
        }
        begin = end + 1;
    }
    for (const std::string_view prefix : {"base_model.model.", "model.diffusion_model.", "diffusion_model.", "model."})
        if (out.starts_with(prefix)) out.erase(0, prefix.size());
    return out;
}

std::optional<std::string_view> after(std::string_view name, std::string_view prefix) {
    if (!name.starts_with(prefix)) return {};
    return name.substr(prefix.size());
}

std::string renamed(std::string_view name, std::initializer_list<std::pair<std::string_view, std::string_view>> rules) {
    const std::pair<std::string_view, std::string_view>* best = nullptr;
    for (const auto& rule : rules)
        if (name.starts_with(rule.first) && (!best || rule.first.size() > best->first.size())) best = &rule;
    if (!best) return std::string(name);
    return std::string(best->second) + std::string(name.substr(best->first.size()));
}

std::string NameMap::summary() const {
    std::string out = layout;
    if (!missing.empty()) out += "; " + std::to_string(missing.size()) + " tensors missing: " + firstFew(missing);
    if (!misshapen.empty()) out += "; wrong shapes: " + firstFew(misshapen);
    if (!unused.empty()) out += "; " + std::to_string(unused.size()) + " tensors not used: " + firstFew(unused);
    return out;
}

NameResolver::NameResolver(const Checkpoint& checkpoint, const std::function<std::string(const std::string&)>& translate)
    : checkpoint_(checkpoint) {
    for (const std::string& name : checkpoint.names())
        if (!sources_.emplace(translate(name), name).second) doubled_.push_back(name);
}

std::optional<Shape> NameResolver::shape(const std::string& name) const {
    const auto source = sources_.find(name);
    if (source == sources_.end()) return {};
    return checkpoint_.info(source->second)->shape;
}

int64_t NameResolver::size(const std::string& name, int axis) const {
    const auto found = shape(name);
    return found && axis < found->rank() ? (*found)[axis] : 0;
}

int NameResolver::count(const std::string& prefix) const {
    int count = 0;
    for (auto it = sources_.lower_bound(prefix); it != sources_.end() && it->first.starts_with(prefix); ++it) {
        int index = -1;
        const char* begin = it->first.data() + prefix.size();
        const auto [end, error] = std::from_chars(begin, it->first.data() + it->first.size(), index);
        // A wild index must not make anyone list a billion missing tensors.
        if (error == std::errc() && *end == '.' && index >= 0 && index < 4096) count = std::max(count, index + 1);
    }
    return count;
}

std::set<std::string> NameResolver::names() const {
    std::set<std::string> out;
    for (const auto& [name, source] : sources_) out.insert(name);
    return out;
}

void NameResolver::want(const std::string& name, const Shape& wanted) {
    const auto found = shape(name);
    if (!found) {
        map_.missing.push_back(name);
        return;
    }
    used_.insert(name);
    if (withoutOnes(*found) != withoutOnes(wanted)) {
        map_.misshapen.push_back(name + " is " + found->text() + " and should be " + wanted.text());
        return;
    }
    map_.recipes.push_back({.target = name, .shape = wanted, .source = sources_.at(name)});
}

void NameResolver::wantAnyShape(const std::string& name) {
    const auto found = shape(name);
    if (!found) map_.missing.push_back(name);
    wantIfThere(name);
}

void NameResolver::wantIfThere(const std::string& name) {
    if (const auto found = shape(name)) want(name, *found);
}

void NameResolver::wantOrZeros(const std::string& name, const Shape& wanted) {
    if (has(name)) return want(name, wanted);
    map_.recipes.push_back({.target = name, .shape = wanted, .source = ""});
}

void NameResolver::wantPart(TensorRecipe recipe) {
    const auto found = shape(recipe.source);
    if (!found) {
        map_.missing.push_back(recipe.target + " (from " + recipe.source + ")");
        return;
    }
    used_.insert(recipe.source);
    bool fits = found->rank() == recipe.shape.rank() && (found->rank() == 1 || found->rank() == 2);
    if (fits) {
        const int64_t rows = recipe.isTransposed ? (*found)[-1] : (*found)[0];
        const bool sameColumns = found->rank() == 1 || (recipe.isTransposed ? (*found)[0] : (*found)[1]) == recipe.shape[1];
        const int64_t taken = recipe.groupRows > 0 ? rows / recipe.groupRows * recipe.count : rows;
        fits = sameColumns && taken == recipe.shape[0] && (recipe.groupRows == 0 || rows % recipe.groupRows == 0);
    }
    if (!fits) {
        map_.misshapen.push_back(recipe.source + " is " + found->text() + ", which does not yield " + recipe.target + " " +
                                 recipe.shape.text());
        return;
    }
    recipe.source = sources_.at(recipe.source);
    map_.recipes.push_back(std::move(recipe));
}

void NameResolver::ignore(const std::string& name) { used_.insert(name); }

NameMap NameResolver::finish(std::string layout) {
    map_.layout = std::move(layout);
    for (const auto& [name, source] : sources_)
        if (!used_.contains(name)) map_.unused.push_back(source);
    map_.unused.insert(map_.unused.end(), doubled_.begin(), doubled_.end());
    return std::move(map_);
}

Result<Tensor> buildTensor(const Checkpoint& checkpoint, const TensorRecipe& recipe) {
    if (recipe.source.empty()) return Tensor::host(DType::F32, recipe.shape);
    if (recipe.isPlain()) {
        auto tensor = checkpoint.tensor(recipe.source);
        if (!tensor) return tensor;
        return tensor->reshaped(recipe.shape);
    }
    const auto info = checkpoint.info(recipe.source);
    if (!info) return info.error();
    auto whole = checkpoint.toFloat(recipe.source);
    if (!whole) return whole;
    Tensor out = Tensor::host(DType::F32, recipe.shape);
    const std::span<const float> from = std::as_const(*whole).floats();
    const std::span<float> to = out.floats();
    const bool isMatrix = info->shape.rank() == 2;
    const int64_t columns = isMatrix ? recipe.shape[1] : 1;
    const int64_t sourceRows = isMatrix && recipe.isTransposed ? info->shape[1] : info->shape[0];
    for (int64_t row = 0; row < recipe.shape[0]; ++row) {
        const int64_t sourceRow = recipe.groupRows > 0 ? row / recipe.count * recipe.groupRows + recipe.first + row % recipe.count : row;
        for (int64_t column = 0; column < columns; ++column) {
            const int64_t at = recipe.isTransposed ? column * sourceRows + sourceRow : sourceRow * columns + column;
            to[static_cast<size_t>(row * columns + column)] = from[static_cast<size_t>(at)];
        }
    }
    return out;
}

MappedWeights::MappedWeights(Checkpoint checkpoint, NameMap map) : checkpoint_(std::move(checkpoint)) {
    for (TensorRecipe& recipe : map.recipes) recipes_[recipe.target] = recipe;
}

std::vector<std::string> MappedWeights::names() const {
    std::vector<std::string> out;
    for (const auto& [name, recipe] : recipes_) out.push_back(name);
    return out;
}

Result<Tensor> MappedWeights::tensor(const std::string& name) const {
    const auto found = recipes_.find(name);
    if (found == recipes_.end()) return Error{checkpoint_.path() + ": has no tensor for " + inQuotes(name)};
    return buildTensor(checkpoint_, found->second);
}

}  // namespace longtake
