#include "ui/canvas/frame_pipeline.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace longtake {
namespace {

constexpr uint32_t kVertexWords[] = {
#include "frame.vert.inc"
};
constexpr uint32_t kFragmentWords[] = {
#include "frame.frag.inc"
};

constexpr int kMostTaps = 16;

// As in shaders/frame.frag.
struct PlacementConstants {
    float originX, originY;
    float width, height;
    float texelsPerPixel;
    int32_t taps;
};

Result<VkShaderOwner> shader(VulkanContext& context, std::span<const uint32_t> words) {
    VkShaderModuleCreateInfo info{.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                  .pNext = nullptr,
                                  .flags = 0,
                                  .codeSize = words.size_bytes(),
                                  .pCode = words.data()};
    VkShaderModule module = VK_NULL_HANDLE;
    auto made = context.check(vkCreateShaderModule(context.device(), &info, nullptr, &module), "load shader");
    if (!made) return made.error();
    return VkShaderOwner(context.device(), module);
}

}  // namespace

Result<FramePipeline> FramePipeline::create(VulkanContext& context, VkFormat format, VkImageLayout finalLayout) {
    FramePipeline self;
    if (auto made = self.createPass(context, format, finalLayout); !made) return made.error();
    if (auto made = self.createDescriptors(context); !made) return made.error();
    if (auto made = self.createPipelines(context); !made) return made.error();
    return self;
}

Result<void> FramePipeline::createPass(VulkanContext& context, VkFormat format, VkImageLayout finalLayout) {
    VkAttachmentDescription attachment{.flags = 0,
                                       .format = format,
                                       .samples = VK_SAMPLE_COUNT_1_BIT,
                                       .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                       .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
                                       .stencilLoadOp = VK_ATTACHMENT_LOAD_OP_DONT_CARE,
                                       .stencilStoreOp = VK_ATTACHMENT_STORE_OP_DONT_CARE,
                                       .initialLayout = VK_IMAGE_LAYOUT_UNDEFINED,
                                       .finalLayout = finalLayout};
    VkAttachmentReference reference{.attachment = 0, .layout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL};
    VkSubpassDescription subpass{};
    subpass.pipelineBindPoint = VK_PIPELINE_BIND_POINT_GRAPHICS;
    subpass.colorAttachmentCount = 1;
    subpass.pColorAttachments = &reference;
    // In: after the acquired image is free. Out: before a copy that reads the target.
    const VkSubpassDependency dependencies[] = {
        {.srcSubpass = VK_SUBPASS_EXTERNAL,
         .dstSubpass = 0,
         .srcStageMask = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
         .dstStageMask = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT,
         .srcAccessMask = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT,
         .dstAccessMask = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT,
         .dependencyFlags = 0},
        {.srcSubpass = 0,
         .dstSubpass = VK_SUBPASS_EXTERNAL,
         .srcStageMask = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT,
         .dstStageMask = VK_PIPELINE_STAGE_TRANSFER_BIT,
         .srcAccessMask = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT,
         .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT,
         .dependencyFlags = 0}};
    VkRenderPassCreateInfo info{.sType = VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO,
                                .pNext = nullptr,
                                .flags = 0,
                                .attachmentCount = 1,
                                .pAttachments = &attachment,
                                .subpassCount = 1,
                                .pSubpasses = &subpass,
                                .dependencyCount = 2,
                                .pDependencies = dependencies};
    VkRenderPass pass = VK_NULL_HANDLE;
    auto made = context.check(vkCreateRenderPass(context.device(), &info, nullptr, &pass), "create render pass");
    renderPass_ = {context.device(), pass};
    return made;
}

