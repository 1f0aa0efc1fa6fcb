// Worker threads for the CPU backend. Work is cut into tasks whose number and shape never depend on the
// thread count, so every result has the same bits with one thread and with many.
//
// Owner:  CpuBackend.
// Thread: run() from one thread at a time; a task must not call run().
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace longtake::cpu {

class ThreadPool {
public:
    // The calling thread counts as one of them. Throws std::runtime_error where the system has not so many.
    explicit ThreadPool(int threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const { return static_cast<int>(workers_.size()) + 1; }

    // Runs task(0) ... task(tasks - 1), each once, and returns when all are done; a worker that the system keeps from
    // running is not waited for unless it has begun a task. Rethrows the first exception. tasks is below 2^32.
    // Inside a task OpenMP is limited to one thread, so libraries that use it stay sequential.
    void run(int64_t tasks, const std::function<void(int64_t)>& task);

private:
    void stop();
    void work();
    void drain();
    void execute(int64_t index);

    std::vector<std::thread> workers_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable done_;
    // The number of the run in the upper half, its tasks not yet taken in the lower one. A task is taken by exchanging
    // the whole word, so a thread that comes late takes nothing of a run it did not look at; and while a taken task is
    // not finished, its run is not over, and the three members below hold still.
    std::atomic<uint64_t> open_{0};
    std::atomic<int64_t> unfinished_{0};
    int64_t tasks_ = 0;
    const std::function<void(int64_t)>* task_ = nullptr;
    std::exception_ptr failure_;
    bool stopping_ = false;
};

}  // namespace longtake::cpu
