#include "app/studio/take_controller.h"

#include <algorithm>
#include <cmath>

#include "app/studio/session_bridge.h"
#include "app/studio/shared_preview.h"
#include "ui/canvas/canvas_widget.h"
#include "ui/panels/cache_panel.h"
#include "ui/panels/prompt_bar.h"
#include "ui/panels/rank_panel.h"
#include "ui/panels/session_panel.h"
#include "ui/panels/transport_bar.h"
#include "ui/theme/formats.h"
#include "ui/timeline/timeline_model.h"
#include "ui/timeline/timeline_panel.h"
#include "ui/timeline/timeline_view.h"

namespace longtake {

namespace {

constexpr size_t kKeptChunkTimes = 120;
constexpr size_t kMostEvents = 100'000;
constexpr double kFastest = 8;
constexpr int kFiguresMs = 100;

}  // namespace

TakeController::TakeController(Session& session, SessionBridge& bridge, TimelineModel& model, const StudioWidgets& widgets, QObject* parent)
    : QObject(parent), session_(session), bridge_(bridge), model_(model), w_(widgets),
      preview_(new SharedPreview(session, bridge, *w_.canvas, this)) {
    connectSession();
    connectWidgets();
    tick_.setInterval(200);
    connect(&tick_, &QTimer::timeout, this, [this] {
        showSteering();
        showPosition();
        playUnseen();
        if (!pendingPrompt_.isEmpty()) showHud();
    });
    tick_.start();
    w_.transport->setHasTake(false);
}

void TakeController::connectSession() {
    connect(&bridge_, &SessionBridge::framesTold, this, &TakeController::takeFrames);
    connect(&bridge_, &SessionBridge::stateTold, this, &TakeController::showState);
    connect(&bridge_, &SessionBridge::takeTold, this, &TakeController::takeStarted);
    connect(&bridge_, &SessionBridge::chunkBegunTold, this, &TakeController::chunkBegun);
    connect(&bridge_, &SessionBridge::chunkTold, this, &TakeController::chunkDone);
    connect(&bridge_, &SessionBridge::promptSeenTold, this, &TakeController::promptSeen);
    connect(&bridge_, &SessionBridge::progressTold, this, [this](const DenoiseProgress& progress) {
        hud_.chunk = progress.chunk;
        hud_.step = progress.step;
        hud_.steps = progress.steps;
        showHud();
    });
    connect(&bridge_, &SessionBridge::cacheTold, this, [this](const CacheView& view) {
        w_.cache->setView(view);
        hud_.cacheBytes = static_cast<uint64_t>(view.bytes);
        hud_.denseCacheBytes = static_cast<uint64_t>(view.denseBytes);
    });
    connect(&bridge_, &SessionBridge::liveRankTold, w_.rank, &RankPanel::setLive);
    connect(&bridge_, &SessionBridge::weightsRankTold, w_.rank, &RankPanel::setWeights);
    // A failure leaves the session paused or without a take.
    connect(&bridge_, &SessionBridge::failureTold, this, [this] {
        if (playing_ && !session_.isPlaying()) setPlaying(false);
    });
}

void TakeController::connectWidgets() {
    connect(preview_, &SharedPreview::changed, this, &TakeController::showHud);
    connect(w_.canvas, &CanvasWidget::frameShown, this, &TakeController::frameShown);
    connect(w_.canvas, &CanvasWidget::speedChanged, this, &TakeController::speedChanged, Qt::QueuedConnection);
    connect(w_.canvas, &CanvasWidget::frameNeeded, this, &TakeController::giveFrame, Qt::QueuedConnection);
    connect(w_.transport, &TransportBar::playRequested, this, &TakeController::play);
    connect(w_.transport, &TransportBar::pauseRequested, this, &TakeController::pause);
    connect(w_.transport, &TransportBar::toStartRequested, this, &TakeController::toStart);
    connect(w_.transport, &TransportBar::toEndRequested, this, &TakeController::toEnd);
    connect(w_.transport, &TransportBar::stepRequested, this, [this] { step(1); });
    connect(w_.prompt, &PromptBar::steerRequested, this, &TakeController::steer);
    connect(w_.timeline->view(), &TimelineView::scrubbed, this, &TakeController::showFrame);
    connect(&model_, &TimelineModel::changed, this, &TakeController::timelineEdited);
}

void TakeController::begin(TakeOptions options, FirstMotion motion) {
    TakeRequest request{std::move(options), model_.timeline(), motion};
    take_ = session_.start(std::move(request));
    newest_ = -1;
    hashes_.clear();
    events_.clear();
    pendingPrompt_.clear();
    sinceStart_.start();
    model_.setFrontier(0);
    w_.canvas->clearFrames();
    w_.timeline->view()->clearTake();
    w_.cache->clear();
    chunkMs_.clear();
    drifts_.clear();
    HudValues fresh;
    fresh.backend = hud_.backend;
    fresh.message = hud_.message;
    hud_ = std::move(fresh);
    setPlaying(motion == FirstMotion::Playing);
}

void TakeController::takeStarted(const TakeStarted& started) {
    if (started.take != take_) return;
    started_ = started;
    model_.setClock(started.clock);
    w_.cache->setClock(started.clock);
    w_.rank->setClock(started.clock);
    w_.canvas->setFrameRate(started.clock.fps);
    w_.canvas->setPlaying(playing_);
    w_.transport->setHasTake(true);
    w_.session->setTakeState(SessionPanel::TakeState::Running);
    w_.timeline->setTakeName(tr("Take %1").arg(started.take));
    preview_->begin(started);
    emit takeBegun();
}

void TakeController::takeFrames() {
    bridge_.framesTaken();
    TimelineView* view = w_.timeline->view();
    while (const std::optional<RingFrame> frame = session_.takeFrame()) {
        if (frame->take != take_) continue;
        const Frame8& picture = frame->picture;
        const ptrdiff_t stride = ptrdiff_t{3} * picture.width;
        const FrameStamp stamp{.index = frame->index, .seconds = started_.clock.secondsOfFrame(frame->index)};
        if (frame->shared) preview_->show(*frame->shared, stamp);
        w_.canvas->submitFrame(viewOf(picture), stamp);
        newest_ = frame->index;
        if (view->thumbnails().wants(frame->index))
            view->addThumbnail(frame->index, QImage(picture.rgb.data(), picture.width, picture.height, static_cast<qsizetype>(stride),
                                                    QImage::Format_RGB888));
    }
    view->setNewestFrame(newest_);
}

// Sought, but no longer in memory: the take's file has it.
void TakeController::giveFrame(qint64 index) {
    const std::shared_ptr<FrameStore> kept = store();
    if (!kept) return;
    const std::optional<Frame8> frame = kept->read(index);
    if (!frame) return;
    w_.canvas->submitFrame(viewOf(*frame), {.index = index, .seconds = started_.clock.secondsOfFrame(index)});
}

void TakeController::frameShown(qint64 index) {
    session_.noteShown(take_, index);
    // Figures are read, not watched: while it plays, not every frame needs its own.
    if (!isMoving() || !sinceFigures_.isValid() || sinceFigures_.elapsed() >= kFiguresMs) showPosition();
}

void TakeController::showPosition() {
    const FrameStamp shown = w_.canvas->shownStamp();
    if (!hasTake() || shown.index < 0) return;
    sinceFigures_.start();
    w_.transport->setPosition(shown.seconds, started_.clock.chunkOfFrame(shown.index), shown.index);
    w_.timeline->view()->setPlayhead(shown.index);
}

// A hidden window paints nothing, but a recording goes on: then what is due counts as shown.
void TakeController::playUnseen() {
    if (!playing_ || !hasTake() || newest_ < 0) return;
    if (w_.canvas->isVisible() && !w_.canvas->window()->isMinimized()) return;
    const double due = started_.clock.secondsOfFrame(newest_) - w_.canvas->playback().behindSeconds;
    session_.noteShown(take_, started_.clock.frameAt(due));
}

void TakeController::chunkBegun(qint64 take, qint64 chunk) {
    if (take != take_) return;
    model_.setFrontier(chunk + 1);
    showSteering();
}

void TakeController::chunkDone(const ChunkReport& report) {
    if (report.take != take_) return;
    hashes_.insert(hashes_.end(), report.hashes.begin(), report.hashes.end());
    w_.timeline->view()->addDrift(report.chunk.firstFrame + report.chunk.frames - 1, report.drift);
    chunkMs_.push_back(static_cast<float>(report.wallMs));
    if (chunkMs_.size() > kKeptChunkTimes) chunkMs_.pop_front();
    hud_.generationFps = report.fps;
    drifts_.push_back(static_cast<float>(report.drift));
    if (drifts_.size() > kKeptChunkTimes) drifts_.pop_front();
    hud_.series = {{tr("chunk ms").toStdString(), {chunkMs_.begin(), chunkMs_.end()}},
                   {tr("drift").toStdString(), {drifts_.begin(), drifts_.end()}}};
    showHud();
    emit chunkMade(report);
}

void TakeController::showState(SessionState state) {
    QString text;
    hud_.message.clear();
    switch (state) {
        case SessionState::Empty:
            text = tr("No model");
            hud_.message = tr("Open a model folder from the Model menu").toStdString();
            break;
        case SessionState::Loading:
            text = tr("Loading the model…");
            hud_.message = text.toStdString();
            break;
        case SessionState::Ready: text = tr("Ready"); break;
        case SessionState::Generating:
        case SessionState::Holding: text = tr("Generating"); break;
        case SessionState::Paused: text = tr("Paused"); break;
    }
    const bool noTake = state == SessionState::Ready || state == SessionState::Empty;
    if (noTake) {
        w_.prompt->clearPending();
        pendingPrompt_.clear();
        w_.session->setTakeState(SessionPanel::TakeState::None);
    }
    showHud();
    stateText_ = text;
    showMotion();
}

void TakeController::setBackendText(const QString& text) {
    hud_.backend = text.toStdString();
    showHud();
}

void TakeController::setPlaying(bool playing) {
    playing_ = playing;
    w_.canvas->setSpeed(1);
    w_.canvas->setPlaying(playing);
    showPosition();
    showMotion();
    emit playingChanged(playing);
}

bool TakeController::isMoving() const { return playing_ || (w_.canvas->isPlaying() && w_.canvas->speed() < 0); }

void TakeController::showMotion() {
    const double speed = w_.canvas->speed();
    w_.transport->setMotion(isMoving() ? TransportBar::Motion::Playing : TransportBar::Motion::Paused);
    if (speed == 1) emit stateText(stateText_);
    else emit stateText((speed < 0 ? tr("Backwards, %1×") : tr("Forwards, %1×")).arg(std::abs(speed)));
}

// At the first frame there is no further back: what could be made meanwhile waits there with it.
void TakeController::speedChanged() {
    if (!w_.canvas->isPlaying() && playing_) pause();
    showMotion();
}

void TakeController::playBackwards() {
    if (!hasTake()) return;
    const double speed = w_.canvas->speed();
    w_.canvas->setSpeed(speed < 0 ? std::max(2 * speed, -kFastest) : -1);
    w_.canvas->setPlaying(true);
    showMotion();
}

void TakeController::playForwards() {
    const double speed = w_.canvas->speed();
    if (!hasTake() || !playing_ || speed < 0) return play();
    w_.canvas->setSpeed(std::min(2 * speed, kFastest));
    showMotion();
}

void TakeController::play() {
    if (!hasTake()) {
        emit startWanted();
        return;
    }
    session_.play();
    setPlaying(true);
}

void TakeController::pause() {
    session_.pause();
    setPlaying(false);
}

void TakeController::steer(const QString& prompt) {
    if (hasTake()) model_.setFrontier(steering_.chunk = session_.steering().chunk);
    if (!model_.steer(prompt)) return;
    if (!hasTake()) {
        emit startWanted();
        return;
    }
    note("prompt", prompt);
    if (!playing_) return;
    w_.prompt->setPending(prompt, steering_.seconds);
    pendingPrompt_ = prompt;
    pendingSeconds_ = steering_.seconds;
    pendingSince_.start();
    showHud();
}

// The session may have begun another chunk since the edit was made; then its word counts for what is begun.
void TakeController::timelineEdited() {
    if (following_) return;
    steering_ = session_.setTimeline(model_.timeline());
    emit edited();
    if (!hasTake() || steering_.chunk <= model_.frontier()) return;
    const PromptTimeline taken = session_.takenTimeline();
    if (taken.empty() || taken.agreesBefore(steering_.chunk, model_.timeline())) return model_.setFrontier(steering_.chunk);
    following_ = true;
    model_.follow(taken.continuedAs(model_.timeline(), steering_.chunk));
    model_.setFrontier(steering_.chunk);
    following_ = false;
}

void TakeController::promptSeen(const PromptSeen& seen) {
    w_.prompt->setSeen(seen.seconds);
    pendingPrompt_.clear();
    hud_.latencyMs = seen.seconds * 1000;
    note("visible", tr("%1 after %2 ms").arg(QString::fromStdString(seen.prompt)).arg(seen.seconds * 1000, 0, 'f', 0));
    showHud();
    emit promptShown(seen);
}

void TakeController::note(const char* kind, const QString& text) {
    if (events_.size() >= kMostEvents) return;
    events_.push_back({.chunk = model_.frontier(),
                       .atMs = sinceStart_.isValid() ? static_cast<double>(sinceStart_.elapsed()) : 0,
                       .kind = kind,
                       .text = text.toStdString()});
}

void TakeController::showSteering() {
    if (!hasTake()) return;
    const Steering now = session_.steering();
    if (now.chunk == steering_.chunk && std::abs(now.seconds - steering_.seconds) < 0.1) return;
    steering_ = now;
    w_.prompt->setNextChunk(now.chunk, now.seconds);
}

void TakeController::showHud() {
    hud_.pill.clear();
    if (!pendingPrompt_.isEmpty()) {
        const double left = pendingSeconds_ - static_cast<double>(pendingSince_.elapsed()) / 1000;
        const QString name = shortened(pendingPrompt_, 24);
        hud_.pill =
            (left > 0.05 ? tr("‘%1’ visible in %2").arg(name, secondsText(left)) : tr("‘%1’ visible any moment").arg(name)).toStdString();
    }
    hud_.preview = preview_->text().toStdString();
    w_.canvas->setHud(hud_);
}

int64_t TakeController::shownFrame() const { return std::max<int64_t>(0, w_.canvas->shownStamp().index); }

void TakeController::showFrame(qint64 frame) {
    if (!hasTake()) return;
    w_.canvas->seek(started_.clock.secondsOfFrame(std::clamp<int64_t>(frame, 0, std::max<int64_t>(newest_, 0))));
}

void TakeController::step(int frames) {
    if (!hasTake()) return;
    if (isMoving()) pause();
    w_.canvas->stepFrames(frames);
}

void TakeController::toEnd() {
    if (hasTake()) w_.canvas->goLive();
}

void TakeController::markIn() {
    if (hasTake()) model_.markIn(shownFrame());
}

void TakeController::markOut() {
    if (hasTake()) model_.markOut(shownFrame());
}

void TakeController::clearMarks() { model_.clearMarks(); }

bool TakeController::handleKey(int key, Qt::KeyboardModifiers modifiers) {
    if (modifiers & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier)) return false;
    switch (key) {
        case Qt::Key_Space: togglePlay(); return true;
        case Qt::Key_J: playBackwards(); return true;
        case Qt::Key_K: pause(); return true;
        case Qt::Key_L: playForwards(); return true;
        case Qt::Key_Left: step(modifiers & Qt::ShiftModifier ? -started_.clock.framesPerChunk : -1); return true;
        case Qt::Key_Right: step(modifiers & Qt::ShiftModifier ? started_.clock.framesPerChunk : 1); return true;
        case Qt::Key_Home: toStart(); return true;
        case Qt::Key_End: toEnd(); return true;
        case Qt::Key_I: markIn(); return true;
        case Qt::Key_O: markOut(); return true;
        case Qt::Key_X: clearMarks(); return true;
        default: return false;
    }
}

}  // namespace longtake
