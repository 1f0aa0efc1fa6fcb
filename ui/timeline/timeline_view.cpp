#include "ui/timeline/timeline_view.h"

#include <algorithm>
#include <cmath>

#include <QAccessible>
#include <QKeyEvent>
#include <QLineEdit>
#include <QPaintEvent>
#include <QPainter>
#include <QScrollBar>

#include "ui/theme/formats.h"
#include "ui/theme/theme.h"
#include "ui/timeline/timeline_painter.h"

namespace longtake {

namespace {

constexpr int kGrowthMs = 60;       // what a chunk brings comes in a burst: painted once, when it is over
constexpr int kPlayheadReach = 90;  // pixels from the playhead to the end of its label

}  // namespace

TimelineView::TimelineView(TimelineModel& model, QWidget* parent) : QAbstractScrollArea(parent), model_(model) {
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::StrongFocus);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOn);
    viewport()->setMouseTracking(true);
    viewport()->setAutoFillBackground(false);
    viewport()->setAttribute(Qt::WA_OpaquePaintEvent);
    setAccessibleName(tr("Prompt timeline"));
    viewport()->setAccessibleName(tr("Prompt timeline"));
    connect(&model_, &TimelineModel::changed, this, &TimelineView::modelChanged);
    connect(&model_, &TimelineModel::progressed, this, [this] {
        followModel();
        updateSoon();
    });
    soon_.setSingleShot(true);
    soon_.setInterval(kGrowthMs);
    connect(&soon_, &QTimer::timeout, viewport(), qOverload<>(&QWidget::update));
    connect(&model_, &TimelineModel::rangeChanged, viewport(), qOverload<>(&QWidget::update));
    connect(horizontalScrollBar(), &QScrollBar::actionTriggered, this, [this] { following_ = false; });
    updateExtent();
    describeSelection();
}

QSize TimelineView::sizeHint() const { return {640, TimelineRows::kHeight + horizontalScrollBar()->sizeHint().height()}; }
QSize TimelineView::minimumSizeHint() const { return {240, TimelineRows::kHeight + horizontalScrollBar()->sizeHint().height()}; }

void TimelineView::modelChanged() {
    followModel();
    viewport()->update();
}

void TimelineView::updateSoon() {
    if (!soon_.isActive()) soon_.start();
}

void TimelineView::followModel() {
    const size_t count = model_.timeline().size();
    if (selectedFirst_ && selectedLast_ >= count) select(count > 0 ? std::optional<size_t>(count - 1) : std::nullopt, count - 1);
    if (mark_ && *mark_ < model_.frontier()) mark_.reset();
    if (drag_ == Drag::Edge) preview_ = model_.withEdge(dragIndex_, dragChunk_);
    updateExtent();
    describeSelection();
}

void TimelineView::setNewestFrame(int64_t frame) {
    newest_ = frame;
    updateExtent();
    updateSoon();
}

void TimelineView::setPlayhead(int64_t frame) {
    if (frame == playhead_) return;
    const double before = scale_.xOf(model_.clock().secondsOfFrame(playhead_)), scrolled = scale_.scrollSeconds;
    playhead_ = std::max<int64_t>(0, frame);
    if (following_ && drag_ == Drag::None) {
        const double x = scale_.xOf(model_.clock().secondsOfFrame(playhead_));
        if (x > viewport()->width() * 0.85 || x < 0) reveal(model_.clock().secondsOfFrame(playhead_));
    }
    if (scale_.scrollSeconds != scrolled) return viewport()->update();
    // Many times a second, so only where the line and its label are and were.
    for (const double x : {before, scale_.xOf(model_.clock().secondsOfFrame(playhead_))})
        viewport()->update(static_cast<int>(x) - kPlayheadReach, 0, 2 * kPlayheadReach, viewport()->height());
}

void TimelineView::addThumbnail(int64_t frame, const QImage& picture) {
    thumbnails_.add(frame, picture);
    updateSoon();
}

void TimelineView::addDrift(int64_t frame, double value) {
    drift_.add(frame, value);
    updateSoon();
}

void TimelineView::clearTake() {
    thumbnails_.clear();
    drift_.clear();
    newest_ = -1;
    playhead_ = 0;
    following_ = true;
    scale_.scrollSeconds = 0;
    updateExtent();
    viewport()->update();
}

