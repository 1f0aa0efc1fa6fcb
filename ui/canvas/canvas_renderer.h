// Draws one canvas: background, the picture, the HUD. Knows no window; the target is any framebuffer of its pass.
//
// Owner:  CanvasWindow, or whoever draws offscreen. The context must outlive it.
// Thread: GUI thread only.
//
//     auto renderer = CanvasRenderer::create(*context, format, finalLayout);
//     source.upload(frame);
//     renderer->draw({.framebuffer = ..., .extent = ..., .source = &source, .placement = view.placement()});
#pragma once

#include <array>
#include <memory>

#include "ui/canvas/frame_pipeline.h"
#include "ui/canvas/frame_source.h"
#include "ui/canvas/imgui_hud.h"

namespace longtake {

class OffscreenTarget;

struct DrawRequest {
    VkFramebuffer framebuffer = VK_NULL_HANDLE;
    VkExtent2D extent{};
    FrameSource* source = nullptr;  // null or empty: background only
    Placement placement;
    Magnify magnify = Magnify::Bicubic;
    std::array<float, 4> background{0.067f, 0.075f, 0.09f, 1};
    const HudScene* hud = nullptr;
    double scale = 1;                         // device pixels per logical pixel, for the HUD
    VkSemaphore waitBefore = VK_NULL_HANDLE;  // binary: the target is free
    VkSemaphore signalAfter = VK_NULL_HANDLE;
    OffscreenTarget* readback = nullptr;  // copies the target into memory after the pass
};

class CanvasRenderer {
public:
    static constexpr int kFlights = 2;  // draws the GPU may work on at once

    static Result<std::unique_ptr<CanvasRenderer>> create(VulkanContext& context, VkFormat targetFormat, VkImageLayout finalLayout);
    ~CanvasRenderer();
    CanvasRenderer(const CanvasRenderer&) = delete;
    CanvasRenderer& operator=(const CanvasRenderer&) = delete;

    VkRenderPass renderPass() const { return pipeline_.renderPass(); }

    // Submits; waits on the CPU only if both flights are still under way.
    Result<void> draw(const DrawRequest& request);
    // Until everything submitted has been drawn.
    Result<void> finish();

    HudAreas hudAreas() const { return hudAreas_; }  // of the last draw

private:
    struct Flight {
        VkCommandBuffer commands = VK_NULL_HANDLE;  // the pool's
        uint64_t done = 0;
    };

    explicit CanvasRenderer(VulkanContext& context) : context_(context) {}
    Result<void> start();
    Result<void> waitFor(uint64_t value);
    Result<void> fitTexture(PictureSize size);
    Result<void> fitHud(const DrawRequest& request);
    void recordPicture(VkCommandBuffer commands, FrameSource& source, TimelinePoint done);
    void recordPass(VkCommandBuffer commands, const DrawRequest& request);
    Result<void> submit(VkCommandBuffer commands, const DrawRequest& request, bool copies, uint64_t done);

    VulkanContext& context_;
    FramePipeline pipeline_;
    VkCommandPoolOwner pool_;
    VkSemaphoreOwner timeline_;
    uint64_t submitted_ = 0;
    std::array<Flight, kFlights> flights_;
    size_t flight_ = 0;

    VulkanImage texture_;
    PictureSize textureSize_;
    bool textureFilled_ = false;
    const FrameSource* textureSource_ = nullptr;  // whose picture it holds; compared, never followed
    uint64_t textureSerial_ = 0;

    std::unique_ptr<ImGuiHud> hud_;
    HudAreas hudAreas_;
};

// How the picture is sampled at that zoom.
SampleMode sampleModeFor(double zoom, Magnify magnify);

}  // namespace longtake
