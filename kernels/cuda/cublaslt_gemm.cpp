// Products by cuBLASLt. Row-major y = x w^T is column-major y^T = w x^T: its "A" is the weight, transposed, its "B" is x.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "kernels/cuda/algorithm_cache.h"
#include "kernels/cuda/cublaslt.h"
#include "kernels/cuda/cuda_error.h"
#include "kernels/cuda/gemm.h"

namespace longtake::cuda {

namespace {

constexpr int kCandidates = 16;
constexpr int kTimedRuns = 5;
constexpr double kWorthTiming = 1e8;  // multiplications; below that a search costs more than it saves

cudaDataType_t typeOf(DType dtype) { return dtype == DType::F8E4M3 ? CUDA_R_8F_E4M3 : dtype == DType::BF16 ? CUDA_R_16BF : CUDA_R_32F; }

cublasLtEpilogue_t epilogueOf(const GemmCall& c) {
    switch (c.activation) {
        case Activation::Relu: return c.bias ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_RELU;
        case Activation::GeluTanh: return c.bias ? CUBLASLT_EPILOGUE_GELU_BIAS : CUBLASLT_EPILOGUE_GELU;
        default: return c.bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
    }
}

// The library's descriptions of one call; alive while it runs.
class Descriptions {
public:
    Descriptions(const CublasLt& lt, const GemmCall& c) : lt_(lt) {
        lt.check(lt.descCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F), "description");
        const cublasOperation_t transposed = CUBLAS_OP_T;
        set(CUBLASLT_MATMUL_DESC_TRANSA, transposed);
        set(CUBLASLT_MATMUL_DESC_EPILOGUE, epilogueOf(c));
        if (c.bias) {
            set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, c.bias);
            set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, static_cast<int32_t>(typeOf(c.biasType)));
        }
        if (c.xScale) {
            const auto perRow = static_cast<int32_t>(CUBLASLT_MATMUL_MATRIX_SCALE_OUTER_VEC_32F);
            set(CUBLASLT_MATMUL_DESC_A_SCALE_MODE, perRow);
            set(CUBLASLT_MATMUL_DESC_B_SCALE_MODE, perRow);
            set(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, c.wScale);
            set(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, c.xScale);
            set(CUBLASLT_MATMUL_DESC_FAST_ACCUM, int8_t{1});
        }
        if (c.alpha) set(CUBLASLT_MATMUL_DESC_POINTER_MODE, static_cast<int32_t>(CUBLASLT_POINTER_MODE_ALPHA_DEVICE_VECTOR_BETA_HOST));
        lt.check(lt.layoutCreate(&w, typeOf(c.inType), static_cast<uint64_t>(c.in), static_cast<uint64_t>(c.out), c.in), "weight");
        lt.check(lt.layoutCreate(&x, typeOf(c.inType), static_cast<uint64_t>(c.in), static_cast<uint64_t>(c.rows), c.xStride), "input");
        lt.check(lt.layoutCreate(&y, typeOf(c.outType), static_cast<uint64_t>(c.out), static_cast<uint64_t>(c.rows), c.yStride), "output");
    }
    ~Descriptions() {
        if (operation) lt_.descDestroy(operation);
        for (cublasLtMatrixLayout_t layout : {w, x, y})
            if (layout) lt_.layoutDestroy(layout);
    }
    Descriptions(const Descriptions&) = delete;
    Descriptions& operator=(const Descriptions&) = delete;

    cublasLtMatmulDesc_t operation = nullptr;
    cublasLtMatrixLayout_t w = nullptr, x = nullptr, y = nullptr;

private:
    template <typename Value>
    void set(cublasLtMatmulDescAttributes_t attribute, const Value& value) {
        lt_.check(lt_.descSet(operation, attribute, &value, sizeof value), "attribute");
    }
    const CublasLt& lt_;
};

uint32_t alignmentOf(const void* data) {
    const auto address = reinterpret_cast<uintptr_t>(data) | 256u;
    return static_cast<uint32_t>(address & (~address + 1));
}

struct Algorithm {
    cublasLtMatmulAlgo_t algo{};
    size_t workspaceBytes = 0;
    float microseconds = 0;
};

