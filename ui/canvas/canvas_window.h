// The canvas on Vulkan: a window of its own with its own device, embedded by CanvasWidget.
//
// Owner:  CanvasWidget (through the container). The QVulkanInstance and the scene must outlive it.
// Thread: GUI thread only.
//
// The device is made when the window first shows, and made again when it is lost. The swapchain goes with the surface,
// which Qt destroys when the window is hidden or moves to another parent.
#pragma once

#include "ui/canvas/canvas_renderer.h"
#include "ui/canvas/canvas_swapchain.h"
#include "ui/canvas/shared_source.h"
#include "ui/canvas/staging_source.h"

#include <QTimer>
#include <QWindow>

#include "ui/canvas/canvas_scene.h"
#include "ui/canvas/display_clock.h"

namespace longtake {

// What wakes the canvas while playing. Auto: the screen's refresh on a graphics card; on a software device a timer for
// the next frame, because every drawing takes CPU time there.
enum class CanvasPacing { Auto, Timer, Refresh };

class CanvasWindow final : public QWindow {
    Q_OBJECT

public:
    CanvasWindow(QVulkanInstance& instance, CanvasScene& scene, CanvasPacing pacing);
    ~CanvasWindow() override;

    // Soon, once for any number of calls. A timer of our own: Qt's update requests wait 5 ms more on X11, and one that
    // is pending when the native window goes never comes.
    void redraw();
    // As after the loss of the device: everything on it is made anew.
    void restartDevice();

    // Null until the window has been shown, and while the device is made anew.
    VulkanContext* context() { return context_.get(); }
    // Pictures that the playback names by slot come from there. Lost with the device.
    void setShared(std::unique_ptr<SharedSource> source);
    SharedSource* shared() { return shared_.get(); }

signals:
    void deviceReady(const QString& text);
    void failed(const QString& message);  // and draws no more
    void sharedLost();

protected:
    void exposeEvent(QExposeEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    bool event(QEvent* event) override;

private:
    enum class Drawn { Yes, Later, No };

    void redrawIn(int ms);
    void render();
    Result<void> startDevice();
    Result<void> fitSwapchain();
    Result<Drawn> drawOnce();
    Result<FrameSource*> currentSource();
    void releaseSurface();
    void releaseDevice();
    void handle(const Error& error);
    void updateFollowing();
    PictureSize devicePixels() const;

    CanvasScene& scene_;
    CanvasPacing pacing_;
    DisplayClock clock_;
    QTimer redraw_;
    VkSurfaceFormatKHR format_{};
    std::unique_ptr<VulkanContext> context_;
    std::unique_ptr<CanvasRenderer> renderer_;
    std::unique_ptr<StagingSource> source_;
    std::unique_ptr<SharedSource> shared_;
    std::unique_ptr<CanvasSwapchain> swapchain_;
    uint64_t uploaded_ = 0;  // serial of the picture on the device
    bool outdated_ = true;   // the swapchain
    bool isBroken_ = false;
    int losses_ = 0;
};

}  // namespace longtake
