// RankPanel: effective ranks per layer against the budget d_c, of the live cache and of the weights.
//
// Owner:  its parent widget. It copies what it shows.
// Thread: GUI thread; the values are made by the probe and arrive finished.
#pragma once

#include <deque>
#include <vector>

#include <QWidget>

#include "engine/rollout/chunk_clock.h"
#include "engine/rollout/rank_values.h"
#include "ui/plots/value_export.h"

class QToolButton;

namespace longtake {

class BarPlot;
class ElidedLabel;
class LinePlot;
class PanelHeader;

class RankPanel final : public QWidget {
    Q_OBJECT

public:
    enum class Source { Live, Weights };

    explicit RankPanel(QWidget* parent = nullptr);

    void setClock(const ChunkClock& clock);
    // Values of one take, in order; values that go back in time begin another history.
    void setLive(const RankValues& values);
    // Once per model.
    void setWeights(const RankValues& values);
    void clear();

    void setSource(Source source);
    Source source() const { return source_; }

    PanelHeader* header() const { return header_; }
    BarPlot* barPlot() const { return bars_; }
    LinePlot* spectrumPlot() const { return spectrum_; }
    LinePlot* historyPlot() const { return history_; }
    QString matrixText() const;   // what the bars are ranks of
    QString figuresText() const;  // of the layer under the mouse, otherwise of the fullest one

    ValueTable layerTable() const;
    ValueTable historyTable() const;

private:
    struct Moment {
        int64_t chunk = 0;
        std::vector<int> energyRanks;  // per layer
    };

    const RankValues& shown() const { return source_ == Source::Live ? live_ : weights_; }
    int chosenLayer() const;
    void buildSourceButtons();
    QWidget* buildLegend();
    void showBars();
    void showLayer();

    static constexpr size_t kKeptMoments = 600;

    RankValues live_;
    RankValues weights_;
    std::deque<Moment> moments_;
    ChunkClock clock_;
    Source source_ = Source::Live;
    PanelHeader* header_ = nullptr;
    QToolButton* liveButton_ = nullptr;
    QToolButton* weightsButton_ = nullptr;
    ElidedLabel* matrix_ = nullptr;
    BarPlot* bars_ = nullptr;
    ElidedLabel* figures_ = nullptr;
    LinePlot* spectrum_ = nullptr;
    LinePlot* history_ = nullptr;
    ElidedLabel* cost_ = nullptr;
};

}  // namespace longtake
