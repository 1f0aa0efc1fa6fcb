// The renderer without a window, on lavapipe, with the validation layer failing the test: what goes in comes out.
#include "ui/canvas/canvas_renderer.h"

#include <QTest>
#include <cmath>
#include <functional>
#include <random>
#include <unistd.h>

#include "ui/canvas/offscreen_target.h"
#include "ui/canvas/picture_scaler.h"
#include "ui/canvas/shared_source.h"
#include "ui/canvas/staging_source.h"
#include "ui/canvas/vulkan_instance.h"

using namespace longtake;

namespace {

struct Picture {
    PictureSize size;
    std::vector<uint8_t> rgb;

    FrameView frame() const {
        return {.data = rgb.data(),
                .width = size.width,
                .height = size.height,
                .stride = ptrdiff_t(size.width) * 3,
                .format = PixelFormat::Rgb24};
    }
    // Clamped to the edge, as the sampler does.
    double at(int x, int y, int channel) const {
        x = std::clamp(x, 0, size.width - 1);
        y = std::clamp(y, 0, size.height - 1);
        return rgb[(size_t(y) * size_t(size.width) + size_t(x)) * 3 + size_t(channel)];
    }
};

Picture noise(int width, int height, uint32_t seed = 1) {
    Picture picture{.size = {width, height}, .rgb = {}};
    std::mt19937 random(seed);
    for (int i = 0; i < width * height * 3; ++i) picture.rgb.push_back(uint8_t(random()));
    return picture;
}

// Catmull-Rom by its definition over 4x4 texels, in double.
double catmullRom(double x) {
    x = std::abs(x);
    if (x < 1) return 1.5 * x * x * x - 2.5 * x * x + 1;
    if (x < 2) return -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2;
    return 0;
}

double bicubic(const Picture& picture, double x, double y, int channel) {
    double sum = 0;
    int left = int(std::floor(x - 0.5)), top = int(std::floor(y - 0.5));
    for (int j = top - 1; j <= top + 2; ++j) {
        for (int i = left - 1; i <= left + 2; ++i) {
            sum += picture.at(i, j, channel) * catmullRom(x - i - 0.5) * catmullRom(y - j - 0.5);
        }
    }
    return std::clamp(sum, 0.0, 255.0);
}

double linear(const Picture& picture, double x, double y, int channel) {
    int left = int(std::floor(x - 0.5)), top = int(std::floor(y - 0.5));
    double fx = x - 0.5 - left, fy = y - 0.5 - top;
    return (picture.at(left, top, channel) * (1 - fx) + picture.at(left + 1, top, channel) * fx) * (1 - fy) +
           (picture.at(left, top + 1, channel) * (1 - fx) + picture.at(left + 1, top + 1, channel) * fx) * fy;
}

constexpr uint8_t kBackground[3] = {17, 19, 23};

// Catmull-Rom from 0 0 to 1 1, at f of the way between the inner two.
double bicubicStep(double f) { return f * (0.5 + f * (2.0 - 1.5 * f)) + f * f * (0.5 * f - 0.5); }

}  // namespace

class TestCanvasRenderer : public QObject {
    Q_OBJECT

    std::vector<std::string> complaints_;
    std::unique_ptr<VulkanInstance> instance_;
    std::unique_ptr<VulkanContext> context_;
    std::unique_ptr<CanvasRenderer> renderer_;

    // Draws into a target of that size and returns its RGBA pixels.
    std::vector<uint8_t> drawn(PictureSize target, FrameSource* source, const Placement& placement, Magnify magnify,
                               const HudScene* hud = nullptr, double scale = 1) {
        VkExtent2D extent{uint32_t(target.width), uint32_t(target.height)};
        auto offscreen = OffscreenTarget::create(*context_, renderer_->renderPass(), extent);
        if (!offscreen) qFatal("%s", offscreen.message().c_str());
        auto ok = renderer_->draw({.framebuffer = offscreen->framebuffer(),
                                   .extent = extent,
                                   .source = source,
                                   .placement = placement,
                                   .magnify = magnify,
                                   .hud = hud,
                                   .scale = scale,
                                   .readback = &*offscreen});
        if (!ok) qFatal("%s", ok.message().c_str());
        if (auto finished = renderer_->finish(); !finished) qFatal("%s", finished.message().c_str());
        const uint8_t* pixels = offscreen->pixels(*context_);
        return {pixels, pixels + size_t(target.width) * size_t(target.height) * 4};
    }

