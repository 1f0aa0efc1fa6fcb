#include "kernels/cuda/cuda_backend.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "kernels/cuda/cuda_error.h"
#include "kernels/cuda/frame_writer.h"
#include "kernels/numbers.h"

namespace longtake::cuda {

namespace {

// What the library recommends on Hopper; smaller devices do with the same.
constexpr size_t kProductWorkspace = 32 << 20;

DeviceTraits traitsOf(int device, std::string& name, size_t& bytes, std::array<unsigned char, 16>& uuid) {
    cudaDeviceProp properties = {};
    check(cudaGetDeviceProperties(&properties, device), "cuda");
    name = properties.name;
    bytes = properties.totalGlobalMem;
    std::memcpy(uuid.data(), &properties.uuid, uuid.size());
    return {.architecture = properties.major * 10 + properties.minor,
            .multiprocessors = properties.multiProcessorCount,
            .sharedBytesPerBlock = properties.sharedMemPerBlockOptin};
}

void require(bool condition, const char* what) {
    if (!condition) throw std::invalid_argument(std::string("[matmul] ") + what);
}

}  // namespace

CudaBackend::CudaBackend(const CudaBackendOptions& options)
    : options_(options), compute_(options.precision == Precision::Bf16 ? DType::BF16 : DType::F32) {
    check(cudaSetDevice(options.device), "cuda");
    traits_ = traitsOf(options.device, deviceName_, deviceBytes_, uuid_);
    traits_.warpgroupAttention = options.warpgroupAttention && traits_.architecture == 90;
    traits_.f8Attention = options.f8Products && traits_.warpgroupAttention;
    if (traits_.architecture < 80) compute_ = DType::F32;  // no bf16 products before
    start(DeviceMemory::create(options.device));
    gemm_ = makeGemm({.device = deviceName_, .cacheFolder = options.cacheFolder, .timed = options.tunedProducts});
}

CudaBackend::CudaBackend(Beside, const CudaBackend& other)
    : options_(other.options_), compute_(other.compute_), traits_(other.traits_), deviceName_(other.deviceName_),
      deviceBytes_(other.deviceBytes_), uuid_(other.uuid_), gemm_(other.gemm_) {
    check(cudaSetDevice(options_.device), "cuda");
    start(other.memory_->onAnotherStream());
}

void CudaBackend::start(std::shared_ptr<DeviceMemory> memory) {
    memory_ = std::move(memory);
    staging_ = std::make_unique<Staging>(memory_->stream());
    copies_ = HostCopies::create();
    check(cudaEventCreateWithFlags(&reached_, cudaEventDisableTiming), "cuda");
    (void)context(kProductWorkspace);  // taken at once, so that what is free afterwards is for takes
}

CudaBackend::~CudaBackend() {
    (void)cudaSetDevice(options_.device);
    if (reached_) (void)cudaEventDestroy(reached_);
}

std::string CudaBackend::description() const {
    return deviceName_ + ", " + std::to_string(deviceBytes_ >> 30) + " GiB, compute capability " +
           std::to_string(traits_.architecture / 10) + "." + std::to_string(traits_.architecture % 10) +
           (compute_ == DType::BF16 ? (options_.f8Products && traits_.architecture >= 89 ? ", bf16 and e4m3, " : ", bf16, ") : ", fp32, ") +
           gemm_->library();
}

LaunchContext CudaBackend::context(size_t workspaceBytes) {
    check(cudaSetDevice(options_.device), "cuda");
    LaunchContext context{.stream = stream(), .device = traits_};
    if (workspaceBytes) {
        context.workspace = buffer(workspace_, workspaceBytes);
        context.workspaceBytes = workspace_.bytes;
    }
    return context;
}

void* CudaBackend::buffer(Scratch& scratch, size_t bytes) {
    if (scratch.bytes < bytes) {
        scratch = {};  // before the larger one is taken
        scratch = {memory_->allocate(bytes), bytes};
    }
    return scratch.data.get();
}

std::shared_ptr<void> CudaBackend::allocate(size_t bytes) {
    check(cudaSetDevice(options_.device), "memory");
    return memory_->allocate(bytes);
}

size_t CudaBackend::freeBytes() const {
    check(cudaSetDevice(options_.device), "memory");
    return memory_->freeBytes();
}

void CudaBackend::upload(void* device, const void* host, size_t bytes) {
    check(cudaSetDevice(options_.device), "copy");
    if (memory_->recording()) throw std::logic_error("[copy] host memory cannot be read while a pass is recorded");
    staging_->upload(device, host, bytes);
}

void CudaBackend::download(void* host, const void* device, size_t bytes) {
    check(cudaSetDevice(options_.device), "copy");
    if (memory_->recording()) throw std::logic_error("[copy] host memory cannot be written while a pass is recorded");
    staging_->download(host, device, bytes);
}

void CudaBackend::copyBytes(void* to, const void* from, size_t bytes) {
    check(cudaSetDevice(options_.device), "copy");
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream()), "copy");
}

