// The HUD on Vulkan, by Dear ImGui.
//
// Owner:  CanvasRenderer. Context and render pass must outlive it.
// Thread: GUI thread only. ImGui's current context is set by every call and not relied on in between.
#pragma once

#include <memory>
#include <set>

#include "ui/canvas/hud_layout.h"
#include "ui/canvas/vulkan_context.h"

struct ImGuiContext;

namespace longtake {

class ImGuiHud {
public:
    // frames: how many draws the GPU may work on at once. characters: what beyond the basic set will be written.
    static Result<std::unique_ptr<ImGuiHud>> create(VulkanContext& context, VkRenderPass pass, int frames, double scale,
                                                    std::set<char32_t> characters);
    ~ImGuiHud();
    ImGuiHud(const ImGuiHud&) = delete;
    ImGuiHud& operator=(const ImGuiHud&) = delete;

    // Whether the fonts fit; otherwise make another one.
    bool suits(double scale, const std::set<char32_t>& characters) const;
    const std::set<char32_t>& characters() const { return characters_; }

    // Inside of the render pass.
    HudAreas record(VkCommandBuffer commands, VkExtent2D target, const HudScene& scene, const Placement& placement);

private:
    explicit ImGuiHud(VulkanContext& context) : context_(context) {}
    Result<void> start(VkRenderPass pass, int frames);
    void makeFonts();
    Result<void> uploadFonts();

    VulkanContext& context_;
    double scale_ = 1;
    std::set<char32_t> characters_;
    ImGuiContext* imgui_ = nullptr;
    bool started_ = false;  // ImGui's own Vulkan objects exist
    VkDescriptorPoolOwner pool_;
};

}  // namespace longtake