    // The largest difference to `expected(x, y, channel)` inside of the placement, in steps of 1/255.
    static double worst(const std::vector<uint8_t>& pixels, PictureSize target, const Placement& placement,
                        const std::function<double(double, double, int)>& expected) {
        double most = 0;
        for (int y = std::max(0, placement.y); y < std::min(target.height, placement.y + placement.height); ++y) {
            for (int x = std::max(0, placement.x); x < std::min(target.width, placement.x + placement.width); ++x) {
                for (int c = 0; c < 3; ++c) {
                    double got = pixels[(size_t(y) * size_t(target.width) + size_t(x)) * 4 + size_t(c)];
                    double want = expected((x + 0.5 - placement.x) / placement.zoom, (y + 0.5 - placement.y) / placement.zoom, c);
                    most = std::max(most, std::abs(got - want));
                }
            }
        }
        return most;
    }

private slots:
    void initTestCase() {
        auto instance =
            VulkanInstance::create({.validate = true, .onMessage = [this](const std::string& text) { complaints_.push_back(text); }});
        QVERIFY2(instance.ok(), instance ? "" : instance.message().c_str());
        instance_ = std::move(*instance);
        auto context = VulkanContext::create(instance_->get());
        QVERIFY2(context.ok(), context ? "" : context.message().c_str());
        context_ = std::move(*context);
        auto renderer = CanvasRenderer::create(*context_, OffscreenTarget::kFormat, OffscreenTarget::kLayout);
        QVERIFY2(renderer.ok(), renderer ? "" : renderer.message().c_str());
        renderer_ = std::move(*renderer);
    }

    void cleanup() {
        for (const std::string& text : complaints_) qWarning("%s", text.c_str());
        QVERIFY(complaints_.empty());
    }

    void cleanupTestCase() {
        renderer_.reset();
        context_.reset();
        instance_.reset();
        QVERIFY(complaints_.empty());
    }

    void atOneToOneEveryPixelIsTheFrames_data() {
        QTest::addColumn<int>("width");
        QTest::addColumn<int>("height");
        QTest::newRow("embedded model") << 256 << 144;
        QTest::newRow("1.3B model") << 832 << 480;
        QTest::newRow("odd") << 37 << 23;
        QTest::newRow("one pixel") << 1 << 1;
    }
    void atOneToOneEveryPixelIsTheFrames() {
        QFETCH(int, width);
        QFETCH(int, height);
        Picture picture = noise(width, height);
        StagingSource source(*context_);
        QVERIFY(source.upload(picture.frame()).ok());
        CanvasView view;
        view.setCanvas({width + 31, height + 14});
        view.setPicture(picture.size);
        view.setZoom(1);
        Placement placement = view.placement();
        auto pixels = drawn({width + 31, height + 14}, &source, placement, Magnify::Bicubic);
        auto exact = [&](double x, double y, int c) { return picture.at(int(x), int(y), c); };
        QCOMPARE(worst(pixels, {width + 31, height + 14}, placement, exact), 0.0);
        for (int c = 0; c < 3; ++c) QCOMPARE(pixels[size_t(c)], kBackground[c]);  // outside: the background
    }

    void rgbaAndPaddedRowsAreTheSamePicture() {
        Picture picture = noise(20, 10);
        constexpr ptrdiff_t stride = 20 * 4 + 12;
        std::vector<uint8_t> padded(size_t(stride) * 10, 77);
        for (int y = 0; y < 10; ++y) {
            for (int x = 0; x < 20; ++x) {
                for (int c = 0; c < 3; ++c) {
                    padded[size_t(y * stride + x * 4 + c)] = uint8_t(picture.at(x, y, c));
                }
            }
        }
        StagingSource source(*context_);
        FrameView frame{.data = padded.data(), .width = 20, .height = 10, .stride = stride, .format = PixelFormat::Rgba};
        QVERIFY(source.upload(frame).ok());
        Placement whole{.width = 20, .height = 10};
        auto pixels = drawn({20, 10}, &source, whole, Magnify::Bicubic);
        auto exact = [&](double x, double y, int c) { return picture.at(int(x), int(y), c); };
        QCOMPARE(worst(pixels, {20, 10}, whole, exact), 0.0);
        QCOMPARE(pixels[3], uint8_t(255));
    }

