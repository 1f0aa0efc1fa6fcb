// Memory and timelines of another API, as files that both sides map.
#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>

#include "kernels/cuda/emulation/machine.h"

struct EmulatedExternalMemory {
    void* mapped;
    size_t bytes;
};
struct EmulatedSemaphore {
    volatile uint64_t* value;
};

using namespace longtake::emulation;

namespace {

// Takes the descriptor over when it can be mapped.
void* mapped(int fd, size_t bytes) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) return nullptr;
    close(fd);
    return memory;
}

}  // namespace

cudaError_t cudaImportExternalMemory(cudaExternalMemory_t* memory, const cudaExternalMemoryHandleDesc* description) {
    void* at = mapped(description->handle.fd, description->size);
    if (!at) return cudaErrorInvalidValue;
    *memory = new EmulatedExternalMemory{at, description->size};
    return cudaSuccess;
}
cudaError_t cudaExternalMemoryGetMappedBuffer(void** buffer, cudaExternalMemory_t memory, const cudaExternalMemoryBufferDesc* description) {
    if (description->offset + description->size > memory->bytes) return cudaErrorInvalidValue;
    *buffer = static_cast<char*>(memory->mapped) + description->offset;
    return cudaSuccess;
}
cudaError_t cudaDestroyExternalMemory(cudaExternalMemory_t memory) {
    munmap(memory->mapped, memory->bytes);
    delete memory;
    return cudaSuccess;
}
cudaError_t cudaImportExternalSemaphore(cudaExternalSemaphore_t* semaphore, const cudaExternalSemaphoreHandleDesc* description) {
    void* at = mapped(description->handle.fd, sizeof(uint64_t));
    if (!at) return cudaErrorInvalidValue;
    *semaphore = new EmulatedSemaphore{static_cast<volatile uint64_t*>(at)};
    return cudaSuccess;
}
cudaError_t cudaDestroyExternalSemaphore(cudaExternalSemaphore_t semaphore) {
    munmap(const_cast<uint64_t*>(semaphore->value), sizeof(uint64_t));
    delete semaphore;
    return cudaSuccess;
}
cudaError_t cudaWaitExternalSemaphoresAsync(const cudaExternalSemaphore_t* semaphores, const cudaExternalSemaphoreWaitParams* waits,
                                            unsigned, cudaStream_t stream) {
    return enqueue(stream, [semaphore = *semaphores, value = waits->params.fence.value] {
        if (*semaphore->value < value) throw std::logic_error("[emulation] the stream waits for a signal that has not come");
    });
}
cudaError_t cudaSignalExternalSemaphoresAsync(const cudaExternalSemaphore_t* semaphores, const cudaExternalSemaphoreSignalParams* signals,
                                              unsigned, cudaStream_t stream) {
    return enqueue(stream, [semaphore = *semaphores, value = signals->params.fence.value] { *semaphore->value = value; });
}
cudaError_t cudaFree(void*) { return cudaSuccess; }
