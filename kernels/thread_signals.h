// Keeps signals away from threads that compute on the processor.
//
// oneDNN's generated code does not leave the stack as a signal handler would want it (2.6 on AVX2): a handler that runs on it
// corrupts the heap. Threads that compute let none in, and a thread that has to takes them on a stack of its own (sigaltstack).
//
// Thread: the calling one.
#pragma once

#include <pthread.h>

#include <csignal>

namespace longtake {

// Those that a fault raises stay, and what profilers use.
inline void letNoSignalIn() {
    sigset_t others;
    sigfillset(&others);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGPROF}) sigdelset(&others, fault);
    (void)pthread_sigmask(SIG_BLOCK, &others, nullptr);
}

}  // namespace longtake