    void filtersAgreeWithTheirDefinition_data() {
        QTest::addColumn<Magnify>("magnify");
        QTest::addColumn<double>("zoom");
        QTest::addColumn<double>("bound");
        // The linear fetches inside of the 9-tap form work with 8 bits of weight.
        QTest::newRow("bicubic 3.55") << Magnify::Bicubic << 3.55 << 3.0;
        QTest::newRow("bicubic 1.3") << Magnify::Bicubic << 1.3 << 3.0;
        QTest::newRow("linear 3.55") << Magnify::Linear << 3.55 << 2.0;
        QTest::newRow("nearest 4") << Magnify::Nearest << 4.0 << 0.0;
    }
    void filtersAgreeWithTheirDefinition() {
        QFETCH(Magnify, magnify);
        QFETCH(double, zoom);
        QFETCH(double, bound);
        Picture picture = noise(48, 27);
        StagingSource source(*context_);
        QVERIFY(source.upload(picture.frame()).ok());
        PictureSize target{int(48 * zoom), int(27 * zoom)};
        Placement placement{.width = target.width, .height = target.height, .zoom = zoom};
        auto pixels = drawn(target, &source, placement, magnify);
        auto expected = [&](double x, double y, int c) {
            if (magnify == Magnify::Bicubic) return bicubic(picture, x, y, c);
            if (magnify == Magnify::Linear) return linear(picture, x, y, c);
            return picture.at(int(x), int(y), c);
        };
        double difference = worst(pixels, target, placement, expected);
        QVERIFY2(difference <= bound, qPrintable(QString::number(difference)));
    }

    void theCpusBicubicIsTheSameOne() {
        Picture picture = noise(48, 27);
        for (Placement placement :
             {Placement{.width = 170, .height = 96, .zoom = 3.55}, Placement{.x = -100, .y = -31, .width = 384, .height = 216, .zoom = 8},
              Placement{.x = 20, .y = 7, .width = 53, .height = 30, .zoom = 1.1}}) {
            PictureSize canvas{170, 96};
            CanvasPart part = visiblePart(placement, canvas);
            std::vector<uint8_t> pixels(size_t(canvas.width) * size_t(canvas.height) * 4, 1);
            uint8_t* corner = pixels.data() + (part.y * canvas.width + part.x) * 4;
            PictureScaler().scale(picture.frame(), placement, part, corner, canvas.width * 4);
            for (size_t i = 0; i < pixels.size(); i += 4) std::swap(pixels[i], pixels[i + 2]);
            auto expected = [&](double x, double y, int c) { return bicubic(picture, x, y, c); };
            double difference = worst(pixels, canvas, placement, expected);
            QVERIFY2(difference < 1, qPrintable(QString::number(difference)));  // rounded down or up, by the dither
        }
        QCOMPARE(visiblePart({.x = 500, .width = 10, .height = 10}, {100, 100}).width, 0);
    }

    void anAreaOfOneColourStaysThatColour() {
        for (const int level : {0, 1, 100, 254, 255}) {
            Picture picture{.size = {6, 6}, .rgb = std::vector<uint8_t>(6 * 6 * 3, uint8_t(level))};
            std::vector<uint8_t> painted(size_t{40} * 37 * 4);
            PictureScaler().scale(picture.frame(), {.width = 40, .height = 37, .zoom = 6.2}, {0, 0, 40, 37}, painted.data(), 40 * 4);
            for (size_t i = 0; i < painted.size(); ++i) QCOMPARE(int(painted[i]), i % 4 == 3 ? 255 : level);
        }
    }

    // Rounded to the nearest, a gradient of one step would be an edge; dithered, its mean rises evenly. On the CPU: the
    // software device filters with whole values, so its shader has nothing to dither.
    void aGradientBetweenTwoValuesHasNoEdge() {
        Picture picture{.size = {4, 4}, .rgb = {}};
        for (int i = 0; i < 4 * 4; ++i)
            for (int c = 0; c < 3; ++c) picture.rgb.push_back(i % 4 < 2 ? 100 : 101);
        const Placement placement{.width = 256, .height = 256, .zoom = 64};
        std::vector<uint8_t> painted(size_t{256} * 256 * 4);
        PictureScaler().scale(picture.frame(), placement, {0, 0, 256, 256}, painted.data(), 256 * 4);
        for (int x = 96; x < 160; x += 8) {
            double sum = 0;
            for (int y = 96; y < 160; ++y)
                for (int i = 0; i < 8; ++i) sum += painted[(size_t(y) * 256 + size_t(x + i)) * 4];
            const double expected = 100 + bicubicStep((x + 4 - 96) / 64.0), mean = sum / (64 * 8);
            QVERIFY2(std::abs(mean - expected) < 0.06, qPrintable(QStringLiteral("%1 at %2, not %3").arg(mean).arg(x).arg(expected)));
        }
    }

