// The CPU backend: oneDNN for products and convolutions, our own loops for the rest.
#include <omp.h>
#include <sched.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <stdexcept>
#include <string>

#include "kernels/backend.h"
#include "kernels/cpu/channel_norm.h"
#include "kernels/cpu/conv.h"
#include "kernels/cpu/hot_loops.h"
#include "kernels/cpu/matmul.h"
#include "kernels/cpu/onednn.h"
#include "kernels/cpu/picture_maps.h"
#include "kernels/cpu/thread_pool.h"
#include "kernels/cpu/upsample.h"
#include "kernels/philox.h"

namespace longtake {

namespace {

constexpr int64_t kRowsPerTask = 32;
constexpr int64_t kFloatsPerTask = 1 << 15;

int usableThreads() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

bool isBf16(DType dtype) { return dtype == DType::BF16; }

const char* rowAt(const Rows& rows, int64_t r) {
    return static_cast<const char*>(rows.data) + static_cast<size_t>(r * rows.stride) * sizeOf(rows.dtype);
}

char* rowAt(Rows& rows, int64_t r) { return static_cast<char*>(rows.data) + static_cast<size_t>(r * rows.stride) * sizeOf(rows.dtype); }

const float* groupAt(const PerGroup& group, int64_t row) {
    return group.data ? group.data + row / group.rowsPerGroup * group.stride : nullptr;
}

class CpuBackend final : public Backend {
public:
    explicit CpuBackend(const CpuOptions& options)
        : pool_(options.threads > 0 ? options.threads : usableThreads()),
          compute_(options.precision == Precision::Bf16 && cpuHasBf16() ? DType::BF16 : DType::F32) {}

    std::string name() const override { return "cpu"; }
    std::string description() const override;
    DType computeType() const override { return compute_; }
    int threads() const override { return pool_.threads(); }

    std::shared_ptr<void> allocate(size_t bytes) override;
    size_t allocatedBytes() const override { return counter_->load(); }
    size_t freeBytes() const override;
    void upload(void* device, const void* host, size_t bytes) override { std::memcpy(device, host, bytes); }
    void download(void* host, const void* device, size_t bytes) override { std::memcpy(host, device, bytes); }
    void copyBytes(void* to, const void* from, size_t bytes) override { std::memcpy(to, from, bytes); }
    void synchronize() override {}

    std::unique_ptr<PackedWeight> packMatmulAs(DType compute, const void* w, DType dtype, const float* bias, int64_t out,
                                               int64_t in) override {
        return cpu::packMatmul(w, dtype, bias, out, in, compute, pool_);
    }
    std::unique_ptr<PackedWeight> packConv(const void* w, DType dtype, const float* bias, int64_t outChannels, int64_t inChannels, int kt,
                                           int kh, int kw) override {
        return cpu::packConv(w, dtype, bias, outChannels, inChannels, kt, kh, kw, compute_, pool_);
    }

    void matmul(const MatmulParams& p) override { cpu::matmul(p, pool_); }
    void norm(const NormParams& p) override;
    void rope(const RopeParams& p) override;
    void attention(const AttentionParams& p) override;
    void conv(const ConvParams& p) override { cpu::conv(p, pool_); }
    void upsample2x(const UpsampleParams& p) override { cpu::upsample2x(p, pool_); }
    void channelNorm(const ChannelNormParams& p) override { cpu::channelNorm(p, pool_); }
    void planesToMap(const PlanesParams& p) override { cpu::planesToMap(p, pool_); }
    void pictures(const PicturesParams& p) override { cpu::pictures(p, pool_); }
    void nv12(const Nv12Params& p) override { cpu::nv12(p, pool_); }
    void activate(Rows x, Rows y, Activation activation) override;
    void multiply(Rows x, Rows y) override;
    void combine(const CombineParams& p) override;
    void noise(const NoiseParams& p) override;
    void patchify(const PatchParams& p) override;
    void unpatchify(const PatchParams& p) override;
    void copy(const CopyParams& p) override { activate(p.x, p.y, Activation::None); }

private:
    template <typename Body>
    void forRows(int64_t rows, Body body) {
        pool_.run((rows + kRowsPerTask - 1) / kRowsPerTask, [&](int64_t task) {
            const int64_t end = std::min(rows, (task + 1) * kRowsPerTask);
            for (int64_t r = task * kRowsPerTask; r < end; ++r) body(r);
        });
    }