class CublasLtGemm final : public Gemm {
public:
    explicit CublasLtGemm(const GemmOptions& options)
        : lt_(CublasLt::load()), timed_(options.timed), cache_(options.cacheFolder, options.device, std::to_string(lt_.version())) {
        lt_.check(lt_.create(&handle_), "start");
    }
    ~CublasLtGemm() override {
        cache_.save();
        (void)lt_.destroy(handle_);
    }

    bool run(const GemmCall& c, const GemmResources& r) override {
        if (c.rows == 0 || c.out == 0) return true;
        const Descriptions described(lt_, c);
        const std::string name = productName(c);
        auto known = algorithms_.find(name);
        if (known == algorithms_.end()) {
            known = algorithms_.emplace(name, choose(name, c, described, r)).first;
            report(name, known->second);
        }
        // What the heuristic offers may still be refused by the product itself.
        std::vector<Algorithm>& ways = known->second;
        while (!ways.empty()) {
            const cublasStatus_t status = multiply(c, described, ways.front(), c.y, r);
            if (status != CUBLAS_STATUS_NOT_SUPPORTED) {
                lt_.check(status, name.c_str());
                return true;
            }
            ways.erase(ways.begin());
            report(name, ways);
        }
        return false;
    }

    float measuredMicroseconds(const GemmCall& c) const override {
        const auto known = algorithms_.find(productName(c));
        return known != algorithms_.end() && !known->second.empty() ? known->second.front().microseconds : 0.0f;
    }

    std::string library() const override {
        const size_t v = lt_.version();
        return "cuBLASLt " + std::to_string(v / 10000) + "." + std::to_string(v / 100 % 100) + "." + std::to_string(v % 100);
    }

private:
    // LONGTAKE_CUDA_PRODUCTS=1 tells how each product is done, for a product that the library declines is done far slower.
    static void report(const std::string& name, const std::vector<Algorithm>& ways) {
        static const char* const wanted = std::getenv("LONGTAKE_CUDA_PRODUCTS");
        if (!wanted || *wanted != '1') return;
        if (ways.empty()) std::fprintf(stderr, "product %s: DECLINED\n", name.c_str());
        else
            std::fprintf(stderr, "product %s: %zu algorithms, %.1f us\n", name.c_str(), ways.size(),
                         static_cast<double>(ways.front().microseconds));
    }

    cublasStatus_t multiply(const GemmCall& c, const Descriptions& d, const Algorithm& a, void* y, const GemmResources& r) const {
        const float one = 1.0f, beta = c.add ? 1.0f : 0.0f;
        const void* alpha = c.alpha ? static_cast<const void*>(c.alpha) : &one;
        return lt_.matmul(handle_, d.operation, alpha, c.w, d.w, c.x, d.x, &beta, y, d.y, y, d.y, &a.algo, r.workspace, r.workspaceBytes,
                          r.stream);
    }

