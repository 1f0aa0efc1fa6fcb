// TransportBar: start, play or pause, step, live end, record, and where in the take we are.
//
// It shows what it is told and asks for what is clicked; it keeps no clock of its own.
// Owner:  its parent widget.
// Thread: GUI thread.
#pragma once

#include <cstdint>

#include <QWidget>

class QToolButton;

namespace longtake {

class FigureLabel;

class TransportBar final : public QWidget {
    Q_OBJECT

public:
    enum class Motion { Paused, Playing };
    enum class Recording { Off, On };

    explicit TransportBar(QWidget* parent = nullptr);

    void setMotion(Motion motion);
    void setRecording(Recording recording);
    void setPosition(double seconds, int64_t chunk, int64_t frame);
    // False greys out what needs a take.
    void setHasTake(bool hasTake);

    Motion motion() const { return motion_; }
    QToolButton* playButton() const { return play_; }
    QToolButton* recordButton() const { return record_; }

signals:
    void toStartRequested();
    void playRequested();
    void pauseRequested();
    void stepRequested();
    void toEndRequested();  // follow what is being made
    void recordRequested();
    void stopRecordRequested();

private:
    QToolButton* addButton(const QString& drawing, const QString& name, const QString& tip);

    Motion motion_ = Motion::Paused;
    Recording recording_ = Recording::Off;
    QToolButton* toStart_ = nullptr;
    QToolButton* play_ = nullptr;
    QToolButton* step_ = nullptr;
    QToolButton* toEnd_ = nullptr;
    QToolButton* record_ = nullptr;
    FigureLabel* timecode_ = nullptr;
    FigureLabel* place_ = nullptr;
};

}  // namespace longtake
