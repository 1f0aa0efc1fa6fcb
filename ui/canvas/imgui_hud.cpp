#include "ui/canvas/imgui_hud.h"

#include <backends/imgui_impl_vulkan.h>
#include <imgui.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "ui/canvas/hud_glyphs.h"

namespace longtake {
namespace {

constexpr std::array kFonts{HudFont::Text, HudFont::Strong, HudFont::Small};

ImU32 packed(HudColor color) { return IM_COL32(color.red, color.green, color.blue, color.alpha); }

class ImGuiHudPainter final : public HudPainter {
public:
    explicit ImGuiHudPainter(ImDrawList& list) : list_(list) {}

    double textWidth(HudFont font, std::string_view text) override {
        ImFont& face = fontOf(font);
        return face.CalcTextSizeA(face.FontSize, 1e9f, 0, text.data(), text.data() + text.size()).x;
    }
    void text(HudFont font, PixelPoint topLeft, HudColor color, std::string_view text) override {
        if (text.empty()) return;
        ImFont& face = fontOf(font);
        // Whole pixels: the glyphs were drawn for them.
        ImVec2 at(float(std::round(topLeft.x)), float(std::round(topLeft.y)));
        list_.AddText(&face, face.FontSize, at, packed(color), text.data(), text.data() + text.size());
    }
    void box(HudBox box, double radius, HudColor color) override {
        list_.AddRectFilled(ImVec2(float(box.x), float(box.y)), ImVec2(float(box.x + box.width), float(box.y + box.height)), packed(color),
                            float(radius));
    }
    void line(std::span<const PixelPoint> points, double width, HudColor color) override {
        std::vector<ImVec2> path;
        for (PixelPoint point : points) path.emplace_back(float(point.x), float(point.y));
        list_.AddPolyline(path.data(), int(path.size()), packed(color), ImDrawFlags_None, float(width));
    }

private:
    static ImFont& fontOf(HudFont font) { return *ImGui::GetIO().Fonts->Fonts[int(font)]; }
    ImDrawList& list_;
};

}  // namespace

Result<std::unique_ptr<ImGuiHud>> ImGuiHud::create(VulkanContext& context, VkRenderPass pass, int frames, double scale,
                                                   std::set<char32_t> characters) {
    std::unique_ptr<ImGuiHud> self(new ImGuiHud(context));
    self->scale_ = scale;
    self->characters_ = basicHudCharacters();
    self->characters_.merge(characters);
    self->imgui_ = ImGui::CreateContext();
    if (auto started = self->start(pass, frames); !started) return started.error();
    return self;
}

ImGuiHud::~ImGuiHud() {
    ImGui::SetCurrentContext(imgui_);
    if (started_) ImGui_ImplVulkan_Shutdown();
    if (imgui_) ImGui::DestroyContext(imgui_);
}

bool ImGuiHud::suits(double scale, const std::set<char32_t>& characters) const {
    return scale == scale_ && std::includes(characters_.begin(), characters_.end(), characters.begin(), characters.end());
}

Result<void> ImGuiHud::start(VkRenderPass pass, int frames) {
    ImGui::SetCurrentContext(imgui_);
    ImGuiIO& io = ImGui::GetIO();
    io.IniFilename = nullptr;
    io.LogFilename = nullptr;
    makeFonts();

    VkDescriptorPoolSize size{.type = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, .descriptorCount = 1};
    VkDescriptorPoolCreateInfo poolInfo{.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                        .pNext = nullptr,
                                        .flags = 0,
                                        .maxSets = 1,
                                        .poolSizeCount = 1,
                                        .pPoolSizes = &size};
    VkDescriptorPool pool = VK_NULL_HANDLE;
    auto made = context_.check(vkCreateDescriptorPool(context_.device(), &poolInfo, nullptr, &pool), "create HUD pool");
    if (!made) return made;
    pool_ = {context_.device(), pool};

    ImGui_ImplVulkan_InitInfo info{};
    info.Instance = context_.instance();
    info.PhysicalDevice = context_.physical();
    info.Device = context_.device();
    info.QueueFamily = context_.queueFamily();
    info.Queue = context_.queue();
    info.DescriptorPool = pool;
    info.MinImageCount = uint32_t(std::max(2, frames));
    info.ImageCount = info.MinImageCount;
    info.MSAASamples = VK_SAMPLE_COUNT_1_BIT;
    started_ = ImGui_ImplVulkan_Init(&info, pass);
    if (!started_) return Error{"[Vulkan] start the HUD: Dear ImGui did not start"};
    return uploadFonts();
}

void ImGuiHud::makeFonts() {
    ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
    // ImGui wants a font to hang glyphs on: its own, of which only the space is kept.
    static const ImWchar kSpaceOnly[] = {0x20, 0x20, 0};
    struct Placed {
        int rectangle;
        HudGlyph glyph;
    };
    std::vector<Placed> placed;
    for (HudFont font : kFonts) {
        ImFontConfig config;
        config.SizePixels = float(std::lround(hudFontSize(font) * scale_));
        config.GlyphRanges = kSpaceOnly;
        ImFont* face = atlas.AddFontDefault(&config);
        for (HudGlyph& glyph : drawGlyphs(font, scale_, characters_)) {
            if (glyph.character > IM_UNICODE_CODEPOINT_MAX) continue;  // shown as the fallback character
            int rectangle =
                atlas.AddCustomRectFontGlyph(face, ImWchar(glyph.character), std::max(1, glyph.width), std::max(1, glyph.height),
                                             float(glyph.advance), ImVec2(float(glyph.left), float(glyph.top)));
            placed.push_back({rectangle, std::move(glyph)});
        }
    }
    unsigned char* pixels = nullptr;
    int width = 0, height = 0;
    atlas.GetTexDataAsAlpha8(&pixels, &width, &height);
    for (const Placed& one : placed) {
        const ImFontAtlasCustomRect& at = *atlas.GetCustomRectByIndex(one.rectangle);
        if (one.glyph.width == 0) {
            pixels[at.Y * width + at.X] = 0;
            continue;
        }
        for (int y = 0; y < one.glyph.height; ++y) {
            std::copy_n(one.glyph.coverage.data() + y * one.glyph.width, one.glyph.width, pixels + (at.Y + y) * width + at.X);
        }
    }
}

Result<void> ImGuiHud::uploadFonts() {
    VkDevice device = context_.device();
    VkCommandPoolCreateInfo poolInfo{.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                     .pNext = nullptr,
                                     .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
                                     .queueFamilyIndex = context_.queueFamily()};
    VkCommandPool pool = VK_NULL_HANDLE;
    auto made = context_.check(vkCreateCommandPool(device, &poolInfo, nullptr, &pool), "create font upload pool");
    if (!made) return made;
    VkCommandPoolOwner owner(device, pool);
    VkCommandBufferAllocateInfo allocate{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                         .pNext = nullptr,
                                         .commandPool = pool,
                                         .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                         .commandBufferCount = 1};
    VkCommandBuffer commands = VK_NULL_HANDLE;
    made = context_.check(vkAllocateCommandBuffers(device, &allocate, &commands), "allocate font upload");
    if (!made) return made;
    VkCommandBufferBeginInfo begin{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                   .pNext = nullptr,
                                   .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
                                   .pInheritanceInfo = nullptr};
    vkBeginCommandBuffer(commands, &begin);
    bool recorded = ImGui_ImplVulkan_CreateFontsTexture(commands);
    vkEndCommandBuffer(commands);
    if (!recorded) return Error{"[Vulkan] start the HUD: its font could not be uploaded"};
    VkSubmitInfo submit{};
    submit.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
    submit.commandBufferCount = 1;
    submit.pCommandBuffers = &commands;
    made = context_.check(vkQueueSubmit(context_.queue(), 1, &submit, VK_NULL_HANDLE), "upload font");
    if (made) made = context_.check(vkQueueWaitIdle(context_.queue()), "upload font");
    ImGui_ImplVulkan_DestroyFontUploadObjects();
    return made;
}

HudAreas ImGuiHud::record(VkCommandBuffer commands, VkExtent2D target, const HudScene& scene, const Placement& placement) {
    ImGui::SetCurrentContext(imgui_);
    ImGuiIO& io = ImGui::GetIO();
    io.DisplaySize = ImVec2(float(target.width), float(target.height));
    io.DeltaTime = 1.0f / 60;  // nothing here moves with ImGui's time
    ImGui_ImplVulkan_NewFrame();
    ImGui::NewFrame();
    ImGuiHudPainter painter(*ImGui::GetBackgroundDrawList());
    HudAreas areas = drawHud(scene, hudRoom(placement, {int(target.width), int(target.height)}, scale_), scale_, painter);
    ImGui::Render();
    ImGui_ImplVulkan_RenderDrawData(ImGui::GetDrawData(), commands);
    return areas;
}

}  // namespace longtake
