#include "app/studio/export_controller.h"

#include <cmath>
#include <optional>
#include <thread>

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

int even(double pixels) { return std::max(2, static_cast<int>(std::lround(pixels / 2)) * 2); }

// Encoders start threads of their own, which are as urgent as the one that opens them: generation goes first.
template <typename Open>
auto openedAside(const Open& open) {
    std::optional<decltype(open())> opened;
    std::thread([&] {
        giveWay();
        opened = open();
    }).join();
    return std::move(*opened);
}

}  // namespace

ExportController::ExportController(TakeController& takes, TimelineModel& model, const StudioWidgets& widgets, std::function<std::string()> projectJson, QWidget* window)
    : QObject(window), takes_(takes), model_(model), w_(widgets), projectJson_(std::move(projectJson)), window_(window), takeName_(tr("Untitled")) {
    connect(w_.transport, &TransportBar::recordRequested, this, &ExportController::toggleRecording);
    connect(w_.transport, &TransportBar::stopRecordRequested, this, &ExportController::toggleRecording);
    poll_.setInterval(kPollMs);
    connect(&poll_, &QTimer::timeout, this, &ExportController::look);
}

ExportController::~ExportController() = default;

Result<std::unique_ptr<ExportSink>> ExportController::openSink(const ExportWish& wish, PictureSize frames) const {
    const PictureSize size{even(frames.width * wish.scale), even(frames.height * wish.scale)};
    const std::string path = wish.path.toStdString();
    const auto as = [](auto made) -> Result<std::unique_ptr<ExportSink>> {
        if (!made) return made.error();
        return std::unique_ptr<ExportSink>(std::move(made).value());
    };
    switch (wish.format) {
        case ExportFormat::PngSequence: return as(PngSequence::create(path));
        case ExportFormat::Gif:
        case ExportFormat::Webp:
            return as(AnimationWriter::create(path, frames, {.kind = wish.format == ExportFormat::Gif ? AnimationKind::Gif : AnimationKind::Webp,
                                                             .quality = wish.quality, .frameRate = wish.rate, .size = size}));
        default: break;
    }
    VideoOptions options;
    options.codec = codecOf(wish.format);
    options.quality = wish.quality;
    options.frameRate = wish.rate;
    options.threads = 1;  // generation goes first
    options.size = size;
    options.projectJson = projectJson_();
    return openedAside([&] { return as(VideoWriter::create(path, frames, options)); });
}

void ExportController::exportTake() {
    const std::shared_ptr<FrameStore> store = takes_.store();
    if (!store || store->frames() == 0) {
        emit told(tr("There is nothing to export yet. Play first."));
        return;
    }
    if (export_) {
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
    const ExportWish wish = dialog.wish();
    if (const Result<void> begun = start(wish); !begun) emit failed(notExported(wish.path, wish.format, begun.message()));
}

Result<void> ExportController::start(const ExportWish& wish) {
    const std::shared_ptr<FrameStore> store = takes_.store();
    if (!store || store->frames() == 0) return Error{"there is nothing to export yet; play first"};
    ExportSpan span{store->firstFrame(), store->frames() - 1};
    if (wish.markedOnly) {
        const auto range = model_.range();
        if (range) span = {std::max(range->first, span.first), std::min(range->last, *span.last)};
        if (*span.last < span.first) {
            emit told(tr("Nothing is made between the marks yet. Mark another range or play on."));
            return {};
        }
    }
    auto sink = openSink(wish, {store->width(), store->height()});
    if (!sink) return sink.error();
    export_ = std::make_unique<ExportJob>(store, std::move(sink).value(), span, nullptr);
    exportFormat_ = wish.format;
    takes_.note("export", wish.path);
    progress_ = new QProgressDialog(tr("Exporting %1").arg(QFileInfo(wish.path).fileName()), tr("&Cancel"), 0, 1000, window_);
    progress_->setWindowTitle(tr("Export"));
    progress_->setMinimumDuration(500);
    progress_->setAutoClose(false);
    progress_->setAutoReset(false);
    connect(progress_, &QProgressDialog::canceled, this, [this] {
        if (export_) export_->cancel();
    });
    poll_.start();
    return {};
}

QString ExportController::freeName(const QString& folder, const QString& ending) const {
    for (int number = 1;; ++number) {
        const QString name = number == 1 ? takeName_ : QStringLiteral("%1-%2").arg(takeName_).arg(number);
        const QString path = QDir(folder).filePath(name + ending);
        if (!QFileInfo::exists(path) && !QFileInfo::exists(QDir(folder).filePath(name + QStringLiteral(".part") + ending))) return path;
    }
}

void ExportController::toggleRecording() {
    if (!recording_) return startRecording();
    if (recordingEnds_) return;
    recordingEnds_ = true;
    recording_->finish(projectJson_());
    w_.transport->setRecording(TransportBar::Recording::Off);
}

void ExportController::endRecording() {
    if (!recording_) return;
    if (!recordingEnds_) toggleRecording();
    (void)recording_->wait();
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
    auto sink = openSink(wish, {store->width(), store->height()});
    if (!sink) {
        emit failed(notExported(wish.path, wish.format, sink.message()));
        return;
    }
    auto* video = dynamic_cast<VideoWriter*>(sink->get());
    recordingPath_ = video ? QString::fromStdString(video->partPath()) : wish.path;
    recording_ = std::make_unique<ExportJob>(store, std::move(sink).value(), ExportSpan{std::max(takes_.shownFrame(), store->firstFrame()), {}}, nullptr);
    recordingEnds_ = false;
    recordingFormat_ = wish.format;
    takes_.note("record", wish.path);
    w_.transport->setRecording(TransportBar::Recording::On);
    poll_.start();
    emit recordingChanged();
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
    if (export_) lookAtExport();
    if (recording_) lookAtRecording();
    if (!export_ && !recording_) poll_.stop();
}

void ExportController::lookAtExport() {
    const ExportProgress now = export_->progress();
    progress_->setValue(static_cast<int>(export_->share() * 1000));
    if (!isOver(now.state)) return;
    if (now.state == ExportState::Done) emit told(tr("Exported %1 frames to %2").arg(now.written).arg(QString::fromStdString(export_->path())));
    if (now.state == ExportState::Failed) emit failed(notExported(QString::fromStdString(export_->path()), exportFormat_, now.error));
    if (now.state == ExportState::Cancelled) emit told(tr("The export was cancelled; nothing is left of it."));
    progress_->deleteLater();
    progress_ = nullptr;
    export_.reset();
}

void ExportController::lookAtRecording() {
    const ExportProgress now = recording_->progress();
    const QString name = QFileInfo(QString::fromStdString(recording_->path())).fileName();
    if (!isOver(now.state)) {
        emit recordingText(tr("● recording %1 (%2)").arg(name, secondsText(static_cast<double>(now.written) / takes_.clock().fps)));
        return;
    }
    if (now.state == ExportState::Done) emit told(tr("Recorded %1 to %2").arg(secondsText(static_cast<double>(now.written) / takes_.clock().fps), QString::fromStdString(recording_->path())));
    if (now.state == ExportState::Failed) emit failed(notExported(QString::fromStdString(recording_->path()), recordingFormat_, now.error));
    recording_.reset();
    recordingPath_.clear();
    w_.transport->setRecording(TransportBar::Recording::Off);
    emit recordingText({});
    emit recordingChanged();
}

}  // namespace longtake
