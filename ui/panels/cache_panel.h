// CachePanel: what the attention cache holds per layer and frame slot, what it costs, and what it dropped.
//
// Owner:  its parent widget. It copies what it shows.
// Thread: GUI thread; the views are made on the generation thread and arrive as values.
#pragma once

#include <deque>

#include <QWidget>

#include "engine/rollout/cache_view.h"
#include "engine/rollout/chunk_clock.h"
#include "ui/plots/value_export.h"

namespace longtake {

class CellPlot;
class ElidedLabel;
class LinePlot;
class PanelHeader;

class CachePanel final : public QWidget {
    Q_OBJECT

public:
    explicit CachePanel(QWidget* parent = nullptr);

    void setClock(const ChunkClock& clock);
    // Views of one take, in order; a view that goes back in time begins another history.
    void setView(const CacheView& view);
    void clear();

    PanelHeader* header() const { return header_; }
    CellPlot* cells() const { return cells_; }
    // The words under the grid: the cell under the mouse, otherwise evictions and re-caches.
    QString footerText() const;
    // The cell in words: layer, slot, frame, tokens, bytes.
    QString describe(int layer, int slot) const;

    ValueTable slotTable() const;
    ValueTable eventTable() const;
    ValueTable historyTable() const;

private:
    struct Event {
        int64_t chunk = 0;
        bool recache = false;
        int64_t frames = 0;  // evicted
    };
    struct Moment {
        int64_t chunk = 0;
        int64_t bytes = 0;  // at its fullest
    };

    void recordEvents(const CacheView& before, const CacheView& now);
    void showCells();
    void showFooter();
    QString summaryText() const;
    QStringList columnLabels() const;

    static constexpr size_t kKeptEvents = 4096;
    static constexpr size_t kKeptHistory = 600;

    CacheView view_;
    bool hasView_ = false;
    int64_t fullestBytes_ = 0;  // of the chunk being made
    ChunkClock clock_;
    std::deque<Event> events_;
    std::deque<Moment> moments_;
    PanelHeader* header_ = nullptr;
    CellPlot* cells_ = nullptr;
    LinePlot* history_ = nullptr;
    ElidedLabel* footer_ = nullptr;
};

}  // namespace longtake
