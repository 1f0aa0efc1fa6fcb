// Turns the jittered times at which a display loop wakes into evenly spaced refresh times.
//
// Owner:  CanvasWindow.
// Thread: GUI thread only. Pure logic; all times are seconds of any monotonic clock.
#pragma once

namespace longtake {

class DisplayClock {
public:
    explicit DisplayClock(double refreshHz = 60) { setRefreshRate(refreshHz); }

    void setRefreshRate(double hz);
    double period() const { return period_; }

    // The refresh that a wake-up at `now` belongs to. Phase and rate follow the observed times slowly, so a late
    // wake-up does not move the frames after it; after a gap the clock starts anew.
    double tick(double now);

private:
    double period_ = 1.0 / 60;
    double nominal_ = 1.0 / 60;
    double last_ = 0;
    bool running_ = false;
};

}  // namespace longtake
