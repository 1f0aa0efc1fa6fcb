#include "app/studio/example_prompts.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QToolButton>
#include <utility>

#include "ui/theme/theme.h"

namespace longtake {

namespace {

// Shortens its text to the room there is; the whole prompt is the tooltip.
class PromptButton final : public QPushButton {
public:
    explicit PromptButton(const QString& prompt) : prompt_(prompt) {
        setProperty("compact", true);
        setToolTip(prompt);
        setAccessibleName(prompt);
        setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    }

protected:
    void resizeEvent(QResizeEvent* event) override {
        QPushButton::resizeEvent(event);
        setText(fontMetrics().elidedText(prompt_, Qt::ElideRight, width() - 24).replace(QLatin1Char('&'), QLatin1String("&&")));
    }

private:
    QString prompt_;
};

}  // namespace

ExamplePrompts::ExamplePrompts(QWidget* parent) : QWidget(parent) {
    row_ = new QHBoxLayout(this);
    row_->setContentsMargins(kPadding, 0, kGap, 0);
    row_->setSpacing(6);
    hide();
}

void ExamplePrompts::setPrompts(const QStringList& prompts, QWidget* after) {
    while (QLayoutItem* item = row_->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    auto* label = new QLabel(tr("Try"));
    label->setProperty("role", "dim");
    row_->addWidget(label);
    for (const QString& prompt : prompts) {
        auto* button = new PromptButton(prompt);
        row_->addWidget(button, 1);
        setTabOrder(std::exchange(after, button), button);
        connect(button, &QPushButton::clicked, this, [this, prompt] { emit chosen(prompt); });
    }
    auto* close = new QToolButton;
    close->setText(QStringLiteral("✕"));
    close->setFixedSize(22, 22);
    close->setAccessibleName(tr("Hide the examples"));
    close->setToolTip(tr("Hide the examples"));
    row_->addWidget(close);
    setTabOrder(after, close);
    connect(close, &QToolButton::clicked, this, &QWidget::hide);
    setVisible(!prompts.isEmpty());
}

}  // namespace longtake
