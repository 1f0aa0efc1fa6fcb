// Asks in which format, how good and where recordings are made, and remembers it.
//
// Owner:  whoever runs it.
// Thread: GUI thread.
#pragma once

#include <QDialog>

#include "app/studio/export_format.h"

class QComboBox;
class QLineEdit;
class QSlider;

namespace longtake {

struct RecordingWish {
    ExportFormat format = ExportFormat::Mp4H264;
    int quality = kUsualQuality;

    static RecordingWish remembered();
    void remember() const;
};

// Where exports and recordings go: as last chosen, else the user's films.
QString moviesFolder();

class RecordingDialog final : public QDialog {
    Q_OBJECT

public:
    explicit RecordingDialog(QWidget* parent);
    RecordingWish wish() const;

private:
    void browse();
    void take();

    QComboBox* format_ = nullptr;
    QSlider* quality_ = nullptr;
    QLineEdit* folder_ = nullptr;
};

}  // namespace longtake
