#include "ui/timeline/timeline_model.h"

#include <algorithm>

#include <QUndoCommand>

#include "ui/panels/prompt_guide.h"
#include "ui/theme/formats.h"

namespace longtake {

// One edit, kept as the two timelines it stands between. Between the edit and its undo the take may have grown
// over it: then only what is not yet made changes back.
class TimelineCommand final : public QUndoCommand {
public:
    TimelineCommand(TimelineModel& model, const QString& name, PromptTimeline wanted, int mergeKey)
        : QUndoCommand(name), model_(model), before_(model.timeline()), after_(std::move(wanted)), mergeKey_(mergeKey) {}

    void undo() override { apply(before_, TimelineModel::tr("That is already made; only what comes can be taken back.")); }
    void redo() override { apply(after_, TimelineModel::tr("That is already made; only what comes can be changed.")); }
    int id() const override { return mergeKey_; }

    // Nudging an edge by keyboard is one edit, however many presses it takes.
    bool mergeWith(const QUndoCommand* other) override {
        after_ = static_cast<const TimelineCommand*>(other)->after_;
        if (after_ == before_) setObsolete(true);
        return true;
    }

private:
    void apply(const PromptTimeline& wanted, const QString& whenNothing) {
        PromptTimeline result = model_.granted(wanted);
        if (result == model_.timeline()) emit model_.told(whenNothing);
        else model_.show(std::move(result));
    }

    TimelineModel& model_;
    PromptTimeline before_;
    PromptTimeline after_;
    int mergeKey_;
};

class MarksCommand final : public QUndoCommand {
public:
    MarksCommand(TimelineModel& model, const QString& name, const RangeMarks& marks)
        : QUndoCommand(name), model_(model), before_(model.marks()), after_(marks) {}

