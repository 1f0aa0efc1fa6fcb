#include "ui/timeline/timeline_panel.h"

#include <QComboBox>
#include <QLabel>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/panels/panel_header.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"
#include "ui/timeline/timeline_view.h"

namespace longtake {

TimelinePanel::TimelinePanel(TimelineModel& model, QWidget* parent) : QWidget(parent), model_(model) {
    setProperty("surface", "panel");
    setAttribute(Qt::WA_StyledBackground);
    header_ = new PanelHeader(tr("Take 1"));
    view_ = new TimelineView(model);
    view_->setToolTip(TimelineView::keyHelp());
    addZoomButtons();
    addTransitionChoice();

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(kPadding, kGap, kPadding, 4);
    column->setSpacing(4);
    column->addWidget(header_);
    column->addWidget(view_, 1);

    noteEnds_.setSingleShot(true);
    noteEnds_.setInterval(6000);
    connect(&noteEnds_, &QTimer::timeout, this, [this] { header_->setSummary({}); });
    connect(&model, &TimelineModel::told, this, &TimelinePanel::showNote);
    connect(model.undoStack(), &QUndoStack::indexChanged, this, [this] {
        if (!noteEnds_.isActive()) header_->setSummary({});
    });
}

// The model outlives this panel and must not call into half of it.
TimelinePanel::~TimelinePanel() {
    model_.disconnect(this);
    model_.undoStack()->disconnect(this);
}

void TimelinePanel::addZoomButtons() {
    const auto add = [this](const QString& drawing, const QString& name, const QString& tip, auto action) {
        auto* button = new QToolButton;
        button->setIcon(icon(drawing));
        button->setIconSize({14, 14});
        button->setFixedSize(22, 22);
        button->setAccessibleName(name);
        button->setToolTip(tip);
        button->setFocusPolicy(Qt::TabFocus);
        header_->addAtEnd(button);
        connect(button, &QToolButton::clicked, view_, action);
    };
    add("zoom-out", tr("Zoom out"), tr("Show more time (−)"), [this] { view_->zoomBy(0.8); });
    add("zoom-in", tr("Zoom in"), tr("Show less time (+)"), [this] { view_->zoomBy(1.25); });
    add("zoom-fit", tr("Fit"), tr("Show the whole take (0)"), [this] { view_->zoomToFit(); });
}

void TimelinePanel::addTransitionChoice() {
    transition_ = new QComboBox;
    transition_->addItem(tr("re-cache"), static_cast<int>(Transition::Recache));
    transition_->addItem(tr("blend"), static_cast<int>(Transition::Blend));
    transition_->addItem(tr("keep cache"), static_cast<int>(Transition::Keep));
    transition_->setItemData(0, tr("A cut in meaning: what is in view is read again under the new prompt"), Qt::ToolTipRole);
    transition_->setItemData(1, tr("The two prompts are mixed over some chunks"), Qt::ToolTipRole);
    transition_->setItemData(2, tr("The softest change: what is in view keeps the old prompt"), Qt::ToolTipRole);
    transition_->setToolTip(tr("How new prompts take over from the one before"));
    transition_->setAccessibleName(tr("Transition of new prompts"));
    blend_ = new QSpinBox;
    blend_->setRange(1, PromptTimeline::kMaxBlendChunks);
    blend_->setValue(4);
    blend_->setSuffix(tr(" chunks"));
    blend_->setAccessibleName(tr("Length of the blend"));
    auto* label = new QLabel(tr("t&ransition"));
    label->setProperty("role", "dim");
    label->setBuddy(transition_);
    for (QWidget* widget : {static_cast<QWidget*>(label), static_cast<QWidget*>(transition_), static_cast<QWidget*>(blend_)}) {
        widget->setFixedHeight(24);
        header_->addAtEnd(widget);
    }
    for (QWidget* field : {static_cast<QWidget*>(transition_), static_cast<QWidget*>(blend_)}) field->setProperty("compact", true);
    blend_->hide();
    connect(transition_, &QComboBox::currentIndexChanged, this, &TimelinePanel::readTransition);
    connect(blend_, &QSpinBox::valueChanged, this, &TimelinePanel::readTransition);
}

void TimelinePanel::readTransition() {
    const auto transition = static_cast<Transition>(transition_->currentData().toInt());
    blend_->setVisible(transition == Transition::Blend);
    model_.setDefaultTransition(transition, blend_->value());
}

void TimelinePanel::setTakeName(const QString& name) { header_->setTitle(name); }
QString TimelinePanel::note() const { return header_->summary(); }

void TimelinePanel::showNote(const QString& words) {
    header_->setSummary(words);
    noteEnds_.start();
}

}  // namespace longtake
