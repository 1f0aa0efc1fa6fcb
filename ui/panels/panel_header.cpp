#include "ui/panels/panel_header.h"

#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QToolButton>

#include "ui/panels/labels.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"

namespace longtake {

PanelHeader::PanelHeader(const QString& title, QWidget* parent) : QWidget(parent) {
    row_ = new QHBoxLayout(this);
    row_->setContentsMargins(0, 0, 0, 0);
    row_->setSpacing(kGap);
    title_ = new QLabel(title);
    title_->setProperty("role", "title");
    summary_ = new ElidedLabel(nullptr, Tone::Dim, Qt::AlignRight);
    more_ = new QToolButton;
    more_->setIcon(icon("more"));
    more_->setIconSize({14, 14});
    more_->setFixedSize(22, 22);
    more_->setPopupMode(QToolButton::InstantPopup);
    more_->setToolTip(tr("Save the values or the picture of this panel"));
    more_->setAccessibleName(tr("%1: more").arg(title));
    more_->setMenu(new QMenu(more_));
    more_->hide();
    row_->addWidget(title_);
    row_->addWidget(summary_, 1);
    row_->addWidget(more_);
    setFixedHeight(24);
}

void PanelHeader::setTitle(const QString& title) { title_->setText(title); }
void PanelHeader::setSummary(const QString& summary) { summary_->setText(summary); }
QString PanelHeader::summary() const { return summary_->text(); }
void PanelHeader::addAfterTitle(QWidget* widget) { row_->insertWidget(row_->indexOf(summary_), widget); }
void PanelHeader::addAtEnd(QWidget* widget) { row_->insertWidget(row_->indexOf(more_), widget); }

QMenu* PanelHeader::menu() {
    more_->show();
    return more_->menu();
}

void PanelHeader::addTableExport(const QString& action, const QString& name, std::function<ValueTable()> table) {
    connect(menu()->addAction(action), &QAction::triggered, this, [this, name, table = std::move(table)] {
        const QString path = QFileDialog::getSaveFileName(this, tr("Save values"), name + ".csv", tr("Comma-separated values (*.csv)"));
        if (!path.isEmpty()) finish(saveBytes(path, table().csv()), path);
    });
}

void PanelHeader::addPictureExport(const QString& name, QWidget* picture) {
    connect(menu()->addAction(tr("Save the &picture as PNG…")), &QAction::triggered, this, [this, name, picture] {
        const QString path = QFileDialog::getSaveFileName(this, tr("Save picture"), name + ".png", tr("PNG picture (*.png)"));
        if (!path.isEmpty()) finish(savePicture(*picture, path), path);
    });
}

void PanelHeader::finish(const Result<void>& result, const QString& path) {
    if (result) emit exported(path);
    else emit exportFailed(QString::fromStdString(result.message()));
}

}  // namespace longtake
