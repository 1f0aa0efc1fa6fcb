#include "app/studio/notice_bar.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QStyle>
#include <QToolButton>

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
    row_->addWidget(text_, 1);
    auto* close = new QToolButton;
    close->setText(QStringLiteral("✕"));
    close->setFixedSize(24, 24);
    close->setAccessibleName(tr("Close this message"));
    close->setToolTip(tr("Close this message"));
    row_->addWidget(close, 0, Qt::AlignTop);
    connect(close, &QToolButton::clicked, this, &QWidget::hide);
    hide();
}

void NoticeBar::showError(const QString& message) { show(message, "alarm"); }

void NoticeBar::showHint(const QString& message) {
    if (isVisible() && !answers_.empty()) return;
    show(message, "dim");
}

void NoticeBar::ask(const QString& message, const std::vector<Answer>& answers) {
    show(message, "caution");
    for (const Answer& answer : answers) {
        auto* button = new QPushButton(answer.text);
        button->setProperty("compact", true);
        connect(button, &QPushButton::clicked, this, [this, action = answer.action] {
            hide();
            action();
        });
        row_->insertWidget(row_->count() - 1, button, 0, Qt::AlignTop);
        answers_.push_back(button);
    }
}

QString NoticeBar::text() const { return text_->text(); }

void NoticeBar::show(const QString& message, const char* role) {
    clearAnswers();
    // Errors are written to follow a program's name; here they begin a line.
    text_->setText(message.left(1).toUpper() + message.mid(1));
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
