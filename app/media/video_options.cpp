#include "app/media/video_options.h"

#include <array>
#include <charconv>
#include <cmath>
#include <numeric>

#include "app/files/file_error.h"

namespace longtake {
namespace {

struct CodecWords {
    VideoCodec codec;
    std::string_view name;
    std::string_view label;
};
constexpr std::array<CodecWords, 4> kCodecs{{{VideoCodec::H264, "h264", "H.264"},
                                             {VideoCodec::H265, "h265", "H.265"},
                                             {VideoCodec::Av1, "av1", "AV1"},
                                             {VideoCodec::Prores, "prores", "ProRes"}}};

template <typename T>
bool parseWhole(std::string_view text, T& value) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    return code == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<VideoCodec> parseVideoCodec(std::string_view name) {
    for (const CodecWords& words : kCodecs) {
        if (name == words.name) return words.codec;
    }
    if (name == "hevc") return VideoCodec::H265;
    return Error{"unknown codec \"" + printable(std::string(name)) + "\"; choose h264, h265, av1 or prores"};
}

std::string_view nameOf(VideoCodec codec) { return kCodecs[static_cast<size_t>(codec)].name; }
std::string_view labelOf(VideoCodec codec) { return kCodecs[static_cast<size_t>(codec)].label; }

Result<int> parseQuality(std::string_view text) {
    if (text == "draft") return 40;
    if (text == "good") return 70;
    if (text == "best") return 95;
    int value = 0;
    if (parseWhole(text, value) && value >= 0 && value <= 100) return value;
    return Error{"unknown quality \"" + printable(std::string(text)) + "\"; give a number from 0 to 100, or draft, good or best"};
}

Result<FrameRate> parseFrameRate(std::string_view text) {
    const Error wrong{"unknown frame rate \"" + printable(std::string(text)) +
                      "\"; give frames per second from 1 to 240, such as 16, 23.976 or 24000/1001"};
    FrameRate rate;
    if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
        if (!parseWhole(text.substr(0, slash), rate.num) || !parseWhole(text.substr(slash + 1), rate.den)) return wrong;
        if (rate.num <= 0 || rate.den <= 0) return wrong;
    } else {
        double value = 0;
        if (!parseWhole(text, value) || !(value >= 1 && value <= 240)) return wrong;
        // 23.976 and its kin are meant as the exact NTSC fractions.
        const double ntsc = std::round(value) * 1000.0 / 1001.0;
        if (std::abs(value - std::round(value)) > 1e-9 && std::abs(value - ntsc) < 5e-3) {
            rate = {static_cast<int>(std::round(value)) * 1000, 1001};
        } else {
            rate = {static_cast<int>(std::round(value * 1000)), 1000};
        }
    }
    if (rate.perSecond() < 1 || rate.perSecond() > 240) return wrong;
    const int divisor = std::gcd(rate.num, rate.den);
    return FrameRate{rate.num / divisor, rate.den / divisor};
}

}  // namespace longtake
