#include "app/studio/export_dialog.h"

#include <cmath>

#include <QComboBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QLineEdit>
#include <QMessageBox>
#include <QPushButton>
#include <QSettings>
#include <QSlider>

#include "app/studio/export_form.h"
#include "app/studio/recording_dialog.h"
#include "ui/theme/formats.h"

namespace longtake {

ExportDialog::ExportDialog(const ExportSubject& subject, QWidget* parent) : QDialog(parent), subject_(subject) {
    setWindowTitle(tr("Export"));
    setMinimumWidth(480);
    ExportForm form(*this);
    format_ = form.addFormats(tr("&Format"));
    const auto add = [&](const QString& name, ExportFormat format) { format_->addItem(name, static_cast<int>(format)); };
    add(tr("PNG pictures in a folder"), ExportFormat::PngSequence);
    add(tr("GIF, for sharing"), ExportFormat::Gif);
    add(tr("WebP, for sharing"), ExportFormat::Webp);

    range_ = new QComboBox;
    range_->addItem(tr("All that is made: %1").arg(clockText(static_cast<double>(subject.frames) / subject.fps)), false);
    if (subject.markedFrames > 0) {
        range_->addItem(tr("Between the marks: %1").arg(secondsText(static_cast<double>(subject.markedFrames) / subject.fps)), true);
        range_->setCurrentIndex(1);
    }
    form.addRow(tr("&Range"), range_);
    size_ = new QComboBox;
    for (const double scale : {1.0, 2.0, 3.0, 4.0, 0.5}) {
        const PictureSize size = videoSize(subject.size, scale);
        size_->addItem(QStringLiteral("%1 × %2").arg(size.width).arg(size.height), scale);
    }
    form.addRow(tr("&Size"), size_);
    quality_ = form.addQuality(tr("&Quality"), kUsualQuality);
    rate_ = new QComboBox;
    const int own = static_cast<int>(std::lround(subject.fps));
    rate_->addItem(tr("%1 fps, as made").arg(own), own);
    for (const int fps : {12, 24, 25, 30})
        if (fps != own) rate_->addItem(fps > own ? tr("%1 fps, faster motion").arg(fps) : tr("%1 fps, slower motion").arg(fps), fps);
    form.addRow(tr("S&peed"), rate_);
    const ExportForm::PathField file =
        form.addPath(tr("Fi&le"), tr("File"), QDir(moviesFolder()).filePath(subject.name + QStringLiteral(".mp4")));
    path_ = file.path;
    QPushButton* go = form.finish(tr("&Export"));

    connect(format_, &QComboBox::currentIndexChanged, this, &ExportDialog::followFormat);
    connect(file.browse, &QPushButton::clicked, this, &ExportDialog::browse);
    connect(go, &QPushButton::clicked, this, [this] {
        const QString name = QFileInfo(path_->text()).fileName();
        if (QFileInfo(path_->text()).isFile() &&
            QMessageBox::question(this, tr("Replace the file?"), tr("%1 exists. Replace it?").arg(name)) != QMessageBox::Yes)
            return;
        QSettings().setValue("export/folder", QFileInfo(path_->text()).absolutePath());
        accept();
    });
    connect(path_, &QLineEdit::textChanged, this, [this, go] { go->setEnabled(!path_->text().trimmed().isEmpty()); });
    followFormat();
}

ExportFormat ExportDialog::format() const { return static_cast<ExportFormat>(format_->currentData().toInt()); }

void ExportDialog::followFormat() {
    const bool pictures = format() == ExportFormat::PngSequence;
    size_->setEnabled(!pictures);
    rate_->setEnabled(!pictures);
    quality_->setEnabled(!pictures && format() != ExportFormat::Gif);
    const QFileInfo info(path_->text());
    path_->setText(QDir(info.path()).filePath(info.completeBaseName() + ending()));
}

void ExportDialog::browse() {
    const QString chosen = format() == ExportFormat::PngSequence
                               ? QFileDialog::getSaveFileName(this, tr("Folder for the pictures"), path_->text())
                               : QFileDialog::getSaveFileName(this, tr("Export as"), path_->text(), QStringLiteral("*%1").arg(ending()));
    if (!chosen.isEmpty()) path_->setText(chosen.endsWith(ending()) ? chosen : chosen + ending());
}

ExportWish ExportDialog::wish() const {
    ExportWish wish;
    wish.format = format();
    wish.path = path_->text().trimmed();
    wish.markedOnly = range_->currentData().toBool();
    wish.scale = size_->currentData().toDouble();
    wish.quality = quality_->value();
    wish.rate = {rate_->currentData().toInt(), 1};
    return wish;
}

}  // namespace longtake
