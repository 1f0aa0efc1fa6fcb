#include "app/studio/export_dialog.h"

#include <algorithm>
#include <cmath>

#include <QComboBox>
#include <QDialogButtonBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QPushButton>
#include <QSettings>
#include <QSlider>

#include "app/studio/recording_dialog.h"
#include "ui/theme/formats.h"
#include "ui/theme/theme.h"

namespace longtake {

namespace {

// Both sides of a video are even.
int even(double pixels) { return std::max(2, static_cast<int>(std::lround(pixels / 2)) * 2); }

}  // namespace

ExportDialog::ExportDialog(const ExportSubject& subject, QWidget* parent) : QDialog(parent), subject_(subject) {
    setWindowTitle(tr("Export"));
    setMinimumWidth(480);
    format_ = new QComboBox;
    format_->setObjectName(QStringLiteral("format"));
    const auto add = [&](const QString& name, ExportFormat format) { format_->addItem(name, static_cast<int>(format)); };
    for (const NamedFormat& video : videoFormats()) add(video.name, video.format);
    add(tr("PNG pictures in a folder"), ExportFormat::PngSequence);
    add(tr("GIF, for sharing"), ExportFormat::Gif);
    add(tr("WebP, for sharing"), ExportFormat::Webp);

    range_ = new QComboBox;
    range_->addItem(tr("All that is made: %1").arg(clockText(static_cast<double>(subject.frames) / subject.fps)), false);
    if (subject.markedFrames > 0) {
        range_->addItem(tr("Between the marks: %1").arg(secondsText(static_cast<double>(subject.markedFrames) / subject.fps)), true);
        range_->setCurrentIndex(1);
    }
    size_ = new QComboBox;
    for (const double scale : {1.0, 2.0, 3.0, 4.0, 0.5})
        size_->addItem(QStringLiteral("%1 × %2").arg(even(subject.size.width * scale)).arg(even(subject.size.height * scale)), scale);
    const QualityField quality = makeQualityField(this, kUsualQuality);
    quality_ = quality.slider;
    rate_ = new QComboBox;
    const int own = static_cast<int>(std::lround(subject.fps));
    rate_->addItem(tr("%1 fps, as made").arg(own), own);
    for (const int fps : {12, 24, 25, 30})
        if (fps != own) rate_->addItem(fps > own ? tr("%1 fps, faster motion").arg(fps) : tr("%1 fps, slower motion").arg(fps), fps);
    path_ = new QLineEdit;
    path_->setAccessibleName(tr("File"));
    path_->setText(QDir(moviesFolder()).filePath(subject.name + QStringLiteral(".mp4")));
    auto* browseButton = new QPushButton(tr("&Browse…"));
    browseButton->setAutoDefault(false);

    auto* form = new QFormLayout;
    form->setHorizontalSpacing(16);
    form->setVerticalSpacing(kGap);
    form->addRow(tr("&Format"), format_);
    form->addRow(tr("&Range"), range_);
    form->addRow(tr("&Size"), size_);
    auto* qualityLabel = new QLabel(tr("&Quality"));
    qualityLabel->setBuddy(quality_);
    form->addRow(qualityLabel, quality.row);
    form->addRow(tr("S&peed"), rate_);
    auto* pathRow = new QHBoxLayout;
    pathRow->addWidget(path_);
    pathRow->addWidget(browseButton);
    auto* pathLabel = new QLabel(tr("Fi&le"));
    pathLabel->setBuddy(path_);
    form->addRow(pathLabel, pathRow);
    auto* buttons = new QDialogButtonBox;
    QPushButton* go = buttons->addButton(tr("&Export"), QDialogButtonBox::AcceptRole);
    go->setDefault(true);
    buttons->addButton(tr("&Cancel"), QDialogButtonBox::RejectRole);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(20, 20, 20, 16);
    outer->setSpacing(20);
    outer->addLayout(form);
    outer->addWidget(buttons);

    connect(format_, &QComboBox::currentIndexChanged, this, &ExportDialog::followFormat);
    connect(browseButton, &QPushButton::clicked, this, &ExportDialog::browse);
    connect(buttons, &QDialogButtonBox::accepted, this, [this] {
        const QString name = QFileInfo(path_->text()).fileName();
        if (QFileInfo(path_->text()).isFile() &&
            QMessageBox::question(this, tr("Replace the file?"), tr("%1 exists. Replace it?").arg(name)) != QMessageBox::Yes)
            return;
        QSettings().setValue("export/folder", QFileInfo(path_->text()).absolutePath());
        accept();
    });
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
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
    const QString chosen = format() == ExportFormat::PngSequence ? QFileDialog::getSaveFileName(this, tr("Folder for the pictures"), path_->text())
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
