// Reads typed fields out of JSON that may hold anything; the first thing wrong is kept with the field's full name.
// Private to app/project.
//
// Owner:  the parsing function; refers to its document.
// Thread: one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace longtake {

// "sampler.steps[2] must be a whole number from 0 to 1000, not "many"". Empty while all is well.
struct FieldProblem {
    std::string text;

    void report(const std::string& field, const std::string& mustBe, const nlohmann::json& is);
};

// A missing field gives the fallback; a wrong one reports and gives the fallback.
class JsonFields {
public:
    // object may be of any type: when it is no object that is reported and every field counts as missing.
    JsonFields(const nlohmann::json& object, std::string name, FieldProblem& problem);

    int64_t integer(const char* key, int64_t least, int64_t most, int64_t fallback) const;
    uint64_t bits(const char* key, uint64_t fallback) const;  // any whole number from 0 to 2^64 - 1
    double number(const char* key, double least, double most, double fallback) const;
    std::string text(const char* key, size_t mostBytes, const std::string& fallback) const;
    // One of the words, as its index.
    size_t choice(const char* key, const std::vector<std::string>& words, size_t fallback) const;
    std::vector<int> integers(const char* key, int least, int most, size_t mostItems, const std::vector<int>& fallback) const;

    JsonFields object(const char* key) const;
    // The elements as objects of their own; missing: none.
    std::vector<JsonFields> objects(const char* key, size_t mostItems) const;
    std::vector<std::string> texts(const char* key, size_t mostBytes, size_t mostItems) const;

    bool has(const char* key) const { return find(key) != nullptr; }
    std::string nameOf(const std::string& key) const { return name_.empty() ? key : name_ + "." + key; }

private:
    const nlohmann::json* find(const char* key) const;
    const nlohmann::json* array(const char* key, size_t mostItems) const;

    const nlohmann::json* object_;
    std::string name_;
    FieldProblem* problem_;
};

}  // namespace longtake
