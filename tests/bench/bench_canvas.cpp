// What showing costs: upload and draw by size and filter, without a window; with --window, a moving picture in a real
// one, fed in chunks as the engine does, for looking at and for counting.
//
//     bench_canvas [--window SECONDS] [--chunk-ms MS] [--painted] [--size WxH] [--zoom Z] [--still]
#include "ui/canvas/canvas_renderer.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QTimer>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "ui/canvas/canvas_widget.h"
#include "ui/canvas/offscreen_target.h"
#include "ui/canvas/picture_scaler.h"
#include "ui/canvas/staging_source.h"
#include "ui/canvas/vulkan_instance.h"

using namespace longtake;

namespace {

double cpuSeconds() { return double(std::clock()) / CLOCKS_PER_SEC; }

// A sunset with a boat that crosses it: smooth gradients, hard edges, slow and even motion.
class Scenery {
public:
    explicit Scenery(PictureSize size) : size_(size), pixels_(size_t(size.width) * size_t(size.height) * 3) {}

    FrameView frame(int64_t index) {
        double w = size_.width, h = size_.height, seconds = double(index) / 16;
        double boat = std::fmod(0.1 + seconds * 0.05, 1.2) - 0.1;
        for (int y = 0; y < size_.height; ++y) {
            for (int x = 0; x < size_.width; ++x)
                color(x / w, y / h, boat, seconds, &pixels_[(size_t(y) * size_t(size_.width) + size_t(x)) * 3]);
        }
        return {.data = pixels_.data(), .width = size_.width, .height = size_.height, .stride = size_.width * 3};
    }

private:
    static double mix(double a, double b, double t) { return a + (b - a) * std::clamp(t, 0.0, 1.0); }

    static void color(double u, double v, double boat, double seconds, uint8_t* out) {
        double rgb[3] = {mix(62, 238, v * 1.6), mix(44, 122, v * 1.6), mix(98, 74, v * 1.6)};
        double hills = 0.5 - 0.05 * std::sin(u * 17 + 1) - 0.03 * std::sin(u * 41);
        double sun = std::hypot((u - 0.65) * 1.78, v - 0.47);
        if (sun < 0.06) rgb[0] = 255, rgb[1] = 224, rgb[2] = 160;
        if (v > hills) rgb[0] = 120, rgb[1] = 78, rgb[2] = 96;
        if (v > 0.62) {
            double t = (v - 0.62) / 0.38;
            rgb[0] = mix(190, 46, t), rgb[1] = mix(112, 54, t), rgb[2] = mix(86, 84, t);
            double wave = std::sin(v * 260 - seconds * 3) * std::exp(-std::abs(u - 0.65) * 18);
            for (double& c : rgb) c += 60 * std::max(0.0, wave);
        }
        double x = (u - boat) * 16, y = (v - 0.72) * 9;
        if (x > -0.5 && x < 0.5 && y > 0 && y < 0.16) rgb[0] = 70, rgb[1] = 34, rgb[2] = 30;
        if (y < -0.02 && y > -0.9 && x > -0.1 && x < 0.38 * (1 + y / 0.9)) rgb[0] = 246, rgb[1] = 234, rgb[2] = 214;
        for (int c = 0; c < 3; ++c) out[c] = uint8_t(std::clamp(rgb[c], 0.0, 255.0));
    }

