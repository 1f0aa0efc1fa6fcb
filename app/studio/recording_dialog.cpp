#include "app/studio/recording_dialog.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QDir>
#include <QFileDialog>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSettings>
#include <QSlider>
#include <QStandardPaths>
#include <algorithm>

#include "ui/theme/theme.h"

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
    format_ = new QComboBox;
    format_->setObjectName(QStringLiteral("format"));
    for (const NamedFormat& one : videoFormats()) format_->addItem(one.name, static_cast<int>(one.format));
    format_->setCurrentIndex(std::max(0, format_->findData(static_cast<int>(last.format))));
    const QualityField quality = makeQualityField(this, last.quality);
    quality_ = quality.slider;
    folder_ = new QLineEdit(moviesFolder());
    folder_->setAccessibleName(tr("Folder"));
    auto* browseButton = new QPushButton(tr("&Browse…"));
    browseButton->setAutoDefault(false);

    auto* form = new QFormLayout;
    form->setHorizontalSpacing(16);
    form->setVerticalSpacing(kGap);
    form->addRow(tr("&Format"), format_);
    auto* qualityLabel = new QLabel(tr("&Quality"));
    qualityLabel->setBuddy(quality_);
    form->addRow(qualityLabel, quality.row);
    auto* folderRow = new QHBoxLayout;
    folderRow->addWidget(folder_);
    folderRow->addWidget(browseButton);
    auto* folderLabel = new QLabel(tr("Fol&der"));
    folderLabel->setBuddy(folder_);
    form->addRow(folderLabel, folderRow);
    auto* note = new QLabel(tr("For the recordings from now on. One that is under way stays as it is."));
    note->setProperty("role", "dim");
    note->setWordWrap(true);
    auto* buttons = new QDialogButtonBox;
    QPushButton* use = buttons->addButton(tr("&Use"), QDialogButtonBox::AcceptRole);
    use->setDefault(true);
    buttons->addButton(tr("&Cancel"), QDialogButtonBox::RejectRole);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(20, 20, 20, 16);
    outer->setSpacing(20);
    outer->addLayout(form);
    outer->addWidget(note);
    outer->addWidget(buttons);

    connect(browseButton, &QPushButton::clicked, this, &RecordingDialog::browse);
    connect(folder_, &QLineEdit::textChanged, this, [this, use] { use->setEnabled(QDir(folder_->text().trimmed()).exists()); });
    connect(buttons, &QDialogButtonBox::accepted, this, &RecordingDialog::take);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
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
