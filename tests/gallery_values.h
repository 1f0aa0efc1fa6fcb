// Plausible values for looking at the widgets: one take of the embedded model, 31 seconds in.
//
// Owner:  the gallery and the bench.
// Thread: plain values.
#pragma once

#include <cmath>

#include <QImage>
#include <QLinearGradient>
#include <QPainter>

#include "engine/rollout/cache_view.h"
#include "engine/rollout/prompt_timeline.h"
#include "engine/rollout/rank_values.h"
#include "ui/panels/session_values.h"

namespace longtake::gallery {

inline PromptTimeline prompts() {
    return *PromptTimeline::create({{.text = "ocean at noon"},
                                    {.firstChunk = 10, .text = "drifting clouds", .transition = Transition::Keep},
                                    {.firstChunk = 19, .text = "a small sailing boat on a calm ocean"},
                                    {.firstChunk = 35, .text = "at sunset", .transition = Transition::Blend, .blendChunks = 4},
                                    {.firstChunk = 43, .text = "at night, stars"},
                                    {.firstChunk = 57, .text = "snow falling", .transition = Transition::Blend, .blendChunks = 6}});
}

// layers x window slots while chunk `chunk` is written up to `writtenLayers`.
inline CacheView cache(int layers, int window, int sink, int64_t chunk, int writtenLayers, int64_t tokens, int64_t scalarBytes) {
    CacheView view;
    view.chunk = chunk;
    view.sinkFrames = sink;
    view.windowFrames = window;
    for (const int64_t recached : {16, 30})
        if (recached <= chunk) view.recacheChunks.push_back(recached);
    const int64_t newest = chunk * 3;
    for (int layer = 0; layer < layers; ++layer) {
        std::vector<CacheSlot> row;
        for (int i = 0; i < window; ++i) {
            CacheSlot slot{
                .frame = i < sink ? i : newest - (window - 3 - i), .tokens = static_cast<int>(tokens), .bytes = tokens * scalarBytes};
            slot.kind = i < sink                ? SlotKind::Sink
                        : i < window - 3        ? SlotKind::Window
                        : layer < writtenLayers ? SlotKind::Writing
                                                : SlotKind::Free;
            slot.ageChunks = slot.kind == SlotKind::Window ? 1 + (window - 4 - i) / 3 + (window - 4 - i) % 3 : 0;
            if (slot.kind == SlotKind::Free) slot = {};
            view.bytes += slot.bytes;
            view.denseBytes += slot.kind == SlotKind::Free ? 0 : slot.bytes * 11;
            row.push_back(slot);
        }
        view.layers.push_back(std::move(row));
    }
    view.evictedFrames = std::max<int64_t>(0, newest - window);
    return view;
}

inline RankValues ranks(int layers, int budget, int64_t chunk, const char* matrix) {
    RankValues values;
    values.matrix = matrix;
    values.rows = 1008;
    values.columns = budget;
    values.budget = budget;
    values.chunk = chunk;
    values.probeMs = 1.8;
    for (int layer = 0; layer < layers; ++layer) {
        const double wave = std::sin(layer * 1.7) * 0.08 + std::sin(static_cast<double>(chunk) * 0.3 + layer) * 0.02;
        LayerRank rank;
        rank.energyRank = static_cast<int>(std::lround(budget * (0.86 + wave)));
        rank.stableRank = budget * (0.33 + wave * 0.5);
        rank.entropyRank = budget * (0.62 + wave);
        rank.energyAtBudget = 0.993;
        for (int i = 0; i < budget; ++i) rank.spectrum.push_back(static_cast<float>(std::exp(-i * 4.2 / budget)));
        values.layers.push_back(std::move(rank));
    }
    return values;
}

inline SessionChoices choices() {
    SessionChoices all;
    all.models.push_back({.id = "tidepool",
                          .name = "Tidepool (embedded)",
                          .description = "Small coastal scenes; comes with the program",
                          .knows = {"ocean", "harbour", "boat", "clouds", "sunset", "night", "snow"},
                          .sizes = {{256, 144}, {192, 112}, {128, 80}}});
    all.models.push_back(
        {.id = "videomla", .name = "VideoMLA 1.3B", .description = "A large model; needs a GPU", .knows = {}, .sizes = {{832, 480}}});
    all.devices.push_back({.id = "cpu", .name = "CPU", .usesThreads = true, .precisions = {"bf16", "fp32"}});
    all.cores = 2;
    return all;
}

inline MemoryPlanValues plan(double scale, int64_t available) {
    const auto bytes = [scale](double mb) { return static_cast<int64_t>(mb * 1e6 * scale); };
    return {.parts = {{"weights", bytes(240)}, {"cache", bytes(3)}, {"work", bytes(120)}, {"video", bytes(49)}},
            .availableBytes = available,
            .advice = {}};
}

// A harbour at a moment of the day, 0 = noon, 1 = night.
inline QImage scene(QSize size, double time) {
    QImage image(size, QImage::Format_RGB32);
    QPainter painter(&image);
    painter.setRenderHint(QPainter::Antialiasing);
    const auto blend = [](QColor a, QColor b, double s) {
        const auto part = [s](int from, int to) { return static_cast<int>(from + (to - from) * s); };
        return QColor(part(a.red(), b.red()), part(a.green(), b.green()), part(a.blue(), b.blue()));
    };
    const double w = size.width(), h = size.height();
    QLinearGradient sky(0, 0, 0, h * 0.62);
    sky.setColorAt(0, blend("#5c94dd", "#43285e", time));
    sky.setColorAt(1, blend("#b9d4ee", "#ee7d4d", time));
    painter.fillRect(QRectF(0, 0, w, h * 0.62), sky);
    painter.setPen(Qt::NoPen);
    painter.setBrush(QColor("#ffe2a6"));
    painter.drawEllipse(QPointF(w * 0.64, h * (0.2 + 0.3 * time)), h * 0.06, h * 0.06);
    QLinearGradient sea(0, h * 0.62, 0, h);
    sea.setColorAt(0, blend("#5a86b8", "#c87a63", time));
    sea.setColorAt(1, blend("#27476f", "#2a3252", time));
    painter.fillRect(QRectF(0, h * 0.62, w, h * 0.38), sea);
    painter.setBrush(QColor("#f0e6d6"));
    painter.drawPolygon(QPolygonF({{w * 0.31, h * 0.62}, {w * 0.31, h * 0.74}, {w * 0.35, h * 0.73}}));
    painter.setBrush(QColor("#4b2a26"));
    painter.drawPolygon(QPolygonF({{w * 0.29, h * 0.75}, {w * 0.36, h * 0.75}, {w * 0.35, h * 0.77}, {w * 0.30, h * 0.77}}));
    return image;
}

}  // namespace longtake::gallery
