#include "engine/checkpoint/import_model.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/checkpoint/import_writer.h"
#include "engine/checkpoint/model_json.h"

namespace longtake {

namespace {

namespace fs = std::filesystem;

constexpr char kDitFile[] = "dit.safetensors", kTextFile[] = "text_encoder.safetensors";
constexpr char kVideoFile[] = "video.safetensors", kTokenizerFile[] = "spiece.model";

// Disappears with everything in it unless it was kept.
class TemporaryFolder {
public:
    explicit TemporaryFolder(fs::path path) : path_(std::move(path)) {}
    ~TemporaryFolder() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const fs::path& path() const { return path_; }
    void keep() { path_.clear(); }

private:
    fs::path path_;
};

struct Sources {
    std::optional<Checkpoint> dit, text, video;
    std::optional<LoraAdapter> lora;
    DitMap ditMap;
    TextMap textMap;
    VideoMap videoMap;
    Tensor tokenizer;  // U8
};

std::string grouped(uint64_t bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f GB", static_cast<double>(bytes) / 1e9);
    return text;
}

// The config.json that comes with a transformer, in Wan's or diffusers' words.
struct DitSettings {
    int numHeads = 0, textLen = 0;
    float eps = 0;
};

Result<DitSettings> readDitSettings(const fs::path& path) {
    DitSettings settings;
    if (path.empty()) return settings;
    auto file = MappedFile::open(path);
    if (!file) return file.error();
    constexpr size_t kLargest = 1 << 20;
    const auto bytes = (*file)->bytes();
    if (bytes.size() > kLargest) return (*file)->error("is too large for a transformer's config.json");
    const auto* text = reinterpret_cast<const char*>(bytes.data());
    const auto json = nlohmann::json::parse(text, text + bytes.size(), nullptr, false);
    if (!json.is_object()) return (*file)->error("is not a JSON object; give the transformer's config.json");
    const auto whole = [&](const char* key, int& out) {
        const auto found = json.find(key);
        if (found != json.end() && found->is_number_unsigned() && found->get<uint64_t>() <= 65536) out = found->get<int>();
    };
    whole("num_heads", settings.numHeads);
    whole("num_attention_heads", settings.numHeads);
    whole("text_len", settings.textLen);
    const auto eps = json.find("eps");
    if (eps != json.end() && eps->is_number()) settings.eps = eps->get<float>();
    return settings;
}

Result<void> requireComplete(const Checkpoint& checkpoint, const NameMap& names) {
    if (names.isComplete()) return {};
    return Error{checkpoint.path() + ": is not a complete model: " + names.summary()};
}

Result<Tensor> readTokenizer(const fs::path& path, const Checkpoint& text) {
    constexpr size_t kLargest = 64'000'000;
    if (path.empty()) {
        if (!text.has("spiece_model")) return Error{text.path() + ": carries no tokenizer; give the spiece.model that belongs to it"};
        return text.tensor("spiece_model");
    }
    auto file = MappedFile::open(path);
    if (!file) return file.error();
    const auto bytes = (*file)->bytes();
    // A SentencePiece model starts with its first piece: protobuf field 1, length-delimited.
    if (bytes.empty() || bytes.size() > kLargest || bytes[0] != std::byte{0x0a})
        return (*file)->error("is no SentencePiece model; give the file called spiece.model");
    return Tensor::view(const_cast<std::byte*>(bytes.data()), DType::U8, {static_cast<int64_t>(bytes.size())}, *file);
}

template <typename Map>
Result<Checkpoint> openAndMap(const fs::path& path, const char* what, const CheckpointOptions& options, Map map) {
    if (path.empty()) return Error{std::string("no ") + what + " was given"};
    auto checkpoint = Checkpoint::open(path, options);
    if (!checkpoint) return checkpoint;
    auto mapped = map(*checkpoint);
    if (!mapped) return mapped.error();
    return checkpoint;
}

Result<void> openDit(const ImportOptions& options, Sources& sources) {
    const auto settings = readDitSettings(options.ditConfig);
    if (!settings) return settings.error();
    CheckpointOptions select;
    if (!options.useAveraged) select.stateDicts = {"generator", "generator_ema", "model", "state_dict"};
    auto dit = openAndMap(options.dit, "video transformer", select, [&](const Checkpoint& checkpoint) -> Result<void> {
        auto map = mapDit(checkpoint, settings->numHeads);
        if (!map) return map.error();
        sources.ditMap = std::move(map).value();
        return requireComplete(checkpoint, sources.ditMap.names);
    });
    if (!dit) return dit.error();
    DitConfig& config = sources.ditMap.config;
    if (settings->textLen > 0) config.textLen = settings->textLen;
    if (settings->eps > 0) config.eps = settings->eps;
    config.mla.bands = options.ropeBands;
    config.weights = kDitFile;
    sources.dit = std::move(dit).value();
    if (options.lora.empty()) return {};

    auto lora = LoraAdapter::open(options.lora, options.loraAlpha);
    if (!lora) return lora.error();
    for (const std::string& target : lora->targets()) {
        const auto& recipes = sources.ditMap.names.recipes;
        const bool isKnown = std::any_of(recipes.begin(), recipes.end(), [&](const auto& r) { return r.target == target; });
        if (!isKnown)
            return Error{options.lora.string() + ": changes " + inQuotes(target) +
                         ", which this transformer does not have; the adapter belongs to another model"};
    }
    sources.lora = std::move(lora).value();
    return {};
}

Result<void> openSources(const ImportOptions& options, Sources& sources) {
    auto opened = openDit(options, sources);
    if (!opened) return opened;
    auto text = openAndMap(options.textEncoder, "text encoder", {}, [&](const Checkpoint& checkpoint) -> Result<void> {
        auto map = mapTextEncoder(checkpoint);
        if (!map) return map.error();
        sources.textMap = std::move(map).value();
        return requireComplete(checkpoint, sources.textMap.names);
    });
    if (!text) return text.error();
    auto video = openAndMap(options.video, "video decoder", {}, [&](const Checkpoint& checkpoint) -> Result<void> {
        auto map = mapVideo(checkpoint);
        if (!map) return map.error();
        sources.videoMap = std::move(map).value();
        return requireComplete(checkpoint, sources.videoMap.names);
    });
    if (!video) return video.error();
    auto tokenizer = readTokenizer(options.tokenizer, *text);
    if (!tokenizer) return tokenizer.error();
    sources.text = std::move(text).value();
    sources.video = std::move(video).value();
    sources.tokenizer = std::move(tokenizer).value();
    sources.textMap.config.weights = kTextFile;
    sources.textMap.config.tokenizer = kTokenizerFile;
    sources.videoMap.config.weights = kVideoFile;

    const int textDim = sources.ditMap.config.textDim, channels = sources.ditMap.config.outDim;
    if (sources.textMap.config.dim != textDim)
        return Error{options.textEncoder.string() + ": gives texts of width " + std::to_string(sources.textMap.config.dim) +
                     ", the transformer wants " + std::to_string(textDim)};
    if (sources.videoMap.config.latentChannels != channels)
        return Error{options.video.string() + ": decodes latents of " + std::to_string(sources.videoMap.config.latentChannels) +
                     " channels, the transformer makes " + std::to_string(channels)};
    return {};
}

// Self-Forcing keeps 21 latent frames at absolute positions; VideoMLA's long rollout slides (videomla.md).
RolloutConfig usualRollout(AttentionKind attention) {
    if (attention == AttentionKind::Mla)
        return {.chunkFrames = 3, .windowFrames = 6, .sinkFrames = 1, .positions = Positions::Window, .contextNoise = 0};
    return {.chunkFrames = 3, .windowFrames = 21, .sinkFrames = 0, .positions = Positions::Absolute, .contextNoise = 0};
}

ModelConfig describe(const ImportOptions& options, const fs::path& output, const Sources& sources) {
    ModelConfig config;
    config.name = options.name.empty() ? output.filename().string() : options.name;
    config.description = options.description;
    config.license = options.license;
    config.dit = sources.ditMap.config;
    config.text = sources.textMap.config;
    config.video = sources.videoMap.config;
    config.sampler = options.sampler;
    config.rollout = options.rollout.value_or(usualRollout(config.dit.attention));
    config.width = options.width;
    config.height = options.height;
    config.fps = options.fps;
    return config;
}

void tell(const char* what, const Checkpoint& checkpoint, const NameMap& names, std::vector<std::string>& lines) {
    lines.push_back(std::string(what) + ": " + checkpoint.path() + " (" + std::string(nameOf(checkpoint.format())) + "), " +
                    names.summary());
    for (const std::string& note : names.notes) lines.push_back(std::string(what) + ": " + note);
}

Result<void> writeSmallFile(const fs::path& path, std::span<const char> bytes) {
    std::ofstream out(path, std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) return Error{path.string() + ": cannot be written; is the disk full?"};
    return {};
}

// Absolute and without a slash at the end, so that it has a name and a parent.
fs::path finalFolder(const fs::path& given) {
    std::error_code code;
    const fs::path path = fs::absolute(given, code).lexically_normal();
    return path.has_filename() ? path : path.parent_path();
}

// People know the folder they asked for, not the temporary one.
Error underFinalName(const Error& error, const fs::path& temporary, const fs::path& output) {
    std::string message = error.message;
    const std::string name = temporary.string();
    if (const size_t at = message.find(name); at != std::string::npos) message.replace(at, name.size(), output.string());
    return {message};
}

Result<void> checkOutput(const fs::path& given) {
    std::error_code code;
    if (given.empty()) return Error{"no folder was given for the imported model"};
    const fs::path output = finalFolder(given);
    if (fs::exists(output, code) && (!fs::is_directory(output, code) || !fs::is_empty(output, code)))
        return Error{output.string() + ": exists already; choose another name or remove it first"};
    const fs::path parent = output.parent_path();
    fs::create_directories(parent, code);
    if (code) return Error{parent.string() + ": this folder cannot be made: " + code.message()};
    return {};
}

Result<void> checkSpace(const fs::path& folder, uint64_t bytes) {
    std::error_code code;
    const fs::space_info space = fs::space(folder, code);
    if (code || space.available >= bytes) return {};
    return Error{folder.string() + ": the disk has " + grouped(space.available) + " left and the model needs " + grouped(bytes) +
                 "; free some space or choose another folder"};
}

}  // namespace

Result<ImportReport> importModel(const ImportOptions& options) {
    Sources sources;
    auto checked = checkOutput(options.output);
    if (checked) checked = openSources(options, sources);
    if (!checked) return checked.error();

    const LoraAdapter* lora = sources.lora ? &*sources.lora : nullptr;
    // A video decoder is small and its noise would be seen, so half precision is not forced on it.
    const auto videoPrecision = options.precision == WeightPrecision::Bf16 ? WeightPrecision::Keep : options.precision;
    const ImportPart parts[] = {
        {kDitFile, &*sources.dit, &sources.ditMap.names, lora, options.precision},
        {kTextFile, &*sources.text, &sources.textMap.names, nullptr, options.precision},
        {kVideoFile, &*sources.video, &sources.videoMap.names, nullptr, videoPrecision},
    };
    ImportProgress progress;
    for (const ImportPart& part : parts) progress.total += writtenBytes(part);
    std::error_code code;
    const fs::path output = finalFolder(options.output);
    auto hasSpace = checkSpace(output.parent_path(), progress.total);
    if (!hasSpace) return hasSpace.error();

    TemporaryFolder folder(output.parent_path() / ("." + output.filename().string() + ".importing-" + std::to_string(::getpid())));
    fs::create_directory(folder.path(), code);
    if (code) return Error{folder.path().parent_path().string() + ": cannot be written to: " + code.message()};
    for (const ImportPart& part : parts) {
        progress.file = part.file;
        auto written = writePart(part, folder.path(), [&](uint64_t bytes) {
            progress.done += bytes;
            return !options.progress || options.progress(progress);
        });
        if (!written) return underFinalName(written.error(), folder.path(), output);
    }
    ImportReport report{.folder = output, .config = describe(options, output, sources), .lines = {}, .bytesWritten = progress.done};
    auto written = writeSmallFile(folder.path() / kTokenizerFile, {sources.tokenizer.as<char>(), sources.tokenizer.bytes()});
    if (written) written = writeSmallFile(folder.path() / "model.json", modelJson(report.config));
    if (!written) return underFinalName(written.error(), folder.path(), output);
    fs::rename(folder.path(), output, code);
    if (code) return Error{output.string() + ": the finished model could not be moved there: " + code.message()};
    folder.keep();

    tell("transformer", *sources.dit, sources.ditMap.names, report.lines);
    if (lora)
        report.lines.push_back("adapter: " + options.lora.string() + ", merged into " + std::to_string(lora->targets().size()) +
                               " matrices");
    tell("text encoder", *sources.text, sources.textMap.names, report.lines);
    tell("video decoder", *sources.video, sources.videoMap.names, report.lines);
    return report;
}

}  // namespace longtake
