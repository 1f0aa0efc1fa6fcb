#include "kernels/cuda/cublaslt.h"

#include <dlfcn.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "kernels/cuda/cuda_error.h"

namespace longtake::cuda {

namespace {

const std::string kFile = "libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR);

void* openLibrary() {
    std::vector<std::string> places;
    if (const char* given = std::getenv("LONGTAKE_CUBLASLT"); given && *given) {
        places = {given};
    } else {
        places = {kFile, "/usr/local/cuda/lib64/" + kFile, "/usr/local/cuda-" + std::to_string(CUBLAS_VER_MAJOR) + "/lib64/" + kFile};
#ifdef LONGTAKE_CUDA_LIBRARIES
        places.push_back(LONGTAKE_CUDA_LIBRARIES "/" + kFile);
#endif
    }
    for (const std::string& place : places)
        if (void* library = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    throw CudaError("cuda", (kFile + " was not found: install the CUDA " + std::to_string(CUBLAS_VER_MAJOR) +
                             " libraries (cuBLAS), or give the file in LONGTAKE_CUBLASLT")
                                .c_str());
}

template <typename Function>
void bind(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    if (!function) throw CudaError("cuda", (kFile + " has no " + name + ": it belongs to another release of CUDA").c_str());
}

CublasLt bindAll() {
    void* library = openLibrary();
    CublasLt lt;
    bind(library, "cublasLtCreate", lt.create);
    bind(library, "cublasLtDestroy", lt.destroy);
    bind(library, "cublasLtGetVersion", lt.version);
    bind(library, "cublasLtGetStatusString", lt.statusString);
    bind(library, "cublasLtMatmul", lt.matmul);
    bind(library, "cublasLtMatmulDescCreate", lt.descCreate);
    bind(library, "cublasLtMatmulDescDestroy", lt.descDestroy);
    bind(library, "cublasLtMatmulDescSetAttribute", lt.descSet);
    bind(library, "cublasLtMatrixLayoutCreate", lt.layoutCreate);
    bind(library, "cublasLtMatrixLayoutDestroy", lt.layoutDestroy);
    bind(library, "cublasLtMatmulPreferenceCreate", lt.preferenceCreate);
    bind(library, "cublasLtMatmulPreferenceDestroy", lt.preferenceDestroy);
    bind(library, "cublasLtMatmulPreferenceSetAttribute", lt.preferenceSet);
    bind(library, "cublasLtMatmulAlgoGetHeuristic", lt.heuristic);
    bind(library, "cublasLtMatmulAlgoCheck", lt.algoCheck);
    return lt;
}

}  // namespace

const CublasLt& CublasLt::load() {
    static const CublasLt loaded = bindAll();  // a failure throws, and is tried again the next time
    return loaded;
}

void CublasLt::check(cublasStatus_t status, const char* what) const {
    if (status != CUBLAS_STATUS_SUCCESS) throw CudaError("matmul", (std::string(what) + ": " + statusString(status)).c_str());
}

}  // namespace longtake::cuda
