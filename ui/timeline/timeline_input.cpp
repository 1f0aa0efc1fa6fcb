// What the mouse does to a TimelineView.
#include <cmath>

#include <QHelpEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QToolTip>

#include "ui/theme/formats.h"
#include "ui/timeline/timeline_view.h"

namespace longtake {
namespace {

constexpr double kGrip = 5;  // pixels on either side of an edge
constexpr double kDragStart = 4;

bool inBlocks(const QPointF& at) {
    return at.y() >= TimelineRows::kBlocksTop && at.y() <= TimelineRows::kBlocksTop + TimelineRows::kBlocksHeight;
}

}  // namespace

std::optional<size_t> TimelineView::edgeAt(const QPointF& at) const {
    if (!inBlocks(at)) return std::nullopt;
    for (size_t i = 1; i < model_.timeline().size(); ++i) {
        const double x = xOfChunk(model_.timeline()[i].firstChunk);
        if (std::abs(x - at.x()) <= kGrip) return i;
        if (x > at.x() + kGrip) break;
    }
    return std::nullopt;
}

std::optional<size_t> TimelineView::blockAt(const QPointF& at) const {
    if (!inBlocks(at) || model_.timeline().empty()) return std::nullopt;
    return model_.timeline().indexAt(chunkAt(at.x()));
}

int64_t TimelineView::chunkAt(double x) const { return model_.clock().chunkOfFrame(model_.clock().frameAt(scale_.secondsAt(x))); }

void TimelineView::scrubTo(double x) { scrubToFrame(model_.clock().frameAt(scale_.secondsAt(x))); }

void TimelineView::scrubToFrame(int64_t frame) {
    if (newest_ < 0) return;
    playhead_ = std::clamp<int64_t>(frame, 0, newest_);
    following_ = playhead_ == newest_;
    viewport()->update();
    emit scrubbed(playhead_);
}

void TimelineView::moveMark(int64_t chunk) {
    mark_ = chunk >= model_.frontier() ? std::optional<int64_t>(chunk) : std::nullopt;
    updateExtent();
    viewport()->update();
}

void TimelineView::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) return;
    const QPointF at = event->position();
    dragFrom_ = at;
    if (const auto edge = edgeAt(at)) {
        select(edge, *edge);
        if (!model_.isOpen(*edge)) {
            model_.moveEdge(*edge, 0);  // says why not
            return;
        }
        drag_ = Drag::Edge;
        dragIndex_ = *edge;
        dragChunk_ = model_.timeline()[*edge].firstChunk;
        preview_ = model_.timeline();
    } else if (const auto block = blockAt(at)) {
        if (event->modifiers() & Qt::ShiftModifier && selectedFirst_)
            select(std::min(*selectedFirst_, *block), std::max(selectedLast_, *block));
        else select(block, *block);
        moveMark(chunkAt(at.x()));
        drag_ = Drag::Pressed;
        dragIndex_ = *block;
    } else {
        moveMark(chunkAt(at.x()));
        drag_ = Drag::Scrub;
        scrubTo(at.x());
    }
}

void TimelineView::mouseMoveEvent(QMouseEvent* event) {
    const QPointF at = event->position();
    if (drag_ == Drag::None) {
        const auto edge = edgeAt(at);
        if (edge != litEdge_) viewport()->update();
        litEdge_ = edge;
        viewport()->setCursor(edge && model_.isOpen(*edge) ? Qt::SplitHCursor : Qt::ArrowCursor);
        return;
    }
    if (drag_ == Drag::Scrub) return scrubTo(at.x());
    if (drag_ == Drag::Pressed && std::abs(at.x() - dragFrom_.x()) >= kDragStart && dragIndex_ > 0 && model_.isOpen(dragIndex_))
        drag_ = Drag::Block;
    const ChunkClock& clock = model_.clock();
    if (drag_ == Drag::Edge) {
        dragChunk_ = clock.chunkNear(scale_.secondsAt(at.x()));
        preview_ = model_.withEdge(dragIndex_, dragChunk_);
    } else if (drag_ == Drag::Block) {
        const double start = clock.startSecondsOf(model_.timeline()[dragIndex_].firstChunk);
        dragChunk_ = clock.chunkNear(start + (at.x() - dragFrom_.x()) / scale_.pixelsPerSecond) - model_.timeline()[dragIndex_].firstChunk;
        preview_ = model_.withBlock(dragIndex_, dragChunk_);
    }
    viewport()->update();
}

void TimelineView::mouseReleaseEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) return;
    const Drag done = std::exchange(drag_, Drag::None);
    // The take may have grown while the mouse was down; the model holds the move back once more.
    if (done == Drag::Edge && dragChunk_ != model_.timeline()[dragIndex_].firstChunk) model_.moveEdge(dragIndex_, dragChunk_);
    if (done == Drag::Block && dragChunk_ != 0) model_.moveBlock(dragIndex_, dragChunk_);
    viewport()->update();
}

void TimelineView::mouseDoubleClickEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) return;
    drag_ = Drag::None;
    if (const auto block = blockAt(event->position())) editText(*block);
}

void TimelineView::wheelEvent(QWheelEvent* event) {
    const QPoint delta = event->angleDelta();
    if (event->modifiers() & Qt::ControlModifier) {
        zoomAround(std::pow(1.2, delta.y() / 120.0), event->position().x());
    } else {
        following_ = false;
        scale_.scrollSeconds = std::max(0.0, scale_.scrollSeconds - (delta.x() + delta.y()) * 0.6 / scale_.pixelsPerSecond);
        updateExtent();
        viewport()->update();
    }
    event->accept();
}

bool TimelineView::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::Leave && litEdge_) {
        litEdge_.reset();
        viewport()->update();
    }
    if (event->type() != QEvent::ToolTip) return QAbstractScrollArea::viewportEvent(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    const auto block = blockAt(QPointF(help->pos()));
    QString words;
    if (block) {
        const PromptSegment& s = model_.timeline()[*block];
        const QString start = clockText(model_.clock().startSecondsOf(s.firstChunk));
        words = tr("%1\nfrom %2 (chunk %3)").arg(QString::fromStdString(s.text), start).arg(s.firstChunk);
        if (*block > 0) {
            if (s.transition == Transition::Recache) words += tr(" · cut with re-cache");
            else if (s.transition == Transition::Keep) words += tr(" · keeps the cache");
            else words += tr(" · blends over %1 chunks").arg(s.blendChunks);
        }
    } else if (help->pos().y() >= TimelineRows::kDriftTop) {
        words = tr("Drift: how far the picture's colours have come from those of the take's first frame");
    }
    QToolTip::showText(help->globalPos(), words, viewport());
    return true;
}

void TimelineView::contextMenuEvent(QContextMenuEvent* event) {
    const bool byMouse = event->reason() == QContextMenuEvent::Mouse;
    const QPointF at = event->pos();
    const auto block = byMouse ? blockAt(at) : selectedFirst_;
    if (block) select(block, std::max(*block, selectedFirst_ == block ? selectedLast_ : *block));
    QMenu* menu = contextMenu(block, byMouse ? chunkAt(at.x()) : insertionChunk());
    const QPoint place = byMouse || !block ? event->globalPos() : viewport()->mapToGlobal(blockRect(*block).center().toPoint());
    menu->exec(place);
    delete menu;
}

}  // namespace longtake
