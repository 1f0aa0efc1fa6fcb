// The render pass and the pipelines of the canvas: a textured rectangle, one pipeline for each filter.
//
// Owner:  CanvasRenderer.
// Thread: the renderer's.
#pragma once

#include "ui/canvas/canvas_view.h"
#include "ui/canvas/vulkan_context.h"

namespace longtake {

// The numbers of shaders/frame.frag.
enum class SampleMode : int32_t { Nearest = 0, Linear = 1, Bicubic = 2, Area = 3 };
constexpr int kSampleModes = 4;

class FramePipeline {
public:
    // finalLayout: what images of the pass are left in (PRESENT_SRC_KHR, TRANSFER_SRC_OPTIMAL).
    static Result<FramePipeline> create(VulkanContext& context, VkFormat format, VkImageLayout finalLayout);

    VkRenderPass renderPass() const { return renderPass_.get(); }

    // The picture that draw() shows. Not while the GPU still draws.
    void bindPicture(VulkanContext& context, VkImageView view);
    // Inside of the render pass.
    void draw(VkCommandBuffer commands, VkExtent2D target, const Placement& placement, PictureSize picture, SampleMode mode) const;

private:
    Result<void> createPass(VulkanContext& context, VkFormat format, VkImageLayout finalLayout);
    Result<void> createDescriptors(VulkanContext& context);
    Result<void> createPipelines(VulkanContext& context);

    VkRenderPassOwner renderPass_;
    VkSamplerOwner sampler_;
    VkSetLayoutOwner setLayout_;
    VkDescriptorPoolOwner pool_;
    VkDescriptorSet set_ = VK_NULL_HANDLE;  // the pool's
    VkPipelineLayoutOwner layout_;
    std::array<VkPipelineOwner, kSampleModes> pipelines_;
};

}  // namespace longtake
