#include "app/project/project.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include <QByteArray>
#include <nlohmann/json.hpp>

#include "app/files/atomic_file.h"
#include "app/files/file_error.h"
#include "app/project/json_fields.h"

namespace longtake {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "longtake-project";
constexpr int kMaxDepth = 64;
constexpr size_t kMaxEvents = 1'000'000;
constexpr size_t kMaxHashes = 10'000'000;
constexpr size_t kMaxText = 64 * 1024;

const std::vector<std::string> kSamplers{"consistency", "euler"};
const std::vector<std::string> kPositions{"window", "absolute"};
const std::vector<std::string> kSinkRules{"kept", "renewed"};
const std::vector<std::string> kPrecisions{"fp32", "bf16"};
const std::vector<std::string> kTransitions{"keep", "recache", "blend"};

struct TooDeep {};

// A document that is nested without end would exhaust the stack when written again.
bool checkDepth(int depth, json::parse_event_t, json&) {
    if (depth > kMaxDepth) throw TooDeep{};
    return true;
}

std::string hexOf(uint64_t value) {
    std::array<char, 17> text{};
    std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
    return text.data();
}

std::string lineAndColumn(std::string_view text, size_t byte) {
    const std::string_view before = text.substr(0, byte > 0 ? byte - 1 : 0);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const size_t newline = before.rfind('\n');
    const size_t column = before.size() - (newline == std::string_view::npos ? 0 : newline + 1) + 1;
    return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

Result<json> parseText(std::string_view text, const std::string& start) {
    try {
        return json::parse(text, checkDepth);
    } catch (const json::parse_error& error) {
        const bool utf8 = std::string_view(error.what()).find("UTF-8") != std::string_view::npos;
        return Error{start + (utf8 ? "it is not UTF-8 at " : "it is not JSON at ") + lineAndColumn(text, error.byte) +
                     "; it may be damaged or not a project"};
    } catch (const json::exception&) {
        return Error{start + "it holds a number that is out of range; it may be damaged or not a project"};
    } catch (const TooDeep&) {
        return Error{start + "it is nested more than " + std::to_string(kMaxDepth) + " deep; it is not a project"};
    }
}

void readSampler(const JsonFields& fields, SamplerConfig& sampler) {
    sampler.kind = static_cast<SamplerKind>(fields.choice("kind", kSamplers, 0));
    sampler.steps = fields.integers("steps", 1, 1000, 1000, sampler.steps);
    sampler.shift = static_cast<float>(fields.number("shift", 0.01, 100, sampler.shift));
}

void readRollout(const JsonFields& fields, RolloutConfig& rollout) {
    constexpr int kMostFrames = 100'000;
    const auto frames = [&](const char* key, int fallback) { return static_cast<int>(fields.integer(key, 0, kMostFrames, fallback)); };
    rollout.chunkFrames = static_cast<int>(fields.integer("chunk_frames", 1, 1000, rollout.chunkFrames));
    rollout.windowFrames = frames("window_frames", rollout.windowFrames);
    rollout.sinkFrames = frames("sink_frames", rollout.sinkFrames);
    rollout.positions = static_cast<Positions>(fields.choice("positions", kPositions, 0));
    rollout.sinkAtRecache = static_cast<SinkAtRecache>(fields.choice("sink_at_recache", kSinkRules, 0));
    rollout.contextNoise = static_cast<float>(fields.number("context_noise", 0, 1000, rollout.contextNoise));
}

std::vector<PromptSegment> readSegments(const JsonFields& fields) {
    std::vector<PromptSegment> segments;
    for (const JsonFields& entry : fields.objects("timeline", PromptTimeline::kMaxSegments)) {
        PromptSegment segment;
        segment.firstChunk = entry.integer("chunk", 0, PromptTimeline::kMaxChunk - 1, 0);
        segment.text = entry.text("prompt", PromptTimeline::kMaxPromptBytes, {});
        segment.transition = static_cast<Transition>(entry.choice("transition", kTransitions, 1));
        segment.blendChunks = static_cast<int>(entry.integer("blend_chunks", 0, PromptTimeline::kMaxBlendChunks, 0));
        segments.push_back(std::move(segment));
    }
    return segments;
}

void readRange(const JsonFields& fields, Project& project, FieldProblem& problem) {
    constexpr int64_t kMostFrames = int64_t{1} << 40;
    const auto mark = [&](const char* key) {
        return fields.has(key) ? std::optional(fields.integer(key, 0, kMostFrames, 0)) : std::nullopt;
    };
    project.rangeIn = mark("in");
    project.rangeOut = mark("out");
    if (project.rangeIn && project.rangeOut && *project.rangeOut < *project.rangeIn)
        problem.report(fields.nameOf("out"), "a frame that is not before " + fields.nameOf("in"), *project.rangeOut);
}

std::vector<ProjectEvent> readEvents(const JsonFields& fields) {
    std::vector<ProjectEvent> events;
    for (const JsonFields& entry : fields.objects("events", kMaxEvents)) {
        ProjectEvent event;
        event.chunk = entry.integer("chunk", 0, INT64_MAX, 0);
        event.atMs = entry.number("at_ms", 0, 1e15, 0);
        event.kind = entry.text("kind", 256, {});
        event.text = entry.text("text", kMaxText, {});
        events.push_back(std::move(event));
    }
    return events;
}

std::vector<uint64_t> readHashes(const JsonFields& fields, FieldProblem& problem) {
    std::vector<uint64_t> hashes;
    for (const std::string& text : fields.texts("frame_hashes", 16, kMaxHashes)) {
        uint64_t value = 0;
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
        if (text.size() != 16 || code != std::errc() || end != text.data() + text.size()) {
            problem.report("frame_hashes[" + std::to_string(hashes.size()) + "]", "16 hexadecimal digits", text);
            return {};
        }
        hashes.push_back(value);
    }
    return hashes;
}

std::string readStartPicture(const JsonFields& fields, FieldProblem& problem) {
    const std::string text = fields.text("start_picture", Project::kMaxPictureBytes * 4 / 3 + 4, {});
    const auto bytes = QByteArray::fromBase64Encoding(QByteArray::fromStdString(text),
                                                      QByteArray::Base64Encoding | QByteArray::AbortOnBase64DecodingErrors);
    if (!bytes) problem.report("start_picture", "a picture in base64", text.substr(0, 16));
    return bytes ? bytes.decoded.toStdString() : std::string();
}

// The object under `key`, made where it is missing, so that what else it holds stays.
json& objectIn(json& parent, const char* key) {
    json& child = parent[key];
    if (!child.is_object()) child = json::object();
    return child;
}

// The old entry of the same chunk, when there is one: it may have keys of its own.
json entryFor(const json& old, size_t index, int64_t chunk) {
    if (!old.is_array()) return json::object();
    const auto matches = [&](const json& entry) { return entry.is_object() && entry.value("chunk", json()) == chunk; };
    if (index < old.size() && matches(old[index])) return old[index];
    for (const json& entry : old) {
        if (matches(entry)) return entry;
    }
    return json::object();
}

json timelineJson(const PromptTimeline& timeline, const json& old) {
    json list = json::array();
    for (const PromptSegment& segment : timeline.segments()) {
        json entry = entryFor(old, list.size(), segment.firstChunk);
        entry["chunk"] = segment.firstChunk;
        entry["prompt"] = segment.text;
        entry["transition"] = nameOf(segment.transition);
        entry.erase("blend_chunks");
        if (segment.transition == Transition::Blend) entry["blend_chunks"] = segment.blendChunks;
        list.push_back(std::move(entry));
    }
    return list;
}

json eventsJson(const std::vector<ProjectEvent>& events, const json& old) {
    json list = json::array();
    for (const ProjectEvent& event : events) {
        // Events are only ever added, so the same place is the same event.
        const size_t index = list.size();
        json entry = old.is_array() && index < old.size() && old[index].is_object() ? old[index] : json::object();
        entry["chunk"] = event.chunk;
        entry["at_ms"] = event.atMs;
        entry["kind"] = event.kind;
        entry["text"] = event.text;
        list.push_back(std::move(entry));
    }
    return list;
}

}  // namespace

Result<Project> Project::parse(std::string_view text, const std::string& origin) {
    const std::string start = "cannot open " + printable(origin) + ": ";
    if (text.size() > kMaxBytes) return Error{start + "a project has at most 64 MiB; it is not a project"};
    Result<json> parsed = parseText(text, start);
    if (!parsed) return parsed.error();
    const auto document = std::make_shared<const json>(std::move(*parsed));
    FieldProblem problem;
    const JsonFields fields(*document, {}, problem);
    if (problem.text.empty() && fields.text("format", 64, {}) != kFormat) {
        return Error{start + "format must be \"longtake-project\"; it is not a Longtake project"};
    }
    const int64_t version = fields.integer("version", 1, INT64_MAX, kVersion);
    if (version > kVersion) {
        return Error{start + "it was saved by a newer Longtake (version " + std::to_string(version) +
                     " of the format, this program knows " + std::to_string(kVersion) + "); update Longtake"};
    }
    Project project;
    const JsonFields model = fields.object("model");
    project.model = {model.text("name", 1024, {}), model.text("path", 8192, {}), model.text("fingerprint", 256, {})};
    project.seed = fields.bits("seed", 0);
    const JsonFields size = fields.object("size");
    project.width = static_cast<int>(size.integer("width", 0, 16384, 0));
    project.height = static_cast<int>(size.integer("height", 0, 16384, 0));
    project.fps = fields.number("fps", 1, 240, 16);
    readSampler(fields.object("sampler"), project.sampler);
    readRollout(fields.object("rollout"), project.rollout);
    project.precision = static_cast<Precision>(fields.choice("precision", kPrecisions, 0));
    project.threads = static_cast<int>(fields.integer("threads", 0, 4096, 0));
    project.chunks = fields.integer("chunks", 0, PromptTimeline::kMaxChunk, 0);
    project.startImage = fields.text("start_image", 8192, {});
    project.startPicture = readStartPicture(fields, problem);
    std::vector<PromptSegment> segments = readSegments(fields);
    readRange(fields.object("range"), project, problem);
    project.events = readEvents(fields);
    project.frameHashes = readHashes(fields, problem);
    if (!problem.text.empty()) return Error{start + problem.text};
    if (const Result<void> valid = validate(project.sampler); !valid) return Error{start + "sampler: " + valid.message()};
    if (const Result<void> valid = validate(project.rollout); !valid) return Error{start + "rollout: " + valid.message()};
    if (!segments.empty()) {
        Result<PromptTimeline> timeline = PromptTimeline::create(std::move(segments));
        if (!timeline) return Error{start + "timeline: " + timeline.message()};
        project.timeline = std::move(*timeline);
    }
    project.source_ = document;
    return project;
}

Result<Project> Project::load(const std::string& path) {
    const Result<std::string> text = readWholeFile(path, kMaxBytes);
    if (!text) return text.error();
    return parse(*text, path);
}

std::string Project::toJson() const {
    json document = source_ != nullptr ? *source_ : json::object();
    document["format"] = kFormat;
    document["version"] = kVersion;
    json& modelFields = objectIn(document, "model");
    modelFields["name"] = model.name;
    modelFields["path"] = model.path;
    modelFields["fingerprint"] = model.fingerprint;
    document["seed"] = seed;
    json& size = objectIn(document, "size");
    size["width"] = width;
    size["height"] = height;
    document["fps"] = fps;
    json& samplerFields = objectIn(document, "sampler");
    samplerFields["kind"] = kSamplers[static_cast<size_t>(sampler.kind)];
    samplerFields["steps"] = sampler.steps;
    samplerFields["shift"] = sampler.shift;
    json& rolloutFields = objectIn(document, "rollout");
    rolloutFields["chunk_frames"] = rollout.chunkFrames;
    rolloutFields["window_frames"] = rollout.windowFrames;
    rolloutFields["sink_frames"] = rollout.sinkFrames;
    rolloutFields["positions"] = kPositions[static_cast<size_t>(rollout.positions)];
    rolloutFields["sink_at_recache"] = kSinkRules[static_cast<size_t>(rollout.sinkAtRecache)];
    rolloutFields["context_noise"] = rollout.contextNoise;
    document["precision"] = kPrecisions[static_cast<size_t>(precision)];
    document["threads"] = threads;
    document["chunks"] = chunks;
    document.erase("start_image");
    if (!startImage.empty()) document["start_image"] = startImage;
    document.erase("start_picture");
    if (!startPicture.empty() && startPicture.size() <= kMaxPictureBytes)
        document["start_picture"] =
            QByteArray::fromRawData(startPicture.data(), static_cast<qsizetype>(startPicture.size())).toBase64().toStdString();
    document["timeline"] = timelineJson(timeline, document.value("timeline", json()));
    json& range = objectIn(document, "range");
    for (const auto& [key, frame] : {std::pair{"in", rangeIn}, std::pair{"out", rangeOut}}) {
        range.erase(key);
        if (frame) range[key] = *frame;
    }
    document["events"] = eventsJson(events, document.value("events", json()));
    json hashes = json::array();
    for (const uint64_t hash : frameHashes) hashes.push_back(hexOf(hash));
    document["frame_hashes"] = std::move(hashes);
    // Paths can hold bytes that are not UTF-8; JSON cannot.
    return document.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<void> Project::save(const std::string& path) const { return writeFileAtomically(path, std::string_view(toJson())); }

}  // namespace longtake
