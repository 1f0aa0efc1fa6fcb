#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/cuda/emulation/machine.h"

using Work = std::function<void()>;

struct EmulatedGraph {
    std::vector<Work> steps;
};
struct EmulatedEvent {
    cudaStream_t stream = nullptr;
    uint64_t place = 0;  // how much of the stream must be done
};
struct EmulatedStream {
    std::deque<Work> queue;
    uint64_t queued = 0, done = 0;
    bool running = false;
    std::unique_ptr<EmulatedGraph> recording;
};
struct EmulatedPool {
    std::map<void*, size_t> blocks;
    uint64_t used = 0;
};

namespace longtake::emulation {

namespace {

constexpr size_t kMostThreads = 1024, kMostShared = 227 << 10, kPlainShared = 48 << 10;
constexpr unsigned char kPoison = 0xff;

struct Counts {
    size_t live = 0;
    int64_t launches = 0, allocations = 0, graphLaunches = 0;
    cudaError_t last = cudaSuccess;
    std::map<void*, std::pair<EmulatedPool*, size_t>> blocks;
    struct Failure {
        cudaError_t with;
        int after;
    };
    std::map<std::string, Failure> failures;
};

Counts& counts() {
    static Counts all;
    return all;
}

cudaError_t said(cudaError_t status) {
    if (status != cudaSuccess) counts().last = status;
    return status;
}

// Whether this call is one that shall fail.
cudaError_t planned(const char* call) {
    auto& failures = counts().failures;
    const auto found = failures.find(call);
    if (found == failures.end() || found->second.after-- > 0) return cudaSuccess;
    const cudaError_t with = found->second.with;
    failures.erase(found);
    return said(with);
}

void runUntil(cudaStream_t stream, uint64_t place) {
    if (stream->running && stream->done < place) throw std::logic_error("[emulation] streams wait for each other");
    while (stream->done < place && !stream->queue.empty()) {
        Work work = std::move(stream->queue.front());
        stream->queue.pop_front();
        stream->running = true;
        struct Done {
            cudaStream_t stream;
            ~Done() {  // also of work that throws
                stream->running = false;
                ++stream->done;
            }
        } done{stream};
        work();
    }
}

}  // namespace

Machine& machine() {
    static Machine one;
    return one;
}
void failOnce(const std::string& call, cudaError_t with, int after) { counts().failures[call] = {with, after}; }
size_t liveDeviceBytes() { return counts().live; }
int64_t launches() { return counts().launches; }
int64_t allocations() { return counts().allocations; }
int64_t graphLaunches() { return counts().graphLaunches; }

cudaError_t enqueue(cudaStream_t stream, Work work) {
    if (stream->recording) {
        stream->recording->steps.push_back(std::move(work));
        return cudaSuccess;
    }
    stream->queue.push_back(std::move(work));
    ++stream->queued;
    return cudaSuccess;
}

cudaError_t enqueueKernel(cudaStream_t stream, dim3 grid, dim3 block, size_t sharedBytes, Work thread) {
    if (const cudaError_t failure = planned("launch"); failure != cudaSuccess) return failure;
    const size_t threads = size_t{block.x} * block.y * block.z;
    const bool fits = threads >= 1 && threads <= kMostThreads && grid.x >= 1 && grid.y >= 1 && grid.z >= 1 && grid.x < (1u << 31) &&
                      grid.y < 65536 && grid.z < 65536 && sharedBytes <= kMostShared;
    if (!fits) return said(cudaErrorInvalidConfiguration);
    return enqueue(stream, [=, thread = std::move(thread)] {
        ++counts().launches;
        runGrid(grid, block, sharedBytes, thread);
    });
}

}  // namespace longtake::emulation

using namespace longtake::emulation;

