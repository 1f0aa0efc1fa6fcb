#include "app/studio/export_form.h"

#include <QComboBox>
#include <QDialog>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSlider>

#include "app/studio/export_dialog.h"
#include "app/studio/export_format.h"
#include "ui/theme/theme.h"

namespace longtake {

namespace {

QHBoxLayout* sideBySide(QWidget* field, QWidget* beside) {
    auto* row = new QHBoxLayout;
    row->addWidget(field);
    row->addWidget(beside);
    return row;
}

// The letter of a label before a row of widgets is that of the first one.
QLabel* labelOf(const QString& text, QWidget* field) {
    auto* label = new QLabel(text);
    label->setBuddy(field);
    return label;
}

}  // namespace

ExportForm::ExportForm(QDialog& dialog) : dialog_(dialog), rows_(new QFormLayout) {
    rows_->setHorizontalSpacing(16);
    rows_->setVerticalSpacing(kGap);
    auto* outer = new QVBoxLayout(&dialog);
    outer->setContentsMargins(20, 20, 20, 16);
    outer->setSpacing(20);
    outer->addLayout(rows_);
}

QComboBox* ExportForm::addFormats(const QString& label) {
    auto* formats = new QComboBox;
    formats->setObjectName(QStringLiteral("format"));
    for (const NamedFormat& one : videoFormats()) formats->addItem(one.name, static_cast<int>(one.format));
    addRow(label, formats);
    return formats;
}

void ExportForm::addRow(const QString& label, QWidget* field) { rows_->addRow(label, field); }

QSlider* ExportForm::addQuality(const QString& label, int value) {
    auto* slider = new QSlider(Qt::Horizontal);
    slider->setRange(0, 100);
    slider->setValue(value);
    slider->setAccessibleName(ExportDialog::tr("Quality"));
    slider->setMinimumHeight(kRowHeight - 2);
    auto* figure = new QLabel(QString::number(value));
    figure->setMinimumWidth(28);
    QObject::connect(slider, &QSlider::valueChanged, figure, [figure](int now) { figure->setText(QString::number(now)); });
    rows_->addRow(labelOf(label, slider), sideBySide(slider, figure));
    return slider;
}

ExportForm::PathField ExportForm::addPath(const QString& label, const QString& name, const QString& path) {
    const PathField field{new QLineEdit(path), new QPushButton(ExportDialog::tr("&Browse…"))};
    field.path->setAccessibleName(name);
    field.browse->setAutoDefault(false);
    rows_->addRow(labelOf(label, field.path), sideBySide(field.path, field.browse));
    return field;
}

QPushButton* ExportForm::finish(const QString& accept, const QString& note) {
    auto* outer = static_cast<QVBoxLayout*>(dialog_.layout());
    if (!note.isEmpty()) {
        auto* line = new QLabel(note);
        line->setProperty("role", "dim");
        line->setWordWrap(true);
        outer->addWidget(line);
    }
    auto* buttons = new QDialogButtonBox;
    QPushButton* go = buttons->addButton(accept, QDialogButtonBox::AcceptRole);
    go->setDefault(true);
    buttons->addButton(ExportDialog::tr("&Cancel"), QDialogButtonBox::RejectRole);
    outer->addWidget(buttons);
    QObject::connect(buttons, &QDialogButtonBox::rejected, &dialog_, &QDialog::reject);
    return go;
}

}  // namespace longtake
