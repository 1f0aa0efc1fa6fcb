#include "app/cli/reporter.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "app/files/file_error.h"

namespace longtake {

using nlohmann::json;

std::string fixed(double value, int digits) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return text.data();
}

std::string humanBytes(uint64_t bytes) {
    static constexpr std::array<const char*, 5> kUnits{"B", "kB", "MB", "GB", "TB"};
    double value = static_cast<double>(bytes);
    size_t unit = 0;
    while (value >= 1000 && unit + 1 < kUnits.size()) {
        value /= 1000;
        ++unit;
    }
    return fixed(value, unit == 0 ? 0 : value < 100 ? 2 : 1) + " " + kUnits[unit];
}

std::string humanDuration(double seconds) {
    const auto whole = static_cast<long long>(std::llround(std::max(0.0, seconds)));
    std::array<char, 64> text{};
    if (whole >= 3600) {
        std::snprintf(text.data(), text.size(), "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
    } else {
        std::snprintf(text.data(), text.size(), "%lld:%02lld", whole / 60, whole % 60);
    }
    return text.data();
}

std::string progressLine(const RenderProgress& progress) {
    return "chunk " + std::to_string(progress.chunk) + "/" + std::to_string(progress.chunks) + "  " + fixed(progress.videoSeconds, 1) +
           " s of video  " + fixed(progress.framesPerSecond, 1) + " fps  cache " + humanBytes(progress.cacheBytes) + "  " +
           humanDuration(progress.secondsLeft) + " left";
}

std::string tableText(const std::vector<std::vector<std::string>>& rows) {
    std::vector<size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (size_t i = 0; i < row.size(); ++i) {
            const std::string padding(widths[i] - row[i].size(), ' ');
            line += (i > 0 ? "  " : "") + (i == 0 ? row[i] + padding : padding + row[i]);
        }
        while (line.ends_with(' ')) line.pop_back();
        text += line + "\n";
    }
    return text;
}

Reporter::Reporter(OutputStyle style) : style_(style), terminal_(::isatty(STDERR_FILENO) == 1) {}

void Reporter::text(const std::string& lines) {
    if (isJson()) return;
    endProgressLine();
    print(lines.ends_with('\n') ? lines : lines + "\n");
}

void Reporter::object(const json& object) {
    if (!isJson()) return;
    print(object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

void Reporter::print(const std::string& lines) {
    const bool printed = std::fputs(lines.c_str(), stdout) != EOF && std::fflush(stdout) == 0;
    if (!printed && printFailure_ == 0) printFailure_ = errno;
}

Result<void> Reporter::finish() const {
    if (printFailure_ == 0 || printFailure_ == EPIPE) return {};
    return fileError("write to", "standard output", printFailure_);
}

void Reporter::note(const std::string& line) {
    object({{"event", "note"}, {"message", line}});
    if (isJson()) return;
    endProgressLine();
    std::fprintf(stderr, "%s\n", line.c_str());
}

void Reporter::progress(const RenderProgress& progress) {
    object({{"event", "progress"},
            {"chunk", progress.chunk},
            {"chunks", progress.chunks},
            {"frames", progress.frames},
            {"video_seconds", progress.videoSeconds},
            {"fps", progress.framesPerSecond},
            {"cache_bytes", progress.cacheBytes},
            {"seconds_left", progress.secondsLeft}});
    if (isJson()) return;
    const auto now = std::chrono::steady_clock::now();
    const bool last = progress.chunk == progress.chunks;
    if (terminal_) {
        std::fprintf(stderr, "\r\033[K%s", progressLine(progress).c_str());
        std::fflush(stderr);
        lineOpen_ = true;
        if (last) endProgressLine();
    } else if (last || now - lastProgress_ >= std::chrono::seconds(5)) {
        std::fprintf(stderr, "%s\n", progressLine(progress).c_str());
        lastProgress_ = now;
    }
}

void Reporter::error(const std::string& message) {
    endProgressLine();
    object({{"event", "error"}, {"message", printable(message)}});
    std::fprintf(stderr, "longtake-cli: %s\n", printable(message).c_str());
}

void Reporter::endProgressLine() {
    if (lineOpen_) std::fputc('\n', stderr);
    lineOpen_ = false;
}

}  // namespace longtake
