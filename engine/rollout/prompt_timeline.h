// PromptTimeline: which prompt a take follows at which chunk, and how one prompt gives way to the next.
//
// A segment starts at a chunk and lasts until the next one starts; the last one lasts for ever. A timeline that
// is not empty always starts at chunk 0, is sorted by chunk, and holds no empty text: every edit either keeps
// these promises or changes nothing and says why.
//
// Owner:  whoever holds it; copying is how the GUI hands one to the session.
// Thread: a plain value, no sharing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.h"

namespace longtake {

// How a prompt takes over from the one before it, when its first chunk begins.
enum class Transition {
    Keep,     // the cache stays as the old prompt wrote it: the slowest and softest change
    Recache,  // the window is written again under the new prompt: a cut in meaning, not in motion
    Blend,    // the two texts' encodings are mixed over blendChunks chunks
};

std::string_view nameOf(Transition transition);  // "keep", "recache", "blend": the names files use
Result<Transition> transitionNamed(std::string_view name);

struct PromptSegment {
    int64_t firstChunk = 0;
    std::string text;                             // UTF-8, at least one character that is no space
    Transition transition = Transition::Recache;  // of the first segment: stored, without effect
    int blendChunks = 0;                          // 1 .. kMaxBlendChunks for Blend, otherwise 0

    bool operator==(const PromptSegment&) const = default;
};

// One text's share in a chunk's conditioning.
struct PromptShare {
    size_t segment = 0;  // index into segments()
    double weight = 0;   // > 0; the shares of one chunk add up to 1

    bool operator==(const PromptShare&) const = default;
};

class PromptTimeline {
public:
    static constexpr int kMaxBlendChunks = 64;
    static constexpr size_t kMaxPromptBytes = 4096;
    static constexpr size_t kMaxSegments = 10'000;
    static constexpr int64_t kMaxChunk = 100'000'000;  // about two years of video

    PromptTimeline() = default;  // empty: nothing to generate from yet
    static Result<PromptTimeline> create(std::vector<PromptSegment> segments);
    static Result<PromptTimeline> create(std::string firstPrompt);

    bool empty() const { return segments_.empty(); }
    size_t size() const { return segments_.size(); }
    const std::vector<PromptSegment>& segments() const { return segments_; }
    const PromptSegment& operator[](size_t index) const { return segments_[index]; }

    // The timeline must not be empty and chunk must not be negative.
    size_t indexAt(int64_t chunk) const;
    const PromptSegment& segmentAt(int64_t chunk) const { return segments_[indexAt(chunk)]; }
    // One past the last chunk of a segment; kMaxChunk for the last segment.
    int64_t endOf(size_t index) const;

    // What conditions a chunk, oldest text first. A blend over N chunks gives the new text (i + 1) / (N + 1) in
    // its i-th chunk, so it is heard at once and alone after N; what is left goes to what came before, which may
    // be a blend that has not ended.
    std::vector<PromptShare> sharesAt(int64_t chunk) const;
    // True when the window has to be written again before this chunk is made.
    bool recachesAt(int64_t chunk) const;
    // True when both timelines ask for the same video before `chunk`.
    bool agreesBefore(int64_t chunk, const PromptTimeline& other) const;
    // What was asked for before `chunk`, followed by what `wanted` asks for from there on: how a wish about the
    // future (an edit, an undo, an import) is granted without touching what is already made. Where the wished text
    // began in the past, it takes over at `chunk` with `takeover`.
    PromptTimeline continuedAs(const PromptTimeline& wanted, int64_t chunk, Transition takeover = Transition::Recache) const;

    // Edits. On failure nothing has changed.
    Result<size_t> insert(PromptSegment segment);  // gives its index; the start must be free
    Result<void> setText(size_t index, std::string text);
    Result<void> setTransition(size_t index, Transition transition, int blendChunks = 0);
    // Its time goes to the segment before it, or to the next one when it was the first.
    Result<void> erase(size_t index);
    // Moves where segment `index` (not the first) starts; it stays between its neighbours' starts.
    Result<void> moveEdge(size_t index, int64_t chunk);

    bool operator==(const PromptTimeline&) const = default;

private:
    explicit PromptTimeline(std::vector<PromptSegment> segments) : segments_(std::move(segments)) {}

    std::vector<PromptSegment> segments_;
};

}  // namespace longtake
