// SessionPanel: what a take is made with, and whether it fits, before it starts.
//
// Choices, settings and plan come in as values; edits go out as one settings value.
// Owner:  its parent widget.
// Thread: GUI thread.
#pragma once

#include <QWidget>

#include "ui/panels/session_values.h"

class QComboBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QPushButton;
class QSpinBox;
class QToolButton;

namespace longtake {

class ElidedLabel;
class MemoryBar;
class PanelHeader;

class SessionPanel final : public QWidget {
    Q_OBJECT

public:
    enum class TakeState { None, Running };

    explicit SessionPanel(QWidget* parent = nullptr);

    void setChoices(const SessionChoices& choices);
    // Shows settings without telling anybody; what the choices do not offer is shown all the same.
    void setSettings(const SessionSettings& settings);
    void setPlan(const MemoryPlanValues& plan);
    // Running: a take has begun with these settings. While it runs, edits wait for the next one, and the panel says so.
    void setTakeState(TakeState state);
    // As if it was chosen here: the edit is told.
    void setStartImage(const QString& path);

    SessionSettings settings() const;
    bool canStart() const;
    QString misfit() const;  // why the plan does not fit and what to do; empty: it does
    QString planText() const;
    PanelHeader* header() const { return header_; }
    QComboBox* modelBox() const { return model_; }
    QComboBox* sizeBox() const { return size_; }
    QLineEdit* seedEdit() const { return seed_; }
    QLineEdit* startImageEdit() const { return startImage_; }
    QSpinBox* windowSpin() const { return window_; }
    QComboBox* deviceBox() const { return device_; }
    QPushButton* startButton() const { return start_; }

signals:
    void settingsEdited(const longtake::SessionSettings& settings);
    void startRequested(const longtake::SessionSettings& settings);
    void openModelRequested();                   // a model from a folder of the user
    void startImageWanted();                     // the user wants to choose a file
    void startImageChosen(const QString& path);  // empty: none

private:
    void build();
    void addRow(const QString& name, std::initializer_list<QWidget*> fields);
    void followModel();
    void readSize();
    void followDevice();
    void edited();
    void showState();
    void showStartImage(const QString& path);
    const ModelChoice* chosenModel() const;
    const DeviceChoice* chosenDevice() const;

    SessionChoices choices_;
    MemoryPlanValues plan_;
    SessionSettings running_;
    TakeState state_ = TakeState::None;
    bool showing_ = false;  // settings come from outside just now
    PanelHeader* header_ = nullptr;
    QFormLayout* form_ = nullptr;
    QComboBox* model_ = nullptr;
    ElidedLabel* knows_ = nullptr;
    QComboBox* size_ = nullptr;
    QLineEdit* startImage_ = nullptr;  // shows the name; the path is its tooltip
    QToolButton* noStartImage_ = nullptr;
    QString startImagePath_;
    QLineEdit* seed_ = nullptr;
    QToolButton* lock_ = nullptr;
    QToolButton* dice_ = nullptr;
    QSpinBox* steps_ = nullptr;
    QSpinBox* sink_ = nullptr;
    QSpinBox* window_ = nullptr;
    QComboBox* device_ = nullptr;
    QSpinBox* threads_ = nullptr;
    QComboBox* precision_ = nullptr;
    MemoryBar* memory_ = nullptr;
    ElidedLabel* memoryText_ = nullptr;
    QLabel* note_ = nullptr;
    QPushButton* start_ = nullptr;
};

}  // namespace longtake
