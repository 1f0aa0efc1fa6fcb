#include "ui/panels/transport_bar.h"

#include <QHBoxLayout>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/panels/labels.h"
#include "ui/theme/formats.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"

namespace longtake {

TransportBar::TransportBar(QWidget* parent) : QWidget(parent) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(6);
    toStart_ = addButton("to-start", tr("To the start"), tr("Go to the start of the take (Home)"));
    play_ = addButton("play", tr("Play"), {});
    step_ = addButton("step", tr("Step"), tr("Show the next frame (Right arrow)"));
    toEnd_ = addButton("to-end", tr("To the newest"), tr("Go to what is being made now (End)"));
    record_ = addButton("record", tr("Record"), {});
    play_->setProperty("primary", true);

    timecode_ = new FigureLabel;
    QFont large = font();
    large.setPixelSize(17);
    large.setWeight(QFont::DemiBold);
    timecode_->setFont(large);
    timecode_->setWidest(QStringLiteral("00:00.00"));
    timecode_->setToolTip(tr("Time of the frame on the canvas"));
    place_ = new FigureLabel;
    place_->setWidest(tr("chunk %1 · frame %2").arg(999).arg(9999));
    place_->setToolTip(tr("The chunk and frame on the canvas, counted from 0"));
    QFont small = font();
    if (small.pixelSize() > 0) small.setPixelSize(small.pixelSize() - 1);
    place_->setFont(small);
    place_->setForegroundRole(QPalette::PlaceholderText);
    auto* figures = new QVBoxLayout;
    figures->setSpacing(2);
    figures->setContentsMargins(0, 0, 0, 0);
    figures->addWidget(timecode_);
    figures->addWidget(place_);
    row->addSpacing(kGap);
    row->addLayout(figures);
    for (QToolButton* button : {toStart_, play_, step_, toEnd_, record_}) row->setAlignment(button, Qt::AlignTop);

    connect(toStart_, &QToolButton::clicked, this, &TransportBar::toStartRequested);
    connect(play_, &QToolButton::clicked, this, [this] { motion_ == Motion::Playing ? emit pauseRequested() : emit playRequested(); });
    connect(step_, &QToolButton::clicked, this, &TransportBar::stepRequested);
    connect(toEnd_, &QToolButton::clicked, this, &TransportBar::toEndRequested);
    connect(record_, &QToolButton::clicked, this,
            [this] { recording_ == Recording::On ? emit stopRecordRequested() : emit recordRequested(); });
    setMotion(Motion::Paused);
    setRecording(Recording::Off);
    setPosition(0, 0, 0);
}

QToolButton* TransportBar::addButton(const QString& drawing, const QString& name, const QString& tip) {
    auto* button = new QToolButton;
    button->setIcon(icon(drawing));
    button->setIconSize({16, 16});
    button->setFixedSize(32, kRowHeight);
    button->setAccessibleName(name);
    button->setToolTip(tip);
    button->setProperty("transport", true);
    // Space belongs to play and pause in the whole window, so a click must not leave the focus on a button.
    button->setFocusPolicy(Qt::TabFocus);
    layout()->addWidget(button);
    return button;
}

void TransportBar::setMotion(Motion motion) {
    motion_ = motion;
    const bool playing = motion == Motion::Playing;
    play_->setIcon(icon(playing ? "pause" : "play", IconInk::OnAccent));
    play_->setAccessibleName(playing ? tr("Pause") : tr("Play"));
    play_->setToolTip(playing ? tr("Pause (Space)") : tr("Play: the take grows from here (Space)"));
}

void TransportBar::setRecording(Recording recording) {
    recording_ = recording;
    const bool on = recording == Recording::On;
    record_->setIcon(icon(on ? "stop" : "record", IconInk::Record));
    record_->setAccessibleName(on ? tr("Stop recording") : tr("Record"));
    record_->setToolTip(on ? tr("Stop recording and finish the file (R)") : tr("Record what is made into a file (R)"));
}

void TransportBar::setPosition(double seconds, int64_t chunk, int64_t frame) {
    timecode_->setText(timecodeText(seconds));
    place_->setText(tr("chunk %1 · frame %2").arg(chunk).arg(frame));
}

void TransportBar::setHasTake(bool hasTake) {
    for (QToolButton* button : {toStart_, step_, toEnd_, record_}) button->setEnabled(hasTake);
}

}  // namespace longtake
