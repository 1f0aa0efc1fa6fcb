#include "kernels/cpu/thread_pool.h"

#include <omp.h>

namespace longtake::cpu {

namespace {
// The gap between two operations of a forward pass is some microseconds; a sleeping thread needs longer to wake.
constexpr int kSpins = 4000;

void pauseCpu() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}
}  // namespace

ThreadPool::ThreadPool(int threads) {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
        generation_.fetch_add(1);
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
        next_.store(0);
        working_.store(static_cast<int>(workers_.size()));
        generation_.fetch_add(1);
    }
    wake_.notify_all();
    drain();
    for (int spin = 0; spin < kSpins && working_.load() > 0; ++spin) pauseCpu();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return working_.load() == 0; });
    task_ = nullptr;
    omp_set_num_threads(outerThreads);
    if (failure_) std::rethrow_exception(failure_);
}

void ThreadPool::drain() {
    for (;;) {
        const int64_t index = next_.fetch_add(1);
        if (index >= tasks_) return;
        try {
            (*task_)(index);
        } catch (...) {
            std::lock_guard lock(mutex_);
            if (!failure_) failure_ = std::current_exception();
        }
    }
}

void ThreadPool::work() {
    omp_set_num_threads(1);
    uint64_t seen = 0;
    for (;;) {
        for (int spin = 0; spin < kSpins && generation_.load() == seen; ++spin) pauseCpu();
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [&] { return generation_.load() != seen; });
            seen = generation_.load();
            if (stopping_) return;
        }
        drain();
        std::lock_guard lock(mutex_);
        if (working_.fetch_sub(1) == 1) done_.notify_one();
    }
}

}  // namespace longtake::cpu