const char* cudaGetErrorString(cudaError_t status) {
    switch (status) {
        case cudaSuccess: return "no error";
        case cudaErrorMemoryAllocation: return "out of memory";
        case cudaErrorInvalidConfiguration: return "invalid configuration argument";
        case cudaErrorLaunchFailure: return "unspecified launch failure";
        default: return "an emulated failure";
    }
}
cudaError_t cudaGetLastError() { return std::exchange(counts().last, cudaSuccess); }
cudaError_t cudaGetDeviceCount(int* count) {
    *count = machine().devices;
    return said(machine().startUp != cudaSuccess ? machine().startUp : machine().devices > 0 ? cudaSuccess : cudaErrorNoDevice);
}
cudaError_t cudaDriverGetVersion(int* version) {
    *version = machine().driver;
    return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) { return device < machine().devices ? cudaSuccess : said(cudaErrorInvalidValue); }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
    *properties = {};
    std::strcpy(properties->name, "Emulated GPU");
    properties->totalGlobalMem = machine().deviceBytes;
    properties->major = machine().architecture / 10;
    properties->minor = machine().architecture % 10;
    properties->multiProcessorCount = 4;
    properties->sharedMemPerBlockOptin = 227 << 10;
    return planned("cudaGetDeviceProperties");
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes*, const void*) {
    return machine().hasKernels ? cudaSuccess : said(cudaErrorInvalidValue);
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps*) {
    *pool = new EmulatedPool;
    return planned("cudaMemPoolCreate");
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) { return cudaSuccess; }
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr, void* value) {
    std::memcpy(value, &pool->used, sizeof pool->used);
    return cudaSuccess;
}
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, size_t) { return cudaSuccess; }
cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
    delete pool;
    return cudaSuccess;
}
cudaError_t cudaMallocFromPoolAsync(void** block, size_t bytes, cudaMemPool_t pool, cudaStream_t stream) {
    if (const cudaError_t failure = planned("cudaMallocFromPoolAsync"); failure != cudaSuccess) return failure;
    if (stream->recording) return said(cudaErrorStreamCaptureUnsupported);
    if (counts().live + bytes > machine().deviceBytes) return said(cudaErrorMemoryAllocation);
    *block = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    std::memset(*block, kPoison, bytes);
    counts().live += bytes;
    ++counts().allocations;
    pool->used += bytes;
    counts().blocks[*block] = {pool, bytes};
    return cudaSuccess;
}
cudaError_t cudaFreeAsync(void* block, cudaStream_t stream) {
    const auto found = counts().blocks.find(block);
    if (found == counts().blocks.end()) return said(cudaErrorInvalidValue);
    found->second.first->used -= found->second.second;
    counts().live -= found->second.second;
    const size_t bytes = found->second.second;
    counts().blocks.erase(found);
    return enqueue(stream, [block, bytes] {
        std::memset(block, kPoison, bytes);
        std::free(block);
    });
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
    *total = machine().deviceBytes;
    *free = machine().saidFreeBytes ? machine().saidFreeBytes : machine().deviceBytes - std::min(machine().deviceBytes, counts().live);
    return cudaSuccess;
}
cudaError_t cudaMallocHost(void** block, size_t bytes) {
    if (const cudaError_t failure = planned("cudaMallocHost"); failure != cudaSuccess) return failure;
    *block = std::malloc(bytes);
    return cudaSuccess;
}
cudaError_t cudaFreeHost(void* block) {
    std::free(block);
    return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
    if (const cudaError_t failure = planned("cudaMemcpyAsync"); failure != cudaSuccess) return failure;
    return enqueue(stream, [=] { std::memcpy(to, from, bytes); });
}
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
    return enqueue(stream, [=] { std::memset(to, value, bytes); });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    *stream = new EmulatedStream;
    return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    runUntil(stream, stream->queued);
    delete stream;
    return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    if (stream->recording) return said(cudaErrorStreamCaptureUnsupported);
    runUntil(stream, stream->queued);
    return planned("cudaStreamSynchronize");
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    if (!event->stream) return cudaSuccess;
    const EmulatedEvent asked = *event;
    return enqueue(stream, [asked] { runUntil(asked.stream, asked.place); });
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
    *status = stream->recording ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
    return cudaSuccess;
}
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
    if (const cudaError_t failure = planned("cudaStreamBeginCapture"); failure != cudaSuccess) return failure;
    stream->recording = std::make_unique<EmulatedGraph>();
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    *graph = stream->recording.release();
    return planned("cudaStreamEndCapture");
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* ready, cudaGraph_t graph, unsigned long long) {
    *ready = new EmulatedGraph(*graph);
    return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
    ++counts().graphLaunches;
    return enqueue(stream, [steps = graph->steps] {
        for (const Work& step : steps) step();
    });
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete graph;
    return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) { return cudaGraphDestroy(graph); }
cudaError_t cudaEventCreate(cudaEvent_t* event) {
    *event = new EmulatedEvent;
    return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) { return cudaEventCreate(event); }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
    delete event;
    return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    if (stream->recording) return said(cudaErrorStreamCaptureUnsupported);
    *event = {stream, stream->queued};
    return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    if (event->stream) runUntil(event->stream, event->place);
    return planned("cudaEventSynchronize");
}
// "Not ready" is an answer, and yet the last error until somebody asks for that.
cudaError_t cudaEventQuery(cudaEvent_t event) {
    return said(!event->stream || event->stream->done >= event->place ? cudaSuccess : cudaErrorNotReady);
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t) {
    *milliseconds = 0.0f;
    return cudaSuccess;
}
