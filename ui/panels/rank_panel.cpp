#include "ui/panels/rank_panel.h"

#include <algorithm>

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/panels/labels.h"
#include "ui/panels/legend.h"
#include "ui/panels/panel_header.h"
#include "ui/plots/bar_plot.h"
#include "ui/plots/line_plot.h"
#include "ui/theme/formats.h"
#include "ui/theme/theme.h"

namespace longtake {
namespace {

// What the engine calls them, for the translation; the others are formulas.
[[maybe_unused]] constexpr const char* kMatrices[] = {QT_TRANSLATE_NOOP("longtake::RankPanel", "cached latents c of the window")};

QString figure(double value) { return QLocale().toString(value, 'f', value < 10 ? 1 : 0); }

// r with its threshold as index, so that the figure never stands without it.
QString rankName(double threshold) {
    QString index = QLocale().toString(threshold, 'g', 4);
    for (QChar& c : index)
        if (c.isDigit()) c = QChar(0x2080 + c.digitValue());
    return 'r' + index;
}

}  // namespace

RankPanel::RankPanel(QWidget* parent) : QWidget(parent) {
    setProperty("surface", "panel");
    setAttribute(Qt::WA_StyledBackground);
    header_ = new PanelHeader(tr("Rank"));
    buildSourceButtons();
    matrix_ = new ElidedLabel(nullptr, Tone::Dim);
    bars_ = new BarPlot;
    bars_->setEmptyText(tr("Ranks appear after the first chunk."));
    bars_->setAccessibleName(tr("Effective rank per layer"));
    bars_->setAccessibleDescription(tr("Arrow keys choose a layer; the lines below give its figures, spectrum and history."));
    figures_ = new ElidedLabel;
    spectrum_ = new LinePlot;
    spectrum_->setInk(Ink::RankSoft);
    spectrum_->setScale(LinePlot::Scale::Logarithmic);
    spectrum_->setEmptyText(QStringLiteral("–"));
    spectrum_->setToolTip(
        tr("Singular values of the chosen layer, largest first, on a logarithmic scale.\nThe dashed line stands where the threshold is "
           "reached."));
    spectrum_->setAccessibleName(tr("Spectrum of the chosen layer"));
    history_ = new LinePlot;
    history_->setInk(Ink::Rank);
    history_->setEmptyText(QStringLiteral("–"));
    history_->setAccessibleName(tr("Rank history of the chosen layer"));
    for (LinePlot* plot : {spectrum_, history_}) plot->setFixedHeight(36);
    cost_ = new ElidedLabel(nullptr, Tone::Dim, Qt::AlignRight);
    cost_->setToolTip(tr("What one probe takes, on its own thread: generation does not wait for it."));
    auto* under = new QHBoxLayout;
    under->setSpacing(kGap);
    under->addWidget(buildLegend());
    under->addWidget(cost_, 1);

    auto* plots = new QHBoxLayout;
    plots->setSpacing(kGap);
    const auto addPlot = [plots](const QString& name, LinePlot* plot) {
        auto* label = new QLabel(name);
        label->setProperty("role", "dim");
        plots->addWidget(label);
        plots->addWidget(plot, 1);
    };
    addPlot(tr("spectrum"), spectrum_);
    addPlot(tr("history"), history_);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(kPadding, kGap, kPadding, kGap);
    column->setSpacing(4);
    column->addWidget(header_);
    column->addWidget(matrix_);
    column->addWidget(bars_, 1);
    column->addLayout(under);
    column->addWidget(figures_);
    column->addLayout(plots);

    header_->addTableExport(tr("Save the &layers as CSV…"), tr("rank-layers"), [this] { return layerTable(); });
    header_->addTableExport(tr("Save the &history as CSV…"), tr("rank-history"), [this] { return historyTable(); });
    header_->addPictureExport(tr("rank"), this);
    connect(bars_, &BarPlot::currentChanged, this, &RankPanel::showLayer);
    showBars();
}

void RankPanel::buildSourceButtons() {
    auto* tabs = new QWidget;
    auto* row = new QHBoxLayout(tabs);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(2);
    auto* group = new QButtonGroup(this);
    const auto add = [&](const QString& text, const QString& tip, Source source) {
        auto* button = new QToolButton;
        button->setText(text);
        button->setToolTip(tip);
        button->setCheckable(true);
        button->setProperty("tab", true);
        group->addButton(button);
        row->addWidget(button);
        connect(button, &QToolButton::clicked, this, [this, source] { setSource(source); });
        return button;
    };
    liveButton_ = add(tr("Live"), tr("Ranks of what the cache holds now, chunk by chunk"), Source::Live);
    weightsButton_ = add(tr("Weights"), tr("Ranks of the model's own matrices, once per model"), Source::Weights);
    liveButton_->setChecked(true);
    header_->addAfterTitle(tabs);
}

QWidget* RankPanel::buildLegend() {
    return new Legend({{Ink::Rank, Legend::Mark::Box, tr("energy rank")},
                       {Ink::RankSoft, Legend::Mark::Box, tr("stable rank")},
                       {Ink::Empty, Legend::Mark::Tick, tr("entropy rank")}});
}

void RankPanel::setClock(const ChunkClock& clock) { clock_ = clock; }

void RankPanel::setLive(const RankValues& values) {
    if (!moments_.empty() && values.chunk <= moments_.back().chunk) moments_.clear();
    live_ = values;
    Moment moment{.chunk = values.chunk, .energyRanks = {}};
    for (const LayerRank& layer : values.layers) moment.energyRanks.push_back(layer.energyRank);
    moments_.push_back(std::move(moment));
    if (moments_.size() > kKeptMoments) moments_.pop_front();
    if (source_ == Source::Live) showBars();
}

void RankPanel::setWeights(const RankValues& values) {
    weights_ = values;
    if (source_ == Source::Weights) showBars();
}

void RankPanel::clear() {
    live_ = {};
    moments_.clear();
    showBars();
}

void RankPanel::setSource(Source source) {
    source_ = source;
    (source == Source::Live ? liveButton_ : weightsButton_)->setChecked(true);
    showBars();
}

QString RankPanel::matrixText() const { return matrix_->text(); }
QString RankPanel::figuresText() const { return figures_->text(); }

int RankPanel::chosenLayer() const {
    if (bars_->current() >= 0) return bars_->current();
    const auto& layers = shown().layers;
    const auto fullest =
        std::max_element(layers.begin(), layers.end(), [](const LayerRank& a, const LayerRank& b) { return a.energyRank < b.energyRank; });
    return fullest == layers.end() ? -1 : static_cast<int>(fullest - layers.begin());
}

void RankPanel::showBars() {
    const RankValues& values = shown();
    std::vector<BarPlot::Bar> bars;
    for (const LayerRank& layer : values.layers)
        bars.push_back({static_cast<double>(layer.energyRank), layer.stableRank, layer.entropyRank});
    bars_->setEmptyText(source_ == Source::Live ? tr("Ranks appear after the first chunk.")
                                                : tr("The weights have not been measured yet."));
    bars_->setBudget(values.budget);
    bars_->setBars(std::move(bars));

    const QString threshold = tr("%1 % energy").arg(QLocale().toString(values.threshold * 100, 'g', 4));
    if (values.layers.empty()) {
        header_->setSummary({});
        matrix_->setText(source_ == Source::Live ? tr("of the cached latents, while a take runs") : tr("of the attention weights"));
    } else {
        header_->setSummary(values.budget > 0 ? tr("%1 · d_c %2").arg(threshold).arg(values.budget) : threshold);
        matrix_->setText(tr("%1, %2 × %3 per layer").arg(tr(values.matrix.c_str())).arg(values.rows).arg(values.columns));
    }
    cost_->setText(values.layers.empty()     ? QString()
                   : source_ == Source::Live ? tr("probe %1 ms").arg(figure(values.probeMs))
                                             : tr("probe %1 ms").arg(figure(values.probeMs)));
    showLayer();
}

void RankPanel::showLayer() {
    const RankValues& values = shown();
    const int chosen = chosenLayer();
    if (chosen < 0 || static_cast<size_t>(chosen) >= values.layers.size()) {
        figures_->setText({});
        spectrum_->clear();
        spectrum_->setDivider(std::nullopt);
        history_->clear();
        return;
    }
    const LayerRank& layer = values.layers[static_cast<size_t>(chosen)];
    const QString which = bars_->current() >= 0 ? tr("Layer %1").arg(chosen) : tr("Fullest, layer %1").arg(chosen);
    QString text = tr("%1: %2 %3 · stable %4 · entropy %5")
                       .arg(which, rankName(values.threshold))
                       .arg(layer.energyRank)
                       .arg(figure(layer.stableRank), figure(layer.entropyRank));
    if (values.budget > 0) text += tr(" · %1 in d_c").arg(percentText(layer.energyAtBudget));
    figures_->setText(text);

    spectrum_->setValues(layer.spectrum);
    spectrum_->setDivider(layer.energyRank > 0 && static_cast<size_t>(layer.energyRank) <= layer.spectrum.size()
                              ? std::optional<int>(layer.energyRank - 1)
                              : std::nullopt);
    std::vector<float> line;
    if (source_ == Source::Live)
        for (const Moment& moment : moments_)
            if (static_cast<size_t>(chosen) < moment.energyRanks.size())
                line.push_back(static_cast<float>(moment.energyRanks[static_cast<size_t>(chosen)]));
    if (const auto [low, high] = std::minmax_element(line.begin(), line.end()); low != line.end())
        history_->setToolTip(tr("Layer %1, chunk by chunk: between %2 and %3").arg(chosen).arg(*low).arg(*high));
    history_->setEmptyText(source_ == Source::Live ? QStringLiteral("–") : tr("weights stay"));
    history_->setValues(std::move(line));
}

ValueTable RankPanel::layerTable() const {
    const RankValues& values = shown();
    ValueTable table{{"matrix", "chunk", "layer", "threshold", "energy_rank", "stable_rank", "entropy_rank", "budget", "energy_at_budget"},
                     {}};
    for (size_t i = 0; i < values.layers.size(); ++i) {
        const LayerRank& layer = values.layers[i];
        table.rows +=
            QStringList{QString::fromStdString(values.matrix), QString::number(values.chunk),     QString::number(i),
                        plainNumber(values.threshold),         QString::number(layer.energyRank), plainNumber(layer.stableRank),
                        plainNumber(layer.entropyRank),        QString::number(values.budget),    plainNumber(layer.energyAtBudget)};
    }
    return table;
}

ValueTable RankPanel::historyTable() const {
    ValueTable table{{"chunk", "seconds", "layer", "threshold", "energy_rank"}, {}};
    for (const Moment& moment : moments_)
        for (size_t i = 0; i < moment.energyRanks.size(); ++i)
            table.rows += QStringList{QString::number(moment.chunk), plainNumber(clock_.startSecondsOf(moment.chunk)), QString::number(i),
                                      plainNumber(live_.threshold), QString::number(moment.energyRanks[i])};
    return table;
}

}  // namespace longtake