void CudaBackend::synchronize() {
    check(cudaSetDevice(options_.device), "synchronize");
    check(cudaStreamSynchronize(stream()), "synchronize");
}

void CudaBackend::waitFor(const Backend& other) {
    check(cudaSetDevice(options_.device), "queue");
    check(cudaEventRecord(reached_, dynamic_cast<const CudaBackend&>(other).stream()), "queue");
    check(cudaStreamWaitEvent(stream(), reached_, 0), "queue");
}

std::unique_ptr<HostCopy> CudaBackend::downloadLater(void* host, const void* device, size_t bytes) {
    check(cudaSetDevice(options_.device), "copy");
    return copies_->start(host, device, bytes, stream());
}

void CudaBackend::waitFor(const HostCopy& copy) { HostCopies::holdBack(stream(), copy); }

namespace {

class GraphPass final : public RecordedPass {
public:
    GraphPass(cudaGraphExec_t graph, std::shared_ptr<DeviceMemory> memory, std::vector<std::shared_ptr<void>> scratch)
        : graph_(graph), memory_(std::move(memory)), scratch_(std::move(scratch)) {}
    ~GraphPass() override { (void)cudaGraphExecDestroy(graph_); }
    void run() override { check(cudaGraphLaunch(graph_, memory_->stream()), "graph"); }

private:
    cudaGraphExec_t graph_;
    std::shared_ptr<DeviceMemory> memory_;        // of the stream
    std::vector<std::shared_ptr<void>> scratch_;  // whose addresses the graph holds
};

}  // namespace

bool CudaBackend::beginRecording() {
    if (!options_.recordsPasses || memory_->recording()) return false;
    check(cudaSetDevice(options_.device), "graph");
    check(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal), "graph");
    memory_->setRecording(true);
    return true;
}

std::unique_ptr<RecordedPass> CudaBackend::endRecording() {
    if (!memory_->recording()) return nullptr;
    cudaGraph_t graph = nullptr;
    const cudaError_t ended = cudaStreamEndCapture(stream(), &graph);
    memory_->setRecording(false);
    cudaGraphExec_t ready = nullptr;
    const cudaError_t made = ended == cudaSuccess && graph ? cudaGraphInstantiate(&ready, graph, 0) : ended;
    if (graph) (void)cudaGraphDestroy(graph);
    if (made != cudaSuccess || !ready) {
        (void)cudaGetLastError();  // the pass is then done without a recording
        return nullptr;
    }
    return std::make_unique<GraphPass>(
        ready, memory_, std::vector{workspace_.data, product_.data, gatedBias_.data, gatedScale_.data, f8Rows_.data, f8Scales_.data});
}

Result<std::unique_ptr<SharedFrameWriter>> CudaBackend::importFrames(const SharedFramesOrigin& origin) {
    return makeFrameWriter(origin, uuid_, context());
}

// Converts on the way into the staging memory, so that a mapped file is read once and no second copy of it exists.
std::shared_ptr<void> CudaBackend::uploadWeight(const void* w, DType from, DType to, int64_t count) {
    check(cudaSetDevice(options_.device), "weight");
    const size_t size = sizeOf(to);
    std::shared_ptr<void> data = memory_->allocate(static_cast<size_t>(count) * size);
    if (from == to) {
        staging_->upload(data.get(), w, static_cast<size_t>(count) * size);
        return data;
    }
    staging_->upload(data.get(), static_cast<size_t>(count) * size, [&](void* out, size_t offset, size_t bytes) {
        const auto first = static_cast<int64_t>(offset / size), numbers = static_cast<int64_t>(bytes / size);
        for (int64_t i = 0; i < numbers; ++i) {
            const float value = numberAt(w, from, first + i);
            if (to == DType::BF16) static_cast<uint16_t*>(out)[i] = bf16FromFloat(value);
            else static_cast<float*>(out)[i] = value;
        }
    });
    return data;
}

