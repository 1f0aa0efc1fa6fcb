#include "app/project/model_folders.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "app/files/file_error.h"

namespace longtake {
namespace {

namespace fs = std::filesystem;

bool isModelFolder(const fs::path& folder) {
    std::error_code ignored;
    return fs::is_regular_file(folder / "model.json", ignored);
}

std::vector<fs::path> placesToLook() {
    std::vector<fs::path> places;
    if (const char* list = std::getenv("LONGTAKE_MODELS")) {
        const std::string text = list;
        for (size_t begin = 0; begin <= text.size();) {
            const size_t end = std::min(text.find(':', begin), text.size());
            if (end > begin) places.emplace_back(text.substr(begin, end - begin));
            begin = end + 1;
        }
    }
    std::error_code ignored;
    const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
    // Installed: <prefix>/bin/longtake; in a build: <source>/build/<preset>/bin/longtake.
    fs::path above = program.parent_path();
    for (int level = 0; level < 5 && !above.empty(); ++level, above = above.parent_path()) {
        places.push_back(above / "share" / "longtake" / "models");
        places.push_back(above / "resources" / "models");
        if (above == above.root_path()) break;
    }
    if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0') {
        places.push_back(fs::path(data) / "longtake" / "models");
    } else if (const char* home = std::getenv("HOME")) {
        places.push_back(fs::path(home) / ".local" / "share" / "longtake" / "models");
    }
    return places;
}

std::string lowered(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

}  // namespace

std::vector<std::string> findModelFolders() {
    std::vector<std::string> found;
    for (const fs::path& place : placesToLook()) {
        std::error_code failure;
        std::vector<std::string> here;
        for (fs::directory_iterator it(place, failure), end; !failure && it != end; it.increment(failure)) {
            if (isModelFolder(it->path())) here.push_back(it->path().string());
        }
        std::sort(here.begin(), here.end());
        for (std::string& folder : here) {
            if (std::find(found.begin(), found.end(), folder) == found.end()) found.push_back(std::move(folder));
        }
    }
    return found;
}

Result<std::string> resolveModelFolder(const std::string& nameOrPath) {
    if (!nameOrPath.empty() && isModelFolder(nameOrPath)) return nameOrPath;
    const std::vector<std::string> folders = findModelFolders();
    for (const std::string& folder : folders) {
        if (nameOrPath.empty() || lowered(fs::path(folder).filename().string()) == lowered(nameOrPath)) return folder;
    }
    if (nameOrPath.empty()) {
        return Error{"no model was found beside the program; give the folder of one, or set LONGTAKE_MODELS"};
    }
    std::error_code ignored;
    if (!fs::exists(nameOrPath, ignored)) return fileError("read the model", nameOrPath, ENOENT);
    return Error{"cannot read the model " + printable(nameOrPath) + ": there is no model.json in it; give a model folder"};
}

}  // namespace longtake
