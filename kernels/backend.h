// What computes: about fifteen coarse operations over memory that the backend hands out.
//
// Owner:  the program (one per device in use); engine objects keep a reference, so it must outlive them.
// Thread: one thread at a time. Operations are queued in order and may run asynchronously (CUDA);
//         synchronize() waits. The CPU backend uses its own worker threads inside an operation.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "kernels/params.h"
#include "kernels/result.h"
#include "kernels/shared_frames.h"

namespace longtake {

enum class Precision : uint8_t { Fp32, Bf16 };

class HostCopy;
class RecordedPass;

class Backend {
public:
    virtual ~Backend() = default;

    virtual std::string name() const = 0;         // "cpu", "cuda"
    virtual std::string description() const = 0;  // for people: device, threads, instruction set, library
    // The type of matmul and attention inputs: F32, or BF16 in Precision::Bf16.
    virtual DType computeType() const = 0;
    virtual int threads() const = 0;

    // Memory. allocate() throws std::bad_alloc; host pointers may be anything readable or writable.
    virtual std::shared_ptr<void> allocate(size_t bytes) = 0;
    virtual size_t allocatedBytes() const = 0;  // live now
    virtual size_t freeBytes() const = 0;       // what the device could still give
    virtual void upload(void* device, const void* host, size_t bytes) = 0;
    virtual void download(void* host, const void* device, size_t bytes) = 0;
    virtual void copyBytes(void* to, const void* from, size_t bytes) = 0;  // may not overlap
    virtual void synchronize() = 0;

    // A queue of the same device, for work beside this one's; null where all work is done in order anyway. Each may use the
    // other's memory, in the order that waitFor() makes. Must go before this one.
    virtual std::unique_ptr<Backend> makeQueue() { return nullptr; }
    // What is queued here from now on begins when what `other`, a queue of the same device, holds until now is done.
    virtual void waitFor(const Backend& other);
    // Copies behind what is queued until now and beside what is queued later. `host` must stay until it is finished.
    virtual std::unique_ptr<HostCopy> downloadLater(void* host, const void* device, size_t bytes);
    // What is queued here from now on begins when that copy, of this backend, has read its source.
    virtual void waitFor(const HostCopy& copy);

    // Between these two, operations are recorded and not done. Memory cannot be allocated, uploaded or downloaded meanwhile
    // (std::logic_error). beginRecording() is false where there is no such thing: operations are then done as always.
    virtual bool beginRecording() { return false; }
    virtual std::unique_ptr<RecordedPass> endRecording();  // null when the recording came to nothing

    // Fails where frames have to go through the CPU's memory: the message is the reason alone.
    virtual Result<std::unique_ptr<SharedFrameWriter>> importFrames(const SharedFramesOrigin& origin);

    // Weights are read from host memory of any float type; bias (F32, may be null) is kept with them.
    //   matmul: w [out, in];  conv: w [outChannels, inChannels, kt, kh, kw]
    virtual std::unique_ptr<PackedWeight> packMatmulAs(DType compute, const void* w, DType dtype, const float* bias, int64_t out,
                                                       int64_t in) = 0;
    std::unique_ptr<PackedWeight> packMatmul(const void* w, DType dtype, const float* bias, int64_t out, int64_t in) {
        return packMatmulAs(computeType(), w, dtype, bias, out, in);
    }
    virtual std::unique_ptr<PackedWeight> packConv(const void* w, DType dtype, const float* bias, int64_t outChannels, int64_t inChannels,
                                                   int kt, int kh, int kw) = 0;

    virtual void matmul(const MatmulParams&) = 0;
    virtual void norm(const NormParams&) = 0;
    virtual void rope(const RopeParams&) = 0;
    virtual void attention(const AttentionParams&) = 0;
    virtual void conv(const ConvParams&) = 0;
    virtual void upsample2x(const UpsampleParams&) = 0;
    virtual void channelNorm(const ChannelNormParams&) = 0;
    virtual void planesToMap(const PlanesParams&) = 0;
    virtual void pictures(const PicturesParams&) = 0;
    virtual void nv12(const Nv12Params&) = 0;
    virtual void activate(Rows x, Rows y, Activation) = 0;  // y = act(x), converting; y may be x
    virtual void multiply(Rows x, Rows y) = 0;              // y *= x, elementwise
    virtual void combine(const CombineParams&) = 0;
    virtual void noise(const NoiseParams&) = 0;
    virtual void patchify(const PatchParams&) = 0;    // latents -> tokens
    virtual void unpatchify(const PatchParams&) = 0;  // tokens -> latents
    virtual void copy(const CopyParams&) = 0;
};

// Operations that were queued once, to be queued again as a whole. Addresses, sizes and numbers are those of the recording;
// what lies in memory is read anew. The Backend must outlive it.
class RecordedPass {
public:
    virtual ~RecordedPass() = default;
    virtual void run() = 0;
};

// Numbers on their way to host memory. Dropping one gives it up, and waits if it must.
class HostCopy {
public:
    virtual ~HostCopy() = default;
    virtual bool ready() const = 0;  // finish() would not wait
    virtual void finish() = 0;       // the numbers are there
};

struct CpuOptions {
    int threads = 0;                        // 0: as many as the process may use
    Precision precision = Precision::Bf16;  // falls back to fp32 where the processor has no bf16 dot products
};
std::unique_ptr<Backend> makeCpuBackend(const CpuOptions& options);

inline std::unique_ptr<RecordedPass> Backend::endRecording() { return nullptr; }

// Whether bf16 runs at full speed here (avx512_bf16 or amx_bf16).
bool cpuHasBf16();

}  // namespace longtake
