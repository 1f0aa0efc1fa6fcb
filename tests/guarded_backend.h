// A backend whose memory the host cannot touch, for proving that the engine treats every tensor as device memory: it hands
// out addresses of pages without access, and translates them to the same pages mapped a second time when the CPU backend
// computes. An address that is not the backend's, or a range that leaves its block, throws and names the operation; the
// host following such an address ends in a segmentation fault.
//
// Owner:  the test. Thread: one at a time.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <stdexcept>

#include "kernels/backend.h"

namespace longtake {

class GuardedBackend final : public Backend {
public:
    explicit GuardedBackend(std::unique_ptr<Backend> inner) : inner_(std::move(inner)) {}

    std::string name() const override { return "guarded"; }
    std::string description() const override { return inner_->description(); }
    DType computeType() const override { return inner_->computeType(); }
    int threads() const override { return inner_->threads(); }

    std::shared_ptr<void> allocate(size_t bytes) override {
        const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE)), room = (bytes + page) / page * page;
        const int file = memfd_create("device", 0);
        if (file < 0 || ftruncate(file, static_cast<off_t>(room)) != 0) throw std::bad_alloc();
        void* device =
            mmap(nullptr, room + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);  // one page more: a gap before the next block
        void* real = mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        close(file);
        if (device == MAP_FAILED || real == MAP_FAILED) throw std::bad_alloc();
        blocks_->emplace(static_cast<char*>(device), Block{static_cast<char*>(real), (bytes + 63) / 64 * 64});
        live_ += room;
        return {device, [blocks = blocks_, room, page](void* p) {
                    munmap(blocks->at(static_cast<char*>(p)).real, room);
                    blocks->erase(static_cast<char*>(p));
                    munmap(p, room + page);
                }};
    }
    size_t allocatedBytes() const override { return live_; }
    size_t freeBytes() const override { return inner_->freeBytes(); }
    void upload(void* device, const void* host, size_t bytes) override {
        requireHost(host, "upload");
        inner_->upload(real(device, bytes, "upload"), host, bytes);
    }
    void download(void* host, const void* device, size_t bytes) override {
        requireHost(host, "download");
        inner_->download(host, real(device, bytes, "download"), bytes);
    }
    void copyBytes(void* to, const void* from, size_t bytes) override {
        inner_->copyBytes(real(to, bytes, "copyBytes"), real(from, bytes, "copyBytes"), bytes);
    }
    void synchronize() override { inner_->synchronize(); }

    std::unique_ptr<PackedWeight> packMatmulAs(DType compute, const void* w, DType dtype, const float* bias, int64_t out,
                                               int64_t in) override {
        requireHost(w, "packMatmul");
        requireHost(bias, "packMatmul");
        return inner_->packMatmulAs(compute, w, dtype, bias, out, in);
    }
    std::unique_ptr<PackedWeight> packConv(const void* w, DType dtype, const float* bias, int64_t out, int64_t in, int kt, int kh,
                                           int kw) override {
        requireHost(w, "packConv");
        requireHost(bias, "packConv");
        auto inner = inner_->packConv(w, dtype, bias, out, in, kt, kh, kw);
        return std::make_unique<Conv>(std::move(inner), out, in, kt, kh, kw);
    }

    void matmul(const MatmulParams& p) override {
        MatmulParams q = p;
        q.x = real(p.x, "matmul");
        q.y = real(p.y, "matmul");
        q.gate = real(p.gate, p.x.rows, p.y.cols, "matmul");
        inner_->matmul(q);
    }
    void norm(const NormParams& p) override {
        NormParams q = p;
        q.x = real(p.x, "norm");
        q.y = real(p.y, "norm");
        q.gain = numbers(p.gain, p.x.cols, "norm");
        q.bias = numbers(p.bias, p.x.cols, "norm");
        q.scale = real(p.scale, p.x.rows, p.x.cols, "norm");
        q.shift = real(p.shift, p.x.rows, p.x.cols, "norm");
        inner_->norm(q);
    }
    void rope(const RopeParams& p) override {
        RopeParams q = p;
        q.x = strided(p.x, p.xDtype, p.rows, p.xRowStride, p.heads, p.xHeadStride, 2 * p.pairs, "rope");
        q.y = strided(p.y, p.yDtype, p.rows, p.yRowStride, p.heads, p.yHeadStride, 2 * p.pairs, "rope");
        q.cosines = numbers(p.cosines, p.rows * p.pairs, "rope");
        q.sines = numbers(p.sines, p.rows * p.pairs, "rope");
        inner_->rope(q);
    }
    void attention(const AttentionParams& p) override {
        AttentionParams q = p;
        q.q = strided(p.q, p.dtype, p.queries, p.qRowStride, p.heads, p.qHeadStride, p.qkDim, "attention");
        q.k = strided(p.k, p.dtype, p.keys, p.kRowStride, p.heads, p.kHeadStride, p.qkDim, "attention");
        q.v = strided(p.v, p.dtype, p.keys, p.vRowStride, p.heads, p.vHeadStride, p.vDim, "attention");
        q.out = strided(p.out, p.dtype, p.queries, p.outRowStride, p.heads, p.outHeadStride, p.vDim, "attention");
        q.bias = numbers(p.bias, p.heads * p.queries * p.keys, "attention");
        inner_->attention(q);
    }
    void conv(const ConvParams& p) override {
        const Conv& w = dynamic_cast<const Conv&>(*p.weight);
        const int64_t outFrames = (p.frames - w.kt) / p.strideT + 1, outHeight = (p.height + p.padTop + p.padBottom - w.kh) / p.stride + 1;
        const int64_t outWidth = (p.width + p.padLeft + p.padRight - w.kw) / p.stride + 1;
        const int64_t pixel = p.yPixelStride ? p.yPixelStride : w.out, row = p.yRowStride ? p.yRowStride : outWidth * pixel;
        const int64_t frame = p.yFrameStride ? p.yFrameStride : outHeight * row;
        const int64_t reach = (outFrames - 1) * frame + (outHeight - 1) * row + (outWidth - 1) * pixel + w.out;
        ConvParams q = p;
        q.weight = w.inner.get();
        q.x = real(p.x, static_cast<size_t>(p.frames * p.height * p.width * w.in) * sizeOf(p.dtype), "conv");
        q.y = real(p.y, static_cast<size_t>(reach) * sizeOf(p.dtype), "conv");
        inner_->conv(q);
    }
    void upsample2x(const UpsampleParams& p) override {
        UpsampleParams q = p;
        const size_t bytes = static_cast<size_t>(p.frames * p.height * p.width * p.channels) * sizeOf(p.dtype);
        q.x = real(p.x, bytes, "upsample2x");
        q.y = real(p.y, 4 * bytes, "upsample2x");
        inner_->upsample2x(q);
    }
    void channelNorm(const ChannelNormParams& p) override {
        ChannelNormParams q = p;
        const size_t bytes = static_cast<size_t>(p.pixels * p.channels) * sizeOf(p.dtype);
        q.x = real(p.x, bytes, "channelNorm");
        q.y = real(p.y, bytes, "channelNorm");
        q.gain = numbers(p.gain, p.channels, "channelNorm");
        inner_->channelNorm(q);
    }
    void planesToMap(const PlanesParams& p) override {
        PlanesParams q = p;
        const int64_t count = p.frames * p.channels * p.height * p.width;
        q.x = numbers(p.x, count, "planesToMap");
        q.y = real(p.y, static_cast<size_t>(count) * sizeOf(p.dtype), "planesToMap");
        q.scale = numbers(p.scale, p.channels, "planesToMap");
        q.offset = numbers(p.offset, p.channels, "planesToMap");
        inner_->planesToMap(q);
    }
    void nv12(const Nv12Params& p) override {
        Nv12Params q = p;
        const auto pixels = static_cast<size_t>(p.width * p.height);
        q.x = real(p.x, 3 * pixels * sizeOf(p.dtype), "nv12");
        q.y = static_cast<uint8_t*>(real(p.y, pixels * 3 / 2, "nv12"));
        inner_->nv12(q);
    }
    void pictures(const PicturesParams& p) override {
        PicturesParams q = p;
        q.x = real(p.x, static_cast<size_t>(3 * p.pixels) * sizeOf(p.dtype), "pictures");
        q.y = static_cast<uint8_t*>(real(p.y, static_cast<size_t>(p.bytesPerPixel * p.pixels), "pictures"));
        inner_->pictures(q);
    }
    void activate(Rows x, Rows y, Activation activation) override {
        inner_->activate(real(x, "activate"), real(y, "activate"), activation);
    }
    void multiply(Rows x, Rows y) override { inner_->multiply(real(x, "multiply"), real(y, "multiply")); }
    void combine(const CombineParams& p) override {
        inner_->combine(
            {numbers(p.x, p.count, "combine"), numbers(p.z, p.count, "combine"), numbers(p.y, p.count, "combine"), p.count, p.a, p.b});
    }
    void noise(const NoiseParams& p) override {
        NoiseParams q = p;
        q.y = numbers(p.y, p.count, "noise");
        inner_->noise(q);
    }
    void patchify(const PatchParams& p) override { inner_->patchify(real(p, "patchify")); }
    void unpatchify(const PatchParams& p) override { inner_->unpatchify(real(p, "unpatchify")); }
    void copy(const CopyParams& p) override { inner_->copy({real(p.x, "copy"), real(p.y, "copy")}); }

