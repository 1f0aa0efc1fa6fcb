// Exports, recordings and stills of the running take.
//
// Owner:  MainWindow. Everything it is given must outlive it.
// Thread: GUI thread.
#pragma once

#include <functional>
#include <future>
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
    ExportController(TakeController& takes, TimelineModel& model, const StudioWidgets& widgets, std::function<std::string()> projectJson,
                     QWidget* window);
    ~ExportController() override;

    bool isRecording() const { return recording_.isBusy(); }
    bool isExporting() const { return export_.isBusy(); }
    QString recordingPath() const { return recording_.partPath; }
    // Finishes the file of a running recording and waits for it; the program is about to end.
    void endRecording();
    // Without the dialog. What fails is told by failed().
    void start(const ExportWish& wish);
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
    // Frames on their way into a file, which is opened first: in a thread of its own, as an encoder may take a third of a
    // second to open.
    struct Output {
        ExportWish wish;
        std::shared_ptr<FrameStore> frames;
        ExportSpan span;
        std::future<Result<std::unique_ptr<ExportSink>>> opening;
        std::unique_ptr<ExportJob> job;
        QString partPath;  // of a video that is being written

        bool isBusy() const { return opening.valid() || job; }
    };

    // Null where nothing is made yet, which is told.
    std::shared_ptr<FrameStore> whatIsMade();
    void open(Output& output, ExportWish wish, std::shared_ptr<FrameStore> frames, ExportSpan span);
    // Where its file has been opened, begins to write; false while it has not, or where it could not be.
    bool hasBegun(Output& output);
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
    Output export_, recording_;
    bool recordingEnds_ = false;
    std::future<void> formats_;  // asks which encoders there are before a dialog has to wait for it
    QString takeName_;
    QProgressDialog* progress_ = nullptr;
    QTimer poll_;
};

}  // namespace longtake
