// Project files: open, save, recent files, autosave, and what a crash left behind.
//
// Owner:  MainWindow. Everything it is given must outlive it.
// Thread: GUI thread; autosaves are written on a thread of the pool.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include <QLockFile>
#include <QObject>
#include <QStringList>
#include <QTimer>

#include "app/project/project.h"
#include "app/studio/failure_text.h"

namespace longtake {

class NoticeBar;
class SetupController;
class TakeController;
class TimelineModel;

class ProjectController final : public QObject {
    Q_OBJECT

public:
    ProjectController(TakeController& takes, SetupController& setup, TimelineModel& model, QWidget* window);
    ~ProjectController() override;

    // The running take as a project. Hashes make it long; an autosave does without.
    enum class Hashes { With, Without };
    Project current(Hashes hashes) const;
    // A project, or a video that holds one.
    bool openPath(const QString& path);
    bool saveTo(const QString& path);
    // False when the user wants to stay.
    bool mayLeave();

    QString name() const;  // without folder and ending; "Untitled" before it was saved
    QString path() const { return path_; }
    bool isDirty() const { return dirty_; }
    QStringList recent() const;
    // Of a recording under way, so that a crash does not lose it; empty: none.
    void setRecording(const QString& partPath);
    // Asks what to do with what a crash left. True when there is something.
    bool offerRecovery(NoticeBar& notice);

public slots:
    void open();
    bool save();
    bool saveAs();

signals:
    void changed();  // name or dirty
    void told(const QString& message);
    void failed(const longtake::Failure& failure);
    void savedText(const QString& text);

private:
    void adopt(Project project, const QString& path);
    void addRecent(const QString& path);
    void setDirty(bool dirty);
    void autosave();
    void recover(const QString& file);

    TakeController& takes_;
    SetupController& setup_;
    TimelineModel& model_;
    QWidget* window_ = nullptr;
    Project base_;  // as it was read: keeps what this version does not know
    QString path_;
    QString recording_;
    bool dirty_ = false;
    bool changedSinceAutosave_ = false;
    bool opening_ = false;
    QString autosaveFile_;
    std::unique_ptr<QLockFile> lock_;
    std::unique_ptr<QLockFile> foundLock_;  // of what is being asked about
    std::atomic<bool> autosaveFailed_ = false;
    QTimer autosaveTimer_;
};

}  // namespace longtake