    cpu::ThreadPool pool_;
    DType compute_;
    std::shared_ptr<std::atomic<size_t>> counter_ = std::make_shared<std::atomic<size_t>>(0);
};

std::string CpuBackend::description() const {
    const dnnl_version_t* version = dnnl_version();
    return "CPU, " + std::to_string(threads()) + (threads() == 1 ? " thread, " : " threads, ") + cpu::hotLoops().name +
           (compute_ == DType::BF16 ? " bf16" : " fp32") + ", oneDNN " + std::to_string(version->major) + "." +
           std::to_string(version->minor) + "." + std::to_string(version->patch);
}

std::shared_ptr<void> CpuBackend::allocate(size_t bytes) {
    const size_t rounded = (bytes + 64) / 64 * 64;
    void* memory = std::aligned_alloc(64, rounded);
    if (!memory) throw std::bad_alloc();
    counter_->fetch_add(rounded);
    return {memory, [counter = counter_, rounded](void* p) {
                std::free(p);
                counter->fetch_sub(rounded);
            }};
}

size_t CpuBackend::freeBytes() const {
    std::ifstream info("/proc/meminfo");
    std::string key, unit;
    size_t kilobytes = 0;
    while (info >> key >> kilobytes) {
        std::getline(info, unit);
        if (key == "MemAvailable:") return kilobytes * 1024;
    }
    return 0;
}

void CpuBackend::norm(const NormParams& p) {
    Rows y = p.y;
    forRows(p.x.rows, [&](int64_t r) {
        cpu::hotLoops().normRow(rowAt(p.x, r), isBf16(p.x.dtype), rowAt(y, r), isBf16(y.dtype), p.x.cols, p.kind == NormKind::Rms, p.eps,
                                p.gain, p.bias, groupAt(p.scale, r), groupAt(p.shift, r));
    });
}

void CpuBackend::rope(const RopeParams& p) {
    forRows(p.rows, [&](int64_t r) {
        for (int64_t h = 0; h < p.heads; ++h) {
            const char* x = static_cast<const char*>(p.x) + static_cast<size_t>(r * p.xRowStride + h * p.xHeadStride) * sizeOf(p.xDtype);
            char* y = static_cast<char*>(p.y) + static_cast<size_t>(r * p.yRowStride + h * p.yHeadStride) * sizeOf(p.yDtype);
            cpu::hotLoops().ropeRow(x, isBf16(p.xDtype), y, isBf16(p.yDtype), p.pairs, p.cosines + r * p.pairs, p.sines + r * p.pairs);
        }
    });
}

void CpuBackend::attention(const AttentionParams& p) {
    if (p.keys <= 0) throw std::invalid_argument("[attention] needs at least one key");
    const int64_t blocks = (p.queries + cpu::kQueryBlock - 1) / cpu::kQueryBlock;
    const size_t scratchBytes = static_cast<size_t>(cpu::attentionScratchFloats(p.qkDim, p.vDim)) * sizeof(float);
    const size_t size = sizeOf(p.dtype);
    pool_.run(p.heads * blocks, [&](int64_t task) {
        const int64_t head = task / blocks, first = task % blocks * cpu::kQueryBlock;
        auto at = [size](const void* base, int64_t offset) { return static_cast<const char*>(base) + static_cast<size_t>(offset) * size; };
        cpu::AttentionBlock block;
        block.bf16 = isBf16(p.dtype);
        block.q = at(p.q, head * p.qHeadStride + first * p.qRowStride);
        block.k = at(p.k, head * p.kHeadStride);
        block.v = at(p.v, head * p.vHeadStride);
        block.out = const_cast<char*>(at(p.out, head * p.outHeadStride + first * p.outRowStride));
        block.bias = p.bias ? p.bias + (head * p.queries + first) * p.keys : nullptr;
        block.qStride = p.qRowStride;
        block.kStride = p.kRowStride;
        block.vStride = p.vRowStride;
        block.outStride = p.outRowStride;
        block.biasStride = p.keys;
        block.queries = std::min(cpu::kQueryBlock, p.queries - first);
        block.keys = p.keys;
        block.qkDim = p.qkDim;
        block.vDim = p.vDim;
        block.scale = p.scale;
        block.lastKeyBias = p.lastKeyBias;
        block.scratch = static_cast<float*>(cpu::threadScratch(cpu::Scratch::Attention, scratchBytes));
        cpu::hotLoops().attention(block);
    });
}

void CpuBackend::activate(Rows x, Rows y, Activation activation) {
    forRows(x.rows, [&](int64_t r) {
        cpu::hotLoops().activateRow(rowAt(x, r), isBf16(x.dtype), rowAt(y, r), isBf16(y.dtype), x.cols, static_cast<int>(activation));
    });
}

void CpuBackend::multiply(Rows x, Rows y) {
    forRows(x.rows, [&](int64_t r) { cpu::hotLoops().multiplyRow(rowAt(x, r), isBf16(x.dtype), rowAt(y, r), isBf16(y.dtype), x.cols); });
}

void CpuBackend::combine(const CombineParams& p) {
    pool_.run((p.count + kFloatsPerTask - 1) / kFloatsPerTask, [&](int64_t task) {
        const int64_t first = task * kFloatsPerTask, count = std::min(kFloatsPerTask, p.count - first);
        cpu::hotLoops().combine(p.x + first, p.z ? p.z + first : nullptr, p.y + first, count, p.a, p.b);
    });
}

void CpuBackend::noise(const NoiseParams& p) {
    pool_.run((p.count + kFloatsPerTask - 1) / kFloatsPerTask, [&](int64_t task) {
        const int64_t first = task * kFloatsPerTask, end = std::min(p.count, first + kFloatsPerTask);
        for (int64_t i = first; i < end; i += 4) {
            float block[4];
            normalBlock(p.seed, p.chunk, p.step, static_cast<uint64_t>(i / 4), block);
            for (int64_t l = 0; l < 4 && i + l < end; ++l) p.y[i + l] = block[l];
        }
    });
}

// Calls visit(latent index, token row, value index) for every number; channelFastest as in the output order.
template <typename Visit>
void forPatches(const PatchParams& p, int64_t frame, bool channelFastest, Visit visit) {
    const int64_t gridH = p.height / p.patchH, gridW = p.width / p.patchW, area = p.patchH * p.patchW;
    for (int64_t c = 0; c < p.channels; ++c)
        for (int64_t y = 0; y < p.height; ++y)
            for (int64_t x = 0; x < p.width; ++x) {
                const int64_t row = (frame * gridH + y / p.patchH) * gridW + x / p.patchW;
                const int64_t inside = y % p.patchH * p.patchW + x % p.patchW;
                visit(((frame * p.channels + c) * p.height + y) * p.width + x, row,
                      channelFastest ? inside * p.channels + c : c * area + inside);
            }
}

void CpuBackend::patchify(const PatchParams& p) {
    const int64_t stride = p.tokens.stride;
    pool_.run(p.frames, [&](int64_t frame) {
        forPatches(p, frame, false, [&](int64_t latent, int64_t row, int64_t value) {
            if (isBf16(p.tokens.dtype)) static_cast<uint16_t*>(p.tokens.data)[row * stride + value] = bf16FromFloat(p.latents[latent]);
            else static_cast<float*>(p.tokens.data)[row * stride + value] = p.latents[latent];
        });
    });
}

void CpuBackend::unpatchify(const PatchParams& p) {
    if (p.tokens.dtype != DType::F32) throw std::invalid_argument("[unpatchify] tokens must be F32");
    pool_.run(p.frames, [&](int64_t frame) {
        forPatches(p, frame, true, [&](int64_t latent, int64_t row, int64_t value) {
            p.latents[latent] = static_cast<const float*>(p.tokens.data)[row * p.tokens.stride + value];
        });
    });
}

}  // namespace

bool cpuHasBf16() {
#if defined(__x86_64__)
    return cpu::includes(cpu::instructionSet(), dnnl_cpu_isa_avx512_core_bf16);
#else
    return false;
#endif
}

std::unique_ptr<Backend> makeCpuBackend(const CpuOptions& options) { return std::make_unique<CpuBackend>(options); }

}  // namespace longtake
