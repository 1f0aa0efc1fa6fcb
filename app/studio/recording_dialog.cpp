#include "app/studio/recording_dialog.h"

#include <QComboBox>
#include <QDir>
#include <QFileDialog>
#include <QLineEdit>
#include <QPushButton>
#include <QSettings>
#include <QSlider>
#include <QStandardPaths>
#include <algorithm>

#include "app/studio/export_form.h"

namespace longtake {

RecordingWish RecordingWish::remembered() {
    const QSettings settings;
    RecordingWish wish;
    const QString codec = settings.value("record/codec").toString();
    for (const ExportFormat format : {ExportFormat::Mp4H264, ExportFormat::Mp4H265, ExportFormat::Mp4Av1, ExportFormat::Prores})
        if (codec == QLatin1String(nameOf(codecOf(format)).data())) wish.format = format;
    wish.quality = std::clamp(settings.value("record/quality", kUsualQuality).toInt(), 0, 100);
    return wish;
}

void RecordingWish::remember() const {
    QSettings settings;
    settings.setValue("record/codec", QLatin1String(nameOf(codecOf(format)).data()));
    settings.setValue("record/quality", quality);
}

QString moviesFolder() {
    QString folder = QSettings().value("export/folder").toString();
    if (folder.isEmpty() || !QDir(folder).exists()) folder = QStandardPaths::writableLocation(QStandardPaths::MoviesLocation);
    return !folder.isEmpty() && QDir(folder).exists() ? folder : QDir::homePath();
}

RecordingDialog::RecordingDialog(QWidget* parent) : QDialog(parent) {
    setWindowTitle(tr("Recording"));
    setMinimumWidth(440);
    const RecordingWish last = RecordingWish::remembered();
    ExportForm form(*this);
    format_ = form.addFormats(tr("&Format"));
    format_->setCurrentIndex(std::max(0, format_->findData(static_cast<int>(last.format))));
    quality_ = form.addQuality(tr("&Quality"), last.quality);
    const ExportForm::PathField folder = form.addPath(tr("Fol&der"), tr("Folder"), moviesFolder());
    folder_ = folder.path;
    QPushButton* use = form.finish(tr("&Use"), tr("For the recordings from now on. One that is under way stays as it is."));

    connect(folder.browse, &QPushButton::clicked, this, &RecordingDialog::browse);
    connect(folder_, &QLineEdit::textChanged, this, [this, use] { use->setEnabled(QDir(folder_->text().trimmed()).exists()); });
    connect(use, &QPushButton::clicked, this, &RecordingDialog::take);
}

RecordingWish RecordingDialog::wish() const { return {static_cast<ExportFormat>(format_->currentData().toInt()), quality_->value()}; }

void RecordingDialog::browse() {
    const QString chosen = QFileDialog::getExistingDirectory(this, tr("Folder for recordings"), folder_->text());
    if (!chosen.isEmpty()) folder_->setText(chosen);
}

void RecordingDialog::take() {
    wish().remember();
    QSettings().setValue("export/folder", QDir(folder_->text().trimmed()).absolutePath());
    accept();
}

}  // namespace longtake
