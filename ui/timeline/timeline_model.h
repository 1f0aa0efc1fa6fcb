// TimelineModel: the prompts of a take as the artist edits them, with undo, and how far the take has come.
//
// What is made cannot change: every edit, undo and redo is granted from the frontier on (the first chunk not yet
// begun), and `told` says in words what was bent or refused.
// Owner:  the window.
// Thread: GUI thread; the session gets copies of timeline().
#pragma once

#include <optional>

#include <QObject>
#include <QString>
#include <QUndoStack>

#include "engine/rollout/chunk_clock.h"
#include "engine/rollout/prompt_timeline.h"

namespace longtake {

// A stretch of frames, both ends included.
struct FrameRange {
    int64_t first = 0;
    int64_t last = 0;

    bool operator==(const FrameRange&) const = default;
};

// Frames that were marked; each may be missing, and they are in order.
struct RangeMarks {
    std::optional<int64_t> in, out;

    bool operator==(const RangeMarks&) const = default;
};

class TimelineModel final : public QObject {
    Q_OBJECT

public:
    explicit TimelineModel(QObject* parent = nullptr);

    const PromptTimeline& timeline() const { return timeline_; }
    // Another take or project: forgets the edits, the frontier and the marks there were.
    void reset(PromptTimeline timeline, RangeMarks marks = {});
    // The same take, as it is really followed: the edits stay, to be undone where that is still open.
    void follow(PromptTimeline timeline) { show(std::move(timeline)); }
    QUndoStack* undoStack() { return &undoStack_; }

    const ChunkClock& clock() const { return clock_; }
    void setClock(const ChunkClock& clock);

    // The first chunk whose prompt can still change. Going back means the take began again.
    int64_t frontier() const { return frontier_; }
    void setFrontier(int64_t chunk);
    // How a prompt takes over unless said otherwise.
    Transition defaultTransition() const { return defaultTransition_; }
    int defaultBlendChunks() const { return defaultBlend_; }
    void setDefaultTransition(Transition transition, int blendChunks);

    const RangeMarks& marks() const { return marks_; }
    // One undo step each; a mark on the wrong side of the other takes its place.
    void markIn(int64_t frame);
    void markOut(int64_t frame);
    void clearMarks();
    // The marked stretch; a mark that is missing stands at the start or at the newest frame.
    std::optional<FrameRange> range() const;

    // Edits: one undo step each. False where nothing changed; `told` says why.
    bool steer(const QString& prompt);  // from the frontier on
    bool add(int64_t chunk, const QString& prompt);
    bool setText(size_t index, const QString& prompt);
    bool setTransition(size_t index, Transition transition, int blendChunks);
    bool erase(size_t first, size_t last);
    // Nudges of one thing, one after the other, are one step; a drag is a step of its own.
    enum class Gesture { Drag, Nudge };
    bool moveEdge(size_t index, int64_t chunk, Gesture gesture = Gesture::Drag);   // where segment `index` starts
    bool moveBlock(size_t index, int64_t delta, Gesture gesture = Gesture::Drag);  // its start, and its end when something follows
    // Over what is there, for lengthChunks; 0: the last pasted prompt lasts until the next one that is planned.
    bool paste(const PromptTimeline& copied, int64_t lengthChunks, int64_t chunk);
    bool replaceFuture(const PromptTimeline& wanted);

    // What an edge or block move would give, held back by the frontier and the neighbours; no undo step.
    PromptTimeline withEdge(size_t index, int64_t chunk) const;
    PromptTimeline withBlock(size_t index, int64_t delta) const;
    // Whether segment `index` may change as a whole: its first chunk is not begun.
    bool isOpen(size_t index) const { return timeline_[index].firstChunk >= frontier_; }

signals:
    void changed();     // the timeline
    void progressed();  // the frontier or the clock
    void rangeChanged();
    void told(const QString& words);

private:
    friend class TimelineCommand;
    friend class MarksCommand;

    // Pushes a step when `wanted` differs from now, from the frontier on.
    bool push(const QString& name, const PromptTimeline& wanted, int mergeKey = -1);
    bool refuse(const QString& prompt = QStringLiteral("-"));  // what was typed, where it was
    void pushMarks(const QString& name, const RangeMarks& marks);
    void showMarks(const RangeMarks& marks);
    void show(PromptTimeline timeline);
    PromptTimeline granted(const PromptTimeline& wanted) const;
    PromptSegment segmentFor(int64_t chunk, const QString& prompt) const;

    PromptTimeline timeline_;
    QUndoStack undoStack_;
    ChunkClock clock_;
    int64_t frontier_ = 0;
    Transition defaultTransition_ = Transition::Recache;
    int defaultBlend_ = 0;
    RangeMarks marks_;
};

}  // namespace longtake