Result<void> FramePipeline::createDescriptors(VulkanContext& context) {
    VkDevice device = context.device();
    VkSamplerCreateInfo samplerInfo{};
    samplerInfo.sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO;
    samplerInfo.magFilter = VK_FILTER_LINEAR;
    samplerInfo.minFilter = VK_FILTER_LINEAR;
    samplerInfo.addressModeU = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE;
    samplerInfo.addressModeV = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE;
    samplerInfo.addressModeW = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE;
    VkSampler sampler = VK_NULL_HANDLE;
    auto made = context.check(vkCreateSampler(device, &samplerInfo, nullptr, &sampler), "create sampler");
    if (!made) return made;
    sampler_ = {device, sampler};

    VkDescriptorSetLayoutBinding binding{.binding = 0,
                                         .descriptorType = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
                                         .descriptorCount = 1,
                                         .stageFlags = VK_SHADER_STAGE_FRAGMENT_BIT,
                                         .pImmutableSamplers = &sampler};
    VkDescriptorSetLayoutCreateInfo layoutInfo{.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
                                               .pNext = nullptr,
                                               .flags = 0,
                                               .bindingCount = 1,
                                               .pBindings = &binding};
    VkDescriptorSetLayout setLayout = VK_NULL_HANDLE;
    made = context.check(vkCreateDescriptorSetLayout(device, &layoutInfo, nullptr, &setLayout), "create set layout");
    if (!made) return made;
    setLayout_ = {device, setLayout};

    VkDescriptorPoolSize poolSize{.type = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, .descriptorCount = 1};
    VkDescriptorPoolCreateInfo poolInfo{.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                        .pNext = nullptr,
                                        .flags = 0,
                                        .maxSets = 1,
                                        .poolSizeCount = 1,
                                        .pPoolSizes = &poolSize};
    VkDescriptorPool pool = VK_NULL_HANDLE;
    made = context.check(vkCreateDescriptorPool(device, &poolInfo, nullptr, &pool), "create descriptor pool");
    if (!made) return made;
    pool_ = {device, pool};

    VkDescriptorSetAllocateInfo setInfo{.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                        .pNext = nullptr,
                                        .descriptorPool = pool,
                                        .descriptorSetCount = 1,
                                        .pSetLayouts = &setLayout};
    return context.check(vkAllocateDescriptorSets(device, &setInfo, &set_), "allocate descriptor set");
}

Result<void> FramePipeline::createPipelines(VulkanContext& context) {
    VkDevice device = context.device();
    auto vertex = shader(context, kVertexWords);
    if (!vertex) return vertex.error();
    auto fragment = shader(context, kFragmentWords);
    if (!fragment) return fragment.error();

    VkPushConstantRange range{.stageFlags = VK_SHADER_STAGE_FRAGMENT_BIT, .offset = 0, .size = sizeof(PlacementConstants)};
    VkDescriptorSetLayout setLayout = setLayout_.get();
    VkPipelineLayoutCreateInfo layoutInfo{.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                          .pNext = nullptr,
                                          .flags = 0,
                                          .setLayoutCount = 1,
                                          .pSetLayouts = &setLayout,
                                          .pushConstantRangeCount = 1,
                                          .pPushConstantRanges = &range};
    VkPipelineLayout layout = VK_NULL_HANDLE;
    auto made = context.check(vkCreatePipelineLayout(device, &layoutInfo, nullptr, &layout), "create pipeline layout");
    if (!made) return made;
    layout_ = {device, layout};

    VkPipelineShaderStageCreateInfo stages[2]{};
    stages[0].sType = stages[1].sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
    stages[0].stage = VK_SHADER_STAGE_VERTEX_BIT;
    stages[0].module = vertex->get();
    stages[1].stage = VK_SHADER_STAGE_FRAGMENT_BIT;
    stages[1].module = fragment->get();
    stages[0].pName = stages[1].pName = "main";
    int32_t mode = 0;
    VkSpecializationMapEntry modeEntry{.constantID = 0, .offset = 0, .size = sizeof(mode)};
    VkSpecializationInfo special{.mapEntryCount = 1, .pMapEntries = &modeEntry, .dataSize = sizeof(mode), .pData = &mode};
    stages[1].pSpecializationInfo = &special;

    VkPipelineVertexInputStateCreateInfo noVertices{};
    noVertices.sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO;
    VkPipelineInputAssemblyStateCreateInfo assembly{};
    assembly.sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO;
    assembly.topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST;
    VkPipelineViewportStateCreateInfo viewport{};
    viewport.sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO;
    viewport.viewportCount = viewport.scissorCount = 1;
    VkPipelineRasterizationStateCreateInfo raster{};
    raster.sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO;
    raster.cullMode = VK_CULL_MODE_NONE;
    raster.lineWidth = 1;
    VkPipelineMultisampleStateCreateInfo samples{};
    samples.sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO;
    samples.rasterizationSamples = VK_SAMPLE_COUNT_1_BIT;
    VkPipelineColorBlendAttachmentState opaque{};
    opaque.colorWriteMask = VK_COLOR_COMPONENT_R_BIT | VK_COLOR_COMPONENT_G_BIT | VK_COLOR_COMPONENT_B_BIT | VK_COLOR_COMPONENT_A_BIT;
    VkPipelineColorBlendStateCreateInfo blend{};
    blend.sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO;
    blend.attachmentCount = 1;
    blend.pAttachments = &opaque;
    const VkDynamicState dynamics[] = {VK_DYNAMIC_STATE_VIEWPORT, VK_DYNAMIC_STATE_SCISSOR};
    VkPipelineDynamicStateCreateInfo dynamic{};
    dynamic.sType = VK_STRUCTURE_TYPE_PIPELINE_DYNAMIC_STATE_CREATE_INFO;
    dynamic.dynamicStateCount = 2;
    dynamic.pDynamicStates = dynamics;

    VkGraphicsPipelineCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO;
    info.stageCount = 2;
    info.pStages = stages;
    info.pVertexInputState = &noVertices;
    info.pInputAssemblyState = &assembly;
    info.pViewportState = &viewport;
    info.pRasterizationState = &raster;
    info.pMultisampleState = &samples;
    info.pColorBlendState = &blend;
    info.pDynamicState = &dynamic;
    info.layout = layout;
    info.renderPass = renderPass_.get();
    for (mode = 0; mode < kSampleModes; ++mode) {
        VkPipeline pipeline = VK_NULL_HANDLE;
        made = context.check(vkCreateGraphicsPipelines(device, VK_NULL_HANDLE, 1, &info, nullptr, &pipeline), "create pipeline");
        if (!made) return made;
        pipelines_[size_t(mode)] = {device, pipeline};
    }
    return {};
}

