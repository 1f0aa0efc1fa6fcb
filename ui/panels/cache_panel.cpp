#include "ui/panels/cache_panel.h"

#include <algorithm>

#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

#include "ui/panels/labels.h"
#include "ui/panels/panel_header.h"
#include "ui/plots/cell_plot.h"
#include "ui/plots/line_plot.h"
#include "ui/theme/formats.h"
#include "ui/theme/theme.h"

namespace longtake {
namespace {

QString kindText(SlotKind kind) {
    switch (kind) {
        case SlotKind::Free: return CachePanel::tr("free");
        case SlotKind::Sink: return CachePanel::tr("sink");
        case SlotKind::Window: return CachePanel::tr("window");
        case SlotKind::Writing: return CachePanel::tr("being written");
    }
    return {};
}

const char* kindName(SlotKind kind) {
    switch (kind) {
        case SlotKind::Free: return "free";
        case SlotKind::Sink: return "sink";
        case SlotKind::Window: return "window";
        case SlotKind::Writing: return "writing";
    }
    return "";
}

CellPlot::Cell cellFor(const CacheSlot& slot) {
    // Older frames recede, so that the newest part of the window is what the eye meets first.
    const double fresh = std::max(0.0, 1.0 - 0.14 * slot.ageChunks);
    switch (slot.kind) {
        case SlotKind::Free: return {};
        case SlotKind::Sink: return {Ink::Sink, 0.92};
        case SlotKind::Window: return {Ink::Held, 0.45 + 0.5 * fresh};
        case SlotKind::Writing: return {Ink::Writing, 0.95};
    }
    return {};
}

}  // namespace

CachePanel::CachePanel(QWidget* parent) : QWidget(parent) {
    setProperty("surface", "panel");
    setAttribute(Qt::WA_StyledBackground);
    header_ = new PanelHeader(tr("Cache"));
    cells_ = new CellPlot;
    cells_->setEmptyText(tr("The cache fills when a take starts."));
    cells_->setAccessibleName(tr("Cache slots: a row per layer, a column per frame"));
    cells_->setAccessibleDescription(tr("Arrow keys choose a slot; the line below says what it holds."));
    history_ = new LinePlot;
    history_->setInk(Ink::Held);
    history_->setCapacity(static_cast<int>(kKeptHistory));
    history_->setFixedHeight(24);
    history_->setToolTip(tr("Bytes held, chunk by chunk. Ticks mark where the window was written again."));
    history_->setAccessibleName(tr("Bytes held over time"));
    footer_ = new ElidedLabel(nullptr, Tone::Dim);

    auto* historyRow = new QHBoxLayout;
    auto* historyName = new QLabel(tr("bytes"));
    historyName->setProperty("role", "dim");
    historyRow->setSpacing(kGap);
    historyRow->addWidget(historyName);
    historyRow->addWidget(history_, 1);

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(kPadding, kGap, kPadding, kGap);
    column->setSpacing(6);
    column->addWidget(header_);
    column->addWidget(cells_, 1);
    column->addLayout(historyRow);
    column->addWidget(footer_);

    header_->addTableExport(tr("Save the &slots as CSV…"), tr("cache-slots"), [this] { return slotTable(); });
    header_->addTableExport(tr("Save the &events as CSV…"), tr("cache-events"), [this] { return eventTable(); });
    header_->addTableExport(tr("Save the &history as CSV…"), tr("cache-history"), [this] { return historyTable(); });
    header_->addPictureExport(tr("cache"), this);
    connect(cells_, &CellPlot::currentChanged, this, &CachePanel::showFooter);
    showFooter();
}

void CachePanel::setClock(const ChunkClock& clock) {
    clock_ = clock;
    showFooter();
}

void CachePanel::clear() {
    view_ = {};
    hasView_ = false;
    fullestBytes_ = 0;
    events_.clear();
    moments_.clear();
    history_->clear();
    showCells();
    showFooter();
}

void CachePanel::setView(const CacheView& view) {
    if (hasView_ && view.chunk < view_.chunk) clear();
    // One point for each finished chunk, at its fullest: a chunk that is half written is no saving.
    if (hasView_ && view.chunk > view_.chunk) {
        history_->append(static_cast<float>(fullestBytes_));
        moments_.push_back({view_.chunk, fullestBytes_});
        if (moments_.size() > kKeptHistory) moments_.pop_front();
        fullestBytes_ = 0;
    }
    fullestBytes_ = std::max(fullestBytes_, view.bytes);
    recordEvents(view_, view);
    view_ = view;
    hasView_ = true;
    showCells();
    showFooter();
}

void CachePanel::recordEvents(const CacheView& before, const CacheView& now) {
    if (now.evictedFrames > before.evictedFrames)
        events_.push_back({.chunk = now.chunk, .frames = now.evictedFrames - before.evictedFrames});
    for (size_t i = before.recacheChunks.size(); i < now.recacheChunks.size(); ++i)
        events_.push_back({.chunk = now.recacheChunks[i], .recache = true});
    while (events_.size() > kKeptEvents) events_.pop_front();

    std::vector<int> marks;
    const auto shown = static_cast<int64_t>(history_->values().size());
    for (const int64_t chunk : now.recacheChunks)
        if (const int64_t index = shown - (now.chunk - chunk); index >= 0 && index < shown) marks.push_back(static_cast<int>(index));
    history_->setMarks(std::move(marks));
}

QStringList CachePanel::columnLabels() const {
    const int columns = cells_->columns();
    int firstNow = columns;
    for (const auto& layer : view_.layers)
        for (int i = 0; i < static_cast<int>(layer.size()); ++i)
            if (layer[static_cast<size_t>(i)].kind == SlotKind::Writing) firstNow = std::min(firstNow, i);
    QStringList labels;
    for (int i = 0; i < columns; ++i) {
        if (i < view_.sinkFrames) labels += view_.sinkFrames == 1 ? tr("sink") : tr("sink %1").arg(i + 1);
        else if (i >= firstNow) labels += tr("now %1").arg(i - firstNow + 1);
        else labels += tr("w −%1").arg(firstNow - i);
    }
    return labels;
}

void CachePanel::showCells() {
    const int rows = static_cast<int>(view_.layers.size());
    size_t columns = 0;
    for (const auto& layer : view_.layers) columns = std::max(columns, layer.size());
    std::vector<CellPlot::Cell> cells;
    cells.reserve(static_cast<size_t>(rows) * columns);
    for (const auto& layer : view_.layers)
        for (size_t i = 0; i < columns; ++i) cells.push_back(i < layer.size() ? cellFor(layer[i]) : CellPlot::Cell{});
    cells_->setCells(columns == 0 ? 0 : rows, static_cast<int>(columns), std::move(cells));
    cells_->setColumnLabels(columnLabels());
    header_->setSummary(summaryText());
}

QString CachePanel::summaryText() const {
    if (!hasView_) return {};
    if (view_.denseBytes <= 0) return bytesText(view_.bytes);
    const double change = static_cast<double>(view_.bytes) / static_cast<double>(view_.denseBytes) - 1;
    const QString sign = change < 0 ? QStringLiteral("−") : QStringLiteral("+");
    return tr("%1 · dense %2 · %3").arg(bytesText(view_.bytes), bytesText(view_.denseBytes), sign + percentText(std::abs(change)));
}

QString CachePanel::describe(int layer, int slot) const {
    const CacheSlot& held = view_.layers[static_cast<size_t>(layer)][static_cast<size_t>(slot)];
    if (held.kind == SlotKind::Free) return tr("layer %1 · slot %2: free").arg(layer).arg(slot);
    return tr("layer %1 · frame %2 (%3) · %4 tokens · %5")
        .arg(layer)
        .arg(held.frame)
        .arg(kindText(held.kind))
        .arg(held.tokens)
        .arg(bytesText(held.bytes));
}

QString CachePanel::footerText() const { return footer_->text(); }

void CachePanel::showFooter() {
    const QPoint cell = cells_->current();
    if (cell.x() >= 0 && static_cast<size_t>(cell.x()) < view_.layers[static_cast<size_t>(cell.y())].size()) {
        footer_->setText(describe(cell.y(), cell.x()), Tone::Plain);
        return;
    }
    if (!hasView_) {
        footer_->setText(tr("nothing held yet"), Tone::Dim);
        return;
    }
    QString text = view_.evictedFrames == 0   ? tr("nothing evicted yet")
                   : view_.evictedFrames == 1 ? tr("evicted 1 frame")
                                              : tr("evicted %1 frames").arg(view_.evictedFrames);
    constexpr size_t kShown = 4;
    const auto& chunks = view_.recacheChunks;
    QStringList times;
    for (size_t i = chunks.size() > kShown ? chunks.size() - kShown : 0; i < chunks.size(); ++i)
        times += clockText(clock_.startSecondsOf(chunks[i]));
    if (chunks.size() > kShown) times.prepend(QStringLiteral("…"));
    if (!times.isEmpty()) text += tr(" · re-cached at %1").arg(times.join(QStringLiteral(", ")));
    footer_->setText(text, Tone::Dim);

    QStringList lines;
    for (size_t i = events_.size() > 12 ? events_.size() - 12 : 0; i < events_.size(); ++i) {
        const Event& event = events_[i];
        const QString at = clockText(clock_.startSecondsOf(event.chunk));
        lines += event.recache ? tr("%1  window written again").arg(at) : tr("%1  %2 frames evicted").arg(at).arg(event.frames);
    }
    footer_->setToolTip(lines.join('\n'));
}

ValueTable CachePanel::slotTable() const {
    ValueTable table{{"chunk", "layer", "slot", "kind", "frame", "tokens", "bytes", "age_chunks"}, {}};
    for (size_t layer = 0; layer < view_.layers.size(); ++layer) {
        for (size_t i = 0; i < view_.layers[layer].size(); ++i) {
            const CacheSlot& slot = view_.layers[layer][i];
            table.rows += QStringList{QString::number(view_.chunk), QString::number(layer),         QString::number(i),
                                      kindName(slot.kind),          QString::number(slot.frame),    QString::number(slot.tokens),
                                      QString::number(slot.bytes),  QString::number(slot.ageChunks)};
        }
    }
    return table;
}

ValueTable CachePanel::eventTable() const {
    ValueTable table{{"chunk", "seconds", "event", "frames"}, {}};
    for (const Event& event : events_)
        table.rows += QStringList{QString::number(event.chunk), plainNumber(clock_.startSecondsOf(event.chunk)),
                                  event.recache ? "recache" : "evict", QString::number(event.frames)};
    return table;
}

ValueTable CachePanel::historyTable() const {
    ValueTable table{{"chunk", "seconds", "bytes"}, {}};
    for (const Moment& moment : moments_)
        table.rows +=
            QStringList{QString::number(moment.chunk), plainNumber(clock_.startSecondsOf(moment.chunk)), QString::number(moment.bytes)};
    return table;
}

}  // namespace longtake
