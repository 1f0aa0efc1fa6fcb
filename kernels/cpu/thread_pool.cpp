#include "kernels/cpu/thread_pool.h"

#include <omp.h>

#include <stdexcept>
#include <string>
#include <system_error>

#include "kernels/thread_signals.h"

namespace longtake::cpu {

namespace {

// The gap between two operations of a forward pass is some microseconds; a sleeping thread needs longer to wake.
constexpr int kSpins = 4000;

constexpr uint64_t kOneRun = uint64_t{1} << 32;
constexpr uint64_t tasksLeft(uint64_t open) { return open % kOneRun; }

void pauseCpu() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}
}  // namespace

ThreadPool::ThreadPool(int threads) {
    try {
        for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
        const size_t begun = workers_.size() + 1;
        stop();
        throw std::runtime_error("the system gives this program " + std::to_string(begun) + " threads, not " + std::to_string(threads) +
                                 "; choose fewer");
    }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(int64_t tasks, const std::function<void(int64_t)>& task) {
    if (tasks <= 0) return;
    const int outerThreads = omp_get_max_threads();
    omp_set_num_threads(1);
    if (tasks == 1 || workers_.empty()) {
        try {
            for (int64_t i = 0; i < tasks; ++i) task(i);
        } catch (...) {
            omp_set_num_threads(outerThreads);
            throw;
        }
        omp_set_num_threads(outerThreads);
        return;
    }
    {
        std::lock_guard lock(mutex_);
        tasks_ = tasks;
        task_ = &task;
        failure_ = nullptr;
        unfinished_.store(tasks);
        const uint64_t run = open_.load() / kOneRun + 1;
        open_.store(run * kOneRun + static_cast<uint64_t>(tasks));
    }
    wake_.notify_all();
    drain();
    for (int spin = 0; spin < kSpins && unfinished_.load() > 0; ++spin) pauseCpu();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return unfinished_.load() == 0; });
    omp_set_num_threads(outerThreads);
    if (failure_) std::rethrow_exception(failure_);
}

void ThreadPool::drain() {
    uint64_t open = open_.load();
    while (tasksLeft(open) > 0) {
        if (!open_.compare_exchange_weak(open, open - 1)) continue;
        execute(tasks_ - static_cast<int64_t>(tasksLeft(open)));
        open = open_.load();
    }
}

void ThreadPool::execute(int64_t index) {
    try {
        (*task_)(index);
    } catch (...) {
        std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
    }
    if (unfinished_.fetch_sub(1) > 1) return;
    std::lock_guard lock(mutex_);  // run() may be between its look at unfinished_ and its sleep
    done_.notify_one();
}

void ThreadPool::work() {
    letNoSignalIn();
    omp_set_num_threads(1);
    for (;;) {
        for (int spin = 0; spin < kSpins && tasksLeft(open_.load()) == 0; ++spin) pauseCpu();
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || tasksLeft(open_.load()) > 0; });
            if (stopping_) return;
        }
        drain();
    }
}

}  // namespace longtake::cpu