void FramePipeline::bindPicture(VulkanContext& context, VkImageView view) {
    VkDescriptorImageInfo image{.sampler = VK_NULL_HANDLE, .imageView = view, .imageLayout = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL};
    VkWriteDescriptorSet write{};
    write.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET;
    write.dstSet = set_;
    write.descriptorCount = 1;
    write.descriptorType = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER;
    write.pImageInfo = &image;
    vkUpdateDescriptorSets(context.device(), 1, &write, 0, nullptr);
}

void FramePipeline::draw(VkCommandBuffer commands, VkExtent2D target, const Placement& placement, PictureSize picture,
                         SampleMode mode) const {
    int left = std::clamp(placement.x, 0, int(target.width));
    int top = std::clamp(placement.y, 0, int(target.height));
    int right = std::clamp(placement.x + placement.width, 0, int(target.width));
    int bottom = std::clamp(placement.y + placement.height, 0, int(target.height));
    if (left >= right || top >= bottom) return;

    VkViewport viewport{0, 0, float(target.width), float(target.height), 0, 1};
    VkRect2D scissor{{left, top}, {uint32_t(right - left), uint32_t(bottom - top)}};
    double texelsPerPixel = 1 / placement.zoom;
    PlacementConstants constants{.originX = float(placement.x),
                                 .originY = float(placement.y),
                                 .width = float(picture.width),
                                 .height = float(picture.height),
                                 .texelsPerPixel = float(texelsPerPixel),
                                 .taps = std::clamp(int(std::ceil(texelsPerPixel)), 1, kMostTaps)};
    vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, pipelines_[size_t(mode)].get());
    vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, layout_.get(), 0, 1, &set_, 0, nullptr);
    vkCmdPushConstants(commands, layout_.get(), VK_SHADER_STAGE_FRAGMENT_BIT, 0, sizeof(constants), &constants);
    vkCmdSetViewport(commands, 0, 1, &viewport);
    vkCmdSetScissor(commands, 0, 1, &scissor);
    vkCmdDraw(commands, 3, 1, 0, 0);
}

}  // namespace longtake