void TimelineView::updateExtent() {
    const int64_t lastStart = model_.timeline().empty() ? 0 : model_.timeline().segments().back().firstChunk;
    const double seconds = model_.clock().startSecondsOf(std::max({lastStart, model_.frontier(), mark_.value_or(0)}) + 24);
    const double shown = viewport()->width() / scale_.pixelsPerSecond;
    placing_ = true;
    QScrollBar* bar = horizontalScrollBar();
    bar->setRange(0, static_cast<int>(std::max(0.0, (seconds - shown * 0.4) * scale_.pixelsPerSecond)));
    bar->setPageStep(std::max(1, viewport()->width()));
    bar->setSingleStep(40);
    bar->setValue(static_cast<int>(std::lround(scale_.scrollSeconds * scale_.pixelsPerSecond)));
    placing_ = false;
}

void TimelineView::scrollContentsBy(int, int) {
    if (!placing_) scale_.scrollSeconds = horizontalScrollBar()->value() / scale_.pixelsPerSecond;
    if (editor_) closeEditor(false);
    viewport()->update();
}

void TimelineView::reveal(double seconds) {
    const double shown = viewport()->width() / scale_.pixelsPerSecond;
    if (seconds >= scale_.scrollSeconds && seconds <= scale_.scrollSeconds + shown * 0.85) return;
    scale_.scrollSeconds = std::max(0.0, seconds - shown * (seconds < scale_.scrollSeconds ? 0.2 : 0.6));
    updateExtent();
}

void TimelineView::zoomAround(double factor, double x) {
    const double seconds = scale_.secondsAt(x);
    scale_.pixelsPerSecond = std::clamp(scale_.pixelsPerSecond * factor, TimelineScale::kLeast, TimelineScale::kMost);
    scale_.scrollSeconds = std::max(0.0, seconds - x / scale_.pixelsPerSecond);
    updateExtent();
    viewport()->update();
}

void TimelineView::zoomBy(double factor) {
    const double x = scale_.xOf(model_.clock().secondsOfFrame(playhead_));
    zoomAround(factor, x >= 0 && x <= viewport()->width() ? x : viewport()->width() / 2.0);
}

void TimelineView::zoomToFit() {
    const int64_t lastStart = model_.timeline().empty() ? 0 : model_.timeline().segments().back().firstChunk;
    const double seconds = model_.clock().startSecondsOf(std::max(lastStart, model_.frontier()) + 6);
    scale_.pixelsPerSecond = std::clamp(viewport()->width() / seconds, TimelineScale::kLeast, TimelineScale::kMost);
    scale_.scrollSeconds = 0;
    updateExtent();
    viewport()->update();
}

void TimelineView::select(std::optional<size_t> first, size_t last) {
    selectedFirst_ = first;
    selectedLast_ = first ? std::max(*first, last) : 0;
    describeSelection();
    viewport()->update();
    emit selectionChanged();
}

int64_t TimelineView::insertionChunk() const { return std::max(mark_.value_or(0), model_.frontier()); }

double TimelineView::xOfChunk(int64_t chunk) const { return scale_.xOf(model_.clock().startSecondsOf(chunk)); }

QRectF TimelineView::blockRect(size_t index) const {
    const PromptTimeline& timeline = model_.timeline();
    const double left = xOfChunk(timeline[index].firstChunk);
    const double right = index + 1 < timeline.size() ? xOfChunk(timeline.endOf(index)) : std::max<double>(viewport()->width(), left + 1);
    return {left, TimelineRows::kBlocksTop, right - left, TimelineRows::kBlocksHeight};
}

// The playhead moves with every frame, all else a few times a second: a part alone is asked for by setPlayhead() only,
// and what lies under it has not changed.
void TimelineView::paintEvent(QPaintEvent* event) {
    const bool dragging = drag_ == Drag::Edge || drag_ == Drag::Block;
    const TimelineScene scene{.timeline = dragging ? preview_ : model_.timeline(),
                              .clock = model_.clock(),
                              .frontier = model_.frontier(),
                              .newestFrame = newest_,
                              .playheadFrame = playhead_,
                              .insertChunk = mark_,
                              .range = model_.range(),
                              .selectedFirst = selectedFirst_,
                              .selectedLast = selectedLast_,
                              .litEdge = litEdge_,
                              .focused = hasFocus(),
                              .thumbnails = thumbnails_,
                              .drift = drift_};
    const Colours& colours = coloursFor(*this);
    const QSizeF size(viewport()->size());
    const QSize pixels = (size * devicePixelRatioF()).toSize();
    if (event->rect() == viewport()->rect() || still_.size() != pixels) {
        if (still_.size() != pixels) still_ = QPixmap(pixels);
        still_.setDevicePixelRatio(devicePixelRatioF());
        still_.fill(colours.panel);
        QPainter painter(&still_);
        painter.setFont(font());
        TimelinePainter(painter, scene, scale_, colours, size).paintTake();
        if (hasFocus()) painter.fillRect(QRectF(0, size.height() - 1, size.width(), 1), colours.accent);
    }
    QPainter painter(viewport());
    painter.setFont(font());
    painter.drawPixmap(0, 0, still_);
    TimelinePainter(painter, scene, scale_, colours, size).paintPlayhead();
}

