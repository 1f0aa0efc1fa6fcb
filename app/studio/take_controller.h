// The running take: session on one side, canvas, transport, prompt bar, timeline and panels on the other.
//
// Owner:  MainWindow. Session, bridge, model and widgets must outlive it.
// Thread: GUI thread.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include "app/project/project.h"
#include "app/session/session.h"
#include "app/studio/studio_widgets.h"
#include "ui/canvas/hud.h"

namespace longtake {

class SessionBridge;
class SharedPreview;
class TimelineModel;

class TakeController final : public QObject {
    Q_OBJECT

public:
    TakeController(Session& session, SessionBridge& bridge, TimelineModel& model, const StudioWidgets& widgets, QObject* parent = nullptr);

    // Begins a new take that follows the timeline model's prompts.
    void begin(TakeOptions options, FirstMotion motion);
    bool hasTake() const { return take_ > 0 && started_.take == take_; }
    bool isPlaying() const { return playing_; }
    bool isMoving() const;  // the picture: also back through what is made while the take is paused
    const ChunkClock& clock() const { return started_.clock; }
    const TakeStarted& started() const { return started_; }
    int64_t newestFrame() const { return newest_; }  // -1: none
    int64_t shownFrame() const;
    std::shared_ptr<FrameStore> store() const { return session_.store(); }
    // What the take was made of so far, for its project.
    const std::vector<uint64_t>& frameHashes() const { return hashes_; }
    const std::vector<ProjectEvent>& events() const { return events_; }
    void note(const char* kind, const QString& text);
    void setBackendText(const QString& text);
    void showState(SessionState state);

    // Keys that act wherever nobody else wants them; true when it was one.
    bool handleKey(int key, Qt::KeyboardModifiers modifiers);

public slots:
    void play();
    void pause();
    void togglePlay() { isMoving() ? pause() : play(); }
    // Through what is made; again: twice as fast. Generation goes on as it did, and play() goes on from the place.
    void playBackwards();
    void playForwards();
    void steer(const QString& prompt);
    void showFrame(qint64 frame);
    void step(int frames);
    void toStart() { showFrame(0); }
    void toEnd();
    void markIn();
    void markOut();
    void clearMarks();

signals:
    void takeBegun();
    void startWanted();  // a prompt was given and there is no take
    void playingChanged(bool playing);
    void chunkMade(const longtake::ChunkReport& report);
    void promptShown(const longtake::PromptSeen& seen);
    void edited();  // the prompts: the project has changed
    void stateText(const QString& text);

private:
    void connectSession();
    void connectWidgets();
    void takeFrames();
    void takeStarted(const TakeStarted& started);
    void chunkBegun(qint64 take, qint64 chunk);
    void chunkDone(const ChunkReport& report);
    void frameShown(qint64 index);
    void showPosition();
    void playUnseen();
    void giveFrame(qint64 index);
    void promptSeen(const PromptSeen& seen);
    void timelineEdited();
    void setPlaying(bool playing);
    void showMotion();
    void speedChanged();
    void showHud();
    void showSteering();

    Session& session_;
    SessionBridge& bridge_;
    TimelineModel& model_;
    StudioWidgets w_;
    SharedPreview* preview_;  // a child
    int64_t take_ = 0;
    TakeStarted started_;
    bool playing_ = false;
    QString stateText_;
    bool following_ = false;  // the timeline model takes over what the session says
    int64_t newest_ = -1;
    std::vector<uint64_t> hashes_;
    std::vector<ProjectEvent> events_;
    QElapsedTimer sinceStart_, sinceFigures_;
    HudValues hud_;
    std::deque<float> chunkMs_, drifts_;  // of the newest chunks, for the HUD
    QString pendingPrompt_;
    QElapsedTimer pendingSince_;
    double pendingSeconds_ = 0;
    Steering steering_;
    QTimer tick_;
};

}  // namespace longtake
