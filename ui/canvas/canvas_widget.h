// The live picture: takes frames with their times, shows them evenly, zooms, and lays the HUD over them.
//
// Owner:  the main window.
// Thread: GUI thread only. Vulkan where there is a graphics card, otherwise painted, with the same behaviour.
//
//     canvas->submitFrame({.data = p, .width = 256, .height = 144, .stride = 768}, {.index = i, .seconds = i / 16.0});
//
// Frames come as they are made, a chunk at a time; ask wantsFrames() before making more, and go on when
// wantsFramesChanged(true) comes. Submitting copies the picture.
#pragma once

#include <QWidget>
#include <array>
#include <functional>
#include <memory>

#include "engine/result.h"
#include "ui/canvas/canvas_playback.h"
#include "ui/canvas/canvas_view.h"
#include "ui/canvas/hud.h"

class QVulkanInstance;

namespace longtake {

class CanvasWindow;
class PaintedCanvas;
class SharedTimeline;
class VulkanContext;
struct CanvasScene;
enum class CanvasPacing;

// Auto: Vulkan where a graphics card has it. Vulkan by software works, but takes several times the CPU time of painting,
// and that is time the engine needs.
enum class CanvasDrawing { Auto, Vulkan, Painted };

struct CanvasOptions {
    CanvasDrawing drawing = CanvasDrawing::Auto;
    bool validate = false;               // Khronos layer, where installed; its messages go to Qt's log
    std::optional<CanvasPacing> pacing;  // canvas_window.h; for tests
    // For tests: what makes the timelines of shared frames, on devices that cannot export their own.
    std::function<Result<std::unique_ptr<SharedTimeline>>(VulkanContext&)> timelines;
};

// What another API imports to write frames straight into the canvas's memory, by the rules in shared_source.h. The
// receiver owns the descriptors.
struct SharedFrames {
    int memoryFd = -1;
    uint64_t allocationBytes = 0;
    uint64_t slotBytes = 0;  // slot n lies at n * slotBytes: RGBA8, rows tightly packed
    int slotCount = 0;
    int readyFd = -1;     // timelines: signalled by the writer,
    int releasedFd = -1;  // and by the canvas
    std::array<uint8_t, 16> deviceUuid{};
};

class CanvasWidget final : public QWidget {
    Q_OBJECT

public:
    explicit CanvasWidget(CanvasOptions options = {}, QWidget* parent = nullptr);
    ~CanvasWidget() override;

    void submitFrame(const FrameView& frame, FrameStamp stamp);
    // Frames that never leave the graphics card. Fails, with the reason, where there is no card, it cannot share, or the
    // canvas has not been shown yet (wait for deviceInfo): then submitFrame() is the way.
    Result<SharedFrames> shareFrames(PictureSize size, int slotCount);
    void stopSharing();
    // The writer has been told to fill the slot and to bring `ready` to that value. slotFreed() gives it back. Where
    // submitFrame() has the same picture too, it is there for what the slot no longer holds.
    void submitShared(int slot, uint64_t readyValue, FrameStamp stamp);
    uint64_t releaseValue(int slot) const;  // 0: never shown
    // Before the frames of another take.
    void clearFrames();
    // No more will come: reaching the end is no underrun.
    void setEnded(bool ended);
    void setFrameRate(double fps);
    // How much of the past can be shown without frameNeeded(); 256 MiB unless set.
    void setHistoryBytes(size_t bytes);
    bool wantsFrames() const;

    bool isPlaying() const;
    // Of what is made: below 0 backwards, until the first frame; above 1 until the newest. 1 again after a pause.
    void setSpeed(double speed);
    double speed() const;
    void seek(double seconds);  // shows that frame, playing or not
    void stepFrames(int frames);
    void goLive();  // as near to the newest frame as plays without a hold
    PlaybackFigures playback() const;
    FrameStamp shownStamp() const;
    QImage shownFrame() const;  // a copy, in the frame's own size; null before the first

    void setHud(HudValues values);
    bool isHudVisible() const;
    void setMagnify(Magnify magnify);  // bicubic unless set
    double zoom() const;               // device pixels per frame pixel
    bool isFitted() const;

    bool usesVulkan() const { return window_ != nullptr; }
    QString deviceText() const { return deviceText_; }
    CanvasWindow* vulkanWindow() const { return window_; }

    QSize sizeHint() const override { return {640, 360}; }
    QSize minimumSizeHint() const override { return {160, 90}; }

public slots:
    void setPlaying(bool playing);
    void setHudVisible(bool visible);
    void toggleHud();
    void zoomToFit();
    void zoomToActualSize();
    void zoomIn();
    void zoomOut();
    void setZoom(double zoom);

signals:
    void frameShown(qint64 index, double seconds);
    void frameNeeded(qint64 index);  // sought but no longer in memory: submit it again
    void wantsFramesChanged(bool wants);
    void speedChanged();  // by itself; at the first frame it pauses
    void zoomChanged(double zoom, bool isFitted);
    void hudVisibleChanged(bool visible);
    void deviceInfo(const QString& text);  // what draws, and why not Vulkan if it does not
    void sharedFramesLost();               // the device was: share again
    // May be written again, once `released` has reached the value; 0: at once.
    void slotFreed(int slot, quint64 releasedValue);
    void menuRequested(const QPoint& global);  // right click

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    void useWindow(CanvasPacing pacing);
    void usePainted(const QString& reason);
    void setSurface(QWidget* surface);
    void setDeviceText(const QString& text);
    void redraw();
    void zoomBy(double factor, QPointF anchor);
    void noteView();
    void updateCursor();
    bool mousePressed(const QMouseEvent& event);
    bool mouseMoved(const QMouseEvent& event);
    double pixelRatio() const;

    const std::function<Result<std::unique_ptr<SharedTimeline>>(VulkanContext&)> timelines_;
    std::unique_ptr<QVulkanInstance> instance_;
    std::unique_ptr<CanvasScene> scene_;
    CanvasWindow* window_ = nullptr;  // the container's
    PaintedCanvas* painted_ = nullptr;
    QWidget* surface_ = nullptr;  // one of these: the window's container, or the painted canvas
    QString deviceText_;
    bool showsFocus_ = false;  // the keyboard came here: a line around the picture says so
    std::optional<QPointF> dragFrom_;
    double notedZoom_ = 0;
    bool notedFitted_ = true;
};

}  // namespace longtake
