// Prompts on the clipboard: as JSON for ourselves, as text for everybody.
//
// Thread: GUI thread.
#pragma once

#include <memory>

#include "ui/timeline/timeline_text.h"

class QMimeData;

namespace longtake {

// A stretch of a timeline, moved to chunk 0.
struct CopiedPrompts {
    PromptTimeline timeline;
    int64_t lengthChunks = 0;
};

// Segments first .. last; one without an end is given `openLength` chunks.
CopiedPrompts copied(const PromptTimeline& timeline, size_t first, size_t last, int64_t openLength);

std::unique_ptr<QMimeData> toMime(const CopiedPrompts& prompts, const ChunkClock& clock);
Result<CopiedPrompts> fromMime(const QMimeData& data, const ChunkClock& clock);

}  // namespace longtake
