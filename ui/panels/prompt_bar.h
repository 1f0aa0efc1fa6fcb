// PromptBar: the box to steer with, and one line that says what the model understands and when it will be seen.
//
// Owner:  its parent widget.
// Thread: GUI thread.
#pragma once

#include <QElapsedTimer>
#include <QStringList>
#include <QTimer>
#include <QWidget>

#include "ui/panels/prompt_guide.h"

class QLineEdit;
class QPushButton;

namespace longtake {

class ElidedLabel;

class PromptBar final : public QWidget {
    Q_OBJECT

public:
    explicit PromptBar(QWidget* parent = nullptr);

    void setGuide(PromptGuide guide);
    // Where a prompt given now takes effect, and about how long until it can be seen.
    void setNextChunk(int64_t chunk, double secondsToVisible);
    // After a prompt was taken up: counts down, then waits for it to be seen.
    void setPending(const QString& prompt, double secondsToVisible);
    void setSeen(double tookSeconds);
    void clearPending();  // the take stopped: nothing will come

    QString text() const;
    void setText(const QString& text);
    QString hint() const;
    QLineEdit* edit() const { return edit_; }
    QPushButton* steerButton() const { return steer_; }

signals:
    // Text that passed the guards, without spaces around it.
    void steerRequested(const QString& prompt);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    enum class Waiting { No, ForFrames, Seen };

    void apply();
    void recall(int direction);
    void showHint();

    static constexpr int kKeptPrompts = 50;

    PromptGuide guide_;
    QStringList past_;
    int recalled_ = -1;
    int64_t nextChunk_ = -1;
    double nextSeconds_ = 0;
    Waiting waiting_ = Waiting::No;
    QString pendingText_;
    double pendingSeconds_ = 0;
    double tookSeconds_ = 0;
    QElapsedTimer pendingSince_;
    QTimer tick_;
    QLineEdit* edit_ = nullptr;
    QPushButton* steer_ = nullptr;
    ElidedLabel* hint_ = nullptr;
};

}  // namespace longtake
