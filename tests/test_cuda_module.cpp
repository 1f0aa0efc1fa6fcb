// Finding and loading the CUDA module: every way in which it can be missing or of no use ends in one sentence.
#include <QtTest>

#include <cstdlib>
#include <filesystem>

#include "kernels/cuda/load_module.h"

using namespace longtake;
namespace fs = std::filesystem;

namespace {

const fs::path kFakes = fs::path(LONGTAKE_BINARY_DIR) / "tests/fakes";

class ModuleAt {
public:
    explicit ModuleAt(const fs::path& path) { setenv("LONGTAKE_CUDA_MODULE", path.c_str(), 1); }
    ~ModuleAt() { unsetenv("LONGTAKE_CUDA_MODULE"); }
};

std::string fake(const char* kind) { return (kFakes / (std::string("libfake_module_") + kind + ".so")).string(); }

// What a process of its own says, with the libraries of one folder before all others.
QString saidWith(const fs::path& libraries) {
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert("LD_LIBRARY_PATH", QString::fromStdString(libraries.string()));
    environment.insert("LONGTAKE_CUDA_MODULE", QString::fromStdString((fs::path(LONGTAKE_BINARY_DIR) / "bin").string()));
    process.setProcessEnvironment(environment);
    process.start(QString::fromStdString((kFakes / "list_cuda_devices").string()), {});
    process.waitForFinished();
    return QString::fromUtf8(process.readAllStandardOutput());
}

bool moduleIsBuilt() { return fs::exists(fs::path(LONGTAKE_BINARY_DIR) / "bin/liblongtake_cuda.so"); }

}  // namespace

class TestCudaModule : public QObject {
    Q_OBJECT
private slots:
    void aMissingModuleIsSaidWithThePlacesLookedIn() {
        const ModuleAt at("/nowhere/liblongtake_cuda.so");
        const auto devices = cudaDevices();
        QVERIFY(!devices);
        QVERIFY2(devices.message().find("/nowhere") != std::string::npos, devices.message().c_str());
        QVERIFY(devices.message().find("without CUDA") != std::string::npos);
        QVERIFY(!makeCudaBackend({}));
    }

    void aFolderIsSearchedForTheModule() {
        const ModuleAt at(fs::temp_directory_path());
        QCOMPARE(cudaModulePlaces().size(), size_t{1});
        QCOMPARE(cudaModulePlaces()[0], fs::temp_directory_path() / "liblongtake_cuda.so");
    }

    // So that a package of it installs without the toolkit, and the program can say what is missing.
    void theBuiltModuleNeedsNoLibraryOfTheToolkit() {
        if (!moduleIsBuilt()) QSKIP("the CUDA module is not built here");
        QProcess process;
        process.start("readelf", {"-d", QString::fromStdString((fs::path(LONGTAKE_BINARY_DIR) / "bin/liblongtake_cuda.so").string())});
        QVERIFY(process.waitForFinished());
        int needed = 0;
        for (const QString& line : QString::fromUtf8(process.readAllStandardOutput()).split('\n')) {
            if (!line.contains("(NEEDED)")) continue;
            ++needed;
            const QString name = line.section('[', 1).section(".so", 0, 0);
            QVERIFY2(
                (QStringList{"libc", "libm", "libstdc++", "libgcc_s", "libdl", "libpthread", "librt", "ld-linux-x86-64"}.contains(name)),
                qPrintable(line));
        }
        QVERIFY(needed > 0);
    }

    void withoutASettingItIsBesideTheProgramOrInstalled() {
        const std::vector<fs::path> places = cudaModulePlaces();
        QVERIFY(places.size() >= 2);
        QCOMPARE(places[0], fs::path(LONGTAKE_BINARY_DIR) / "tests/liblongtake_cuda.so");
    }

    void aFileThatIsNoLibraryIsSaid() {
        const ModuleAt at(LONGTAKE_SOURCE_DIR "/README.md");
        const auto devices = cudaDevices();
        QVERIFY(!devices);
        QVERIFY2(devices.message().find("cannot be loaded") != std::string::npos, devices.message().c_str());
    }

    void aLibraryWithoutEntryIsNotAModule() {
        const ModuleAt at(fake("no_entry"));
        const auto devices = cudaDevices();
        QVERIFY(!devices);
        QVERIFY2(devices.message().find("not one of Longtake") != std::string::npos, devices.message().c_str());
    }

    void aModuleOfAnotherVersionIsRefused() {
        const ModuleAt at(fake("other_version"));
        for (const std::string& message : {cudaDevices().message(), makeCudaBackend({}).message()})
            QVERIFY2(message.find("another version") != std::string::npos, message.c_str());
    }

    void aModuleThatGivesNoReasonIsStillSaid() {
        const ModuleAt at(fake("no_reason"));
        const auto backend = makeCudaBackend({});
        QVERIFY(!backend);
        QVERIFY2(backend.message().find("no reason") != std::string::npos, backend.message().c_str());
    }

    void aDeviceThatCannotBeAskedFailsTheList() {
        const ModuleAt at(fake("lost_device"));
        const auto devices = cudaDevices();
        QVERIFY(!devices);
        QCOMPARE(devices.message(), std::string("the second device is lost"));
    }

    void anOldDriverIsNamedWithWhatIsNeeded() {
        if (!moduleIsBuilt()) QSKIP("built without the CUDA toolkit");
        const QString said = saidWith(kFakes / "old_driver");
        QVERIFY2(said.contains("too old: it supports CUDA 12.4") && said.contains("580"), qPrintable(said));
    }

    void aDriverWithoutDevicesIsSaid() {
        if (!moduleIsBuilt()) QSKIP("built without the CUDA toolkit");
        const QString said = saidWith(kFakes / "no_device");
        QVERIFY2(said.contains("shows no GPU"), qPrintable(said));
    }

    void theModuleLoadsWhereThereIsNoDriver() {
        if (!moduleIsBuilt()) QSKIP("built without the CUDA toolkit");
        const QString said = saidWith("");
        if (!said.contains("no NVIDIA driver") && QFile::exists("/dev/nvidiactl")) QSKIP("this machine has a GPU");
        QVERIFY2(said.contains("no NVIDIA driver was found"), qPrintable(said));
    }

    void theCacheFolderFollowsTheEnvironment() {
        setenv("XDG_CACHE_HOME", "/tmp/a cache", 1);
        QCOMPARE(defaultCacheFolder(), fs::path("/tmp/a cache/longtake"));
        unsetenv("XDG_CACHE_HOME");
    }
};

QTEST_GUILESS_MAIN(TestCudaModule)
#include "test_cuda_module.moc"
