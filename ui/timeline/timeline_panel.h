// TimelinePanel: the timeline with its header: name of the take, zoom, how new prompts take over, and what was told.
//
// Owner:  its parent widget. The model must outlive it.
// Thread: GUI thread.
#pragma once

#include <QTimer>
#include <QWidget>

#include "ui/timeline/timeline_model.h"

class QComboBox;
class QSpinBox;
class QToolButton;

namespace longtake {

class PanelHeader;
class TimelineView;

class TimelinePanel final : public QWidget {
    Q_OBJECT

public:
    explicit TimelinePanel(TimelineModel& model, QWidget* parent = nullptr);
    ~TimelinePanel() override;

    void setTakeName(const QString& name);
    TimelineView* view() const { return view_; }
    PanelHeader* header() const { return header_; }
    QComboBox* transitionBox() const { return transition_; }
    // What was last refused or bent; it fades from the header after a while.
    QString note() const;

private:
    void addZoomButtons();
    void addTransitionChoice();
    void readTransition();
    void showNote(const QString& words);

    TimelineModel& model_;
    PanelHeader* header_ = nullptr;
    TimelineView* view_ = nullptr;
    QComboBox* transition_ = nullptr;
    QSpinBox* blend_ = nullptr;
    QTimer noteEnds_;
};

}  // namespace longtake
