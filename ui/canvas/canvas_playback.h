// The take as the canvas plays it: the pictures in memory, the pacer, and the timer that wakes for the next frame.
//
// Owner:  CanvasWidget.
// Thread: GUI thread only.
#pragma once

#include <QObject>
#include <QTimer>
#include <deque>
#include <map>
#include <optional>

#include "ui/canvas/frame_history.h"
#include "ui/canvas/frame_pacer.h"

namespace longtake {

struct PlaybackFigures {
    double displayFps = 0;      // frames that reached the screen, over the last two seconds
    double latencySeconds = 0;  // from a frame's arrival to the screen
    double behindSeconds = 0;   // from the playhead to the newest frame
    double rate = 1;            // below 1 while chunks take longer to make than to show
    int underruns = 0;
    bool isStarved = false;
};

// A picture that lies in a slot of memory shared with another API; see shared_source.h.
struct SharedPicture {
    int slot = 0;
    uint64_t readyValue = 0;
};

class CanvasPlayback final : public QObject {
    Q_OBJECT

public:
    explicit CanvasPlayback(QObject* parent = nullptr);

    // Seconds of the clock that all of this runs on.
    static double now();

    void submit(const FrameView& frame, FrameStamp stamp);
    // Replaces what was in that slot before.
    void submitShared(SharedPicture picture, FrameStamp stamp);
    void dropShared();  // the memory is gone: nothing is given back
    void clear();
    void setFrameSeconds(double seconds) { pacer_.setFrameSeconds(seconds); }
    void setEnded(bool ended) { pacer_.setEnded(ended); }
    void setHistoryBytes(size_t bytes) { history_.setMaxBytes(bytes); }

    void setPlaying(bool playing);
    bool isPlaying() const { return pacer_.isPlaying(); }
    void setSpeed(double speed);  // as FramePacer's
    double speed() const { return pacer_.speed(); }
    void seek(double seconds);
    void step(int frames);
    void goLive();
    bool wantsFrames() const { return pacer_.wantsFrames(); }
    PlaybackFigures figures() const;

    // The picture to draw; none before the first. Borrowed until the next submit() or clear(). The serial changes with
    // every other picture.
    FrameView picture();
    std::optional<SharedPicture> sharedPicture() const;  // instead of one in memory
    uint64_t serial() const { return serial_; }
    FrameStamp stamp() const { return drawn_; }

    // A surface that is woken by the screen calls tick() for every refresh and switches the timer off.
    void setFollowsRefresh(bool follows);
    bool followsRefresh() const { return followsRefresh_; }
    void tick(double refreshTime);
    // By the surface, after the current picture has been handed to the screen.
    void notePresented();

signals:
    void changed();  // another picture is due
    void frameShown(qint64 index, double seconds);
    void frameNeeded(qint64 index);  // sought, but no longer in memory: submit it again
    void wantsFramesChanged(bool wants);
    void speedChanged();       // by itself: the newest frames are reached, or the first one, where it pauses
    void slotFreed(int slot);  // its picture has had its turn

private:
    void note(FrameStamp stamp);
    void freeSlotsBefore(int64_t index);
    bool holds(int64_t index) const { return history_.holds(index) || shared_.contains(index); }
    void wake();
    void schedule();
    void choose(FrameStamp stamp);
    void noteWants();

    FramePacer pacer_;
    FrameHistory history_;
    std::map<int64_t, SharedPicture> shared_;  // by index; as many as there are slots
    QTimer timer_;
    FrameStamp drawn_;
    int64_t missing_ = -1;  // shown as soon as it arrives
    uint64_t serial_ = 0;
    bool presented_ = true;
    bool followsRefresh_ = false;
    bool wanted_ = true;
    std::deque<double> shownAt_;
};

}  // namespace longtake