    std::vector<Algorithm> candidates(const GemmCall& c, const Descriptions& d, const GemmResources& r) const {
        cublasLtMatmulPreference_t preference = nullptr;
        lt_.check(lt_.preferenceCreate(&preference), "preference");
        auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
            (void)lt_.preferenceSet(preference, attribute, &value, sizeof value);
        };
        set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t{r.workspaceBytes});
        set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignmentOf(c.w));
        set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignmentOf(c.x));
        set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignmentOf(c.y));
        set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignmentOf(c.y));
        cublasLtMatmulHeuristicResult_t results[kCandidates] = {};
        int found = 0;
        const cublasStatus_t status = lt_.heuristic(handle_, d.operation, d.w, d.x, d.y, d.y, preference, kCandidates, results, &found);
        (void)lt_.preferenceDestroy(preference);
        std::vector<Algorithm> out;
        if (status == CUBLAS_STATUS_NOT_SUPPORTED) return out;  // an answer; anything else is a failure that must not go unseen
        lt_.check(status, "choice of an algorithm");
        for (int i = 0; i < found; ++i)
            if (results[i].state == CUBLAS_STATUS_SUCCESS) out.push_back({results[i].algo, results[i].workspaceSize, 0.0f});
        return out;
    }

    std::optional<Algorithm> remembered(const std::string& name, const Descriptions& d, const GemmResources& r) const {
        const std::optional<AlgorithmChoice> choice = cache_.find(name);
        if (!choice || choice->workspaceBytes > r.workspaceBytes) return std::nullopt;
        Algorithm algorithm;
        static_assert(sizeof algorithm.algo.data == sizeof choice->data);
        std::memcpy(algorithm.algo.data, choice->data.data(), sizeof choice->data);
        cublasLtMatmulHeuristicResult_t result{};
        if (lt_.algoCheck(handle_, d.operation, d.w, d.x, d.y, d.y, &algorithm.algo, &result) != CUBLAS_STATUS_SUCCESS ||
            result.workspaceSize > r.workspaceBytes)
            return std::nullopt;
        algorithm.workspaceBytes = result.workspaceSize;
        algorithm.microseconds = choice->microseconds;
        return algorithm;
    }

    // Best first; none when the library has nothing for the product.
    std::vector<Algorithm> choose(const std::string& name, const GemmCall& c, const Descriptions& d, const GemmResources& r) {
        if (auto algorithm = remembered(name, d, r)) return {*algorithm};
        std::vector<Algorithm> all = candidates(c, d, r);
        if (all.empty()) return all;
        cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
        cuda::check(cudaStreamIsCapturing(r.stream, &capture), "matmul");
        const bool worth = static_cast<double>(c.rows) * static_cast<double>(c.out) * static_cast<double>(c.in) >= kWorthTiming;
        if (timed_ && worth && capture == cudaStreamCaptureStatusNone) {
            timeAll(all, c, d, r);
            if (all.empty()) return all;
            AlgorithmChoice choice{.workspaceBytes = all.front().workspaceBytes, .microseconds = all.front().microseconds};
            std::memcpy(choice.data.data(), all.front().algo.data, sizeof choice.data);
            cache_.put(name, choice);
            cache_.save();
        }
        return all;
    }

    // Fastest first, without those that do not run. The output goes beside the real one, which an adding product would change with every
    // run.
    void timeAll(std::vector<Algorithm>& all, const GemmCall& c, const Descriptions& d, const GemmResources& r) const {
        void* output = nullptr;
        const size_t bytes = static_cast<size_t>(c.rows * c.yStride) * sizeOf(c.outType);
        if (cudaMallocAsync(&output, bytes, r.stream) != cudaSuccess) {
            (void)cudaGetLastError();  // no room to try: the library's own order stands
            return;
        }
        cudaEvent_t before = nullptr, after = nullptr;
        bool timing = cudaMemsetAsync(output, 0, bytes, r.stream) == cudaSuccess && cudaEventCreate(&before) == cudaSuccess &&
                      cudaEventCreate(&after) == cudaSuccess;
        std::vector<Algorithm> good;
        for (Algorithm candidate : all) {
            if (!timing || multiply(c, d, candidate, output, r) != CUBLAS_STATUS_SUCCESS) continue;
            (void)cudaEventRecord(before, r.stream);
            bool ran = true;
            for (int i = 0; i < kTimedRuns; ++i) ran = ran && multiply(c, d, candidate, output, r) == CUBLAS_STATUS_SUCCESS;
            (void)cudaEventRecord(after, r.stream);
            float ms = 0;
            if (cudaEventSynchronize(after) != cudaSuccess || cudaEventElapsedTime(&ms, before, after) != cudaSuccess || !ran) continue;
            candidate.microseconds = ms * 1000.0f / kTimedRuns;
            good.push_back(candidate);
        }
        if (before) (void)cudaEventDestroy(before);
        if (after) (void)cudaEventDestroy(after);
        cuda::check(cudaFreeAsync(output, r.stream), "matmul");
        if (!timing) return;
        std::stable_sort(good.begin(), good.end(), [](const Algorithm& a, const Algorithm& b) { return a.microseconds < b.microseconds; });
        all = std::move(good);
    }

    const CublasLt& lt_;
    bool timed_;
    AlgorithmCache cache_;
    cublasLtHandle_t handle_ = nullptr;
    std::map<std::string, std::vector<Algorithm>> algorithms_;
};

}  // namespace

std::unique_ptr<Gemm> makeGemm(const GemmOptions& options) { return std::make_unique<CublasLtGemm>(options); }

}  // namespace longtake::cuda
