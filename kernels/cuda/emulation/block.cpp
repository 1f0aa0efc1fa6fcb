#include "kernels/cuda/emulation/block.h"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/cuda/emulation/fiber.h"

namespace longtake::emulation {

namespace {

constexpr unsigned char kPoison = 0xff;  // a NaN in every float type

enum class State { Ready, AtBarrier, InWarp, Waiting, Done };

struct PendingCopy {
    void* to;
    const void* from;
    size_t bytes, validBytes;
};

struct EmulatedThread {
    Fiber fiber;
    State state = State::Done;
    uint3 index;
    std::vector<PendingCopy> open;
    std::deque<std::vector<PendingCopy>> groups;
    const char* awaited = nullptr;
    std::function<bool()> ready;  // while it waits
};

struct Warp {
    void* brought[kLanes] = {};
    int present = 0;  // lanes that have not left
    int arrived = 0;
    const char* what = nullptr;
};

struct Block {
    const std::function<void()>* body = nullptr;
    std::vector<std::unique_ptr<EmulatedThread>> threads;
    std::vector<Warp> warps;
    std::vector<unsigned char> shared;
    size_t current = 0, live = 0;
    std::exception_ptr failure;
    std::shared_ptr<void> extra;

    EmulatedThread& now() { return *threads[current]; }
    Warp& warp() { return warps[current / kLanes]; }
    void giveWay(State state) {
        EmulatedThread& thread = now();
        thread.state = state;
        thread.fiber.leave();
    }
};

thread_local Block* running = nullptr;

void finish(const std::vector<PendingCopy>& copies) {
    for (const PendingCopy& copy : copies) {
        std::memcpy(copy.to, copy.from, copy.validBytes);
        std::memset(static_cast<char*>(copy.to) + copy.validBytes, 0, copy.bytes - copy.validBytes);
    }
}

void threadMain() {
    Block& block = *running;
    try {
        (*block.body)();
    } catch (...) {
        if (!block.failure) block.failure = std::current_exception();
    }
    EmulatedThread& thread = block.now();
    thread.open.clear();
    thread.groups.clear();
    --block.warp().present;
    --block.live;
    thread.state = State::Done;
}

// Runs the threads of one warp until none of them can go on.
void runWarp(Block& block, size_t warp, bool backwards) {
    const size_t first = warp * kLanes, count = std::min<size_t>(kLanes, block.threads.size() - first);
    for (bool moved = true; moved && !block.failure;) {
        moved = false;
        for (size_t i = 0; i < count && !block.failure; ++i) {
            block.current = first + (backwards ? count - 1 - i : i);
            EmulatedThread& thread = block.now();
            if (thread.state != State::Ready) continue;
            threadIdx = thread.index;
            thread.fiber.resume();
            moved = true;
        }
    }
}

void runBlock(Block& block, bool backwards) {
    for (size_t i = 0; i < block.threads.size(); ++i) {
        block.threads[i]->state = State::Ready;
        block.threads[i]->fiber.start(threadMain);
    }
    block.live = block.threads.size();
    for (size_t w = 0; w < block.warps.size(); ++w)
        block.warps[w] = {.present = static_cast<int>(std::min<size_t>(kLanes, block.threads.size() - w * kLanes))};
    std::memset(block.shared.data(), kPoison, block.shared.size());
    block.extra.reset();

    while (block.live > 0 && !block.failure) {
        for (size_t w = 0; w < block.warps.size(); ++w) runWarp(block, backwards ? block.warps.size() - 1 - w : w, backwards);
        if (block.live == 0 || block.failure) break;
        bool woken = false;
        for (size_t i = 0; i < block.threads.size(); ++i) {
            EmulatedThread& thread = *block.threads[i];
            if (thread.state != State::Waiting || !thread.ready()) continue;
            thread.state = State::Ready;
            woken = true;
        }
        if (woken) continue;
        size_t waiting = 0;
        for (const auto& thread : block.threads) waiting += thread->state == State::AtBarrier;
        if (waiting != block.threads.size()) {
            std::string what = "a barrier";
            for (const auto& thread : block.threads)
                if (thread->state == State::Waiting) what = thread->awaited;
            for (const Warp& warp : block.warps)
                if (warp.arrived > 0) what = warp.what;
            throw std::logic_error("[emulation] " + what + " is waited for by threads whose others have left or wait elsewhere");
        }
        for (const auto& thread : block.threads) thread->state = State::Ready;
    }
    if (block.failure) std::rethrow_exception(block.failure);
}

}  // namespace

void runGrid(dim3 grid, dim3 size, size_t sharedBytes, const std::function<void()>& body) {
    // Kept between grids: fibers own their stacks.
    thread_local std::vector<std::unique_ptr<EmulatedThread>> pool;
    Block block;
    block.body = &body;
    const size_t count = size_t{size.x} * size.y * size.z;
    while (pool.size() < count) pool.push_back(std::make_unique<EmulatedThread>());
    for (size_t i = 0; i < count; ++i) {
        pool[i]->index = {static_cast<unsigned>(i % size.x), static_cast<unsigned>(i / size.x % size.y),
                          static_cast<unsigned>(i / size.x / size.y)};
        block.threads.push_back(std::move(pool[i]));
    }
    block.warps.resize((count + kLanes - 1) / kLanes);
    block.shared.resize(sharedBytes + 1024);
    Block* const outer = running;
    running = &block;
    blockDim = size;
    gridDim = grid;
    struct Restore {
        Block& block;
        Block* outer;
        ~Restore() {
            for (size_t i = 0; i < block.threads.size(); ++i) pool[i] = std::move(block.threads[i]);
            running = outer;
        }
    } restore{block, outer};

    const uint64_t blocks = uint64_t{grid.x} * grid.y * grid.z;
    for (uint64_t i = 0; i < blocks; ++i) {
        blockIdx = {static_cast<unsigned>(i % grid.x), static_cast<unsigned>(i / grid.x % grid.y),
                    static_cast<unsigned>(i / grid.x / grid.y)};
        runBlock(block, i % 2 == 1);
    }
}

void* sharedMemory() {
    const auto address = reinterpret_cast<uintptr_t>(running->shared.data());
    return running->shared.data() + (1024 - address % 1024) % 1024;
}

std::shared_ptr<void>& blockStateHolder() { return running->extra; }

int threadIndex() { return static_cast<int>(running->current); }
int laneIndex() { return static_cast<int>(running->current % kLanes); }

void blockBarrier() { running->giveWay(State::AtBarrier); }

void warpOperation(const char* what, void* mine, WarpOperation operation) {
    Block& block = *running;
    Warp& warp = block.warp();
    if (warp.arrived > 0 && std::strcmp(warp.what, what) != 0)
        throw std::logic_error(std::string("[emulation] lanes of a warp meet in ") + warp.what + " and in " + what);
    warp.what = what;
    warp.brought[laneIndex()] = mine;
    if (++warp.arrived < warp.present) return block.giveWay(State::InWarp);
    operation(warp.brought);
    warp.arrived = 0;
    const size_t first = block.current / kLanes * kLanes;
    for (size_t lane = 0; lane < kLanes; ++lane) {
        warp.brought[lane] = nullptr;
        if (first + lane < block.threads.size() && block.threads[first + lane]->state == State::InWarp)
            block.threads[first + lane]->state = State::Ready;
    }
}

void waitUntil(const char* what, std::function<bool()> ready) {
    EmulatedThread& thread = running->now();
    thread.awaited = what;
    thread.ready = std::move(ready);
    running->giveWay(State::Waiting);
}

void copyLater(void* to, const void* from, size_t bytes, size_t validBytes) {
    if (reinterpret_cast<uintptr_t>(to) % bytes != 0 || (validBytes && reinterpret_cast<uintptr_t>(from) % bytes != 0))
        throw std::logic_error("[emulation] a copy into shared memory is not aligned");
    running->now().open.push_back({to, from, bytes, validBytes});
}

void commitCopies() {
    EmulatedThread& thread = running->now();
    thread.groups.push_back(std::move(thread.open));
    thread.open.clear();
}

void waitForCopies(int groupsLeft) {
    EmulatedThread& thread = running->now();
    while (thread.groups.size() > static_cast<size_t>(groupsLeft)) {
        finish(thread.groups.front());
        thread.groups.pop_front();
    }
}

}  // namespace longtake::emulation
