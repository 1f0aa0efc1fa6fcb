// Exports, recordings and stills of the running take.
//
// Owner:  MainWindow. Everything it is given must outlive it.
// Thread: GUI thread.
#pragma once

#include <functional>
#include <memory>

#include <QObject>
#include <QTimer>

#include "app/session/export_job.h"
#include "app/studio/export_dialog.h"
#include "app/studio/failure_text.h"
#include "app/studio/studio_widgets.h"

class QProgressDialog;

namespace longtake {

class TakeController;
class TimelineModel;

class ExportController final : public QObject {
    Q_OBJECT

public:
    // projectJson: what is embedded in videos.
    ExportController(TakeController& takes, TimelineModel& model, const StudioWidgets& widgets, std::function<std::string()> projectJson, QWidget* window);
    ~ExportController() override;

    bool isRecording() const { return recording_ != nullptr; }
    bool isExporting() const { return export_ != nullptr; }
    QString recordingPath() const { return recordingPath_; }
    // Finishes the file of a running recording and waits for it; the program is about to end.
    void endRecording();
    // Without the dialog. What fails later is told by failed().
    Result<void> start(const ExportWish& wish);
    void setTakeName(const QString& name) { takeName_ = name; }

public slots:
    void exportTake();
    void toggleRecording();
    void chooseRecording();  // asks for format, quality and folder
    void saveStill();

signals:
    void told(const QString& message);
    void failed(const longtake::Failure& failure);
    void recordingText(const QString& text);  // empty: nothing is recorded
    void recordingChanged();

private:
    Result<std::unique_ptr<ExportSink>> openSink(const ExportWish& wish, PictureSize frames) const;
    void startRecording();
    void look();
    void lookAtExport();
    void lookAtRecording();
    QString freeName(const QString& folder, const QString& ending) const;

    TakeController& takes_;
    TimelineModel& model_;
    StudioWidgets w_;
    std::function<std::string()> projectJson_;
    QWidget* window_ = nullptr;
    std::unique_ptr<ExportJob> export_;
    std::unique_ptr<ExportJob> recording_;
    bool recordingEnds_ = false;
    QString recordingPath_;
    ExportFormat exportFormat_ = ExportFormat::Mp4H264, recordingFormat_ = ExportFormat::Mp4H264;
    QString takeName_;
    QProgressDialog* progress_ = nullptr;
    QTimer poll_;
};

}  // namespace longtake
