// The matrix library is loaded at run time: where it is missing or of another release, one sentence says so.
#include <QtTest>

#include <cstdlib>

#include "kernels/cuda/cublaslt.h"
#include "kernels/cuda/cuda_error.h"

using namespace longtake::cuda;

namespace {

std::string failureWith(const std::string& library) {
    setenv("LONGTAKE_CUBLASLT", library.c_str(), 1);
    try {
        (void)CublasLt::load();
    } catch (const CudaError& failure) {
        return failure.what();
    }
    return "no failure";
}

}  // namespace

class TestCublasLt : public QObject {
    Q_OBJECT
private slots:
    void aMissingLibraryIsNamedWithTheWayOut() {
        const std::string said = failureWith("/nowhere/libcublasLt.so");
        QVERIFY2(said.find("was not found") != std::string::npos && said.find("LONGTAKE_CUBLASLT") != std::string::npos, said.c_str());
    }
    void aLibraryOfAnotherReleaseNamesWhatItLacks() {
        const std::string said = failureWith(LONGTAKE_BINARY_DIR "/tests/fakes/libfake_cublaslt.so");
        QVERIFY2(said.find("has no cublasLtDestroy") != std::string::npos, said.c_str());
    }
    void afterAFailureItIsTriedAgain() {
        unsetenv("LONGTAKE_CUBLASLT");
        QVERIFY(CublasLt::load().version() > 130000);
    }
};

QTEST_GUILESS_MAIN(TestCublasLt)
#include "test_cublaslt.moc"
