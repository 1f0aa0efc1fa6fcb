// TimelinePainter: paints one state of the timeline; it changes nothing.
//
// Owner:  the call of paintEvent that made it; everything it refers to must outlive it.
// Thread: GUI thread.
#pragma once

#include <optional>
#include <vector>

#include <QCoreApplication>
#include <QPainter>

#include "ui/theme/colours.h"
#include "ui/timeline/drift_history.h"
#include "ui/timeline/thumbnail_store.h"
#include "ui/timeline/timeline_model.h"
#include "ui/timeline/timeline_scale.h"

namespace longtake {

struct TimelineScene {
    const PromptTimeline& timeline;  // may be the preview of a drag
    ChunkClock clock;
    int64_t frontier = 0;
    int64_t newestFrame = -1;  // shown as made up to and with this frame
    int64_t playheadFrame = 0;
    std::optional<int64_t> insertChunk;  // where a pasted or new prompt would go
    std::optional<FrameRange> range;
    std::optional<size_t> selectedFirst;
    size_t selectedLast = 0;
    std::optional<size_t> litEdge;  // segment whose start is under the mouse
    bool focused = false;
    const ThumbnailStore& thumbnails;
    const DriftHistory& drift;
};

// A colour per segment: the same text keeps its colour, neighbours differ.
std::vector<size_t> blockColours(const PromptTimeline& timeline);

class TimelinePainter {
    Q_DECLARE_TR_FUNCTIONS(longtake::TimelinePainter)

public:
    TimelinePainter(QPainter& painter, const TimelineScene& scene, const TimelineScale& scale, const Colours& colours, const QSizeF& size);
    void paintTake();
    void paintPlayhead();  // over it

private:
    void paintRuler();
    void paintRange();
    void paintBlocks();
    void paintBlock(size_t index, const QColor& fill, const QColor& ink, const QColor& before);
    void paintBlockText(const QRectF& box, double madeX, const QString& text, const QColor& ink, bool openEnd);
    void paintNote(size_t index, const QRectF& box);
    void paintThumbnails();
    void paintDrift();
    double driftNameWidth() const;  // what the name of the drift row takes, a gap included

    double chunkX(int64_t chunk) const { return scale_.xOf(scene_.clock.startSecondsOf(chunk)); }
    double frameX(int64_t frame) const { return scale_.xOf(scene_.clock.secondsOfFrame(frame)); }

    QPainter& painter_;
    const TimelineScene& scene_;
    const TimelineScale& scale_;
    const Colours& c_;
    QSizeF size_;
    QFont base_;
    QFont small_;
};

}  // namespace longtake
