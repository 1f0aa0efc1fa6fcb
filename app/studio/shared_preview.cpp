#include "app/studio/shared_preview.h"

#include "app/session/session.h"
#include "app/studio/session_bridge.h"
#include "ui/canvas/canvas_widget.h"

namespace longtake {

namespace {

// One chunk being made, one that waits, what the canvas holds before its turn, and one more.
constexpr int kSlotChunks = 4;

}  // namespace

SharedPreview::SharedPreview(Session& session, SessionBridge& bridge, CanvasWidget& canvas, QObject* parent)
    : QObject(parent), session_(session), canvas_(canvas) {
    connect(&bridge, &SessionBridge::sharingTold, this, &SharedPreview::answered);
    connect(&canvas, &CanvasWidget::slotFreed, this, [this](int slot, quint64 released) {
        if (offered_) session_.giveBack(ring_, slot, released);
    });
    connect(&canvas, &CanvasWidget::sharedFramesLost, this, [this] {
        session_.endSharing();
        offered_ = false;
    });
    // The canvas has a device only once it has been shown, and another one after a loss.
    connect(&canvas, &CanvasWidget::deviceInfo, this, [this] {
        if (!offered_) share();
    });
}

void SharedPreview::begin(const TakeStarted& started) {
    take_ = started;
    share();
}

void SharedPreview::share() {
    if (!take_) return;
    offered_ = false;
    if (take_->device == "cpu") return throughCpu(tr("the model runs there"));
    const PictureSize size{static_cast<int>(take_->options.width), static_cast<int>(take_->options.height)};
    const int slotCount = kSlotChunks * take_->clock.framesPerChunk;
    const Result<SharedFrames> shared = canvas_.shareFrames(size, slotCount);
    if (!shared) return throughCpu(QString::fromStdString(shared.message()));
    offered_ = true;
    session_.shareFrames({.number = ++ring_,
                          .take = take_->take,
                          .slotCount = slotCount,
                          .offer = SharedFramesOffer({.memoryFd = shared->memoryFd,
                                                      .allocationBytes = shared->allocationBytes,
                                                      .slotBytes = shared->slotBytes,
                                                      .slotCount = shared->slotCount,
                                                      .readyFd = shared->readyFd,
                                                      .releasedFd = shared->releasedFd,
                                                      .deviceUuid = shared->deviceUuid})});
}

void SharedPreview::answered(const SharingAnswer& answer) {
    if (!offered_ || answer.ring != ring_) return;
    if (answer.refusal.empty()) return say(tr("preview stays on the GPU"));
    offered_ = false;
    canvas_.stopSharing();
    throughCpu(QString::fromStdString(answer.refusal));
}

void SharedPreview::show(const SharedPlace& place, FrameStamp stamp) {
    if (offered_ && place.ring == ring_) canvas_.submitShared(place.slot, place.ready, stamp);
}

void SharedPreview::throughCpu(const QString& why) { say(tr("preview via CPU: %1").arg(why)); }

void SharedPreview::say(const QString& text) {
    if (text == text_) return;
    text_ = text;
    emit changed();
}

}  // namespace longtake