std::unique_ptr<PackedWeight> CudaBackend::packMatmulAs(DType compute, const void* w, DType dtype, const float* bias, int64_t out,
                                                        int64_t in) {
    if (compute == DType::BF16 && traits_.architecture < 80) throw std::invalid_argument("[matmul] this device has no bf16 products");
    auto weight = std::make_unique<MatmulWeight>();
    weight->compute = compute;
    weight->out = out;
    weight->in = in;
    weight->data = uploadWeight(w, dtype, compute, out * in);
    if (bias) weight->bias = uploadWeight(bias, DType::F32, DType::F32, out);
    if (bias && compute == DType::BF16) weight->biasBf16 = uploadWeight(bias, DType::F32, DType::BF16, out);
    if (options_.f8Products && compute == DType::BF16 && traits_.architecture >= 89 && out % 16 == 0 && in % 16 == 0) packF8(*weight);
    return weight;
}

// Each output's weights by a scale of their own, from those in bf16.
void CudaBackend::packF8(MatmulWeight& weight) {
    weight.f8 = allocate(static_cast<size_t>(weight.out * weight.in));
    weight.f8Scale = allocate(static_cast<size_t>(weight.out) * sizeof(float));
    launchQuantize({weight.data.get(), DType::BF16, weight.out, weight.in, weight.in}, static_cast<uint8_t*>(weight.f8.get()),
                   static_cast<float*>(weight.f8Scale.get()), context());
}

// The product of e4m3 numbers in place of one in bf16; none where there are no such weights, and few rows gain nothing.
std::optional<GemmCall> CudaBackend::inF8(GemmCall call, const MatmulParams& p, const MatmulWeight& weight) {
    constexpr int64_t kFewestRows = 16;
    if (!weight.f8 || p.x.rows < kFewestRows || declinedF8_.contains({weight.out, weight.in})) return std::nullopt;
    auto* rows = static_cast<uint8_t*>(buffer(f8Rows_, static_cast<size_t>(p.x.rows * weight.in)));
    auto* scales = static_cast<float*>(buffer(f8Scales_, static_cast<size_t>(p.x.rows) * sizeof(float)));
    launchQuantize(p.x, rows, scales, context());
    call.x = rows;
    call.xStride = weight.in;
    call.w = weight.f8.get();
    call.inType = DType::F8E4M3;
    call.xScale = scales;
    call.wScale = static_cast<const float*>(weight.f8Scale.get());
    call.bias = weight.biasBf16.get();
    call.biasType = DType::BF16;
    return call;
}

std::unique_ptr<PackedWeight> CudaBackend::packConv(const void* w, DType dtype, const float* bias, int64_t outChannels, int64_t inChannels,
                                                    int kt, int kh, int kw) {
    auto packed = std::make_unique<PackedConv>();
    ConvWeight& weight = packed->weight;
    weight = {.dtype = compute_, .outChannels = outChannels, .inChannels = inChannels, .kt = kt, .kh = kh, .kw = kw};
    std::vector<float> values(static_cast<size_t>(outChannels * inChannels * kt * kh * kw));
    for (size_t i = 0; i < values.size(); ++i) values[i] = numberAt(w, dtype, static_cast<int64_t>(i));
    const size_t bytes = options_.plainKernels ? values.size() * sizeof(float) : convWeightBytes(weight);
    std::vector<unsigned char> host(bytes);
    if (options_.plainKernels) std::memcpy(host.data(), values.data(), bytes);
    else packConvWeight(values.data(), weight, host.data());
    packed->data = allocate(bytes);
    upload(packed->data.get(), host.data(), bytes);
    if (bias) packed->bias = uploadWeight(bias, DType::F32, DType::F32, outChannels);
    weight.data = packed->data.get();
    weight.bias = static_cast<const float*>(packed->bias.get());
    return packed;
}

GemmCall CudaBackend::callFor(const MatmulParams& p, const MatmulWeight& weight) const {
    return {.x = p.x.data,
            .w = weight.data.get(),
            .y = p.y.data,
            .rows = p.x.rows,
            .out = weight.out,
            .in = weight.in,
            .xStride = p.x.stride,
            .yStride = p.y.stride,
            .inType = weight.compute,
            .outType = p.y.dtype,
            .bias = p.y.dtype == DType::BF16 ? weight.biasBf16.get() : weight.bias.get(),
            .biasType = p.y.dtype};
}

// A copy of one row of numbers, each times its gate.
void* CudaBackend::gated(Scratch& scratch, const void* numbers, DType dtype, const MatmulParams& p) {
    const int64_t count = p.y.cols;
    const size_t bytes = static_cast<size_t>(count) * sizeOf(dtype);
    void* out = buffer(scratch, bytes);
    copyBytes(out, numbers, bytes);
    launchMultiply({const_cast<float*>(p.gate.data), DType::F32, 1, count, count}, {out, dtype, 1, count, count}, context());
    return out;
}