    void makingSmallerAverages() {
        // A checkerboard of single pixels: any filter that skips texels shows black or white.
        Picture board{.size = {64, 64}, .rgb = {}};
        for (int i = 0; i < 64 * 64; ++i) {
            for (int c = 0; c < 3; ++c) board.rgb.push_back((i % 64 + i / 64) % 2 ? 255 : 0);
        }
        StagingSource source(*context_);
        QVERIFY(source.upload(board.frame()).ok());
        Placement placement{.width = 16, .height = 16, .zoom = 0.25};
        auto pixels = drawn({16, 16}, &source, placement, Magnify::Bicubic);
        QVERIFY(worst(pixels, {16, 16}, placement, [](double, double, int) { return 127.5; }) <= 3);
    }

    void aPictureLargerThanTheTargetIsCut() {
        Picture picture = noise(100, 80);
        StagingSource source(*context_);
        QVERIFY(source.upload(picture.frame()).ok());
        Placement placement{.x = -30, .y = -11, .width = 100, .height = 80};
        auto pixels = drawn({40, 40}, &source, placement, Magnify::Bicubic);
        auto exact = [&](double x, double y, int c) { return picture.at(int(x), int(y), c); };
        QCOMPARE(worst(pixels, {40, 40}, placement, exact), 0.0);
        Placement outside{.x = 500, .y = 0, .width = 100, .height = 80};
        pixels = drawn({40, 40}, &source, outside, Magnify::Bicubic);
        QCOMPARE(pixels[0], kBackground[0]);
    }

    void manyFramesOfChangingSizeInAFlow() {
        StagingSource source(*context_);
        for (uint32_t i = 0; i < 24; ++i) {
            Picture picture = noise(i < 12 ? 64 : 80, 48, i);
            QVERIFY(source.upload(picture.frame()).ok());
            Placement whole{.width = picture.size.width, .height = 48};
            auto pixels = drawn(picture.size, &source, whole, Magnify::Bicubic);
            auto exact = [&](double x, double y, int c) { return picture.at(int(x), int(y), c); };
            QCOMPARE(worst(pixels, picture.size, whole, exact), 0.0);
        }
    }

    void withoutAPictureThereIsBackground() {
        StagingSource source(*context_);
        auto pixels = drawn({8, 8}, &source, {}, Magnify::Bicubic);
        for (int c = 0; c < 3; ++c) QCOMPARE(pixels[size_t(c)], kBackground[c]);
        FrameView empty;
        QVERIFY(!source.upload(empty).ok());
    }

