#include "app/studio/project_controller.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QFileDialog>
#include <QFileInfo>
#include <QMessageBox>
#include <QPushButton>
#include <QSettings>
#include <QStandardPaths>
#include <QThreadPool>

#include "app/files/atomic_file.h"
#include "app/media/video_file.h"
#include "app/studio/notice_bar.h"
#include "app/studio/setup_controller.h"
#include "app/studio/take_controller.h"
#include "ui/theme/formats.h"
#include "ui/timeline/timeline_model.h"

namespace longtake {

namespace {

constexpr int kAutosaveMs = 10'000;
constexpr int kMostRecent = 8;
// Events of an autosave that say what it belongs to.
constexpr const char* kFileEvent = "autosave-file";
constexpr const char* kRecordingEvent = "autosave-recording";

QString autosaveFolder() {
    return QDir(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation)).filePath(QStringLiteral("autosave"));
}

QString takeEvent(Project& project, const char* kind) {
    QString text;
    std::erase_if(project.events, [&](const ProjectEvent& event) {
        if (event.kind != kind) return false;
        text = QString::fromStdString(event.text);
        return true;
    });
    return text;
}

}  // namespace

ProjectController::ProjectController(TakeController& takes, SetupController& setup, TimelineModel& model, QWidget* window)
    : QObject(window), takes_(takes), setup_(setup), model_(model), window_(window) {
    const QString folder = autosaveFolder();
    QDir().mkpath(folder);
    autosaveFile_ = QDir(folder).filePath(
        QStringLiteral("%1-%2.longtake").arg(QDateTime::currentMSecsSinceEpoch()).arg(QCoreApplication::applicationPid()));
    lock_ = std::make_unique<QLockFile>(autosaveFile_ + QStringLiteral(".lock"));
    lock_->setStaleLockTime(0);
    lock_->tryLock(0);
    connect(model_.undoStack(), &QUndoStack::indexChanged, this, [this] {
        if (!opening_) setDirty(true);
    });
    connect(&takes_, &TakeController::chunkMade, this, [this] { changedSinceAutosave_ = true; });
    autosaveTimer_.setInterval(kAutosaveMs);
    connect(&autosaveTimer_, &QTimer::timeout, this, &ProjectController::autosave);
    autosaveTimer_.start();
}

// An ordinary end: there is nothing to recover.
ProjectController::~ProjectController() {
    QThreadPool::globalInstance()->waitForDone();
    QFile::remove(autosaveFile_);
}

Project ProjectController::current(Hashes hashes) const {
    Project project = base_;
    setup_.describe(project);
    project.timeline = model_.timeline();
    project.rangeIn = model_.marks().in;
    project.rangeOut = model_.marks().out;
    project.events = takes_.events();
    project.chunks = takes_.newestFrame() >= 0 ? takes_.clock().chunkOfFrame(takes_.newestFrame()) + 1 : 0;
    project.frameHashes.clear();
    if (hashes == Hashes::With) project.frameHashes = takes_.frameHashes();
    return project;
}

QString ProjectController::name() const { return path_.isEmpty() ? tr("Untitled") : QFileInfo(path_).completeBaseName(); }

bool ProjectController::openPath(const QString& path) {
    const QString ending = QFileInfo(path).suffix().toLower();
    const bool isVideo = ending == QLatin1String("mp4") || ending == QLatin1String("mov");
    Result<Project> project = Error{"not read"};
    if (isVideo) {
        const Result<std::string> json = readEmbeddedProject(path.toStdString());
        project = json ? Project::parse(*json, path.toStdString()) : Result<Project>(json.error());
    } else {
        project = Project::load(path.toStdString());
    }
    if (!project) {
        emit failed(notAProject(path, project.message()));
        return false;
    }
    if (!mayLeave()) return false;
    adopt(std::move(*project), isVideo ? QString() : QFileInfo(path).absoluteFilePath());
    if (!path_.isEmpty()) addRecent(path_);
    return true;
}

void ProjectController::adopt(Project project, const QString& path) {
    if (!setup_.adopt(project)) return;
    opening_ = true;
    model_.reset(project.timeline, {project.rangeIn, project.rangeOut});
    base_ = std::move(project);
    path_ = path;
    setDirty(false);
    setup_.startTake();
    opening_ = false;
    emit changed();
}

bool ProjectController::mayLeave() {
    if (!dirty_) return true;
    QMessageBox box(QMessageBox::Question, tr("Save changes?"), tr("“%1” has changes that are not saved.").arg(name()),
                    QMessageBox::Save | QMessageBox::Discard | QMessageBox::Cancel, window_);
    box.setDefaultButton(QMessageBox::Save);
    // Qt's own words have no keys on every desktop.
    box.button(QMessageBox::Save)->setText(tr("&Save"));
    box.button(QMessageBox::Discard)->setText(tr("&Discard"));
    box.button(QMessageBox::Cancel)->setText(tr("&Cancel"));
    const int answer = box.exec();
    return answer == QMessageBox::Discard || (answer == QMessageBox::Save && save());
}

void ProjectController::open() {
    const QString path = QFileDialog::getOpenFileName(window_, tr("Open"), QFileInfo(path_).path(),
                                                      tr("Projects and exported videos (*.longtake *.mp4 *.mov);;All files (*)"));
    if (!path.isEmpty()) openPath(path);
}

