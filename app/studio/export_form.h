// The frame and the fields that the dialogs of exports and recordings share.
//
// Owner:  the dialog.
// Thread: GUI thread.
#pragma once

#include <QString>

class QComboBox;
class QDialog;
class QFormLayout;
class QLineEdit;
class QPushButton;
class QSlider;
class QWidget;

namespace longtake {

class ExportForm {
public:
    explicit ExportForm(QDialog& dialog);

    // Of the formats of videos.
    QComboBox* addFormats(const QString& label);
    void addRow(const QString& label, QWidget* field);
    // 0 to 100 with its figure beside it.
    QSlider* addQuality(const QString& label, int value);
    // With a button that browses.
    struct PathField {
        QLineEdit* path = nullptr;
        QPushButton* browse = nullptr;
    };
    PathField addPath(const QString& label, const QString& name, const QString& path);
    // Below the fields: `note` if there is one, then Cancel and the button that accepts, whose click is left to the dialog.
    QPushButton* finish(const QString& accept, const QString& note = {});

private:
    QDialog& dialog_;
    QFormLayout* rows_ = nullptr;
};

}  // namespace longtake