    void memoryWrittenByAnotherApiIsShown() {
        if (!context_->facts().sharesMemory) QSKIP("this device does not share memory");
        auto ready = LocalTimeline::create(*context_);
        auto released = LocalTimeline::create(*context_);
        QVERIFY(ready.ok() && released.ok());
        auto& signal = static_cast<LocalTimeline&>(**ready);
        auto source = SharedSource::create(*context_, {40, 30}, 3, {std::move(*ready), std::move(*released)});
        QVERIFY2(source.ok(), source ? "" : source.message().c_str());
        QVERIFY((*source)->size().empty());
        auto shared = (*source)->exportMemory();
        QVERIFY2(shared.ok(), shared ? "" : shared.message().c_str());
        QVERIFY(shared->fd >= 0 && shared->slotCount == 3 && shared->slotBytes >= 40 * 30 * 4);

        // The other side: the same memory, imported and written through another mapping.
        VkImportMemoryFdInfoKHR import{.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
                                       .pNext = nullptr,
                                       .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT,
                                       .fd = shared->fd};
        int type = context_->memoryType(~0u, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT);
        QVERIFY(type >= 0);
        VkMemoryAllocateInfo info{.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                  .pNext = &import,
                                  .allocationSize = shared->allocationBytes,
                                  .memoryTypeIndex = uint32_t(type)};
        VkDeviceMemory memory = VK_NULL_HANDLE;
        QCOMPARE(vkAllocateMemory(context_->device(), &info, nullptr, &memory), VK_SUCCESS);
        VkMemoryOwner owner(context_->device(), memory);
        void* mapped = nullptr;
        QCOMPARE(vkMapMemory(context_->device(), memory, 0, VK_WHOLE_SIZE, 0, &mapped), VK_SUCCESS);

        for (uint64_t i = 0; i < 5; ++i) {
            int slot = int(i % 3);
            Picture picture = noise(40, 30, uint32_t(i));
            auto* to = static_cast<uint8_t*>(mapped) + uint64_t(slot) * shared->slotBytes;
            for (int p = 0; p < 40 * 30; ++p) {
                for (int c = 0; c < 3; ++c) to[p * 4 + c] = picture.rgb[size_t(p * 3 + c)];
                to[p * 4 + 3] = 255;
            }
            QVERIFY(signal.signal(i + 1).ok());
            (*source)->show(slot, i + 1);
            Placement whole{.width = 40, .height = 30};
            auto pixels = drawn({40, 30}, source->get(), whole, Magnify::Bicubic);
            auto exact = [&](double x, double y, int c) { return picture.at(int(x), int(y), c); };
            QCOMPARE(worst(pixels, {40, 30}, whole, exact), 0.0);
            // Reading is over: the writer is told so, by the value it was promised.
            auto reached = [&] {
                uint64_t value = 0;
                vkGetSemaphoreCounterValue(context_->device(), (*source)->released().semaphore(), &value);
                return value;
            };
            QTRY_COMPARE(reached(), (*source)->releaseValue(slot));
        }
    }

    void aDeviceWithoutSharedSemaphoresSaysSo() {
        auto timeline = ExternalTimeline::create(*context_);
        QCOMPARE(timeline.ok(), context_->facts().sharesSemaphores);
        if (!timeline) QVERIFY(timeline.message().find("shares no semaphores") != std::string::npos);
    }

    void hudDrawsItsPanelAndNothingElse() {
        HudScene scene;
        scene.values.generationFps = 24.6;
        scene.values.chunk = 41;
        scene.values.step = 3;
        scene.values.steps = 4;
        scene.values.cacheBytes = 2'900'000;
        scene.values.denseCacheBytes = 31'400'000;
        scene.values.pill = "\"…at sunset\" visible in 0.8 s";
        scene.values.series = {{.name = "drift", .values = {1, 3, 2, 5, 4}}};
        PictureSize target{800, 400};
        for (double scale : {1.0, 2.0}) {
            auto plain = drawn(target, nullptr, {}, Magnify::Linear);
            auto pixels = drawn(target, nullptr, {}, Magnify::Linear, &scene, scale);
            HudAreas areas = renderer_->hudAreas();
            QVERIFY(areas.panel.width > 200 * scale);
            QVERIFY(areas.pill.width > 100 * scale);
            int teal = 0, bright = 0;
            for (int y = 0; y < target.height; ++y) {
                for (int x = 0; x < target.width; ++x) {
                    const uint8_t* pixel = &pixels[(size_t(y) * 800 + size_t(x)) * 4];
                    auto inside = [&](const HudBox& box) {
                        return x >= box.x - 1 && y >= box.y - 1 && x <= box.x + box.width && y <= box.y + box.height;
                    };
                    if (!inside(areas.panel) && !inside(areas.pill)) {
                        for (size_t c = 0; c < 3; ++c) QCOMPARE(pixel[c], kBackground[c]);
                    }
                    teal += pixel[0] == 79 && pixel[1] == 183 && pixel[2] == 168;
                    bright += pixel[0] > 220 && pixel[1] > 220 && pixel[2] > 220;
                }
            }
            QVERIFY2(teal > 100 * scale, qPrintable(QString::number(teal)));
            QVERIFY2(bright > 50 * scale, qPrintable(QString::number(bright)));
        }
    }