void TimelineView::resizeEvent(QResizeEvent* event) {
    QAbstractScrollArea::resizeEvent(event);
    updateExtent();
}

void TimelineView::describeSelection() {
    const PromptTimeline& timeline = model_.timeline();
    QString words;
    if (timeline.empty()) {
        words = tr("No prompts yet.");
    } else if (!selectedFirst_) {
        words = tr("Prompts: %1.").arg(timeline.size());
    } else {
        const size_t i = *selectedFirst_;
        const PromptSegment& s = timeline[i];
        const QString transition = i == 0                                ? tr("the first")
                                   : s.transition == Transition::Recache ? tr("cut with re-cache")
                                   : s.transition == Transition::Keep    ? tr("keeps the cache")
                                                                         : tr("blends over %1 chunks").arg(s.blendChunks);
        words = tr("Prompt %1 of %2: %3. From %4, %5, %6.")
                    .arg(i + 1)
                    .arg(timeline.size())
                    .arg(QString::fromStdString(s.text), clockText(model_.clock().startSecondsOf(s.firstChunk)), transition,
                         model_.isOpen(i) ? tr("planned") : tr("made"));
    }
    if (words == accessibleDescription()) return;
    setAccessibleDescription(words);
    QAccessibleEvent event(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&event);
}

void TimelineView::openEditor(double x, double width, const QString& text) {
    closeEditor(false);
    editor_ = new QLineEdit(viewport());
    editor_->setText(text);
    editor_->setPlaceholderText(tr("What should be seen from here?"));
    editor_->setAccessibleName(tr("Words of the prompt"));
    const double left = std::clamp(x, 0.0, std::max(0.0, viewport()->width() - 240.0));
    editor_->setGeometry(static_cast<int>(left), static_cast<int>(TimelineRows::kBlocksTop) + 3,
                         static_cast<int>(std::clamp(width, 240.0, std::max(240.0, viewport()->width() - left))), kRowHeight);
    editor_->installEventFilter(this);
    connect(editor_, &QLineEdit::returnPressed, this, [this] { closeEditor(true); });
    editor_->selectAll();
    editor_->show();
    editor_->setFocus();
}

void TimelineView::editText(size_t index) {
    reveal(model_.clock().startSecondsOf(model_.timeline()[index].firstChunk));
    const QRectF box = blockRect(index);
    openEditor(std::max(0.0, box.left()), box.right() - std::max(0.0, box.left()), QString::fromStdString(model_.timeline()[index].text));
    editedIndex_ = index;
}

void TimelineView::editNew(int64_t chunk) {
    reveal(model_.clock().startSecondsOf(chunk));
    openEditor(xOfChunk(chunk), 260, {});
    editedIndex_.reset();
    editedChunk_ = chunk;
}

void TimelineView::closeEditor(bool take) {
    if (!editor_) return;
    QLineEdit* closing = std::exchange(editor_, nullptr);
    const QString words = closing->text();
    closing->removeEventFilter(this);
    closing->hide();
    closing->deleteLater();
    if (take && editedIndex_ && *editedIndex_ < model_.timeline().size()) model_.setText(*editedIndex_, words);
    if (take && !editedIndex_ && model_.add(editedChunk_, words)) mark_.reset();
    setFocus();
}

bool TimelineView::eventFilter(QObject* watched, QEvent* event) {
    if (watched == editor_ && event->type() == QEvent::FocusOut) {
        // Another window in front, or this one going away, is no answer to what is being typed.
        const Qt::FocusReason reason = static_cast<QFocusEvent*>(event)->reason();
        if (reason != Qt::ActiveWindowFocusReason && reason != Qt::PopupFocusReason) closeEditor(true);
    }
    if (watched == editor_ && event->type() == QEvent::ShortcutOverride && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape)
        event->accept();
    if (watched == editor_ && event->type() == QEvent::KeyPress && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape) {
        closeEditor(false);
        return true;
    }
    return QAbstractScrollArea::eventFilter(watched, event);
}

}  // namespace longtake
