#include "app/cli/stop_signal.h"

#include <csignal>

namespace longtake {
namespace {

volatile std::sig_atomic_t stopAsked = 0;

void onSignal(int number) {
    stopAsked = 1;
    std::signal(number, SIG_DFL);
}

}  // namespace

StopSignal::StopSignal() {
    stopAsked = 0;
    std::signal(SIGINT, onSignal);
    std::signal(SIGTERM, onSignal);
}

StopSignal::~StopSignal() {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
}

bool StopSignal::asked() const { return stopAsked != 0; }

}  // namespace longtake
