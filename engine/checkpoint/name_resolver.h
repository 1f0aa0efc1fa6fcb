// Collects the recipes of one model: what is wanted on one side, what the checkpoint has on the other.
//
// Owner:  one call of a map function.
// Thread: that call's.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "engine/checkpoint/name_map.h"

namespace longtake {

class NameResolver {
public:
    // `translate` gives our name for a name of the checkpoint; names it cannot translate it returns
    // unchanged.
    NameResolver(const Checkpoint& checkpoint, const std::function<std::string(const std::string&)>& translate);

    const Checkpoint& checkpoint() const { return checkpoint_; }
    // Whether / with which shape the checkpoint has a tensor under this name of ours.
    bool has(const std::string& name) const { return sources_.contains(name); }
    std::optional<Shape> shape(const std::string& name) const;
    // A size of a tensor, 0 when it is absent or has too few dimensions.
    int64_t size(const std::string& name, int axis) const;
    // One more than the largest N in names "<prefix>N.<rest>".
    int count(const std::string& prefix) const;
    std::set<std::string> names() const;

    // The tensor as it is, or misshapen, or missing. Sizes of 1 may be added or left out.
    void want(const std::string& name, const Shape& shape);
    // As it is, whatever its shape; optional ones may be absent.
    void wantAnyShape(const std::string& name);
    void wantIfThere(const std::string& name);
    // Rows of a fused or transposed matrix; recipe.source is a name of ours.
    void wantPart(TensorRecipe recipe);
    // Zeros unless it is there.
    void wantOrZeros(const std::string& name, const Shape& shape);
    // Not needed, and nothing to report.
    void ignore(const std::string& name);
    void note(std::string sentence) { map_.notes.push_back(std::move(sentence)); }

    NameMap finish(std::string layout);

private:
    const Checkpoint& checkpoint_;
    std::map<std::string, std::string> sources_;  // our name -> the checkpoint's
    std::vector<std::string> doubled_;            // a second tensor under one name of ours
    std::set<std::string> used_;
    NameMap map_;
};

// "X.Y" when `name` starts with "<prefix>", else nothing.
std::optional<std::string_view> after(std::string_view name, std::string_view prefix);

// Replaces the longest matching beginning: {{"attn1.to_q.", "self_attn.q."}, ...}.
std::string renamed(std::string_view name, std::initializer_list<std::pair<std::string_view, std::string_view>> rules);

}  // namespace longtake
