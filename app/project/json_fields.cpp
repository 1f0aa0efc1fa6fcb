#include "app/project/json_fields.h"

#include <algorithm>
#include <cmath>

#include "app/files/file_error.h"

namespace longtake {
namespace {

using nlohmann::json;

const json kNothing;

// A short picture of a value for a message: whole numbers and short texts as they are.
std::string shown(const json& value) {
    constexpr size_t kMost = 40;
    if (value.is_array()) return "a list";
    if (value.is_object()) return "an object";
    std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
    if (text.size() > kMost) text = text.substr(0, kMost) + "...";
    return printable(text);
}

std::string range(const auto& least, const auto& most) { return " from " + json(least).dump() + " to " + json(most).dump(); }

bool isWithin(const json& value, int64_t least, int64_t most) {
    if (value.is_number_unsigned())
        return most >= 0 && value.get<uint64_t>() <= static_cast<uint64_t>(most) &&
               (least <= 0 || value.get<uint64_t>() >= static_cast<uint64_t>(least));
    return value.is_number_integer() && value.get<int64_t>() >= least && value.get<int64_t>() <= most;
}

}  // namespace

void FieldProblem::report(const std::string& field, const std::string& mustBe, const json& is) {
    if (text.empty()) text = field + " must be " + mustBe + ", not " + shown(is);
}

JsonFields::JsonFields(const json& object, std::string name, FieldProblem& problem)
    : object_(&object), name_(std::move(name)), problem_(&problem) {
    if (!object.is_object() && !object.is_null()) {
        problem.report(name_.empty() ? "the whole file" : name_, "an object", object);
        object_ = &kNothing;
    }
}

const json* JsonFields::find(const char* key) const {
    if (!object_->is_object()) return nullptr;
    const auto found = object_->find(key);
    return found == object_->end() || found->is_null() ? nullptr : &*found;
}

int64_t JsonFields::integer(const char* key, int64_t least, int64_t most, int64_t fallback) const {
    const json* value = find(key);
    if (value == nullptr) return fallback;
    if (isWithin(*value, least, most)) return value->get<int64_t>();
    problem_->report(nameOf(key), "a whole number" + range(least, most), *value);
    return fallback;
}

uint64_t JsonFields::bits(const char* key, uint64_t fallback) const {
    const json* value = find(key);
    if (value == nullptr) return fallback;
    if (value->is_number_unsigned()) return value->get<uint64_t>();
    problem_->report(nameOf(key), "a whole number" + range(0, UINT64_MAX), *value);
    return fallback;
}

double JsonFields::number(const char* key, double least, double most, double fallback) const {
    const json* value = find(key);
    if (value == nullptr) return fallback;
    if (value->is_number() && value->get<double>() >= least && value->get<double>() <= most) return value->get<double>();
    problem_->report(nameOf(key), "a number" + range(least, most), *value);
    return fallback;
}

std::string JsonFields::text(const char* key, size_t mostBytes, const std::string& fallback) const {
    const json* value = find(key);
    if (value == nullptr) return fallback;
    if (value->is_string() && value->get_ref<const std::string&>().size() <= mostBytes) return value->get<std::string>();
    problem_->report(nameOf(key), "a text of at most " + std::to_string(mostBytes) + " bytes", *value);
    return fallback;
}

size_t JsonFields::choice(const char* key, const std::vector<std::string>& words, size_t fallback) const {
    const json* value = find(key);
    if (value == nullptr) return fallback;
    const auto found = value->is_string() ? std::find(words.begin(), words.end(), value->get_ref<const std::string&>()) : words.end();
    if (found != words.end()) return static_cast<size_t>(found - words.begin());
    std::string list;
    for (const std::string& word : words) list += (list.empty() ? "\"" : ", \"") + word + "\"";
    problem_->report(nameOf(key), "one of " + list, *value);
    return fallback;
}

const json* JsonFields::array(const char* key, size_t mostItems) const {
    const json* value = find(key);
    if (value == nullptr) return nullptr;
    if (value->is_array() && value->size() <= mostItems) return value;
    problem_->report(nameOf(key), "a list of at most " + std::to_string(mostItems) + " items", *value);
    return nullptr;
}

std::vector<int> JsonFields::integers(const char* key, int least, int most, size_t mostItems, const std::vector<int>& fallback) const {
    const json* values = array(key, mostItems);
    if (values == nullptr) return fallback;
    std::vector<int> result;
    for (const json& value : *values) {
        if (!isWithin(value, least, most)) {
            const std::string item = nameOf(key) + "[" + std::to_string(result.size()) + "]";
            problem_->report(item, "a whole number" + range(least, most), value);
            return fallback;
        }
        result.push_back(value.get<int>());
    }
    return result;
}

JsonFields JsonFields::object(const char* key) const {
    const json* value = find(key);
    return {value == nullptr ? kNothing : *value, nameOf(key), *problem_};
}

std::vector<JsonFields> JsonFields::objects(const char* key, size_t mostItems) const {
    std::vector<JsonFields> result;
    const json* values = array(key, mostItems);
    if (values == nullptr) return result;
    for (const json& value : *values) {
        const std::string item = nameOf(key) + "[" + std::to_string(result.size()) + "]";
        if (!value.is_object()) problem_->report(item, "an object", value);
        result.emplace_back(value, item, *problem_);
    }
    return result;
}

std::vector<std::string> JsonFields::texts(const char* key, size_t mostBytes, size_t mostItems) const {
    std::vector<std::string> result;
    const json* values = array(key, mostItems);
    if (values == nullptr) return result;
    for (const json& value : *values) {
        if (!value.is_string() || value.get_ref<const std::string&>().size() > mostBytes) {
            const std::string item = nameOf(key) + "[" + std::to_string(result.size()) + "]";
            problem_->report(item, "a text of at most " + std::to_string(mostBytes) + " bytes", value);
            return {};
        }
        result.push_back(value.get<std::string>());
    }
    return result;
}

}  // namespace longtake