// The whole operation in the library's own epilogue, where it has one.
bool CudaBackend::fused(GemmCall call, const MatmulParams& p) {
    if (p.activation == Activation::Silu) return false;
    call.activation = p.activation;
    call.add = p.accumulate;
    if (p.gate.data) {
        // One gate for all rows is a factor of each column; the bias is not multiplied by it, so it comes multiplied. In 8 bits
        // columns have factors anyway.
        if (p.gate.rowsPerGroup < p.x.rows) return false;
        if (call.wScale) call.wScale = static_cast<const float*>(gated(gatedScale_, call.wScale, DType::F32, p));
        else call.alpha = p.gate.data;
        if (call.bias) call.bias = gated(gatedBias_, call.bias, call.biasType, p);
    }
    return multiplied(call);
}

// The product, and the rest by our own kernel.
bool CudaBackend::separate(GemmCall call, const MatmulParams& p, const MatmulWeight& weight) {
    float* out = static_cast<float*>(buffer(product_, static_cast<size_t>(call.rows * call.out) * sizeof(float)));
    call.y = out;
    call.yStride = call.out;
    call.outType = DType::F32;
    call.bias = nullptr;
    if (!multiplied(call)) {
        if (call.wScale) return false;
        launchPlainProduct(call.x, call.xStride, call.w, call.inType, out, call.rows, call.out, call.in, context());
    }
    launchEpilogue(p, out, static_cast<const float*>(weight.bias.get()), context());
    return true;
}

bool CudaBackend::multiplied(const GemmCall& call) {
    const LaunchContext where = context(kProductWorkspace);
    return gemm_->run(call, {where.stream, where.workspace, where.workspaceBytes});
}

void CudaBackend::matmul(const MatmulParams& p) {
    const auto& weight = dynamic_cast<const MatmulWeight&>(*p.weight);
    require(p.x.cols == weight.in && p.y.cols == weight.out && p.x.rows == p.y.rows, "shapes do not match the weight");
    require(p.x.dtype == weight.compute, "x must have the type of the packed weight");
    require(!p.accumulate || (p.y.dtype == DType::F32 && p.activation == Activation::None), "accumulates into F32 and without activation");
    require(p.accumulate || !p.gate.data, "a gate needs accumulation");
    if (p.x.rows == 0) return;
    const GemmCall usual = callFor(p, weight);
    if (const auto eight = inF8(usual, p, weight)) {
        if (fused(*eight, p) || separate(*eight, p, weight)) return;
        declinedF8_.insert({weight.out, weight.in});
    }
    if (!fused(usual, p)) separate(usual, p, weight);
}

void CudaBackend::attention(const AttentionParams& p) {
    if (options_.plainKernels) launchPlainAttention(p, context());
    else launchAttention(p, context(attentionWorkspaceBytes(p, traits_)));
}

void CudaBackend::conv(const ConvParams& p) {
    const ConvWeight& weight = dynamic_cast<const PackedConv&>(*p.weight).weight;
    if (options_.plainKernels) launchPlainConv(p, weight, context());
    else launchConv(p, weight, context(convWorkspaceBytes(p, weight, traits_)));
}

void CudaBackend::norm(const NormParams& p) { launchNorm(p, context()); }
void CudaBackend::rope(const RopeParams& p) { launchRope(p, context()); }
void CudaBackend::upsample2x(const UpsampleParams& p) { launchUpsample2x(p, context()); }
void CudaBackend::channelNorm(const ChannelNormParams& p) { launchChannelNorm(p, context()); }
void CudaBackend::planesToMap(const PlanesParams& p) { launchPlanesToMap(p, context()); }
void CudaBackend::pictures(const PicturesParams& p) { launchPictures(p, context()); }
void CudaBackend::nv12(const Nv12Params& p) { launchNv12(p, context()); }
void CudaBackend::activate(Rows x, Rows y, Activation activation) { launchActivate(x, y, activation, context()); }
void CudaBackend::multiply(Rows x, Rows y) { launchMultiply(x, y, context()); }
void CudaBackend::combine(const CombineParams& p) { launchCombine(p, context()); }
void CudaBackend::noise(const NoiseParams& p) { launchNoise(p, context()); }
void CudaBackend::patchify(const PatchParams& p) { launchPatchify(p, context()); }
void CudaBackend::unpatchify(const PatchParams& p) { launchUnpatchify(p, context()); }
void CudaBackend::copy(const CopyParams& p) { launchActivate(p.x, p.y, Activation::None, context()); }

}  // namespace longtake::cuda
