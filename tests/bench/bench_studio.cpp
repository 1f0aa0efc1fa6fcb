// What the studio's window costs and how soon it answers, with the real window on a virtual screen:
// start, GUI thread, prompt to screen, and generation with and without showing, alternately in one run.
//
//     bench_studio [--seconds S] [--rounds N] [--size WxH] [--screen WxH] [--vulkan]
#include "ui/canvas/canvas_window.h"  // Vulkan comes before Qt

#include <QApplication>
#include <QCommandLineParser>
#include <QEventLoop>
#include <QTemporaryDir>
#include <QTimer>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <thread>

#include "app/session/session_listener.h"
#include "app/studio/main_window.h"
#include "app/studio/take_controller.h"
#include "tests/virtual_screen.h"
#include "ui/canvas/canvas_widget.h"
#include "ui/panels/session_panel.h"
#include "ui/theme/theme.h"

using namespace longtake;

namespace {

double now(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

struct Spread {
    double median = 0, high = 0, most = 0;  // high: the 99th percentile
};

Spread spreadOf(std::vector<double> values) {
    if (values.empty()) return {};
    std::sort(values.begin(), values.end());
    return {values[values.size() / 2], values[values.size() * 99 / 100], values.back()};
}

// The time one event holds the GUI thread: by the clock, other programs' turns included, and its own processor time.
class TimedApplication final : public QApplication {
public:
    using QApplication::QApplication;

    std::vector<double> wallMs, cpuMs;
    bool isTiming = false;

    bool notify(QObject* receiver, QEvent* event) override {
        if (depth_ > 0 || !isTiming) return QApplication::notify(receiver, event);
        ++depth_;
        const double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_THREAD_CPUTIME_ID);
        const bool done = QApplication::notify(receiver, event);
        wallMs.push_back((now(CLOCK_MONOTONIC) - wall) * 1000);
        cpuMs.push_back((now(CLOCK_THREAD_CPUTIME_ID) - cpu) * 1000);
        --depth_;
        return done;
    }

private:
    int depth_ = 0;
};

// Knocks at the GUI thread every 2 ms and counts until it answers.
class Watchdog {
public:
    explicit Watchdog(QObject& gui) : thread_([this, &gui] { run(gui); }) {}
    ~Watchdog() { end(); }
    std::vector<double> end() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
        return std::move(waits_);
    }

private:
    void run(QObject& gui) {
        while (!stop_) {
            const double asked = now(CLOCK_MONOTONIC);
            auto answered = std::make_shared<std::atomic<bool>>(false);
            auto at = std::make_shared<std::atomic<double>>(0);
            QMetaObject::invokeMethod(
                &gui, [answered, at] { *at = now(CLOCK_MONOTONIC), *answered = true; }, Qt::QueuedConnection);
            while (!*answered && !stop_) std::this_thread::sleep_for(std::chrono::microseconds(500));
            if (*answered) waits_.push_back((*at - asked) * 1000);
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }

    std::vector<double> waits_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

// Notes when it has painted first.
class FirstPaint final : public QObject {
public:
    double at = 0;
    bool eventFilter(QObject*, QEvent* event) override {
        if (event->type() == QEvent::Paint && at == 0) QTimer::singleShot(0, this, [this] { at = now(CLOCK_MONOTONIC); });
        return false;
    }
};

template <typename Until>
bool waitUntil(Until until, double seconds = 120) {
    const double start = now(CLOCK_MONOTONIC);
    while (!until() && now(CLOCK_MONOTONIC) - start < seconds)
        QApplication::processEvents(QEventLoop::WaitForMoreEvents | QEventLoop::AllEvents, 20);
    return until();
}

void spin(double seconds) {
    QEventLoop loop;
    QTimer::singleShot(static_cast<int>(seconds * 1000), &loop, &QEventLoop::quit);
    loop.exec();
}

void benchGuiThread(TimedApplication& application, MainWindow& window, double seconds) {
    // First without the watchdog, which takes time of its own.
    const double cpuBefore = now(CLOCK_THREAD_CPUTIME_ID), allBefore = now(CLOCK_PROCESS_CPUTIME_ID), wallBefore = now(CLOCK_MONOTONIC);
    spin(seconds);
    const double lasted = now(CLOCK_MONOTONIC) - wallBefore;
    const double gui = (now(CLOCK_THREAD_CPUTIME_ID) - cpuBefore) / lasted, all = (now(CLOCK_PROCESS_CPUTIME_ID) - allBefore) / lasted;
    application.isTiming = true;
    Watchdog watchdog(window);
    spin(seconds);
    const Spread waits = spreadOf(watchdog.end());
    application.isTiming = false;
    const Spread wall = spreadOf(std::exchange(application.wallMs, {})), cpu = spreadOf(std::exchange(application.cpuMs, {}));
    std::printf("GUI thread answers after, ms:        median %.2f   99 %% %.2f   most %.2f\n", waits.median, waits.high, waits.most);
    std::printf("one event holds it, ms:              median %.2f   99 %% %.2f   most %.2f\n", wall.median, wall.high, wall.most);
    std::printf("  of that its own processor time:    median %.2f   99 %% %.2f   most %.2f\n", cpu.median, cpu.high, cpu.most);
    const double cores = std::max(1u, std::thread::hardware_concurrency());
    std::printf("GUI thread: %.1f %% of a core, %.1f %% of all %.0f; the whole program %.0f %% of a core\n", gui * 100, gui / cores * 100,
                cores, all * 100);
}

void benchPrompts(MainWindow& window, int count) {
    TakeController& takes = window.takes();
    const char* prompts[] = {"The desert at sunset", "The ocean at noon", "Mountains at night", "The forest at dawn"};
    std::vector<double> seen, beyond;
    double chunkMs = 0;
    QObject::connect(&takes, &TakeController::chunkMade, &window,
                     [&](const ChunkReport& report) { chunkMs = std::max(chunkMs, report.wallMs); });
    auto shown =
        QObject::connect(&takes, &TakeController::promptShown, &window, [&](const PromptSeen& prompt) { seen.push_back(prompt.seconds); });
    for (int i = 0; i < count; ++i) {
        spin(0.35 + 0.13 * i);
        const size_t before = seen.size();
        takes.steer(QString::fromLatin1(prompts[i % 4]));
        if (!waitUntil([&] { return seen.size() > before; }, 30)) break;
    }
    QObject::disconnect(shown);
    const double chunkSeconds = std::max(chunkMs / 1000, takes.clock().secondsOfFrame(takes.clock().framesPerChunk));
    const Spread spread = spreadOf(seen);
    std::printf("prompt to screen, %zu times, s:        median %.2f   most %.2f   (two chunks and 0.1 s: %.2f)\n", seen.size(),
                spread.median, spread.most, 2 * chunkSeconds + 0.1);
}

// Frames a second while chunks are made, of the chunks that begin and end within the time.
double generationFps(MainWindow& window, double seconds) {
    int64_t frames = -1;  // the chunk under way counts to what was before
    double ms = 0;
    const auto counted = QObject::connect(&window.takes(), &TakeController::chunkMade, &window, [&](const ChunkReport& report) {
        if (frames < 0) return void(frames = 0);
        frames += report.chunk.frames;
        ms += report.wallMs;
    });
    spin(seconds);
    QObject::disconnect(counted);
    return ms > 0 ? static_cast<double>(frames) / ms * 1000 : 0;
}

// With the window and without it, alternately, so that what else the machine does falls on both.
void benchShowing(MainWindow& window, QSize size, double seconds, int rounds) {
    SessionSettings settings = window.widgets().session->settings();
    settings.width = size.width();
    settings.height = size.height();
    emit window.widgets().session->startRequested(settings);
    if (!waitUntil([&] { return window.takes().hasTake() && window.takes().newestFrame() > 20; })) qFatal("no frames");
    std::vector<double> ratios, fps;
    for (int round = 0; round < rounds; ++round) {
        window.hide();
        const double without = generationFps(window, seconds);
        window.show();
        const double with = generationFps(window, seconds);
        if (with <= 0 || without <= 0) continue;
        ratios.push_back(with / without);
        fps.push_back(with);
    }
    if (ratios.empty()) return;
    std::sort(ratios.begin(), ratios.end());
    std::printf("generation at %dx%d, shown / not shown: median %.3f of %zu rounds (%.3f to %.3f), median %.1f fps\n", size.width(),
                size.height(), ratios[ratios.size() / 2], ratios.size(), ratios.front(), ratios.back(), spreadOf(fps).median);
}

int runChild(const QCommandLineParser& options, TimedApplication& application, double began) {
    QTemporaryDir home;
    for (const char* name : {"HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"}) qputenv(name, home.path().toUtf8());
    applyTheme(application, Appearance::Dark);
    FirstPaint painted;
    MainWindow window({.useVulkan = options.isSet("vulkan"), .remembersLayout = false});
    window.installEventFilter(&painted);
    double firstFrame = 0;
    QObject::connect(window.widgets().canvas, &CanvasWidget::frameShown, &window, [&] {
        if (firstFrame == 0) firstFrame = now(CLOCK_MONOTONIC);
    });
    window.show();
    window.begin({});
    if (!waitUntil([&] { return painted.at > 0 && firstFrame > 0; })) return std::fprintf(stderr, "nothing is shown\n"), 1;
    std::printf("window %dx%d, picture by %s\n", window.width(), window.height(), qPrintable(window.widgets().canvas->deviceText()));
    std::printf("first window after %.2f s, first frame on screen after %.2f s\n", painted.at - began, firstFrame - began);
    spin(2);
    const double seconds = options.value("seconds").toDouble();
    benchGuiThread(application, window, seconds);
    benchPrompts(window, 8);
    const QStringList size = options.value("size").split('x');
    const int rounds = options.value("rounds").toInt();
    const TakeOptions own = window.takes().started().options;
    benchShowing(window, {static_cast<int>(own.width), static_cast<int>(own.height)}, 3, rounds);
    benchShowing(window, {size.value(0).toInt(), size.value(1).toInt()}, 5, rounds);
    std::printf("at %s, while it generates:\n", qPrintable(options.value("size")));
    benchGuiThread(application, window, seconds);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const double began = now(CLOCK_MONOTONIC);
    QCommandLineParser options;
    options.addHelpOption();
    options.addOptions({{"seconds", "How long the GUI thread is watched.", "s", "20"},
                        {"rounds", "Of showing and not showing.", "n", "12"},
                        {"size", "A size at which generation has no time to spare.", "WxH", "768x480"},
                        {"screen", "Of the virtual screen.", "WxH", "1920x1080"},
                        {"vulkan", "Draw on Vulkan where there is a graphics card."},
                        {"child", "On the screen there is."}});
    QStringList arguments;
    for (int i = 0; i < argc; ++i) arguments += QString::fromLocal8Bit(argv[i]);
    if (!arguments.contains("--child")) {
        QCoreApplication application(argc, argv);
        options.process(application);
        const QStringList size = options.value("screen").split('x');
        VirtualScreen screen({size.value(0).toInt(), size.value(1).toInt()});
        if (!screen.start()) return std::fprintf(stderr, "%s\n", qPrintable(screen.problem())), 1;
        QProcess child;
        child.setProcessEnvironment(screen.environment());
        child.setProcessChannelMode(QProcess::ForwardedChannels);
        child.start(QCoreApplication::applicationFilePath(), arguments.mid(1) + QStringList{"--child"});
        child.waitForFinished(-1);
        return child.exitCode();
    }
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    TimedApplication application(argc, argv);
    options.process(application);
    return runChild(options, application, began);
}
