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

}  // namespace

StopSignal::StopSignal() {
    stopAsked = 0;
    onTerminal = ::isatty(STDERR_FILENO);
    for (const int number : kSignals) {
        // nohup has said that a terminal that closes is no reason to stop.
        if (std::signal(number, onSignal) == SIG_IGN) std::signal(number, SIG_IGN);
    }
}

StopSignal::~StopSignal() {
    for (const int number : kSignals) {
        if (std::signal(number, SIG_DFL) == SIG_IGN) std::signal(number, SIG_IGN);
    }
}

bool StopSignal::asked() const { return stopAsked != 0; }

}  // namespace longtake
