// Prompts as text: for the clipboard, for other programs, for people.
//
//   text   0:00 ocean at noon            one prompt a line, time first;
//          0:07.5 [keep] drifting clouds     [keep], [re-cache] or [blend 4] where it is not the usual re-cache
//   CSV    chunk,seconds,transition,blend_chunks,prompt
//   JSON   {"format": "longtake-prompts", "version": 1, "prompts": [{"chunk": 0, ...}]}
//
// Reading accepts times where chunks are missing and moves them to the nearest chunk.
// Thread: pure functions.
#pragma once

#include <QByteArray>
#include <QString>

#include "engine/rollout/chunk_clock.h"
#include "engine/rollout/prompt_timeline.h"

namespace longtake {

enum class PromptFormat { Text, Csv, Json };

// By the ending of a file name; text where it says nothing.
PromptFormat promptFormatOf(const QString& path);

QByteArray writePrompts(const PromptTimeline& timeline, const ChunkClock& clock, PromptFormat format);

// The first prompt moves to chunk 0. Messages name the line or entry. At most kMaxPromptFileBytes are read.
constexpr int kMaxPromptFileBytes = 4 << 20;
Result<PromptTimeline> readPrompts(const QByteArray& bytes, const ChunkClock& clock, PromptFormat format);

}  // namespace longtake
