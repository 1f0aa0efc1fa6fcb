#include "ui/canvas/canvas_window.h"

#include "ui/canvas/canvas_widget.h"

#include <QCoreApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QNativeGestureEvent>
#include <QPainter>
#include <QVBoxLayout>
#include <QVersionNumber>
#include <QVulkanInstance>
#include <QWheelEvent>
#include <cmath>
#include <unistd.h>

#include "ui/canvas/painted_canvas.h"

namespace longtake {
namespace {

constexpr double kZoomStep = 1.25;
constexpr double kWheelBase = 1.0015;  // to the power of an eighth of a degree: 1.2 for one notch
constexpr double kMoveStep = 40;       // logical pixels
constexpr int kFocusLine = 1;          // around the picture, also where that is a window of its own

}  // namespace

CanvasWidget::CanvasWidget(CanvasOptions options, QWidget* parent)
    : QWidget(parent), timelines_(options.timelines ? options.timelines : ExternalTimeline::create),
      scene_(std::make_unique<CanvasScene>()) {
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Video canvas"));
    setAccessibleDescription(tr("The video as it is generated"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(kFocusLine, kFocusLine, kFocusLine, kFocusLine);

    CanvasPlayback& playback = scene_->playback;
    connect(&playback, &CanvasPlayback::frameShown, this, &CanvasWidget::frameShown);
    connect(&playback, &CanvasPlayback::frameShown, this, &CanvasWidget::noteView);
    connect(&playback, &CanvasPlayback::frameNeeded, this, &CanvasWidget::frameNeeded);
    connect(&playback, &CanvasPlayback::wantsFramesChanged, this, &CanvasWidget::wantsFramesChanged);
    connect(&playback, &CanvasPlayback::speedChanged, this, &CanvasWidget::speedChanged);
    connect(&playback, &CanvasPlayback::slotFreed, this, [this](int slot) { emit slotFreed(slot, releaseValue(slot)); });

    if (options.drawing == CanvasDrawing::Painted) {
        usePainted(tr("as asked"));
        return;
    }
    instance_ = std::make_unique<QVulkanInstance>();
    instance_->setApiVersion(QVersionNumber(1, 2));
    if (options.validate) {
        instance_->setLayers({"VK_LAYER_KHRONOS_validation"});
    } else {
        instance_->setFlags(QVulkanInstance::NoDebugOutputRedirect);
    }
    bool exists = instance_->create();
    if (exists && (options.drawing == CanvasDrawing::Vulkan || hasGraphicsCard(instance_->vkInstance()))) {
        useWindow(options.pacing.value_or(CanvasPacing::Auto));
        return;
    }
    instance_.reset();
    usePainted(exists ? tr("no graphics card with Vulkan") : tr("no Vulkan driver installed"));
}

CanvasWidget::~CanvasWidget() {
    delete surface_;  // before the instance that its surface comes from
    surface_ = nullptr;
}

void CanvasWidget::useWindow(CanvasPacing pacing) {
    window_ = new CanvasWindow(*instance_, *scene_, pacing);
    window_->installEventFilter(this);
    connect(window_, &CanvasWindow::deviceReady, this, &CanvasWidget::setDeviceText);
    connect(window_, &CanvasWindow::sharedLost, this, &CanvasWidget::sharedFramesLost);
    // Queued: the window is still at work when it fails, and goes with the container.
    connect(
        window_, &CanvasWindow::failed, this,
        [this](const QString& line) {
            qWarning("%s", qPrintable(line));
            usePainted(tr("Vulkan failed on this graphics card"));
        },
        Qt::QueuedConnection);
    QWidget* container = QWidget::createWindowContainer(window_, this);
    container->setFocusPolicy(Qt::NoFocus);
    setSurface(container);
}

void CanvasWidget::usePainted(const QString& reason) {
    delete surface_;
    window_ = nullptr;
    auto* painted = new PaintedCanvas(*scene_, this);
    painted->installEventFilter(this);
    painted_ = painted;
    setSurface(painted);
    setDeviceText(tr("Painted by the CPU: %1").arg(reason));
}

void CanvasWidget::setSurface(QWidget* surface) {
    surface_ = surface;
    layout()->addWidget(surface);
    surface->setAccessibleName(accessibleName());
    updateCursor();
}

void CanvasWidget::setDeviceText(const QString& text) {
    deviceText_ = text;
    emit deviceInfo(text);
}

void CanvasWidget::submitFrame(const FrameView& frame, FrameStamp stamp) { scene_->playback.submit(frame, stamp); }

Result<SharedFrames> CanvasWidget::shareFrames(PictureSize size, int slotCount) {
    if (!window_) return Error{"[canvas] share frames: " + deviceText_.toStdString()};
    VulkanContext* context = window_->context();
    if (!context) return Error{"[canvas] share frames: the canvas has not been shown yet"};
    auto ready = timelines_(*context);
    if (!ready) return ready.error();
    auto released = timelines_(*context);
    if (!released) return released.error();
    auto source = SharedSource::create(*context, size, slotCount, {std::move(*ready), std::move(*released)});
    if (!source) return source.error();
    auto readyFd = (*source)->ready().exportFd();
    if (!readyFd) return readyFd.error();
    auto releasedFd = (*source)->released().exportFd();
    auto memory = releasedFd ? (*source)->exportMemory() : Result<SharedMemory>(releasedFd.error());
    if (!memory) {
        ::close(*readyFd);
        if (releasedFd) ::close(*releasedFd);
        return memory.error();
    }
    window_->setShared(std::move(*source));
    return SharedFrames{.memoryFd = memory->fd,
                        .allocationBytes = memory->allocationBytes,
                        .slotBytes = memory->slotBytes,
                        .slotCount = memory->slotCount,
                        .readyFd = *readyFd,
                        .releasedFd = *releasedFd,
                        .deviceUuid = memory->deviceUuid};
}

void CanvasWidget::stopSharing() {
    if (window_) window_->setShared(nullptr);
}

void CanvasWidget::submitShared(int slot, uint64_t readyValue, FrameStamp stamp) {
    scene_->playback.submitShared({.slot = slot, .readyValue = readyValue}, stamp);
}

uint64_t CanvasWidget::releaseValue(int slot) const { return window_ && window_->shared() ? window_->shared()->releaseValue(slot) : 0; }

void CanvasWidget::clearFrames() { scene_->playback.clear(); }
void CanvasWidget::setEnded(bool ended) { scene_->playback.setEnded(ended); }
void CanvasWidget::setFrameRate(double fps) { scene_->playback.setFrameSeconds(1 / fps); }
void CanvasWidget::setHistoryBytes(size_t bytes) { scene_->playback.setHistoryBytes(bytes); }
bool CanvasWidget::wantsFrames() const { return scene_->playback.wantsFrames(); }
bool CanvasWidget::isPlaying() const { return scene_->playback.isPlaying(); }
double CanvasWidget::speed() const { return scene_->playback.speed(); }
void CanvasWidget::seek(double seconds) { scene_->playback.seek(seconds); }
void CanvasWidget::stepFrames(int frames) { scene_->playback.step(frames); }
void CanvasWidget::goLive() { scene_->playback.goLive(); }
PlaybackFigures CanvasWidget::playback() const { return scene_->playback.figures(); }
FrameStamp CanvasWidget::shownStamp() const { return scene_->playback.stamp(); }
QImage CanvasWidget::shownFrame() const { return borrowedImage(scene_->playback.picture()).copy(); }
double CanvasWidget::zoom() const { return scene_->view.zoom(); }
bool CanvasWidget::isFitted() const { return scene_->view.isFitted(); }
bool CanvasWidget::isHudVisible() const { return scene_->hud.panelVisible; }

void CanvasWidget::setPlaying(bool playing) {
    scene_->playback.setPlaying(playing);
    redraw();  // starts the loop again where the screen drives it
}

void CanvasWidget::setSpeed(double speed) {
    scene_->playback.setSpeed(speed);
    redraw();
}

void CanvasWidget::setHud(HudValues values) {
    scene_->hud.values = std::move(values);
    if (painted_) painted_->updateHud();
    else redraw();
}

void CanvasWidget::setHudVisible(bool visible) {
    if (visible == scene_->hud.panelVisible) return;
    scene_->hud.panelVisible = visible;
    redraw();
    emit hudVisibleChanged(visible);
}

void CanvasWidget::toggleHud() { setHudVisible(!isHudVisible()); }

void CanvasWidget::setMagnify(Magnify magnify) {
    scene_->magnify = magnify;
    redraw();
}

void CanvasWidget::zoomToFit() {
    scene_->view.fit();
    noteView();
    redraw();
}

void CanvasWidget::zoomToActualSize() { setZoom(1); }
void CanvasWidget::zoomIn() { setZoom(zoom() * kZoomStep); }
void CanvasWidget::zoomOut() { setZoom(zoom() / kZoomStep); }

void CanvasWidget::setZoom(double zoom) {
    scene_->view.setZoom(zoom);
    noteView();
    redraw();
}

void CanvasWidget::zoomBy(double factor, QPointF anchor) {
    double ratio = pixelRatio();
    scene_->view.zoomAt(zoom() * factor, {anchor.x() * ratio, anchor.y() * ratio});
    noteView();
    redraw();
}

// The fitted zoom also changes with the window and the picture.
void CanvasWidget::noteView() {
    updateCursor();
    if (zoom() == notedZoom_ && isFitted() == notedFitted_) return;
    notedZoom_ = zoom();
    notedFitted_ = isFitted();
    emit zoomChanged(notedZoom_, notedFitted_);
}

void CanvasWidget::updateCursor() {
    Qt::CursorShape shape = Qt::ArrowCursor;
    if (scene_->view.canMove()) shape = dragFrom_ ? Qt::ClosedHandCursor : Qt::OpenHandCursor;
    if (window_) {
        window_->setCursor(shape);
    } else {
        surface_->setCursor(shape);
    }
}

void CanvasWidget::redraw() {
    if (window_) {
        window_->redraw();
    } else {
        surface_->update();
    }
}

double CanvasWidget::pixelRatio() const { return window_ ? window_->devicePixelRatio() : devicePixelRatioF(); }

bool CanvasWidget::eventFilter(QObject* watched, QEvent* event) {
    bool isSurface = watched == window_ || (!window_ && watched == surface_);
    if (!isSurface) return QWidget::eventFilter(watched, event);
    switch (event->type()) {
        case QEvent::MouseButtonPress: return mousePressed(*static_cast<QMouseEvent*>(event));
        case QEvent::MouseMove: return mouseMoved(*static_cast<QMouseEvent*>(event));
        case QEvent::MouseButtonRelease:
            dragFrom_.reset();
            updateCursor();
            return true;
        case QEvent::MouseButtonDblClick: isFitted() ? zoomToActualSize() : zoomToFit(); return true;
        case QEvent::Wheel: {
            auto& wheel = *static_cast<QWheelEvent*>(event);
            zoomBy(std::pow(kWheelBase, wheel.angleDelta().y()), wheel.position());
            return true;
        }
        case QEvent::NativeGesture: {
            auto& gesture = *static_cast<QNativeGestureEvent*>(event);
            if (gesture.gestureType() == Qt::ZoomNativeGesture) zoomBy(1 + gesture.value(), gesture.position());
            return true;
        }
        default: return QWidget::eventFilter(watched, event);
    }
}

bool CanvasWidget::mousePressed(const QMouseEvent& event) {
    setFocus(Qt::MouseFocusReason);
    if (event.button() == Qt::RightButton) emit menuRequested(event.globalPosition().toPoint());
    if (event.button() != Qt::LeftButton && event.button() != Qt::MiddleButton) return true;
    dragFrom_ = event.position();
    updateCursor();
    return true;
}

bool CanvasWidget::mouseMoved(const QMouseEvent& event) {
    if (!dragFrom_ || !(event.buttons() & (Qt::LeftButton | Qt::MiddleButton))) return true;
    QPointF moved = (event.position() - *dragFrom_) * pixelRatio();
    dragFrom_ = event.position();
    if (!scene_->view.canMove()) return true;
    scene_->view.moveBy(moved.x(), moved.y());
    redraw();
    return true;
}

void CanvasWidget::keyPressEvent(QKeyEvent* event) {
    bool isShifted = event->modifiers() & Qt::ShiftModifier;
    double step = kMoveStep * pixelRatio();
    switch (event->key()) {
        case Qt::Key_H: toggleHud(); break;
        case Qt::Key_0: zoomToFit(); break;
        case Qt::Key_1: zoomToActualSize(); break;
        case Qt::Key_Plus:
        case Qt::Key_Equal: zoomIn(); break;
        case Qt::Key_Minus: zoomOut(); break;
        case Qt::Key_Left:
        case Qt::Key_Right:
        case Qt::Key_Up:
        case Qt::Key_Down: {
            if (!isShifted) return QWidget::keyPressEvent(event);
            bool isSideways = event->key() == Qt::Key_Left || event->key() == Qt::Key_Right;
            double by = event->key() == Qt::Key_Left || event->key() == Qt::Key_Up ? step : -step;
            scene_->view.moveBy(isSideways ? by : 0, isSideways ? 0 : by);
            redraw();
            break;
        }
        default: return QWidget::keyPressEvent(event);
    }
    event->accept();
}

void CanvasWidget::focusInEvent(QFocusEvent* event) {
    showsFocus_ =
        event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason || event->reason() == Qt::ShortcutFocusReason;
    update();
    QWidget::focusInEvent(event);
}

void CanvasWidget::focusOutEvent(QFocusEvent* event) {
    showsFocus_ = false;
    update();
    QWidget::focusOutEvent(event);
}

void CanvasWidget::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setPen(showsFocus_ ? palette().color(QPalette::Highlight) : kCanvasBackground);
    painter.drawRect(rect().adjusted(0, 0, -1, -1));
}

}  // namespace longtake