    void undo() override { model_.showMarks(before_); }
    void redo() override { model_.showMarks(after_); }

private:
    TimelineModel& model_;
    RangeMarks before_, after_;
};

TimelineModel::TimelineModel(QObject* parent) : QObject(parent) {}

void TimelineModel::reset(PromptTimeline timeline, RangeMarks marks) {
    undoStack_.clear();
    frontier_ = 0;
    show(std::move(timeline));
    emit progressed();
    showMarks(marks);
}

void TimelineModel::setClock(const ChunkClock& clock) {
    clock_ = clock;
    emit progressed();
}

void TimelineModel::setFrontier(int64_t chunk) {
    if (chunk == frontier_) return;
    frontier_ = std::max<int64_t>(0, chunk);
    emit progressed();
}

void TimelineModel::setDefaultTransition(Transition transition, int blendChunks) {
    defaultTransition_ = transition;
    defaultBlend_ = transition == Transition::Blend ? std::clamp(blendChunks, 1, PromptTimeline::kMaxBlendChunks) : 0;
}

void TimelineModel::markIn(int64_t frame) {
    const bool hasOut = marks_.out && *marks_.out >= frame;
    pushMarks(tr("Mark in"), {frame, hasOut ? marks_.out : std::nullopt});
}

void TimelineModel::markOut(int64_t frame) {
    const bool hasIn = marks_.in && *marks_.in <= frame;
    pushMarks(tr("Mark out"), {hasIn ? marks_.in : std::nullopt, frame});
}

void TimelineModel::clearMarks() { pushMarks(tr("Clear the marks"), {}); }

void TimelineModel::pushMarks(const QString& name, const RangeMarks& marks) {
    if (marks != marks_) undoStack_.push(new MarksCommand(*this, name, marks));
}

void TimelineModel::showMarks(const RangeMarks& marks) {
    marks_ = marks;
    emit rangeChanged();
}

std::optional<FrameRange> TimelineModel::range() const {
    if (marks_ == RangeMarks{}) return std::nullopt;
    const int64_t newest = std::max<int64_t>(0, clock_.firstFrameOf(frontier_) - 1);
    const int64_t first = marks_.in.value_or(0);
    return FrameRange{first, std::max(first, marks_.out.value_or(newest))};
}

PromptSegment TimelineModel::segmentFor(int64_t chunk, const QString& prompt) const {
    return {.firstChunk = chunk, .text = prompt.trimmed().toStdString(), .transition = defaultTransition_, .blendChunks = defaultBlend_};
}

PromptTimeline TimelineModel::granted(const PromptTimeline& wanted) const {
    return timeline_.empty() ? wanted : timeline_.continuedAs(wanted, frontier_, Transition::Recache);
}

bool TimelineModel::push(const QString& name, const PromptTimeline& wanted, int mergeKey) {
    if (granted(wanted) == timeline_) {
        if (wanted != timeline_)
            emit told(tr("Everything before %1 is already made; edits start there.").arg(clockText(clock_.startSecondsOf(frontier_))));
        return false;
    }
    undoStack_.push(new TimelineCommand(*this, name, wanted, mergeKey));
    return true;
}

// The engine has refused it; of all its reasons these are the ones that a hand can bring about.
bool TimelineModel::refuse(const QString& prompt) {
    const std::optional<QString> text = refusalOf(prompt);
    if (text) emit told(*text);
    else if (timeline_.size() >= PromptTimeline::kMaxSegments)
        emit told(tr("The timeline is full: it holds %1 prompts.").arg(timeline_.size()));
    else emit told(tr("The prompts cannot follow each other like this."));
    return false;
}

void TimelineModel::show(PromptTimeline timeline) {
    timeline_ = std::move(timeline);
    emit changed();
}

bool TimelineModel::steer(const QString& prompt) { return add(frontier_, prompt); }

bool TimelineModel::add(int64_t chunk, const QString& prompt) {
    if (timeline_.empty()) chunk = 0;
    if (chunk < frontier_) {
        emit told(tr("Everything before %1 is already made; the prompt starts there.").arg(clockText(clock_.startSecondsOf(frontier_))));
        chunk = frontier_;
    }
    PromptTimeline wanted = timeline_;
    const PromptSegment segment = segmentFor(chunk, prompt);
    if (!wanted.empty() && wanted.segmentAt(chunk).text == segment.text) {
        emit told(tr("The take already follows this prompt there."));
        return false;
    }
    if (!wanted.empty() && wanted.segmentAt(chunk).firstChunk == chunk) {
        if (const auto set = wanted.setText(wanted.indexAt(chunk), segment.text); !set) return refuse(prompt);
    } else if (const auto inserted = wanted.insert(segment); !inserted) {
        return refuse(prompt);
    }
    return push(tr("Add prompt"), wanted);
}

bool TimelineModel::setText(size_t index, const QString& prompt) {
    if (isOpen(index)) {
        PromptTimeline wanted = timeline_;
        if (const auto set = wanted.setText(index, prompt.trimmed().toStdString()); !set) return refuse(prompt);
        return push(tr("Edit prompt"), wanted);
    }
    const QString from = clockText(clock_.startSecondsOf(frontier_));
    if (timeline_.endOf(index) <= frontier_) {
        emit told(tr("This part is already made. Add a prompt from %1 on, or start a new take.").arg(from));
        return false;
    }
    if (prompt.trimmed().toStdString() == timeline_[index].text) return false;
    emit told(tr("The part before %1 is already made; the new words take over there.").arg(from));
    return add(frontier_, prompt);
}

bool TimelineModel::setTransition(size_t index, Transition transition, int blendChunks) {
    PromptTimeline wanted = timeline_;
    if (const auto set = wanted.setTransition(index, transition, blendChunks); !set) return refuse();
    return push(tr("Change transition"), wanted);
}

bool TimelineModel::erase(size_t first, size_t last) {
    PromptTimeline wanted = timeline_;
    for (size_t index = last + 1; index-- > first;) {
        if (!isOpen(index)) break;
        if (const auto erased = wanted.erase(index); !erased) return refuse();
    }
    if (wanted == timeline_) {
        emit told(tr("This prompt is already on film; only prompts that have not begun can be deleted."));
        return false;
    }
    return push(tr("Delete prompt"), wanted);
}

PromptTimeline TimelineModel::withEdge(size_t index, int64_t chunk) const {
    if (index == 0 || !isOpen(index)) return timeline_;
    PromptTimeline wanted = timeline_;
    const int64_t first = std::max(timeline_[index - 1].firstChunk + 1, frontier_);
    const int64_t last = timeline_.endOf(index) - 1;
    if (!wanted.moveEdge(index, std::clamp(chunk, std::min(first, last), last))) return timeline_;
    return wanted;
}

PromptTimeline TimelineModel::withBlock(size_t index, int64_t delta) const {
    if (index == 0 || !isOpen(index)) return timeline_;
    const bool hasNext = index + 1 < timeline_.size();
    const int64_t least = std::max(timeline_[index - 1].firstChunk + 1, frontier_) - timeline_[index].firstChunk;
    const int64_t most =
        hasNext ? timeline_.endOf(index + 1) - 1 - timeline_.endOf(index) : PromptTimeline::kMaxChunk - 1 - timeline_[index].firstChunk;
    delta = std::clamp(delta, std::min<int64_t>(least, 0), std::max<int64_t>(most, 0));
    std::vector<PromptSegment> segments = timeline_.segments();
    segments[index].firstChunk += delta;
    if (hasNext) segments[index + 1].firstChunk += delta;
    auto moved = PromptTimeline::create(std::move(segments));
    return moved ? std::move(*moved) : timeline_;
}

bool TimelineModel::moveEdge(size_t index, int64_t chunk, Gesture gesture) {
    if (index > 0 && !isOpen(index)) {
        emit told(tr("This prompt has already begun; its start is on film."));
        return false;
    }
    constexpr int kEdgeKey = 1'000'000;
    return push(tr("Move edge"), withEdge(index, chunk), gesture == Gesture::Nudge ? kEdgeKey + static_cast<int>(index) : -1);
}

bool TimelineModel::moveBlock(size_t index, int64_t delta, Gesture gesture) {
    if (!isOpen(index)) {
        emit told(tr("This prompt has already begun; it stays where it is."));
        return false;
    }
    constexpr int kBlockKey = 2'000'000;
    return push(tr("Move prompt"), withBlock(index, delta), gesture == Gesture::Nudge ? kBlockKey + static_cast<int>(index) : -1);
}

bool TimelineModel::paste(const PromptTimeline& copied, int64_t lengthChunks, int64_t chunk) {
    if (copied.empty()) return false;
    const int64_t start = timeline_.empty() ? 0 : std::max(chunk, frontier_);
    const int64_t end = start + std::max(lengthChunks, copied.segments().back().firstChunk + 1);
    std::vector<PromptSegment> segments;
    for (const PromptSegment& segment : timeline_.segments())
        if (segment.firstChunk < start) segments.push_back(segment);
    for (PromptSegment segment : copied.segments()) {
        segment.firstChunk += start;
        segments.push_back(std::move(segment));
    }
    if (!timeline_.empty()) {
        // What was asked for where the pasted part ends goes on from there.
        PromptSegment next = timeline_.segmentAt(end);
        const bool continues = lengthChunks > 0 && next.firstChunk < end;
        next.firstChunk = end;
        if (continues) segments.push_back(next);
        for (const PromptSegment& segment : timeline_.segments())
            if (segment.firstChunk >= end) segments.push_back(segment);
    }
    auto wanted = PromptTimeline::create(std::move(segments));
    if (!wanted) return refuse();
    return push(tr("Paste"), *wanted);
}

bool TimelineModel::replaceFuture(const PromptTimeline& wanted) {
    if (wanted.empty()) return false;
    return push(tr("Import prompts"), wanted);
}

}  // namespace longtake
