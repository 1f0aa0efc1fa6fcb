#include "ui/canvas/canvas_renderer.h"

#include <cmath>

#include "ui/canvas/hud_glyphs.h"
#include "ui/canvas/offscreen_target.h"

namespace longtake {
namespace {

constexpr uint64_t kLongestWaitNs = 2'000'000'000;
constexpr VkFormat kTextureFormat = VK_FORMAT_R8G8B8A8_UNORM;

void imageBarrier(VkCommandBuffer commands, VkImage image, VkImageLayout from, VkImageLayout to, VkPipelineStageFlags before,
                  VkAccessFlags wrote, VkPipelineStageFlags after, VkAccessFlags reads) {
    VkImageMemoryBarrier barrier{.sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
                                 .pNext = nullptr,
                                 .srcAccessMask = wrote,
                                 .dstAccessMask = reads,
                                 .oldLayout = from,
                                 .newLayout = to,
                                 .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                 .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                 .image = image,
                                 .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
    vkCmdPipelineBarrier(commands, before, after, 0, 0, nullptr, 0, nullptr, 1, &barrier);
}

}  // namespace

SampleMode sampleModeFor(double zoom, Magnify magnify) {
    if (std::abs(zoom - 1) < 1e-9) return SampleMode::Nearest;  // every texel as it is
    if (zoom < 1) return SampleMode::Area;
    switch (magnify) {
        case Magnify::Nearest: return SampleMode::Nearest;
        case Magnify::Linear: return SampleMode::Linear;
        case Magnify::Bicubic: return SampleMode::Bicubic;
    }
    return SampleMode::Linear;
}

Result<std::unique_ptr<CanvasRenderer>> CanvasRenderer::create(VulkanContext& context, VkFormat targetFormat, VkImageLayout finalLayout) {
    std::unique_ptr<CanvasRenderer> self(new CanvasRenderer(context));
    auto pipeline = FramePipeline::create(context, targetFormat, finalLayout);
    if (!pipeline) return pipeline.error();
    self->pipeline_ = std::move(*pipeline);
    if (auto started = self->start(); !started) return started.error();
    return self;
}

CanvasRenderer::~CanvasRenderer() { vkDeviceWaitIdle(context_.device()); }

Result<void> CanvasRenderer::start() {
    VkCommandPoolCreateInfo poolInfo{.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                     .pNext = nullptr,
                                     .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
                                     .queueFamilyIndex = context_.queueFamily()};
    VkCommandPool pool = VK_NULL_HANDLE;
    VkDevice device = context_.device();
    auto made = context_.check(vkCreateCommandPool(device, &poolInfo, nullptr, &pool), "create command pool");
    if (!made) return made;
    pool_ = {device, pool};
    for (Flight& flight : flights_) {
        VkCommandBufferAllocateInfo info{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                         .pNext = nullptr,
                                         .commandPool = pool,
                                         .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                         .commandBufferCount = 1};
        made = context_.check(vkAllocateCommandBuffers(device, &info, &flight.commands), "allocate commands");
        if (!made) return made;
    }
    auto timeline = context_.createTimeline(0);
    if (!timeline) return timeline.error();
    timeline_ = std::move(*timeline);
    return {};
}

Result<void> CanvasRenderer::waitFor(uint64_t value) {
    VkSemaphore timeline = timeline_.get();
    VkSemaphoreWaitInfo wait{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
                             .pNext = nullptr,
                             .flags = 0,
                             .semaphoreCount = 1,
                             .pSemaphores = &timeline,
                             .pValues = &value};
    VkResult waited = vkWaitSemaphores(context_.device(), &wait, kLongestWaitNs);
    if (waited == VK_TIMEOUT) return Error{"[Vulkan] draw: the graphics device does not answer; restart the program"};
    return context_.check(waited, "wait for a draw");
}

Result<void> CanvasRenderer::finish() { return waitFor(submitted_); }

Result<void> CanvasRenderer::fitTexture(PictureSize size) {
    if (textureSize_ == size) return {};
    if (auto idle = finish(); !idle) return idle;
    auto made = context_.createImage({uint32_t(size.width), uint32_t(size.height)}, kTextureFormat,
                                     VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT);
    if (!made) return made.error();
    texture_ = std::move(*made);
    textureSize_ = size;
    textureFilled_ = false;
    pipeline_.bindPicture(context_, texture_.view.get());
    return {};
}

Result<void> CanvasRenderer::fitHud(const DrawRequest& request) {
    std::set<char32_t> characters;
    for (const std::string& text : hudTexts(*request.hud)) addCharacters(characters, text);
    if (hud_ && hud_->suits(request.scale, characters)) return {};
    if (hud_) {
        if (auto idle = finish(); !idle) return idle;
        characters.merge(std::set<char32_t>(hud_->characters()));
        hud_.reset();
    }
    auto made = ImGuiHud::create(context_, renderPass(), kFlights, request.scale, std::move(characters));
    if (!made) return made.error();
    hud_ = std::move(*made);
    return {};
}

Result<void> CanvasRenderer::draw(const DrawRequest& request) {
    Flight& flight = flights_[flight_];
    if (auto free = waitFor(flight.done); !free) return free;
    FrameSource* source = request.source && !request.source->size().empty() ? request.source : nullptr;
    if (source) {
        if (auto fits = fitTexture(source->size()); !fits) return fits;
    }
    if (request.hud && !request.hud->isEmpty()) {
        if (auto fits = fitHud(request); !fits) return fits;
    }

    VkCommandBufferBeginInfo begin{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                   .pNext = nullptr,
                                   .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
                                   .pInheritanceInfo = nullptr};
    if (auto began = context_.check(vkBeginCommandBuffer(flight.commands, &begin), "record a draw"); !began) {
        return began;
    }
    uint64_t done = submitted_ + 1;
    bool copies = source && !(textureFilled_ && textureSource_ == source && textureSerial_ == source->serial());
    if (copies) recordPicture(flight.commands, *source, {timeline_.get(), done});
    recordPass(flight.commands, request);
    if (request.readback) request.readback->recordReadback(flight.commands);
    if (auto ended = context_.check(vkEndCommandBuffer(flight.commands), "record a draw"); !ended) return ended;
    if (auto sent = submit(flight.commands, request, copies, done); !sent) return sent;
    submitted_ = flight.done = done;
    flight_ = (flight_ + 1) % flights_.size();
    return {};
}

void CanvasRenderer::recordPicture(VkCommandBuffer commands, FrameSource& source, TimelinePoint done) {
    VkImage image = texture_.image.get();
    imageBarrier(commands, image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
                 VK_PIPELINE_STAGE_FRAGMENT_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT,
                 VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT);
    source.record(commands, image, done);
    imageBarrier(commands, image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL,
                 VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT, VK_PIPELINE_STAGE_FRAGMENT_SHADER_BIT,
                 VK_ACCESS_SHADER_READ_BIT);
    textureFilled_ = true;
    textureSource_ = &source;
    textureSerial_ = source.serial();
}

void CanvasRenderer::recordPass(VkCommandBuffer commands, const DrawRequest& request) {
    VkClearValue clear{};
    for (size_t i = 0; i < 4; ++i) clear.color.float32[i] = request.background[i];
    VkRenderPassBeginInfo pass{.sType = VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO,
                               .pNext = nullptr,
                               .renderPass = renderPass(),
                               .framebuffer = request.framebuffer,
                               .renderArea = {{0, 0}, request.extent},
                               .clearValueCount = 1,
                               .pClearValues = &clear};
    vkCmdBeginRenderPass(commands, &pass, VK_SUBPASS_CONTENTS_INLINE);
    bool hasPicture = request.source && !request.source->size().empty() && textureFilled_;
    if (hasPicture && request.placement.width > 0) {
        pipeline_.draw(commands, request.extent, request.placement, textureSize_, sampleModeFor(request.placement.zoom, request.magnify));
    }
    hudAreas_ = {};
    if (request.hud && !request.hud->isEmpty()) hudAreas_ = hud_->record(commands, request.extent, *request.hud, request.placement);
    vkCmdEndRenderPass(commands);
}

Result<void> CanvasRenderer::submit(VkCommandBuffer commands, const DrawRequest& request, bool copies, uint64_t done) {
    std::vector<VkSemaphore> waits, signals{timeline_.get()};
    std::vector<uint64_t> waitValues, signalValues{done};
    std::vector<VkPipelineStageFlags> stages;
    if (request.waitBefore != VK_NULL_HANDLE) {
        waits.push_back(request.waitBefore);
        waitValues.push_back(0);  // ignored: binary
        stages.push_back(VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT);
    }
    if (request.signalAfter != VK_NULL_HANDLE) {
        signals.push_back(request.signalAfter);
        signalValues.push_back(0);
    }
    if (copies) {
        for (TimelinePoint point : request.source->waitPoints()) {
            waits.push_back(point.timeline);
            waitValues.push_back(point.value);
            stages.push_back(VK_PIPELINE_STAGE_TRANSFER_BIT);
        }
        for (TimelinePoint point : request.source->signalPoints()) {
            signals.push_back(point.timeline);
            signalValues.push_back(point.value);
        }
    }
    VkTimelineSemaphoreSubmitInfo values{.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                         .pNext = nullptr,
                                         .waitSemaphoreValueCount = uint32_t(waitValues.size()),
                                         .pWaitSemaphoreValues = waitValues.data(),
                                         .signalSemaphoreValueCount = uint32_t(signalValues.size()),
                                         .pSignalSemaphoreValues = signalValues.data()};
    VkSubmitInfo info{.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                      .pNext = &values,
                      .waitSemaphoreCount = uint32_t(waits.size()),
                      .pWaitSemaphores = waits.data(),
                      .pWaitDstStageMask = stages.data(),
                      .commandBufferCount = 1,
                      .pCommandBuffers = &commands,
                      .signalSemaphoreCount = uint32_t(signals.size()),
                      .pSignalSemaphores = signals.data()};
    return context_.check(vkQueueSubmit(context_.queue(), 1, &info, VK_NULL_HANDLE), "submit a draw");
}

}  // namespace longtake
