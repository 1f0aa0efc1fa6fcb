#include "app/studio/export_controller.h"

#include <cmath>
#include <utility>

#include <QDir>
#include <QFileInfo>
#include <QProgressDialog>

#include "app/media/animation_writer.h"
#include "app/media/png_file.h"
#include "app/media/png_sequence.h"
#include "app/media/video_writer.h"
#include "app/studio/recording_dialog.h"
#include "app/studio/take_controller.h"
#include "ui/panels/transport_bar.h"
#include "ui/theme/formats.h"
#include "ui/timeline/timeline_model.h"

namespace longtake {

namespace {

constexpr int kPollMs = 200;
constexpr int kFormatsMs = 4000;  // once the first take plays

// Encoders start threads of their own, which are as urgent as the one that opens them: generation goes first.
template <typename Do>
auto aside(Do job) {
    return std::async(std::launch::async, [job = std::move(job)] {
        giveWay();
        return job();
    });
}

Result<std::unique_ptr<ExportSink>> openSink(const ExportWish& wish, PictureSize frames, const std::string& projectJson) {
    const PictureSize size = videoSize(frames, wish.scale);
    const std::string path = wish.path.toStdString();
    const auto as = [](auto made) -> Result<std::unique_ptr<ExportSink>> {
        if (!made) return made.error();
        return std::unique_ptr<ExportSink>(std::move(made).value());
    };
    switch (wish.format) {
        case ExportFormat::PngSequence: return as(PngSequence::create(path));
        case ExportFormat::Gif:
        case ExportFormat::Webp:
            return as(AnimationWriter::create(path, frames,
                                              {.kind = wish.format == ExportFormat::Gif ? AnimationKind::Gif : AnimationKind::Webp,
                                               .quality = wish.quality,
                                               .frameRate = wish.rate,
                                               .size = size}));
        default: break;
    }
    VideoOptions options;
    options.codec = codecOf(wish.format);
    options.quality = wish.quality;
    options.frameRate = wish.rate;
    options.threads = 1;  // generation goes first
    options.size = size;
    options.projectJson = projectJson;
    return as(VideoWriter::create(path, frames, options));
}

}  // namespace

ExportController::ExportController(TakeController& takes, TimelineModel& model, const StudioWidgets& widgets,
                                   std::function<std::string()> projectJson, QWidget* window)
    : QObject(window), takes_(takes), model_(model), w_(widgets), projectJson_(std::move(projectJson)), window_(window),
      takeName_(tr("Untitled")) {
    connect(w_.transport, &TransportBar::recordRequested, this, &ExportController::toggleRecording);
    connect(w_.transport, &TransportBar::stopRecordRequested, this, &ExportController::toggleRecording);
    poll_.setInterval(kPollMs);
    connect(&poll_, &QTimer::timeout, this, &ExportController::look);
    QTimer::singleShot(kFormatsMs, this, [this] { formats_ = aside([] { (void)videoFormats(); }); });
}

ExportController::~ExportController() {
    for (Output* output : {&export_, &recording_})
        if (output->opening.valid())
            if (const auto sink = output->opening.get()) (*sink)->cancel();
}

void ExportController::open(Output& output, ExportWish wish, std::shared_ptr<FrameStore> frames, ExportSpan span) {
    const PictureSize size{frames->width(), frames->height()};
    output = {.wish = wish, .frames = std::move(frames), .span = span, .opening = {}, .job = {}, .partPath = {}};
    output.opening = aside([wish = std::move(wish), size, json = projectJson_()] { return openSink(wish, size, json); });
    poll_.start();
}

bool ExportController::hasBegun(Output& output) {
    if (output.job) return true;
    if (output.opening.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return false;
    auto sink = output.opening.get();
    if (!sink) {
        const ExportWish wish = std::exchange(output, {}).wish;
        emit failed(notExported(wish.path, wish.format, sink.message()));
        return false;
    }
    if (const auto* video = dynamic_cast<VideoWriter*>(sink->get())) output.partPath = QString::fromStdString(video->partPath());
    output.job = std::make_unique<ExportJob>(output.frames, std::move(sink).value(), output.span, nullptr);
    return true;
}

std::shared_ptr<FrameStore> ExportController::whatIsMade() {
    std::shared_ptr<FrameStore> store = takes_.store();
    if (store && store->frames() > 0) return store;
    emit told(tr("There is nothing to export yet. Play first."));
    return nullptr;
}

void ExportController::exportTake() {
    const std::shared_ptr<FrameStore> store = whatIsMade();
    if (!store) return;
    if (isExporting()) {
        emit told(tr("An export is under way; wait for it or cancel it."));
        return;
    }
    ExportSubject subject;
    subject.size = {store->width(), store->height()};
    subject.fps = takes_.clock().fps;
    subject.frames = store->frames() - store->firstFrame();
    if (const auto range = model_.range()) subject.markedFrames = range->last - range->first + 1;
    subject.name = QFileInfo(freeName(moviesFolder(), QStringLiteral(".mp4"))).completeBaseName();
    ExportDialog dialog(subject, window_);
    if (dialog.exec() != QDialog::Accepted) return;
    start(dialog.wish());
}

// The take may have become another while a dialog asked.
void ExportController::start(const ExportWish& wish) {
    const std::shared_ptr<FrameStore> store = whatIsMade();
    if (!store) return;
    // No further than the window has heard of, so that the project inside the video knows of every frame.
    ExportSpan span{store->firstFrame(), std::min(store->frames() - 1, std::max(takes_.newestFrame(), store->firstFrame()))};
    if (wish.markedOnly) {
        const auto range = model_.range();
        if (range) span = {std::max(range->first, span.first), std::min(range->last, *span.last)};
        if (*span.last < span.first) {
            emit told(tr("Nothing is made between the marks yet. Mark another range or play on."));
            return;
        }
    }
    open(export_, wish, store, span);
    takes_.note("export", wish.path);
}

QString ExportController::freeName(const QString& folder, const QString& ending) const {
    for (int number = 1;; ++number) {
        const QString name = number == 1 ? takeName_ : QStringLiteral("%1-%2").arg(takeName_).arg(number);
        const QString path = QDir(folder).filePath(name + ending);
        if (!QFileInfo::exists(path) && !QFileInfo::exists(QDir(folder).filePath(name + QStringLiteral(".part") + ending))) return path;
    }
}

void ExportController::toggleRecording() {
    if (!isRecording()) return startRecording();
    if (recordingEnds_) return;
    recordingEnds_ = true;
    if (recording_.job) recording_.job->finish(projectJson_());
    w_.transport->setRecording(TransportBar::Recording::Off);
}

void ExportController::endRecording() {
    if (!isRecording()) return;
    if (!recordingEnds_) toggleRecording();
    if (recording_.opening.valid()) recording_.opening.wait();
    lookAtRecording();
    if (!recording_.job) return;
    (void)recording_.job->wait();
    lookAtRecording();
}

void ExportController::startRecording() {
    const std::shared_ptr<FrameStore> store = takes_.store();
    if (!takes_.hasTake() || !store) {
        emit told(tr("There is nothing to record yet. Play first."));
        return;
    }
    const RecordingWish how = RecordingWish::remembered();
    ExportWish wish;
    wish.format = how.format;
    wish.quality = how.quality;
    wish.path = freeName(moviesFolder(), endingOf(how.format));
    wish.rate = {static_cast<int>(std::lround(takes_.clock().fps)), 1};
    open(recording_, wish, store, {std::max(takes_.shownFrame(), store->firstFrame()), {}});
    recordingEnds_ = false;
    takes_.note("record", wish.path);
    w_.transport->setRecording(TransportBar::Recording::On);
}

void ExportController::chooseRecording() { RecordingDialog(window_).exec(); }

void ExportController::saveStill() {
    const std::shared_ptr<FrameStore> store = takes_.store();
    const std::optional<Frame8> frame = store ? store->read(takes_.shownFrame()) : std::nullopt;
    if (!frame) {
        emit told(tr("There is no picture to save yet. Play first."));
        return;
    }
    const QString path = freeName(moviesFolder(), QStringLiteral(".png"));
    if (const Result<void> written = writePng(path.toStdString(), viewOf(*frame)); !written) emit failed(notSaved(path, written.message()));
    else emit told(tr("This frame is saved as %1").arg(path));
}

void ExportController::look() {
    if (isExporting()) lookAtExport();
    if (isRecording()) lookAtRecording();
    if (!isExporting() && !isRecording()) poll_.stop();
}

void ExportController::lookAtExport() {
    if (!hasBegun(export_)) return;
    ExportJob& job = *export_.job;
    if (!progress_) {
        progress_ = new QProgressDialog(tr("Exporting %1").arg(QFileInfo(export_.wish.path).fileName()), tr("&Cancel"), 0, 1000, window_);
        progress_->setWindowTitle(tr("Export"));
        progress_->setMinimumDuration(500);
        progress_->setAutoClose(false);
        progress_->setAutoReset(false);
        connect(progress_, &QProgressDialog::canceled, this, [this] {
            if (export_.job) export_.job->cancel();
        });
    }
    const ExportProgress now = job.progress();
    progress_->setValue(static_cast<int>(job.share() * 1000));
    if (!isOver(now.state)) return;
    const ExportWish wish = std::exchange(export_, {}).wish;
    progress_->deleteLater();
    progress_ = nullptr;
    if (now.state == ExportState::Done) emit told(tr("Exported %1 frames to %2").arg(now.written).arg(wish.path));
    if (now.state == ExportState::Failed) emit failed(notExported(wish.path, wish.format, now.error));
    if (now.state == ExportState::Cancelled) emit told(tr("The export was cancelled; nothing is left of it."));
}

void ExportController::lookAtRecording() {
    const bool isNew = !recording_.job;
    if (hasBegun(recording_)) {
        if (isNew && recordingEnds_) recording_.job->finish(projectJson_());
        if (isNew) emit recordingChanged();
        const ExportProgress now = recording_.job->progress();
        const QString seconds = secondsText(static_cast<double>(now.written) / takes_.clock().fps);
        if (!isOver(now.state)) {
            emit recordingText(tr("● recording %1 (%2)").arg(QFileInfo(recording_.wish.path).fileName(), seconds));
            return;
        }
        const ExportWish wish = std::exchange(recording_, {}).wish;
        if (now.state == ExportState::Done) emit told(tr("Recorded %1 to %2").arg(seconds, wish.path));
        if (now.state == ExportState::Failed) emit failed(notExported(wish.path, wish.format, now.error));
    }
    if (isRecording()) return;
    w_.transport->setRecording(TransportBar::Recording::Off);
    emit recordingText({});
    emit recordingChanged();
}

}  // namespace longtake
