#include "ui/canvas/canvas_window.h"

#include <QExposeEvent>
#include <QPlatformSurfaceEvent>
#include <QScreen>
#include <QTimer>
#include <QVulkanInstance>
#include <cmath>

namespace longtake {
namespace {

constexpr int kMostLosses = 3;
constexpr int kRetryMs = 1;  // while the screen holds all images

}  // namespace

CanvasWindow::CanvasWindow(QVulkanInstance& instance, CanvasScene& scene, CanvasPacing pacing) : scene_(scene), pacing_(pacing) {
    setSurfaceType(QSurface::VulkanSurface);
    setVulkanInstance(&instance);
    // The keyboard stays with the widgets, whose shortcuts would not hear it from here.
    setFlags(flags() | Qt::WindowDoesNotAcceptFocus);
    connect(&scene_.playback, &CanvasPlayback::changed, this, &CanvasWindow::redraw);
    redraw_.setSingleShot(true);
    redraw_.setTimerType(Qt::PreciseTimer);
    connect(&redraw_, &QTimer::timeout, this, &CanvasWindow::render);
}

void CanvasWindow::redraw() { redrawIn(0); }

void CanvasWindow::redrawIn(int ms) {
    if (!redraw_.isActive()) redraw_.start(ms);
}

CanvasWindow::~CanvasWindow() {
    scene_.playback.setFollowsRefresh(false);
    releaseSurface();
    releaseDevice();
}

void CanvasWindow::restartDevice() {
    releaseSurface();
    releaseDevice();
    redraw();
}

void CanvasWindow::exposeEvent(QExposeEvent*) {
    updateFollowing();
    if (isExposed()) render();
}

void CanvasWindow::resizeEvent(QResizeEvent*) {
    outdated_ = true;
    if (isExposed()) redraw();
}

bool CanvasWindow::event(QEvent* event) {
    if (event->type() == QEvent::PlatformSurface) {
        auto type = static_cast<QPlatformSurfaceEvent*>(event)->surfaceEventType();
        if (type == QPlatformSurfaceEvent::SurfaceAboutToBeDestroyed) releaseSurface();
    }
    return QWindow::event(event);
}

PictureSize CanvasWindow::devicePixels() const {
    return {int(std::lround(width() * devicePixelRatio())), int(std::lround(height() * devicePixelRatio()))};
}

void CanvasWindow::updateFollowing() {
    bool byRefresh = pacing_ == CanvasPacing::Refresh || (pacing_ == CanvasPacing::Auto && context_ && !context_->facts().isSoftware);
    if (screen()) clock_.setRefreshRate(screen()->refreshRate());
    scene_.playback.setFollowsRefresh(byRefresh && isExposed() && !isBroken_);
}

void CanvasWindow::render() {
    if (!isExposed() || isBroken_ || devicePixels().empty()) return;
    if (!context_) {
        if (auto started = startDevice(); !started) return handle(started.error());
    }
    auto drawn = drawOnce();
    if (!drawn) return handle(drawn.error());
    if (*drawn == Drawn::Later) redrawIn(kRetryMs);
    if (*drawn == Drawn::Yes) {
        scene_.playback.notePresented();
        // Presenting again keeps the loop in step with the screen.
        if (scene_.playback.followsRefresh() && scene_.playback.isPlaying()) redraw();
    }
}

Result<void> CanvasWindow::startDevice() {
    VkSurfaceKHR surface = QVulkanInstance::surfaceForWindow(this);
    if (surface == VK_NULL_HANDLE) return Error{"[Vulkan] open the canvas: the window system gave no surface"};
    auto context = VulkanContext::create(vulkanInstance()->vkInstance(), surface);
    if (!context) return context.error();
    auto format = CanvasSwapchain::chooseFormat(**context, surface);
    if (!format) return format.error();
    auto renderer = CanvasRenderer::create(**context, format->format, VK_IMAGE_LAYOUT_PRESENT_SRC_KHR);
    if (!renderer) return renderer.error();
    context_ = std::move(*context);
    format_ = *format;
    renderer_ = std::move(*renderer);
    source_ = std::make_unique<StagingSource>(*context_);
    uploaded_ = 0;
    updateFollowing();
    QString text = tr("Vulkan on %1").arg(QString::fromStdString(context_->facts().name));
    if (context_->facts().isSoftware) text += tr(" (software)");
    emit deviceReady(text);
    return {};
}

Result<void> CanvasWindow::fitSwapchain() {
    VkSurfaceKHR surface = QVulkanInstance::surfaceForWindow(this);
    if (surface == VK_NULL_HANDLE) return Error{"[Vulkan] open the canvas: the window system gave no surface"};
    if (auto idle = context_->check(vkDeviceWaitIdle(context_->device()), "wait for the device"); !idle) return idle;
    auto made = CanvasSwapchain::create(*context_, surface, format_, renderer_->renderPass(), devicePixels(), swapchain_.get());
    if (!made) return made.error();
    swapchain_ = std::move(*made);
    outdated_ = false;
    return {};
}

Result<CanvasWindow::Drawn> CanvasWindow::drawOnce() {
    using State = CanvasSwapchain::State;
    if (outdated_ || !swapchain_) {
        if (auto fits = fitSwapchain(); !fits) return fits.error();
        if (!swapchain_) return Drawn::No;  // no area
    }
    auto acquired = swapchain_->acquire();
    if (!acquired) return acquired.error();
    if (*acquired == State::Outdated) outdated_ = true;
    if (*acquired != State::Ready) return Drawn::Later;

    CanvasPlayback& playback = scene_.playback;
    if (playback.followsRefresh()) playback.tick(clock_.tick(CanvasPlayback::now()));
    auto source = currentSource();
    if (!source) return source.error();
    VkExtent2D extent = swapchain_->extent();
    scene_.view.setCanvas({int(extent.width), int(extent.height)});
    scene_.view.setPicture(*source ? (*source)->size() : PictureSize{});
    HudScene hud = scene_.hudNow();
    auto drawn = renderer_->draw({.framebuffer = swapchain_->framebuffer(),
                                  .extent = extent,
                                  .source = *source,
                                  .placement = scene_.view.placement(),
                                  .magnify = scene_.magnify,
                                  .hud = &hud,
                                  .scale = devicePixelRatio(),
                                  .waitBefore = swapchain_->acquired(),
                                  .signalAfter = swapchain_->rendered()});
    if (!drawn) return drawn.error();
    auto presented = swapchain_->present();
    if (!presented) return presented.error();
    vulkanInstance()->presentQueued(this);
    if (*presented == State::Outdated) {
        outdated_ = true;
        redraw();
    }
    return Drawn::Yes;
}

// The picture that is due, brought to the device if it is not there; null before the first.
Result<FrameSource*> CanvasWindow::currentSource() {
    CanvasPlayback& playback = scene_.playback;
    bool isNew = uploaded_ != playback.serial();
    uploaded_ = playback.serial();
    if (auto picture = playback.sharedPicture(); picture && shared_) {
        if (isNew) shared_->show(picture->slot, picture->readyValue);
        return shared_.get();
    }
    FrameView picture = playback.picture();
    if (picture.empty()) return nullptr;
    if (isNew) {
        if (auto uploaded = source_->upload(picture); !uploaded) return uploaded.error();
    }
    return source_.get();
}

void CanvasWindow::setShared(std::unique_ptr<SharedSource> source) {
    if (renderer_) (void)renderer_->finish();
    scene_.playback.dropShared();
    shared_ = std::move(source);
}

void CanvasWindow::releaseSurface() {
    if (context_) vkDeviceWaitIdle(context_->device());
    swapchain_.reset();
    outdated_ = true;
}

void CanvasWindow::releaseDevice() {
    bool hadShared = shared_ != nullptr;
    scene_.playback.dropShared();
    shared_.reset();
    source_.reset();
    renderer_.reset();
    context_.reset();
    if (hadShared) emit sharedLost();
}

void CanvasWindow::handle(const Error& error) {
    bool wasLost = context_ && context_->isLost();
    releaseSurface();
    releaseDevice();
    if (wasLost && ++losses_ <= kMostLosses) {
        redraw();
        return;
    }
    isBroken_ = true;
    updateFollowing();
    emit failed(QString::fromStdString(error.message));
}

}  // namespace longtake
