// How long each widget takes to paint, into an image of its size in a 1920 x 1080 window, and the same for a large
// model (30 layers) and a long take (an hour, 500 prompts). The budget is 3 ms each. Times are those of the thread,
// so that other work on the machine does not count.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <vector>

#include <QApplication>

#include "tests/gallery_values.h"
#include "ui/panels/cache_panel.h"
#include "ui/panels/prompt_bar.h"
#include "ui/panels/rank_panel.h"
#include "ui/panels/session_panel.h"
#include "ui/panels/transport_bar.h"
#include "ui/theme/theme.h"
#include "ui/timeline/timeline_panel.h"
#include "ui/timeline/timeline_view.h"

using namespace longtake;

namespace {

double threadMs() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

void measure(const char* name, QWidget& widget, QSize size) {
    widget.resize(size);
    widget.show();
    QApplication::processEvents();
    QImage image(size, QImage::Format_ARGB32_Premultiplied);
    std::vector<double> times;
    constexpr int kRounds = 200;
    for (int i = 0; i < kRounds; ++i) {
        const double start = threadMs();
        widget.render(&image);
        times.push_back(threadMs() - start);
    }
    std::sort(times.begin(), times.end());
    std::printf("%-28s %4d x %-4d  median %5.2f ms   99 %% %5.2f ms\n", name, size.width(), size.height(), times[kRounds / 2],
                times[kRounds * 99 / 100]);
    widget.hide();
}

void fill(TimelineModel& model, TimelineView& view, int prompts, int64_t frontier) {
    std::vector<PromptSegment> segments;
    for (int i = 0; i < prompts; ++i)
        segments.push_back({.firstChunk = i * frontier / std::max(1, prompts - 2), .text = "a boat at hour " + std::to_string(i)});
    model.reset(*PromptTimeline::create(std::move(segments)));
    model.setFrontier(frontier);
    const int64_t newest = model.clock().firstFrameOf(frontier) - 1;
    const QImage picture = gallery::scene({96, 54}, 0.5);
    for (int64_t frame = 0; frame <= newest; frame += 6) view.thumbnails().add(frame, picture);
    for (int64_t chunk = 0; chunk < frontier; ++chunk)
        view.addDrift(model.clock().firstFrameOf(chunk), std::sin(static_cast<double>(chunk)) + 2);
    view.setNewestFrame(newest);
    view.setPlayhead(newest);
}

}  // namespace

int main(int argc, char** argv) {
    if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication application(argc, argv);
    applyTheme(application, Appearance::Dark);

    for (const bool large : {false, true}) {
        const int layers = large ? 30 : 6;
        std::printf("%s\n", large ? "large model, an hour" : "embedded model, half a minute");
        TimelineModel model;
        TimelinePanel timeline(model);
        fill(model, *timeline.view(), large ? 500 : 6, large ? 4800 : 42);
        measure("timeline", timeline, {1470, 190});
        timeline.view()->zoomToFit();
        measure("timeline, whole take", timeline, {1470, 190});
        CachePanel cache;
        RankPanel rank;
        for (int64_t chunk = 2; chunk < 600; ++chunk) {
            cache.setView(gallery::cache(layers, large ? 21 : 7, 1, chunk, layers / 2, 144, 96));
            rank.setLive(gallery::ranks(layers, large ? 192 : 32, chunk, "cached latents c of the window"));
        }
        measure("cache", cache, {420, 310});
        measure("rank", rank, {420, 340});
    }
    SessionPanel session;
    session.setChoices(gallery::choices());
    session.setPlan(gallery::plan(1, 15'600'000'000));
    measure("session", session, {420, 340});
    TransportBar transport;
    measure("transport", transport, {340, 50});
    PromptBar prompt;
    prompt.setText("a small sailing boat on a calm ocean at sunset");
    measure("prompt", prompt, {1000, 50});
    return 0;
}
