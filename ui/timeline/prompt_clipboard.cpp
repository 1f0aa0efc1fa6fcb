#include "ui/timeline/prompt_clipboard.h"

#include <algorithm>

#include <QJsonDocument>
#include <QJsonObject>
#include <QMimeData>

namespace longtake {
namespace {

constexpr auto kMimeType = "application/x-longtake-prompts+json";
constexpr auto kLengthKey = "length_chunks";

}  // namespace

CopiedPrompts copied(const PromptTimeline& timeline, size_t first, size_t last, int64_t openLength) {
    std::vector<PromptSegment> segments(timeline.segments().begin() + static_cast<std::ptrdiff_t>(first),
                                        timeline.segments().begin() + static_cast<std::ptrdiff_t>(last) + 1);
    const int64_t start = segments.front().firstChunk;
    const int64_t end = last + 1 < timeline.size() ? timeline.endOf(last) : segments.back().firstChunk + openLength;
    for (PromptSegment& segment : segments) segment.firstChunk -= start;
    return {*PromptTimeline::create(std::move(segments)), end - start};
}

std::unique_ptr<QMimeData> toMime(const CopiedPrompts& prompts, const ChunkClock& clock) {
    auto data = std::make_unique<QMimeData>();
    QJsonObject root = QJsonDocument::fromJson(writePrompts(prompts.timeline, clock, PromptFormat::Json)).object();
    root[kLengthKey] = static_cast<qint64>(prompts.lengthChunks);
    data->setData(kMimeType, QJsonDocument(root).toJson());
    data->setText(prompts.timeline.size() == 1 ? QString::fromStdString(prompts.timeline[0].text)
                                               : QString::fromUtf8(writePrompts(prompts.timeline, clock, PromptFormat::Text)));
    return data;
}

Result<CopiedPrompts> fromMime(const QMimeData& data, const ChunkClock& clock) {
    const bool ours = data.hasFormat(kMimeType);
    const QByteArray bytes = ours ? data.data(kMimeType) : data.text().toUtf8();
    auto timeline = readPrompts(bytes, clock, ours ? PromptFormat::Json : PromptFormat::Text);
    if (!timeline) return timeline.error();
    const int64_t least = timeline->segments().back().firstChunk + 1;
    const int64_t length = ours ? QJsonDocument::fromJson(bytes).object()[kLengthKey].toInteger() : 0;
    // Plain words have no length: the last prompt then goes on.
    return CopiedPrompts{std::move(*timeline), ours ? std::clamp<int64_t>(length, least, PromptTimeline::kMaxChunk / 2) : 0};
}

}  // namespace longtake
