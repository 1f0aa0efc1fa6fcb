// The CUDA backend: one device, one stream; operations are queued and return at once. Copies that nobody waits for have a
// stream of their own.
//
// Owner:  the program, through the module's entry. Weights and tensors must be gone before it.
// Thread: one at a time, as Backend says.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "kernels/backend.h"
#include "kernels/cuda/device_memory.h"
#include "kernels/cuda/gemm.h"
#include "kernels/cuda/host_copies.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/staging.h"
#include "kernels/cuda/weights.h"

namespace longtake::cuda {

struct CudaBackendOptions {
    int device = 0;
    Precision precision = Precision::Bf16;
    std::string cacheFolder;  // for tuned products; empty: nothing is kept
    bool f8Products = false;  // e4m3 in large products of bf16, where the device has them (8.9)
    bool tunedProducts = true;
    bool recordsPasses = true;        // as CUDA graphs
    bool warpgroupAttention = false;  // Hopper's own kernel, on devices of 9.0
    bool plainKernels = false;        // the slow reference kernels for attention and convolution
};

class CudaBackend final : public Backend {
public:
    // Throws CudaError when the device cannot be used.
    explicit CudaBackend(const CudaBackendOptions& options);
    // A queue of the same device: its own stream and working memory, the same pool and product choices.
    struct Beside {};
    CudaBackend(Beside, const CudaBackend& other);
    ~CudaBackend() override;

    std::string name() const override { return "cuda"; }
    std::string description() const override;
    DType computeType() const override { return compute_; }
    int threads() const override { return 1; }

    std::shared_ptr<void> allocate(size_t bytes) override;
    size_t allocatedBytes() const override { return memory_->liveBytes(); }
    size_t freeBytes() const override;
    void upload(void* device, const void* host, size_t bytes) override;
    void download(void* host, const void* device, size_t bytes) override;
    void copyBytes(void* to, const void* from, size_t bytes) override;
    void synchronize() override;
    std::unique_ptr<Backend> makeQueue() override { return std::make_unique<CudaBackend>(Beside{}, *this); }
    void waitFor(const Backend& other) override;
    std::unique_ptr<HostCopy> downloadLater(void* host, const void* device, size_t bytes) override;
    void waitFor(const HostCopy& copy) override;
    bool beginRecording() override;
    std::unique_ptr<RecordedPass> endRecording() override;

    Result<std::unique_ptr<SharedFrameWriter>> importFrames(const SharedFramesOrigin& origin) override;

    std::unique_ptr<PackedWeight> packMatmulAs(DType compute, const void* w, DType dtype, const float* bias, int64_t out,
                                               int64_t in) override;
    std::unique_ptr<PackedWeight> packConv(const void* w, DType dtype, const float* bias, int64_t outChannels, int64_t inChannels, int kt,
                                           int kh, int kw) override;

    void matmul(const MatmulParams& p) override;
    void norm(const NormParams& p) override;
    void rope(const RopeParams& p) override;
    void attention(const AttentionParams& p) override;
    void conv(const ConvParams& p) override;
    void upsample2x(const UpsampleParams& p) override;
    void channelNorm(const ChannelNormParams& p) override;
    void planesToMap(const PlanesParams& p) override;
    void pictures(const PicturesParams& p) override;
    void nv12(const Nv12Params& p) override;
    void activate(Rows x, Rows y, Activation activation) override;
    void multiply(Rows x, Rows y) override;
    void combine(const CombineParams& p) override;
    void noise(const NoiseParams& p) override;
    void patchify(const PatchParams& p) override;
    void unpatchify(const PatchParams& p) override;
    void copy(const CopyParams& p) override;

    const DeviceTraits& device() const { return traits_; }
    cudaStream_t stream() const { return memory_->stream(); }

private:
    void start(std::shared_ptr<DeviceMemory> memory);
    // Makes the device current for this thread and gives what launchers need, with at least so much workspace.
    LaunchContext context(size_t workspaceBytes = 0);
    std::shared_ptr<void> uploadWeight(const void* w, DType from, DType to, int64_t count);
    void packF8(MatmulWeight& weight);
    GemmCall callFor(const MatmulParams& p, const MatmulWeight& weight) const;
    std::optional<GemmCall> inF8(GemmCall call, const MatmulParams& p, const MatmulWeight& weight);
    // Both give false, and nothing has changed, when the library has nothing for the product; `separate` only in 8 bits.
    bool fused(GemmCall call, const MatmulParams& p);
    bool separate(GemmCall call, const MatmulParams& p, const MatmulWeight& weight);
    bool multiplied(const GemmCall& call);
    // Working memory between two kernels of an operation; grows, and recorded passes keep what they were recorded with.
    struct Scratch {
        std::shared_ptr<void> data;
        size_t bytes = 0;
    };
    void* buffer(Scratch& scratch, size_t bytes);
    void* gated(Scratch& scratch, const void* numbers, DType dtype, const MatmulParams& p);

    const CudaBackendOptions options_;
    DType compute_;
    DeviceTraits traits_;
    std::string deviceName_;
    size_t deviceBytes_ = 0;
    std::array<unsigned char, 16> uuid_{};
    std::shared_ptr<DeviceMemory> memory_;
    std::unique_ptr<Staging> staging_;
    std::shared_ptr<HostCopies> copies_;
    cudaEvent_t reached_ = nullptr;  // of other queues that this one waits for
    std::shared_ptr<Gemm> gemm_;
    std::set<std::pair<int64_t, int64_t>> declinedF8_;  // out and in of products that the library has not in 8 bits
    Scratch workspace_, product_, gatedBias_, gatedScale_, f8Rows_, f8Scales_;
};

}  // namespace longtake::cuda
