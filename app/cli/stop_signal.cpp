#include "app/cli/stop_signal.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <string_view>

namespace longtake {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};

volatile std::sig_atomic_t stopAsked = 0;
volatile std::sig_atomic_t onTerminal = 0;  // where a progress line stands

// A pass of a large model can take a minute, and silence would look like a program that does not listen.
void onSignal(int number) {
    constexpr std::string_view kHeard = "\nlongtake-cli: stopping after this pass; once more stops at once\n";
    const size_t begin = onTerminal != 0 ? 0 : 1;
    if (stopAsked == 0) (void)!::write(STDERR_FILENO, kHeard.data() + begin, kHeard.size() - begin);
    stopAsked = 1;
    std::signal(number, SIG_DFL);
}

// This thread computes beside the workers, and has to hear them all the same: see kernels/thread_signals.h.
void useOwnStack() {
    static std::array<char, 256 << 10> memory;  // what registers take is hundreds of bytes or, with AMX, some 11 KB
    const stack_t stack{.ss_sp = memory.data(), .ss_flags = 0, .ss_size = memory.size()};
    (void)::sigaltstack(&stack, nullptr);
}

}  // namespace

StopSignal::StopSignal() {
    stopAsked = 0;
    onTerminal = ::isatty(STDERR_FILENO);
    useOwnStack();
    struct sigaction listen {};
    listen.sa_handler = onSignal;
    listen.sa_flags = SA_ONSTACK | SA_RESTART;
    for (const int number : kSignals) {
        struct sigaction before {};
        (void)::sigaction(number, &listen, &before);
        // nohup has said that a terminal that closes is no reason to stop.
        if (before.sa_handler == SIG_IGN) std::signal(number, SIG_IGN);
    }
}

StopSignal::~StopSignal() {
    for (const int number : kSignals) {
        if (std::signal(number, SIG_DFL) == SIG_IGN) std::signal(number, SIG_IGN);
    }
}

bool StopSignal::asked() const { return stopAsked != 0; }

}  // namespace longtake