    void hudLiesOnThePictureAndNotBesideIt() {
        const HudBox inside = hudRoom({.x = 100, .y = 20, .width = 600, .height = 360}, {800, 400}, 1);
        QCOMPARE(inside.x, 100.0);
        QCOMPARE(inside.width, 600.0);
        QCOMPARE(inside.height, 360.0);
        // Zoomed beyond the canvas: what is seen of it.
        const HudBox zoomed = hudRoom({.x = -500, .y = -80, .width = 2000, .height = 900}, {800, 400}, 1);
        QCOMPARE(zoomed.x, 0.0);
        QCOMPARE(zoomed.width, 800.0);
        QCOMPARE(zoomed.height, 400.0);
        // Too small for figures, or not there: the canvas.
        QCOMPARE(hudRoom({.x = 350, .y = 150, .width = 100, .height = 100}, {800, 400}, 1).width, 800.0);
        QCOMPARE(hudRoom({.x = 100, .y = 20, .width = 600, .height = 360}, {800, 400}, 3).width, 800.0);
        QCOMPARE(hudRoom({}, {800, 400}, 1).width, 800.0);
    }

    void hudLearnsCharactersItHasNotSeen() {
        HudScene scene;
        scene.panelVisible = false;
        scene.values.pill = "ab";
        (void)drawn({400, 100}, nullptr, {}, Magnify::Linear, &scene);
        double narrow = renderer_->hudAreas().pill.width;
        scene.values.pill = "abαβγ";
        (void)drawn({400, 100}, nullptr, {}, Magnify::Linear, &scene);
        QVERIFY(renderer_->hudAreas().pill.width > narrow + 15);
        scene.values.pill = std::string(500, 'x');
        (void)drawn({400, 100}, nullptr, {}, Magnify::Linear, &scene);
        QVERIFY(renderer_->hudAreas().pill.width <= 400 - 24);
        scene.panelVisible = true;  // too small for a panel: nothing instead of half of one
        scene.values.generationFps = 1;
        (void)drawn({60, 20}, nullptr, {}, Magnify::Linear, &scene);
        QCOMPARE(renderer_->hudAreas().panel.width, 0.0);
    }

    void bytesReadAsThreeDigits() {
        QCOMPARE(QString::fromStdString(formatBytes(0)), "0 B");
        QCOMPARE(QString::fromStdString(formatBytes(999)), "999 B");
        QCOMPARE(QString::fromStdString(formatBytes(2'949'120)), "2.9 MB");
        QCOMPARE(QString::fromStdString(formatBytes(999'960)), "1.0 MB");
        QCOMPARE(QString::fromStdString(formatBytes(150'000'000'000)), "150 GB");
    }

    void fittingLeavesEvenBars() {
        CanvasView view;
        view.setPicture({256, 144});
        view.setCanvas({1000, 400});
        Placement wide = view.placement();
        QCOMPARE(wide.height, 400);
        QCOMPARE(wide.width, 711);
        QCOMPARE(wide.y, 0);
        QVERIFY(std::abs((1000 - wide.width) - 2 * wide.x) <= 1);
        view.setCanvas({300, 900});
        Placement tall = view.placement();
        QCOMPARE(tall.width, 300);
        QCOMPARE(tall.x, 0);
        QVERIFY(std::abs((900 - tall.height) - 2 * tall.y) <= 1);
        view.setCanvas({0, 0});
        QCOMPARE(view.placement().width, 0);
    }

    void zoomKeepsWhatIsUnderThePointer() {
        CanvasView view;
        view.setPicture({832, 480});
        view.setCanvas({1000, 700});
        PixelPoint pointer{620, 350};
        PixelPoint before = view.textureAt(pointer);
        view.zoomAt(view.zoom() * 4, pointer);
        PixelPoint after = view.textureAt(pointer);
        QVERIFY(std::abs(before.x - after.x) < 1e-9 && std::abs(before.y - after.y) < 1e-9);
        view.moveBy(13, -7);
        QVERIFY(std::abs(view.textureAt({633, 343}).x - before.x) < 1e-9);
        view.moveBy(1e6, 1e6);  // the edge stays at the edge
        QCOMPARE(view.placement().x, 0);
        QCOMPARE(view.placement().y, 0);
        view.setZoom(1e9);
        QCOMPARE(view.zoom(), CanvasView::kMaxZoom);
        view.setZoom(0.5);
        QVERIFY(!view.canMove());
        QCOMPARE(view.placement().x, 292);
        view.fit();
        QVERIFY(view.isFitted());
    }
};

QTEST_MAIN(TestCanvasRenderer)
#include "test_canvas_renderer.moc"