bool ProjectController::save() { return path_.isEmpty() ? saveAs() : saveTo(path_); }

bool ProjectController::saveAs() {
    QString path = QFileDialog::getSaveFileName(window_, tr("Save as"),
                                                path_.isEmpty() ? QDir::home().filePath(name() + QStringLiteral(".longtake")) : path_,
                                                tr("Projects (*.longtake)"));
    if (path.isEmpty()) return false;
    if (QFileInfo(path).suffix().isEmpty()) path += QStringLiteral(".longtake");
    return saveTo(path);
}

bool ProjectController::saveTo(const QString& path) {
    if (const Result<void> saved = current(Hashes::With).save(path.toStdString()); !saved) {
        emit failed(notSaved(path, saved.message()));
        return false;
    }
    path_ = path;
    setDirty(false);
    addRecent(path);
    emit changed();
    emit savedText(tr("saved"));
    return true;
}

QStringList ProjectController::recent() const {
    QStringList there;
    for (const QString& path : QSettings().value("recent").toStringList())
        if (QFileInfo::exists(path)) there += path;
    return there;
}

void ProjectController::addRecent(const QString& path) {
    QStringList list = QSettings().value("recent").toStringList();
    list.removeAll(path);
    list.prepend(path);
    QSettings().setValue("recent", list.mid(0, kMostRecent));
    emit changed();
}

void ProjectController::setDirty(bool dirty) {
    changedSinceAutosave_ = dirty;
    if (dirty_ == dirty) return;
    dirty_ = dirty;
    if (!dirty) QFile::remove(autosaveFile_);
    emit changed();
}

void ProjectController::setRecording(const QString& partPath) {
    recording_ = partPath;
    if (partPath.isEmpty()) return;
    changedSinceAutosave_ = true;
    autosave();
}

// What the model plays by itself is not worth keeping; edits and recordings are.
void ProjectController::autosave() {
    if (!changedSinceAutosave_ || (!dirty_ && recording_.isEmpty())) return;
    changedSinceAutosave_ = false;
    Project project = current(Hashes::Without);
    project.events.push_back({.kind = kFileEvent, .text = path_.toStdString()});
    if (!recording_.isEmpty()) project.events.push_back({.kind = kRecordingEvent, .text = recording_.toStdString()});
    QThreadPool::globalInstance()->start([this, file = autosaveFile_.toStdString(), json = project.toJson()] {
        const Result<void> written = writeFileAtomically(file, std::string_view(json));
        emit savedText(written ? tr("autosaved %1").arg(QDateTime::currentDateTime().toString(QStringLiteral("hh:mm:ss")))
                               : tr("autosave failed"));
        // Why is said once, not every ten seconds.
        if (!written && !autosaveFailed_.exchange(true)) {
            Failure why = notSaved(QString::fromStdString(file), written.message());
            why.text = tr("Autosave failed: %1").arg(why.text);
            emit failed(why);
        }
        if (written) autosaveFailed_ = false;
    });
}

bool ProjectController::offerRecovery(NoticeBar& notice) {
    const QDir folder(autosaveFolder());
    for (const QFileInfo& info : folder.entryInfoList({QStringLiteral("*.lock")}, QDir::Files)) {
        // A killed program's lock without a project: taking it and letting go removes the file.
        if (!folder.exists(info.completeBaseName())) QLockFile(info.absoluteFilePath()).tryLock(0);
    }
    for (const QFileInfo& info : folder.entryInfoList({QStringLiteral("*.longtake")}, QDir::Files, QDir::Time)) {
        const QString file = info.absoluteFilePath();
        if (file == autosaveFile_) continue;
        auto lock = std::make_unique<QLockFile>(file + QStringLiteral(".lock"));
        lock->setStaleLockTime(0);
        if (!lock->tryLock(0)) continue;  // another window's
        foundLock_ = std::move(lock);
        notice.ask(tr("Longtake ended unexpectedly on %1 with a take that was not saved.")
                       .arg(QLocale().toString(info.lastModified(), QLocale::ShortFormat)),
                   {{tr("Rest&ore"), [this, file] { recover(file); }}, {tr("D&iscard"), [this, file] {
                                                                            QFile::remove(file);
                                                                            foundLock_.reset();
                                                                        }}});
        return true;
    }
    return false;
}

void ProjectController::recover(const QString& file) {
    Result<Project> project = Project::load(file.toStdString());
    if (!project) {
        emit failed(notAProject(file, project.message()));
        return;
    }
    const QString path = takeEvent(*project, kFileEvent);
    const QString recording = takeEvent(*project, kRecordingEvent);
    if (!recording.isEmpty() && QFileInfo::exists(recording)) {
        const Result<RecoveredVideo> video = recoverPartial(recording.toStdString());
        if (!video) emit failed(notRecovered(recording, video.message()));
        else emit told(tr("The recording was recovered: %1, %2").arg(QString::fromStdString(video->path), secondsText(video->seconds)));
    }
    adopt(std::move(*project), path);
    setDirty(true);
    QFile::remove(file);
    foundLock_.reset();
}

}  // namespace longtake