    PictureSize size_;
    std::vector<uint8_t> pixels_;
};

HudValues exampleHud(int64_t frame) {
    HudValues values;
    values.generationFps = 24.6;
    values.chunk = frame / 12;
    values.step = int(frame / 3 % 4) + 1;
    values.steps = 4;
    values.latencyMs = 412;
    values.cacheBytes = 2'900'000;
    values.denseCacheBytes = 31'400'000;
    values.backend = "CPU · 2 threads · embedded model";
    values.pill = "“…at sunset” visible in 0.8 s";
    HudSeries speed{.name = "generation", .values = {}}, drift{.name = "drift", .values = {}};
    for (int i = 0; i < 48; ++i) {
        double at = double(i) + double(frame) / 6;
        speed.values.push_back(float(24 + std::sin(at * 0.9) + 0.5 * std::sin(at * 2.3)));
        drift.values.push_back(float(std::sin(at * 0.21)));
    }
    values.series = {std::move(speed), std::move(drift)};
    return values;
}

void benchSize(VulkanContext& context, CanvasRenderer& renderer, PictureSize frame, VkExtent2D target, Magnify magnify, bool withHud,
               const char* name) {
    auto offscreen = OffscreenTarget::create(context, renderer.renderPass(), target);
    if (!offscreen) qFatal("%s", offscreen.message().c_str());
    Scenery scenery(frame);
    std::vector<std::vector<uint8_t>> frames;
    for (int i = 0; i < 8; ++i) {
        FrameView made = scenery.frame(i);
        frames.emplace_back(made.data, made.data + made.stride * made.height);
    }
    StagingSource source(context);
    CanvasView view;
    view.setPicture(frame);
    view.setCanvas({int(target.width), int(target.height)});
    HudScene hud{.values = exampleHud(0)};
    constexpr int kWarm = 10, kFrames = 120;
    double upload = 0, wall = 0, cpu = 0;
    for (int i = 0; i < kWarm + kFrames; ++i) {
        if (i == kWarm) upload = 0, wall = CanvasPlayback::now(), cpu = cpuSeconds();
        double begin = CanvasPlayback::now();
        FrameView one{.data = frames[size_t(i) % 8].data(), .width = frame.width, .height = frame.height, .stride = frame.width * 3};
        if (auto ok = source.upload(one); !ok) qFatal("%s", ok.message().c_str());
        upload += CanvasPlayback::now() - begin;
        auto ok = renderer.draw({.framebuffer = offscreen->framebuffer(),
                                 .extent = target,
                                 .source = &source,
                                 .placement = view.placement(),
                                 .magnify = magnify,
                                 .hud = withHud ? &hud : nullptr});
        if (!ok || !renderer.finish()) qFatal("draw failed");
    }
    wall = CanvasPlayback::now() - wall;
    cpu = cpuSeconds() - cpu;
    std::printf("%4dx%-4d %5ux%-5u %-14s %8.3f %9.1f %10.2f\n", frame.width, frame.height, target.width, target.height, name,
                upload / kFrames * 1e3, kFrames / wall, cpu / kFrames * 1e3);
}

void benchPainted(PictureSize frame, PictureSize target) {
    Scenery scenery(frame);
    FrameView picture = scenery.frame(0);
    CanvasView view;
    view.setPicture(frame);
    view.setCanvas(target);
    Placement placement = view.placement();
    std::vector<uint8_t> out(size_t(target.width) * size_t(target.height) * 4);
    PictureScaler scaler;
    constexpr int kFrames = 60;
    double wall = 0, cpu = 0;
    for (int i = -5; i < kFrames; ++i) {
        if (i == 0) wall = CanvasPlayback::now(), cpu = cpuSeconds();
        scaler.scale(picture, placement, visiblePart(placement, target), out.data(), target.width * 4);
    }
    wall = CanvasPlayback::now() - wall;
    std::printf("%4dx%-4d %5dx%-5d %-14s %8s %9.1f %10.2f\n", frame.width, frame.height, target.width, target.height, "bicubic, CPU", "",
                kFrames / wall, (cpuSeconds() - cpu) / kFrames * 1e3);
}

int benchOffscreen() {
    auto instance = VulkanInstance::create();
    if (!instance) return std::fprintf(stderr, "%s\n", instance.message().c_str()), 1;
    auto context = VulkanContext::create((*instance)->get());
    if (!context) return std::fprintf(stderr, "%s\n", context.message().c_str()), 1;
    auto renderer = CanvasRenderer::create(**context, OffscreenTarget::kFormat, OffscreenTarget::kLayout);
    if (!renderer) return std::fprintf(stderr, "%s\n", renderer.message().c_str()), 1;
    std::printf("%s\n%-9s %-11s %-14s %8s %9s %10s\n", (*context)->facts().name.c_str(), "frame", "target", "drawn", "upload ms", "draws/s",
                "CPU ms");
    for (PictureSize frame : {PictureSize{256, 144}, PictureSize{832, 480}}) {
        VkExtent2D same{uint32_t(frame.width), uint32_t(frame.height)}, large{944, 531};
        benchSize(**context, **renderer, frame, same, Magnify::Bicubic, false, "1:1");
        benchSize(**context, **renderer, frame, large, Magnify::Linear, false, "linear");
        benchSize(**context, **renderer, frame, large, Magnify::Bicubic, false, "bicubic");
        benchSize(**context, **renderer, frame, large, Magnify::Bicubic, true, "bicubic + HUD");
        benchPainted(frame, {int(large.width), int(large.height)});
    }
    return 0;
}

int benchWindow(const QCommandLineParser& options) {
    QStringList size = options.value("size").split('x');
    PictureSize frame{size.value(0).toInt(), size.value(1).toInt()};
    CanvasDrawing drawing = options.isSet("painted") ? CanvasDrawing::Painted : CanvasDrawing::Vulkan;
    CanvasWidget canvas({.drawing = drawing, .pacing = {}});
    Scenery scenery(frame);
    int64_t next = 0;
    auto chunk = [&] {
        canvas.setHud(exampleHud(next));
        for (int i = 0; i < 12 && canvas.wantsFrames(); ++i, ++next) {
            canvas.submitFrame(scenery.frame(next), {.index = next, .seconds = double(next) / 16});
        }
    };
    QTimer chunks;
    QObject::connect(&chunks, &QTimer::timeout, chunk);
    chunks.start(options.value("chunk-ms").toInt());
    std::vector<double> shown;
    QObject::connect(&canvas, &CanvasWidget::frameShown, [&] { shown.push_back(CanvasPlayback::now()); });
    if (options.isSet("zoom")) {
        QTimer::singleShot(500, &canvas, [&] { canvas.setZoom(options.value("zoom").toDouble()); });
    }
    canvas.setWindowTitle("canvas");
    canvas.resize(944, 531);
    canvas.show();
    chunk();
    if (options.isSet("still")) canvas.setPlaying(false);
    double cpu = cpuSeconds(), wall = CanvasPlayback::now();
    QTimer::singleShot(int(options.value("window").toDouble() * 1000), &canvas, [] { QApplication::quit(); });
    QApplication::exec();
    cpu = (cpuSeconds() - cpu) / (CanvasPlayback::now() - wall);
    std::vector<double> gaps;
    for (size_t i = 1; i < shown.size(); ++i) gaps.push_back((shown[i] - shown[i - 1]) * 1000);
    std::sort(gaps.begin(), gaps.end());
    PlaybackFigures figures = canvas.playback();
    std::printf("%s\nframes %zu  display %.2f fps  underruns %d  latency %.0f ms  CPU %.1f %% of a core\n", qPrintable(canvas.deviceText()),
                shown.size(), figures.displayFps, figures.underruns, figures.latencySeconds * 1000, cpu * 100);
    if (!gaps.empty()) {
        std::printf("between frames, ms: median %.1f  1st percentile %.1f  99th %.1f\n", gaps[gaps.size() / 2], gaps[gaps.size() / 100],
                    gaps[gaps.size() * 99 / 100]);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    QCommandLineParser options;
    options.addHelpOption();
    options.addOptions({{"window", "Show a window for so long.", "seconds"},
                        {"chunk-ms", "Time between chunks.", "ms", "700"},
                        {"painted", "Without Vulkan."},
                        {"size", "Of the frames.", "WxH", "256x144"},
                        {"zoom", "Device pixels per frame pixel.", "factor"},
                        {"still", "Paused at the first frame."}});
    options.process(application);
    return options.isSet("window") ? benchWindow(options) : benchOffscreen();
}
