#include "app/cli/arguments.h"

#include <charconv>
#include <cmath>

#include <CLI/CLI.hpp>

#include "app/files/file_error.h"
#include "app/media/video_file.h"
#include "kernels/devices.h"

namespace longtake {
namespace {

template <typename T>
bool parseWhole(std::string_view text, T& value) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    return !text.empty() && code == std::errc() && end == text.data() + text.size();
}

Result<double> parseSeconds(const std::string& text) {
    double value = 0;
    if (parseWhole(text, value) && std::isfinite(value) && value > 0 && value <= kMaxSeconds) return value;
    return Error{"--at takes seconds and a prompt: \"" + printable(text) + "\" is no time in the take; give a number above 0"};
}

// A timeline of one prompt says which prompt is wrong; here the option says it.
Result<void> checkPrompt(const std::string& text) {
    const Result<PromptTimeline> alone = PromptTimeline::create(text);
    if (alone) return {};
    constexpr std::string_view kWhich = "prompt 1: ";
    const std::string& message = alone.message();
    return Error{message.starts_with(kWhich) ? message.substr(kWhich.size()) : message};
}

}  // namespace

Result<PictureSize> parsePictureSize(const std::string& text) {
    const size_t x = text.find('x');
    PictureSize size;
    if (x != std::string::npos && parseWhole(std::string_view(text).substr(0, x), size.width) &&
        parseWhole(std::string_view(text).substr(x + 1), size.height) && size.width > 0 && size.height > 0 && size.width <= 16384 &&
        size.height <= 16384) {
        return size;
    }
    return Error{"\"" + printable(text) + "\" is no size; give width and height in pixels, such as 256x160"};
}

Result<uint64_t> parseSeed(const std::string& text) {
    uint64_t seed = 0;
    if (parseWhole(text, seed)) return seed;
    return Error{"\"" + printable(text) + "\" is no seed; give a whole number from 0 to 18446744073709551615"};
}

Result<Precision> parsePrecision(const std::string& text) {
    if (text == "fp32") return Precision::Fp32;
    if (text == "bf16") return Precision::Bf16;
    return Error{"\"" + printable(text) + "\" is no precision; choose fp32 or bf16"};
}

Result<TransitionChoice> parseTransition(const std::string& text) {
    if (text == "recache" || text == "cut") return TransitionChoice{Transition::Recache, 0};
    if (text == "keep") return TransitionChoice{Transition::Keep, 0};
    int chunks = 0;
    if (text == "blend") return TransitionChoice{Transition::Blend, 2};
    if (text.starts_with("blend:") && parseWhole(std::string_view(text).substr(6), chunks) && chunks >= 1 &&
        chunks <= PromptTimeline::kMaxBlendChunks) {
        return TransitionChoice{Transition::Blend, chunks};
    }
    return Error{"\"" + printable(text) + "\" is no transition; choose recache, keep, or blend:N over 1 to " +
                 std::to_string(PromptTimeline::kMaxBlendChunks) + " chunks"};
}

void TakeArguments::addTo(CLI::App& parser) {
    parser.add_option("--prompt", prompt, "What the take begins with");
    parser.add_option("--at", at, "SECONDS TEXT: from then on another prompt; may be repeated")->type_name("SECONDS TEXT");
    parser.add_option("--image", image, "A picture that the take begins with: PNG, JPEG, WebP or BMP");
    parser.add_option("--transition", transition, "How prompts change: recache, keep or blend:N chunks");
    parser.add_option("--project", project, "A .longtake file, or a video made by Longtake");
    parser.add_option("--model", model, "A model folder, or the name of an installed model");
    parser.add_option("--seconds", seconds, "Length of the video");
    parser.add_option("--seed", seed, "The same seed and options give the same video");
    parser.add_option("--size", size, "Width and height, such as 256x160");
    parser.add_option("--precision", precision, "fp32 or bf16");
    parser.add_option("--device", device, "What computes: cpu, cuda or cuda:N");
    parser.add_flag("--f8", f8Products, "Large products in 8 bits, on GPUs that have them");
    parser.add_option("--threads", threads, "Processor threads")->check(CLI::Range(1, 1024));
    parser.add_option("--steps", steps, "Denoise steps per chunk")->check(CLI::Range(1, 1000));
    parser.add_option("--shift", shift, "Flow shift of the noise levels")->check(CLI::Range(0.01, 100.0));
    parser.add_option("--window", window, "Latent frames the model sees, sink and chunk included; 0: all")->check(CLI::Range(0, 100'000));
    parser.add_option("--sink", sink, "First latent frames that are never forgotten")->check(CLI::Range(0, 1000));
}

Result<void> TakeArguments::check() const {
    if (prompt.empty() && project.empty()) return Error{"there is no prompt; give --prompt TEXT or --project FILE"};
    if (prompt.empty() && !at.empty()) return Error{"--at changes a prompt that is not there; give --prompt TEXT too"};
    if (const auto known = parseDevice(device); !known) return Error{"--device: " + known.message()};
    if (!prompt.empty()) {
        if (const auto valid = checkPrompt(prompt); !valid) return Error{"--prompt: " + valid.message()};
    }
    for (const auto& [time, text] : at) {
        if (const auto valid = parseSeconds(time); !valid) return valid.error();
        if (const auto valid = checkPrompt(text); !valid) return Error{"--at " + time + ": " + valid.message()};
    }
    if (const auto valid = parseTransition(transition); !valid) return valid.error();
    if (seconds && !(std::isfinite(*seconds) && *seconds > 0 && *seconds <= kMaxSeconds)) {
        return Error{"--seconds must be above 0 and at most 86400, a day"};
    }
    if (shift && !std::isfinite(*shift)) return Error{"--shift must be a number from 0.01 to 100"};
    if (!seed.empty()) {
        if (const auto valid = parseSeed(seed); !valid) return Error{"--seed: " + valid.message()};
    }
    if (!size.empty()) {
        if (const auto valid = parsePictureSize(size); !valid) return Error{"--size: " + valid.message()};
    }
    if (!precision.empty()) {
        if (const auto valid = parsePrecision(precision); !valid) return Error{"--precision: " + valid.message()};
    }
    return {};
}

Result<PromptTimeline> TakeArguments::timeline(const ChunkClock& clock) const {
    Result<PromptTimeline> made = PromptTimeline::create(prompt);
    if (!made) return made;
    const Result<TransitionChoice> choice = parseTransition(transition);
    if (!choice) return choice.error();
    for (const auto& [time, text] : at) {
        const Result<double> start = parseSeconds(time);
        if (!start) return start.error();
        const int64_t chunk = clock.chunkNear(*start);
        const Result<size_t> inserted =
            made->insert({.firstChunk = chunk, .text = text, .transition = choice->transition, .blendChunks = choice->blendChunks});
        if (!inserted) {
            return Error{"--at " + time + ": " + inserted.message() + " (a prompt starts with a chunk of " +
                         std::to_string(clock.framesPerChunk) + " frames)"};
        }
    }
    return made;
}

Result<Project> loadAnyProject(const std::string& path) {
    if (!path.ends_with(".mp4") && !path.ends_with(".mov")) return Project::load(path);
    const Result<std::string> text = readEmbeddedProject(path);
    if (!text) return text.error();
    return Project::parse(*text, path);
}

}  // namespace longtake
