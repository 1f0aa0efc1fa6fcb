#include "app/studio/notice_bar.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QStyle>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/theme/icons.h"
#include "ui/theme/theme.h"

namespace longtake {

NoticeBar::NoticeBar(QWidget* parent) : QWidget(parent) {
    setProperty("surface", "panel");
    setAttribute(Qt::WA_StyledBackground);
    row_ = new QHBoxLayout(this);
    row_->setContentsMargins(kPadding, 4, 6, 4);
    row_->setSpacing(kGap);
    text_ = new QLabel;
    text_->setWordWrap(true);
    text_->setTextFormat(Qt::PlainText);
    text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    text_->setAccessibleName(tr("Message"));
    detail_ = new QLabel;
    detail_->setWordWrap(true);
    detail_->setTextFormat(Qt::PlainText);
    detail_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    detail_->setProperty("role", "dim");
    auto* texts = new QVBoxLayout;
    texts->setContentsMargins(0, 0, 0, 0);
    texts->setSpacing(2);
    texts->addWidget(text_);
    texts->addWidget(detail_);
    row_->addLayout(texts, 1);
    more_ = new QPushButton(tr("Details"));
    more_->setProperty("compact", true);
    more_->setCheckable(true);
    more_->setToolTip(tr("What the program itself says, in English"));
    row_->addWidget(more_, 0, Qt::AlignTop);
    connect(more_, &QPushButton::toggled, detail_, &QWidget::setVisible);
    auto* close = new QToolButton;
    close->setText(QStringLiteral("✕"));
    close->setFixedSize(24, 24);
    close->setAccessibleName(tr("Close this message"));
    close->setToolTip(tr("Close this message"));
    row_->addWidget(close, 0, Qt::AlignTop);
    connect(close, &QToolButton::clicked, this, &NoticeBar::close);
    hide();
}

void NoticeBar::showError(const QString& message, const QString& detail) {
    show(message, "alarm");
    detail_->setText(detail);
    more_->setVisible(!detail.isEmpty());
}

void NoticeBar::showHint(const QString& message) {
    if (isVisible() && !answers_.empty()) return;
    show(message, "dim");
}

void NoticeBar::ask(const QString& message, const std::vector<Answer>& answers) {
    const bool errorIsShown = !isHidden() && answers_.empty();
    question_ = Question{message, answers};
    if (!errorIsShown) showQuestion();
}

void NoticeBar::close() {
    if (!answers_.empty()) question_.reset();
    if (question_) showQuestion();
    else hide();
}

void NoticeBar::showQuestion() {
    show(question_->message, "caution");
    for (const Answer& answer : question_->answers) {
        auto* button = new QPushButton(answer.text);
        button->setProperty("compact", true);
        connect(button, &QPushButton::clicked, this, [this, action = answer.action] {
            question_.reset();
            hide();
            action();
        });
        row_->insertWidget(row_->count() - 1, button, 0, Qt::AlignTop);
        answers_.push_back(button);
    }
}

QString NoticeBar::text() const { return text_->text(); }
QString NoticeBar::detail() const { return detail_->text(); }

void NoticeBar::show(const QString& message, const char* role) {
    clearAnswers();
    text_->setText(message);
    detail_->clear();
    detail_->hide();
    more_->setChecked(false);
    more_->hide();
    text_->setProperty("role", role);
    text_->style()->unpolish(text_);
    text_->style()->polish(text_);
    setVisible(true);
}

void NoticeBar::clearAnswers() {
    for (QPushButton* button : answers_) button->deleteLater();
    answers_.clear();
}

}  // namespace longtake
