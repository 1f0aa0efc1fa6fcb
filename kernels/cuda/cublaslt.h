// cuBLASLt, loaded at run time: the module itself starts where the library is missing.
//
// Owner:  the Gemm; the library stays loaded to the end of the process.
// Thread: const after loading.
#pragma once

#include <cublasLt.h>

namespace longtake::cuda {

struct CublasLt {
    decltype(&cublasLtCreate) create = nullptr;
    decltype(&cublasLtDestroy) destroy = nullptr;
    decltype(&cublasLtGetVersion) version = nullptr;
    decltype(&cublasLtGetStatusString) statusString = nullptr;
    decltype(&cublasLtMatmul) matmul = nullptr;
    decltype(&cublasLtMatmulDescCreate) descCreate = nullptr;
    decltype(&cublasLtMatmulDescDestroy) descDestroy = nullptr;
    decltype(&cublasLtMatmulDescSetAttribute) descSet = nullptr;
    decltype(&cublasLtMatrixLayoutCreate) layoutCreate = nullptr;
    decltype(&cublasLtMatrixLayoutDestroy) layoutDestroy = nullptr;
    decltype(&cublasLtMatmulPreferenceCreate) preferenceCreate = nullptr;
    decltype(&cublasLtMatmulPreferenceDestroy) preferenceDestroy = nullptr;
    decltype(&cublasLtMatmulPreferenceSetAttribute) preferenceSet = nullptr;
    decltype(&cublasLtMatmulAlgoGetHeuristic) heuristic = nullptr;
    decltype(&cublasLtMatmulAlgoCheck) algoCheck = nullptr;

    // Searches LONGTAKE_CUBLASLT (a file), the loader's own paths, and where the toolkit puts it. Throws CudaError with
    // one sentence when it is nowhere or of another major version.
    static const CublasLt& load();
    void check(cublasStatus_t status, const char* what) const;
};

}  // namespace longtake::cuda
