// The thread pool of the CPU kernels: every task once, whoever takes it, and nothing left over for the next run.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QTest>

#include <atomic>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

#include "kernels/cpu/thread_pool.h"

using longtake::cpu::ThreadPool;

class ThreadPoolTest : public QObject {
    Q_OBJECT
private slots:
    void everyTaskRunsOnce();
    void aFailureIsThrownAndThePoolGoesOn();
    void aBusyWorkerIsNotWaitedForByOthersTasks();
    void moreThreadsThanThereAreIsAnError();
    void workersLetNoSignalIn();
};

void ThreadPoolTest::workersLetNoSignalIn() {
    ThreadPool pool(2);
    const std::thread::id mine = std::this_thread::get_id();
    std::atomic<int> asked = 0, open = 0;
    for (int round = 0; asked == 0 && round < 1000; ++round)
        pool.run(8, [&](int64_t) {
            std::this_thread::sleep_for(std::chrono::microseconds(200));
            if (std::this_thread::get_id() == mine) return;
            sigset_t blocked;
            pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
            for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGCHLD}) open += !sigismember(&blocked, number);
            open += sigismember(&blocked, SIGSEGV);
            ++asked;
        });
    QVERIFY(asked > 0);
    QCOMPARE(open.load(), 0);
}

void ThreadPoolTest::everyTaskRunsOnce() {
    for (const int threads : {1, 2, 5}) {
        ThreadPool pool(threads);
        QCOMPARE(pool.threads(), threads);
        // More threads than cores, and runs so short that workers keep coming late.
        for (int round = 0; round < 5000; ++round) {
            const int64_t tasks = round % 9;
            std::vector<std::atomic<int>> runs(static_cast<size_t>(tasks));
            pool.run(tasks, [&](int64_t i) { runs[static_cast<size_t>(i)].fetch_add(1); });
            for (const std::atomic<int>& count : runs) QCOMPARE(count.load(), 1);
        }
    }
}

void ThreadPoolTest::aFailureIsThrownAndThePoolGoesOn() {
    ThreadPool pool(3);
    for (int round = 0; round < 100; ++round) {
        std::atomic<int> ran{0};
        QVERIFY_EXCEPTION_THROWN(pool.run(7,
                                          [&](int64_t i) {
                                              ran.fetch_add(1);
                                              if (i == 3) throw std::runtime_error("three");
                                          }),
                                 std::runtime_error);
        QCOMPARE(ran.load(), 7);
    }
    std::atomic<int> ran{0};
    pool.run(7, [&](int64_t) { ran.fetch_add(1); });
    QCOMPARE(ran.load(), 7);
}

// One worker holds its task until the caller has finished all the others.
void ThreadPoolTest::aBusyWorkerIsNotWaitedForByOthersTasks() {
    ThreadPool pool(2);
    constexpr int kTasks = 50;
    std::atomic<int> finished{0};
    const std::thread::id caller = std::this_thread::get_id();
    pool.run(kTasks, [&](int64_t) {
        if (std::this_thread::get_id() != caller)
            while (finished.load() < kTasks - 1) std::this_thread::yield();
        finished.fetch_add(1);
    });
    QCOMPARE(finished.load(), kTasks);
}

// In a process that has address space for some threads, not for a thousand.
void ThreadPoolTest::moreThreadsThanThereAreIsAnError() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    QSKIP("a sanitizer needs more address space than this test leaves");
#endif
    const pid_t child = ::fork();
    if (child == 0) {
        const rlimit limit{size_t{2} << 30, size_t{2} << 30};
        ::setrlimit(RLIMIT_AS, &limit);
        try {
            const ThreadPool pool(1000);
            ::_exit(1);
        } catch (const std::runtime_error& error) {
            ::_exit(std::string(error.what()).find("threads, not 1000; choose fewer") == std::string::npos ? 2 : 0);
        }
    }
    int status = -1;
    QCOMPARE(::waitpid(child, &status, 0), child);
    QVERIFY2(WIFEXITED(status), "the process crashed");
    QCOMPARE(WEXITSTATUS(status), 0);
}

QTEST_GUILESS_MAIN(ThreadPoolTest)
#include "test_thread_pool.moc"
