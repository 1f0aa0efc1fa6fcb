#include "engine/rollout/prompt_timeline.h"

#include <algorithm>
#include <cassert>

namespace longtake {
namespace {

// Length in bytes of the UTF-8 character that starts at text[at], or 0 where there is none.
// Overlong forms, surrogates and values past U+10FFFF are not UTF-8.
size_t characterLength(std::string_view text, size_t at) {
    const auto byteAt = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const unsigned lead = byteAt(at);
    if (lead < 0x80) return 1;
    const size_t length = lead >= 0xC2 && lead < 0xE0 ? 2 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
    for (size_t i = 1; i < length; ++i)
        if ((byteAt(at + i) & 0xC0u) != 0x80u) return 0;
    const unsigned second = byteAt(at + 1);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
    if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
    return length;
}

std::string quoted(std::string_view text) {
    constexpr size_t kShown = 40;
    size_t end = 0;
    while (end < text.size() && end < kShown) end += characterLength(text, end);
    std::string shown;
    shown += '\'';
    shown += text.substr(0, end);
    shown += end < text.size() ? "...'" : "'";
    return shown;
}

Result<void> checkText(std::string_view text) {
    if (text.size() > PromptTimeline::kMaxPromptBytes)
        return Error{"the prompt is " + std::to_string(text.size()) + " bytes long; shorten it to " +
                     std::to_string(PromptTimeline::kMaxPromptBytes) + " at most"};
    bool visible = false;
    for (size_t at = 0; at < text.size();) {
        const size_t length = characterLength(text, at);
        if (length == 0) return Error{"the prompt is not UTF-8 at byte " + std::to_string(at) + "; save the text as UTF-8"};
        const auto lead = static_cast<unsigned char>(text[at]);
        if (lead == 0) return Error{"the prompt holds a zero byte at " + std::to_string(at) + "; remove it"};
        if (lead > 0x20 && lead != 0x7F) visible = true;
        at += length;
    }
    if (!visible) return Error{"the prompt is empty; write what should be seen"};
    return {};
}

Result<void> checkTransition(Transition transition, int blendChunks) {
    if (transition == Transition::Blend && (blendChunks < 1 || blendChunks > PromptTimeline::kMaxBlendChunks))
        return Error{"a blend lasts 1 to " + std::to_string(PromptTimeline::kMaxBlendChunks) + " chunks, not " +
                     std::to_string(blendChunks)};
    if (transition != Transition::Blend && blendChunks != 0)
        return Error{"a transition that is no blend was given " + std::to_string(blendChunks) + " blend chunks; give 0"};
    return {};
}

Result<void> checkSegment(const PromptSegment& segment) {
    if (segment.firstChunk < 0 || segment.firstChunk >= PromptTimeline::kMaxChunk)
        return Error{"a prompt cannot start at chunk " + std::to_string(segment.firstChunk) + "; chunks count from 0 to " +
                     std::to_string(PromptTimeline::kMaxChunk - 1)};
    if (auto text = checkText(segment.text); !text) return text;
    return checkTransition(segment.transition, segment.blendChunks);
}

}  // namespace

std::string_view nameOf(Transition transition) {
    switch (transition) {
        case Transition::Keep: return "keep";
        case Transition::Recache: return "recache";
        case Transition::Blend: return "blend";
    }
    return "recache";
}

Result<Transition> transitionNamed(std::string_view name) {
    for (const Transition transition : {Transition::Keep, Transition::Recache, Transition::Blend})
        if (nameOf(transition) == name) return transition;
    return Error{"there is no transition called '" + std::string(name.substr(0, 40)) + "'; use keep, recache or blend"};
}

Result<PromptTimeline> PromptTimeline::create(std::vector<PromptSegment> segments) {
    if (segments.empty()) return Error{"the timeline holds no prompt; give at least one at chunk 0"};
    if (segments.size() > kMaxSegments)
        return Error{"the timeline holds " + std::to_string(segments.size()) + " prompts; " + std::to_string(kMaxSegments) +
                     " are the most"};
    for (size_t i = 0; i < segments.size(); ++i) {
        if (auto checked = checkSegment(segments[i]); !checked) return Error{"prompt " + std::to_string(i + 1) + ": " + checked.message()};
        if (i == 0 && segments[i].firstChunk != 0)
            return Error{"the first prompt starts at chunk " + std::to_string(segments[i].firstChunk) + "; it has to start at 0"};
        if (i > 0 && segments[i].firstChunk <= segments[i - 1].firstChunk)
            return Error{"prompt " + std::to_string(i + 1) + " starts at chunk " + std::to_string(segments[i].firstChunk) +
                         ", not after the one before it at " + std::to_string(segments[i - 1].firstChunk) + "; sort them"};
    }
    return PromptTimeline(std::move(segments));
}

Result<PromptTimeline> PromptTimeline::create(std::string firstPrompt) {
    return create(std::vector<PromptSegment>{{.text = std::move(firstPrompt)}});
}

size_t PromptTimeline::indexAt(int64_t chunk) const {
    assert(!empty() && chunk >= 0);
    const auto after = std::upper_bound(segments_.begin(), segments_.end(), chunk,
                                        [](int64_t at, const PromptSegment& segment) { return at < segment.firstChunk; });
    return static_cast<size_t>(after - segments_.begin()) - 1;
}

int64_t PromptTimeline::endOf(size_t index) const {
    assert(index < size());
    return index + 1 < size() ? segments_[index + 1].firstChunk : kMaxChunk;
}

std::vector<PromptShare> PromptTimeline::sharesAt(int64_t chunk) const {
    std::vector<PromptShare> shares;
    double left = 1;
    for (size_t index = indexAt(chunk);; --index) {
        const PromptSegment& segment = segments_[index];
        const int64_t into = chunk - segment.firstChunk;
        const bool blends = index > 0 && segment.transition == Transition::Blend && into < segment.blendChunks;
        const double own = blends ? static_cast<double>(into + 1) / (segment.blendChunks + 1) : 1.0;
        shares.push_back({index, left * own});
        left *= 1 - own;
        if (!blends) break;
    }
    std::reverse(shares.begin(), shares.end());
    return shares;
}

bool PromptTimeline::recachesAt(int64_t chunk) const {
    if (chunk <= 0) return false;
    const PromptSegment& segment = segmentAt(chunk);
    return segment.firstChunk == chunk && segment.transition == Transition::Recache;
}

bool PromptTimeline::agreesBefore(int64_t chunk, const PromptTimeline& other) const {
    const auto begun = [chunk](const std::vector<PromptSegment>& segments) {
        return std::find_if(segments.begin(), segments.end(), [chunk](const PromptSegment& s) { return s.firstChunk >= chunk; });
    };
    return std::equal(segments_.begin(), begun(segments_), other.segments_.begin(), begun(other.segments_));
}

PromptTimeline PromptTimeline::continuedAs(const PromptTimeline& wanted, int64_t chunk, Transition takeover) const {
    if (empty() || wanted.empty() || chunk <= 0) return wanted;
    PromptTimeline result;
    for (const PromptSegment& segment : segments_)
        if (segment.firstChunk < chunk) result.segments_.push_back(segment);
    const PromptSegment& next = wanted.segmentAt(chunk);
    if (next.firstChunk < chunk && next.text != result.segments_.back().text)
        result.segments_.push_back(
            {.firstChunk = chunk, .text = next.text, .transition = takeover, .blendChunks = takeover == Transition::Blend ? 1 : 0});
    for (const PromptSegment& segment : wanted.segments_)
        if (segment.firstChunk >= chunk) result.segments_.push_back(segment);
    return result;
}

Result<size_t> PromptTimeline::insert(PromptSegment segment) {
    if (auto checked = checkSegment(segment); !checked) return checked.error();
    if (empty() && segment.firstChunk != 0)
        return Error{"the first prompt starts at chunk " + std::to_string(segment.firstChunk) + "; it has to start at 0"};
    if (size() >= kMaxSegments) return Error{"the timeline is full: it holds " + std::to_string(kMaxSegments) + " prompts"};
    const auto place = std::lower_bound(segments_.begin(), segments_.end(), segment.firstChunk,
                                        [](const PromptSegment& s, int64_t at) { return s.firstChunk < at; });
    if (place != segments_.end() && place->firstChunk == segment.firstChunk)
        return Error{"the prompt " + quoted(place->text) + " already starts at chunk " + std::to_string(segment.firstChunk) +
                     "; edit it, or choose another chunk"};
    const auto index = static_cast<size_t>(place - segments_.begin());
    segments_.insert(place, std::move(segment));
    return index;
}

Result<void> PromptTimeline::setText(size_t index, std::string text) {
    assert(index < size());
    if (auto checked = checkText(text); !checked) return checked;
    segments_[index].text = std::move(text);
    return {};
}

Result<void> PromptTimeline::setTransition(size_t index, Transition transition, int blendChunks) {
    assert(index < size());
    if (auto checked = checkTransition(transition, blendChunks); !checked) return checked;
    segments_[index].transition = transition;
    segments_[index].blendChunks = blendChunks;
    return {};
}

Result<void> PromptTimeline::erase(size_t index) {
    assert(index < size());
    if (size() == 1) return Error{"this is the only prompt; a take needs one, so edit it instead"};
    segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(index));
    segments_.front().firstChunk = 0;
    return {};
}

Result<void> PromptTimeline::moveEdge(size_t index, int64_t chunk) {
    assert(index < size());
    if (index == 0) return chunk == 0 ? Result<void>{} : Error{"the first prompt starts with the take; its start cannot move"};
    const int64_t first = segments_[index - 1].firstChunk + 1;
    const int64_t last = endOf(index) - 1;
    if (chunk < first || chunk > last)
        return Error{"the prompt " + quoted(segments_[index].text) + " can start from chunk " + std::to_string(first) + " to " +
                     std::to_string(last) + ", not at " + std::to_string(chunk)};
    segments_[index].firstChunk = chunk;
    return {};
}

}  // namespace longtake
