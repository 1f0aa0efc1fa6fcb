#include "ui/panels/prompt_bar.h"

#include <QGridLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QPushButton>

#include "ui/panels/labels.h"
#include "ui/theme/formats.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"

namespace longtake {

PromptBar::PromptBar(QWidget* parent) : QWidget(parent) {
    edit_ = new QLineEdit;
    edit_->setPlaceholderText(tr("Describe what should be seen next"));
    edit_->setMaxLength(1'000'000);  // a long paste is answered in words, not cut in silence
    edit_->setAccessibleName(tr("Prompt"));
    edit_->setToolTip(tr("Enter steers the take at the next chunk. Up and Down bring back earlier prompts."));
    edit_->installEventFilter(this);
    steer_ = new QPushButton(tr("&Steer"));
    steer_->setIcon(icon("steer", IconInk::OnAccent));
    steer_->setLayoutDirection(Qt::RightToLeft);
    steer_->setProperty("primary", true);
    steer_->setFocusPolicy(Qt::TabFocus);
    steer_->setToolTip(tr("Use this prompt from the next chunk on (Enter)"));
    hint_ = new ElidedLabel(nullptr, Tone::Dim);

    auto* grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(6);
    grid->setVerticalSpacing(3);
    grid->addWidget(edit_, 0, 0);
    grid->addWidget(steer_, 0, 1);
    grid->addWidget(hint_, 1, 0, 1, 2);
    grid->setColumnStretch(0, 1);
    edit_->setFixedHeight(kRowHeight);
    steer_->setFixedHeight(kRowHeight);

    tick_.setInterval(100);
    connect(&tick_, &QTimer::timeout, this, &PromptBar::showHint);
    connect(edit_, &QLineEdit::textEdited, this, [this] {
        if (waiting_ == Waiting::Seen) waiting_ = Waiting::No;
        recalled_ = -1;
    });
    connect(edit_, &QLineEdit::textChanged, this, &PromptBar::showHint);
    connect(edit_, &QLineEdit::returnPressed, this, &PromptBar::apply);
    connect(steer_, &QPushButton::clicked, this, &PromptBar::apply);
    showHint();
}

void PromptBar::setGuide(PromptGuide guide) {
    guide_ = std::move(guide);
    showHint();
}

void PromptBar::setNextChunk(int64_t chunk, double secondsToVisible) {
    nextChunk_ = chunk;
    nextSeconds_ = secondsToVisible;
    showHint();
}

void PromptBar::setPending(const QString& prompt, double secondsToVisible) {
    waiting_ = Waiting::ForFrames;
    pendingText_ = prompt;
    pendingSeconds_ = secondsToVisible;
    pendingSince_.start();
    tick_.start();
    showHint();
}

void PromptBar::setSeen(double tookSeconds) {
    if (waiting_ != Waiting::ForFrames) return;
    waiting_ = Waiting::Seen;
    tookSeconds_ = tookSeconds;
    tick_.stop();
    showHint();
}

void PromptBar::clearPending() {
    waiting_ = Waiting::No;
    tick_.stop();
    showHint();
}

QString PromptBar::text() const { return edit_->text(); }

void PromptBar::setText(const QString& text) {
    edit_->setText(text);
    edit_->setCursorPosition(0);  // a long prompt is read from its beginning
}

QString PromptBar::hint() const { return hint_->text(); }

void PromptBar::apply() {
    const QString prompt = edit_->text().trimmed();
    if (refusalOf(prompt)) return showHint();
    past_.removeAll(prompt);
    past_.prepend(prompt);
    if (past_.size() > kKeptPrompts) past_.removeLast();
    recalled_ = -1;
    emit steerRequested(prompt);
}

void PromptBar::recall(int direction) {
    const int wanted = recalled_ + direction;
    if (wanted < 0 || wanted >= past_.size()) return;
    recalled_ = wanted;
    edit_->setText(past_[wanted]);
}

bool PromptBar::eventFilter(QObject* watched, QEvent* event) {
    if (watched == edit_ && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Up || key == Qt::Key_Down) {
            recall(key == Qt::Key_Up ? 1 : -1);
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

void PromptBar::showHint() {
    const QString prompt = edit_->text();
    const bool empty = prompt.trimmed().isEmpty();
    const auto refusal = refusalOf(prompt);
    steer_->setEnabled(!refusal);
    if (refusal && !empty) return hint_->setText(*refusal, Tone::Alarm);

    if (waiting_ == Waiting::ForFrames) {
        const double left = pendingSeconds_ - static_cast<double>(pendingSince_.elapsed()) / 1000;
        const QString name = shortened(pendingText_, 32);
        return hint_->setText(left > 0.05 ? tr("‘%1’ visible in %2").arg(name, secondsText(left)) : tr("‘%1’ visible any moment").arg(name),
                              Tone::Caution);
    }
    const QStringList unknown = guide_.unknownWords(prompt);
    if (!unknown.isEmpty()) {
        QString text = tr("The model does not know ‘%1’").arg(unknown.mid(0, 3).join(tr("’, ‘")));
        if (const auto near = guide_.nearest(unknown.first())) text += tr(". Did you mean ‘%1’?").arg(*near);
        else if (!guide_.knows.isEmpty()) text += tr("; it knows: %1").arg(guide_.knows.join(QStringLiteral(", ")));
        return hint_->setText(text, Tone::Caution);
    }
    if (const int words = static_cast<int>(wordsOf(prompt).size()); guide_.readsWords > 0 && words > guide_.readsWords)
        return hint_->setText(tr("%1 words: the model reads about the first %2.").arg(words).arg(guide_.readsWords), Tone::Caution);
    if (waiting_ == Waiting::Seen)
        return hint_->setText(tr("‘%1’ is on screen; it took %2").arg(shortened(pendingText_, 32), secondsText(tookSeconds_)), Tone::Good);
    if (nextChunk_ >= 0)
        return hint_->setText(tr("Enter steers at chunk %1, visible in about %2").arg(nextChunk_).arg(secondsText(nextSeconds_)),
                              Tone::Dim);
    hint_->setText(tr("Enter uses the prompt when the take starts"), Tone::Dim);
}

}  // namespace longtake
