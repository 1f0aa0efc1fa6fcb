// Runs a kernel's threads on the host: each thread of a block is a fiber that gives way at barriers and at operations of
// its whole warp. Every other block runs its threads from the last to the first, so that a result that hangs on an order
// nobody promised shows.
//
// Owner:  the emulated runtime. Thread: blocks run on the thread that calls runGrid().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

struct uint3 {
    unsigned x = 0, y = 0, z = 0;
};
struct dim3 {
    unsigned x = 1, y = 1, z = 1;
    constexpr dim3(unsigned ofX = 1, unsigned ofY = 1, unsigned ofZ = 1) : x(ofX), y(ofY), z(ofZ) {}
};

// What device code reads; set for each thread before it goes on.
inline thread_local uint3 threadIdx, blockIdx;
inline thread_local dim3 blockDim, gridDim;

namespace longtake::emulation {

constexpr int kLanes = 32;

// Calls `thread` once for each thread of each block. Throws std::logic_error when threads wait for others that have left.
void runGrid(dim3 grid, dim3 block, size_t sharedBytes, const std::function<void()>& thread);

// ---- for device code, inside of runGrid() ----
std::shared_ptr<void>& blockStateHolder();
void* sharedMemory();  // of the block, 1024-byte aligned, poisoned when it starts
int laneIndex();
int threadIndex();  // of the block
void blockBarrier();

// An operation of all lanes that are left in the warp: the last one to come runs it on what each of them brought (null
// for lanes that are not there), then all go on. `what` names it in errors.
using WarpOperation = void (*)(void* const lanes[kLanes]);
void warpOperation(const char* what, void* mine, WarpOperation operation);

// Until `ready` says so; it is asked when no thread of the block can go on without. `what` names it in errors.
void waitUntil(const char* what, std::function<bool()> ready);

// Copies that a thread has under way: they happen when it waits for them, not before.
void copyLater(void* to, const void* from, size_t bytes, size_t validBytes);
void commitCopies();
void waitForCopies(int groupsLeft);

// What a block has beside its memory while it runs, made when it is first asked for and gone with the block.
template <typename State>
State& blockState() {
    std::shared_ptr<void>& held = blockStateHolder();
    if (!held) held = std::make_shared<State>();
    return *static_cast<State*>(held.get());
}

}  // namespace longtake::emulation