private:
    struct Block {
        char* real;
        size_t bytes;
    };
    struct Conv final : PackedWeight {
        Conv(std::unique_ptr<PackedWeight> packed, int64_t outChannels, int64_t inChannels, int t, int h, int w)
            : inner(std::move(packed)), out(outChannels), in(inChannels), kt(t), kh(h), kw(w) {}
        size_t bytes() const override { return inner->bytes(); }
        std::unique_ptr<PackedWeight> inner;
        int64_t out, in;
        int kt, kh, kw;
    };

    // The block that an address lies in, or null.
    const std::pair<char* const, Block>* blockOf(const void* address) const {
        const char* p = static_cast<const char*>(address);
        auto after = blocks_->upper_bound(const_cast<char*>(p));
        if (after == blocks_->begin()) return nullptr;
        const auto& block = *std::prev(after);
        return p < block.first + block.second.bytes ? &block : nullptr;
    }
    void requireHost(const void* address, const char* operation) const {
        if (address && blockOf(address))
            throw std::logic_error(std::string("[") + operation + "] got backend memory where it reads host memory");
    }
    void* real(const void* address, size_t bytes, const char* operation) const {
        if (bytes == 0) return const_cast<void*>(address);
        const auto* block = blockOf(address);
        if (!block) throw std::logic_error(std::string("[") + operation + "] got an address that is not the backend's memory");
        const auto offset = static_cast<size_t>(static_cast<const char*>(address) - block->first);
        if (offset + bytes > block->second.bytes)
            throw std::logic_error(std::string("[") + operation + "] reaches beyond its block of memory");
        return block->second.real + offset;
    }
    Rows real(Rows rows, const char* operation) const {
        const int64_t reach = rows.rows ? (rows.rows - 1) * rows.stride + rows.cols : 0;
        rows.data = real(rows.data, static_cast<size_t>(reach) * sizeOf(rows.dtype), operation);
        return rows;
    }
    PerGroup real(PerGroup group, int64_t rows, int64_t cols, const char* operation) const {
        if (group.data) group.data = numbers(group.data, (rows - 1) / group.rowsPerGroup * group.stride + cols, operation);
        return group;
    }
    template <typename Number>
    Number* numbers(Number* data, int64_t count, const char* operation) const {
        return data ? static_cast<Number*>(real(data, static_cast<size_t>(count) * sizeof(Number), operation)) : nullptr;
    }
    void* strided(const void* data, DType dtype, int64_t rows, int64_t rowStride, int64_t heads, int64_t headStride, int64_t width,
                  const char* operation) const {
        return real(data, static_cast<size_t>((rows - 1) * rowStride + (heads - 1) * headStride + width) * sizeOf(dtype), operation);
    }
    PatchParams real(PatchParams p, const char* operation) const {
        p.latents = numbers(p.latents, p.frames * p.channels * p.height * p.width, operation);
        p.tokens = real(p.tokens, operation);
        return p;
    }

    std::unique_ptr<Backend> inner_;
    std::shared_ptr<std::map<char*, Block>> blocks_ = std::make_shared<std::map<char*, Block>>();
    size_t live_ = 0;
};

}  // namespace longtake
