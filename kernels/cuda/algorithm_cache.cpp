#include "kernels/cuda/algorithm_cache.h"

#include <cctype>
#include <fstream>
#include <locale>
#include <sstream>

namespace longtake::cuda {

namespace {

// Letters and digits as they are, all else as one dash.
std::string fileName(const std::string& text) {
    std::string out;
    for (char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c))) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        else if (!out.empty() && out.back() != '-') out += '-';
    }
    return out;
}

std::optional<std::pair<std::string, AlgorithmChoice>> parse(const std::string& line) {
    std::istringstream in(line);
    in.imbue(std::locale::classic());
    std::string product, rest;
    AlgorithmChoice choice;
    in >> product >> choice.microseconds >> choice.workspaceBytes >> std::hex;
    for (uint64_t& word : choice.data) in >> word;
    if (!in || (in >> rest)) return std::nullopt;
    return std::pair{product, choice};
}

}  // namespace

AlgorithmCache::AlgorithmCache(const std::filesystem::path& folder, const std::string& device, const std::string& libraryVersion) {
    if (folder.empty()) return;
    file_ = folder / ("matmul-" + fileName(device) + "-" + fileName(libraryVersion) + ".txt");
    std::ifstream in(file_);
    for (std::string line; std::getline(in, line);)
        if (auto entry = parse(line)) choices_.insert_or_assign(entry->first, entry->second);
}

std::optional<AlgorithmChoice> AlgorithmCache::find(const std::string& product) const {
    const auto found = choices_.find(product);
    return found == choices_.end() ? std::nullopt : std::optional(found->second);
}

void AlgorithmCache::put(const std::string& product, const AlgorithmChoice& choice) {
    choices_.insert_or_assign(product, choice);
    changed_ = true;
}

void AlgorithmCache::save() {
    if (file_.empty() || !changed_) return;
    std::error_code failed;
    std::filesystem::create_directories(file_.parent_path(), failed);
    const std::filesystem::path part = file_.string() + ".part";
    {
        std::ofstream out(part);
        out.imbue(std::locale::classic());
        for (const auto& [product, choice] : choices_) {
            out << product << ' ' << choice.microseconds << ' ' << choice.workspaceBytes << std::hex;
            for (uint64_t word : choice.data) out << ' ' << word;
            out << std::dec << '\n';
        }
        if (!out.flush()) return;
    }
    std::filesystem::rename(part, file_, failed);
    if (!failed) changed_ = false;
}

}  // namespace longtake::cuda
