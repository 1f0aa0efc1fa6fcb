// How the frames of a take come to the screen: in memory that the canvas and the GPU share, or through the CPU's memory,
// and then why. Frames come through the CPU's memory in any case; what is shared is drawn instead.
//
// Owner:  TakeController. Session, bridge and canvas must outlive it.
// Thread: GUI thread.
#pragma once

#include <QObject>

#include "app/session/session_listener.h"
#include "engine/rollout/frame_ring.h"
#include "ui/canvas/frame_stamp.h"

namespace longtake {

class CanvasWidget;
class Session;
class SessionBridge;

class SharedPreview final : public QObject {
    Q_OBJECT

public:
    SharedPreview(Session& session, SessionBridge& bridge, CanvasWidget& canvas, QObject* parent = nullptr);

    // Offers the canvas's memory to that take.
    void begin(const TakeStarted& started);
    // The frame's picture is in the canvas's memory, unless that memory is no more.
    void show(const SharedPlace& place, FrameStamp stamp);
    QString text() const { return text_; }  // one sentence; empty until it is known

signals:
    void changed();

private:
    void share();
    void answered(const SharingAnswer& answer);
    void throughCpu(const QString& why);
    void say(const QString& text);

    Session& session_;
    CanvasWidget& canvas_;
    std::optional<TakeStarted> take_;
    int64_t ring_ = 0;  // the newest that was offered
    bool offered_ = false;
    QString text_;
};

}  // namespace longtake
