// Which frame is on screen when: frames come in bursts of a chunk, and leave evenly.
//
// Owner:  CanvasPlayback.
// Thread: GUI thread only. Pure logic over stamps; `now` is seconds of any monotonic clock.
//
// The take's own time runs at rate 1 while playing. It never runs past what has arrived: then the last frame is held,
// and the next one to come is shown at once with the frames after it evenly behind it (so a take keeps the delay that
// its latest frame needed, and no more). If chunks take longer to make than to show, the rate goes down so that the
// motion stays continuous instead of running and stopping. What was made can also be run through faster, or backwards.
//
//     on arrival:  pacer.submit(stamp, now);
//     on refresh:  if (auto frame = pacer.advance(refreshTime)) show(*frame);
//     or by timer: wake at pacer.nextChange();
#pragma once

#include <deque>
#include <optional>

#include "engine/video/frame_view.h"
#include "ui/canvas/frame_stamp.h"

namespace longtake {

struct PacerOptions {
    double frameSeconds = 1.0 / 16;  // of one frame; the last one before a gap is shown this long
    double aheadSeconds = 1.6;       // more than this waiting, and wantsFrames() says no: two chunks of 12 fit
    double slowestRate = 0.25;       // 1: never slow down, hold instead
    double marginSeconds = 0.1;      // what should be left when the next chunk comes, while slowed down
};

class FramePacer {
public:
    explicit FramePacer(PacerOptions options = {}) : options_(options) {}

    // Any order; a frame that is known already is not added again.
    void submit(FrameStamp stamp, double now);
    // A new take: forgets everything but whether it plays.
    void clear();
    void setFrameSeconds(double seconds) { options_.frameSeconds = seconds; }

    // The frame to show from `now` on, if it is another than before.
    std::optional<FrameStamp> advance(double now);
    // When advance() will have another frame, or will notice that there is none, if nothing else happens until then;
    // none while paused or starved.
    std::optional<double> nextChange() const;

    void setPlaying(bool playing, double now);
    bool isPlaying() const { return playing_; }
    // Of the take's time, 1 unless set: below 0 it plays backwards to the first frame, above 1 fast until it is as near to
    // the newest one as plays without a hold, and goes on at 1. Pausing sets it back to 1.
    void setSpeed(double speed, double now);
    double speed() const { return speed_; }
    bool isAtStart() const { return frames_.empty() || position_ <= frames_.front().stamp.seconds; }
    // The frame at that time is next to be shown, playing or not; beyond the ends, the nearest one.
    void seek(double seconds, double now);
    void step(int frames, double now);
    // As close to the newest frame as it can play without a hold.
    void goLive(double now);

    // A take that will not grow: reaching its end is no underrun.
    void setEnded(bool ended) { ended_ = ended; }

    std::optional<FrameStamp> current() const { return current_; }
    double position() const { return position_; }  // in the take
    double rate() const { return rate_; }
    bool isStarved() const { return starved_; }
    int underruns() const { return underruns_; }
    size_t frames() const { return frames_.size(); }
    // Generated and not shown yet, and from the playhead to the newest: the same except after seeking back.
    double aheadSeconds() const;
    double behindSeconds() const;
    // Whether the producer should go on; scrubbing back does not count as waiting frames.
    bool wantsFrames() const { return aheadSeconds() < options_.aheadSeconds; }
    // From the arrival of the current frame to its first showing; 0 for one that was shown before.
    double latencySeconds() const { return latencySeconds_; }

private:
    struct Entry {
        FrameStamp stamp;
        double arrived = 0;
        bool shown = false;
    };

    double endOf(const Entry& entry) const { return entry.stamp.seconds + options_.frameSeconds; }
    void runClock(double now);
    void noteArrival(double now);
    void adaptRate(double averageGap, double supplied);
    size_t entryAt(double position) const;  // the last that is due; 0 before the first
    void moveTo(double position, double now);
    double livePosition(double now) const;
    double velocity() const { return speed_ == 1 ? rate_ : speed_; }

    PacerOptions options_;
    std::deque<Entry> frames_;  // by seconds
    std::optional<FrameStamp> current_;
    bool playing_ = true;
    bool ended_ = false;
    double clock_ = 0;     // the last `now`
    double position_ = 0;  // the take's time at clock_
    double furthest_ = 0;  // end of what has been shown
    double rate_ = 1;      // at speed 1
    double speed_ = 1;
    bool starved_ = false;
    int underruns_ = 0;
    double latencySeconds_ = 0;

    // Supply: bursts are told apart by the silence between them.
    double lastArrival_ = 0;
    double burstStart_ = 0;
    double burstEnd_ = 0;       // the take's length when the running burst began
    bool burstCounts_ = false;  // nobody held the producer back since then
    double gapSeconds_ = 0;     // mean time between bursts; 0: not known
    double suppliedSeconds_ = 0;
};

}  // namespace longtake
