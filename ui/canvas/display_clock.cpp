#include "ui/canvas/display_clock.h"

#include <algorithm>
#include <cmath>

namespace longtake {
namespace {

// A second-order loop: these gains settle within about a second at 60 Hz and let 4 ms of jitter through as 0.2 ms.
constexpr double kPhaseGain = 0.05;
constexpr double kRateGain = 0.001;
constexpr double kGapSeconds = 0.25;

}  // namespace

void DisplayClock::setRefreshRate(double hz) {
    nominal_ = 1.0 / std::clamp(hz, 20.0, 500.0);
    period_ = nominal_;
    running_ = false;
}

double DisplayClock::tick(double now) {
    if (!running_ || now - last_ > kGapSeconds || now < last_ - kGapSeconds) {
        running_ = true;
        period_ = nominal_;
        return last_ = now;
    }
    double refreshes = std::round((now - last_) / period_);
    double expected = last_ + refreshes * period_;
    double error = now - expected;
    if (refreshes < 1) return expected;  // a second wake-up within one refresh says nothing new
    period_ = std::clamp(period_ + kRateGain * error / refreshes, nominal_ * 0.98, nominal_ * 1.02);
    return last_ = expected + kPhaseGain * error;
}

}  // namespace longtake
