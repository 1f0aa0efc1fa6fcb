// Asks what to export, how and where.
//
// Owner:  whoever runs it.
// Thread: GUI thread.
#pragma once

#include <QDialog>
#include <QString>

#include "app/studio/export_format.h"

class QComboBox;
class QDoubleSpinBox;
class QLineEdit;
class QSlider;
class QSpinBox;

namespace longtake {

struct ExportWish {
    ExportFormat format = ExportFormat::Mp4H264;
    QString path;
    bool markedOnly = false;
    double scale = 1;
    int quality = kUsualQuality;
    FrameRate rate;
};

// What the dialog has to know of the take.
struct ExportSubject {
    PictureSize size;
    double fps = 16;
    int64_t frames = 0;        // made so far
    int64_t markedFrames = 0;  // 0: nothing is marked
    QString name;              // proposed file name, without ending
};

class ExportDialog final : public QDialog {
    Q_OBJECT

public:
    ExportDialog(const ExportSubject& subject, QWidget* parent);
    ExportWish wish() const;

private:
    void followFormat();
    void browse();
    ExportFormat format() const;
    QString ending() const { return endingOf(format()); }

    ExportSubject subject_;
    QComboBox* format_ = nullptr;
    QComboBox* range_ = nullptr;
    QComboBox* size_ = nullptr;
    QSlider* quality_ = nullptr;
    QComboBox* rate_ = nullptr;
    QLineEdit* path_ = nullptr;
};

}  // namespace longtake
