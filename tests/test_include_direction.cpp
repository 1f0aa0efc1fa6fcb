// kernels <- engine <- ui <- app: a folder may include itself and what is to its left; app may use all, ui no session.
#include <QTest>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>

namespace fs = std::filesystem;

class IncludeDirectionTest : public QObject {
    Q_OBJECT
private slots:
    void foldersIncludeOnlyWhatIsBelowThem();
    void engineKnowsNoQtVulkanOrFfmpeg();
};

namespace {

template <typename Visit>
int forIncludes(const std::string& folder, Visit visit) {
    static const std::regex include(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
    int files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(LONGTAKE_SOURCE_DIR) / folder)) {
        const std::string extension = entry.path().extension().string();
        if (extension != ".h" && extension != ".cpp" && extension != ".cu" && extension != ".cuh") continue;
        ++files;
        std::ifstream in(entry.path());
        std::smatch match;
        for (std::string line; std::getline(in, line);)
            if (std::regex_search(line, match, include)) visit(entry.path().string(), match[1].str());
    }
    return files;
}

}  // namespace

void IncludeDirectionTest::foldersIncludeOnlyWhatIsBelowThem() {
    const std::map<std::string, std::set<std::string>> allowed = {{"kernels", {"kernels"}},
                                                                  {"engine", {"kernels", "engine"}},
                                                                  {"ui", {"kernels", "engine", "ui"}},
                                                                  {"app", {"kernels", "engine", "ui", "app"}}};
    for (const auto& [folder, below] : allowed) {
        const int files = forIncludes(folder, [&](const std::string& file, const std::string& included) {
            const std::string top = included.substr(0, included.find('/'));
            if (allowed.contains(top) && !below.contains(top)) QFAIL((file + " must not include " + included).c_str());
        });
        QVERIFY2(files > 0, folder.c_str());
    }
}

void IncludeDirectionTest::engineKnowsNoQtVulkanOrFfmpeg() {
    static const std::regex foreign(R"(^(Q[A-Z]|Qt|vulkan/|libav|libsw|imgui))");
    for (const char* folder : {"kernels", "engine"})
        forIncludes(folder, [&](const std::string& file, const std::string& included) {
            if (std::regex_search(included, foreign)) QFAIL((file + " must not include " + included).c_str());
        });
}

QTEST_GUILESS_MAIN(IncludeDirectionTest)
#include "test_include_direction.moc"
