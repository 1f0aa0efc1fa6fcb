#include "app/media/palette.h"

#include <algorithm>
#include <cmath>

namespace longtake {
namespace {

constexpr int kBins = 1 << 15;

int binOf(int red, int green, int blue) { return (red >> 3) << 10 | (green >> 3) << 5 | (blue >> 3); }

struct Bin {
    std::array<double, 3> sum{};  // of the full 8-bit values
    double count = 0;

    double mean(size_t channel) const { return sum[channel] / count; }
};

// A box of the median cut: a range of the bins, its spread along the widest channel.
struct Box {
    size_t begin = 0;
    size_t end = 0;
    double spread = 0;  // count-weighted squared deviation along `channel`
    size_t channel = 0;
    double middle = 0;
};

Box measure(const std::vector<Bin>& bins, size_t begin, size_t end) {
    Box box{.begin = begin, .end = end, .spread = 0, .channel = 0, .middle = 0};
    double count = 0;
    for (size_t i = begin; i < end; ++i) count += bins[i].count;
    for (size_t channel = 0; channel < 3; ++channel) {
        double sum = 0;
        double squares = 0;
        for (size_t i = begin; i < end; ++i) {
            sum += bins[i].sum[channel];
            squares += bins[i].mean(channel) * bins[i].sum[channel];
        }
        const double spread = squares - sum * sum / count;
        if (spread > box.spread) box = {begin, end, spread, channel, sum / count};
    }
    return box;
}

Palette::Colour meanOf(const std::vector<Bin>& bins, const Box& box) {
    Bin total;
    for (size_t i = box.begin; i < box.end; ++i) {
        total.count += bins[i].count;
        for (size_t c = 0; c < 3; ++c) total.sum[c] += bins[i].sum[c];
    }
    const auto byte = [&](size_t c) { return static_cast<uint8_t>(std::lround(total.mean(c))); };
    return {byte(0), byte(1), byte(2)};
}

std::vector<Bin> histogramOf(const FrameView& picture) {
    std::vector<Bin> all(kBins);
    const int step = bytesPerPixel(picture.format);
    for (int y = 0; y < picture.height; ++y) {
        const uint8_t* pixel = picture.data + y * picture.stride;
        for (int x = 0; x < picture.width; ++x, pixel += step) {
            Bin& bin = all[static_cast<size_t>(binOf(pixel[0], pixel[1], pixel[2]))];
            bin.count += 1;
            for (size_t c = 0; c < 3; ++c) bin.sum[c] += pixel[c];
        }
    }
    std::erase_if(all, [](const Bin& bin) { return bin.count == 0; });
    return all;
}

// -4 .. 4 in the classic 8x8 order: a threshold built by interleaving the bits of x^y and y.
int ditherAt(int x, int y) {
    const int a = x ^ y;
    int rank = 0;
    for (int bit = 0; bit < 3; ++bit) rank |= ((a >> bit) & 1) << (5 - 2 * bit) | ((y >> bit) & 1) << (4 - 2 * bit);
    return (rank - 32) / 8;
}

}  // namespace

Palette Palette::of(const FrameView& picture) {
    std::vector<Bin> bins = histogramOf(picture);
    std::vector<Box> boxes{measure(bins, 0, bins.size())};
    while (boxes.size() < kColours) {
        const auto widest = std::max_element(boxes.begin(), boxes.end(), [](const Box& a, const Box& b) { return a.spread < b.spread; });
        if (widest->spread <= 0) break;
        const Box box = *widest;
        const auto first = bins.begin() + static_cast<ptrdiff_t>(box.begin);
        const auto last = bins.begin() + static_cast<ptrdiff_t>(box.end);
        const auto cut = std::partition(first, last, [&](const Bin& bin) { return bin.mean(box.channel) < box.middle; });
        if (cut == first || cut == last) {
            widest->spread = 0;  // rounding: all on one side
            continue;
        }
        const size_t middle = static_cast<size_t>(cut - bins.begin());
        *widest = measure(bins, box.begin, middle);
        boxes.push_back(measure(bins, middle, box.end));
    }
    Palette palette;
    for (size_t i = 0; i < boxes.size(); ++i) palette.colours_[i] = meanOf(bins, boxes[i]);
    for (size_t i = boxes.size(); i < kColours; ++i) palette.colours_[i] = palette.colours_[0];
    palette.cache_.assign(kBins, -1);
    return palette;
}

uint8_t Palette::nearest(int red, int green, int blue) {
    int16_t& known = cache_[static_cast<size_t>(binOf(red, green, blue))];
    if (known >= 0) return static_cast<uint8_t>(known);
    const auto centre = [](int value) { return (value & ~7) + 4; };
    int best = INT32_MAX;
    for (int i = 0; i < kColours; ++i) {
        const Colour& colour = colours_[static_cast<size_t>(i)];
        const int r = colour.red - centre(red);
        const int g = colour.green - centre(green);
        const int b = colour.blue - centre(blue);
        const int distance = 2 * r * r + 4 * g * g + b * b;  // the eye weighs green most
        if (distance < best) {
            best = distance;
            known = static_cast<int16_t>(i);
        }
    }
    return static_cast<uint8_t>(known);
}

double Palette::map(const FrameView& picture, uint8_t* out, ptrdiff_t outStride) {
    const int step = bytesPerPixel(picture.format);
    double distance = 0;
    for (int y = 0; y < picture.height; ++y) {
        const uint8_t* pixel = picture.data + y * picture.stride;
        for (int x = 0; x < picture.width; ++x, pixel += step) {
            const int d = ditherAt(x, y);
            const auto shifted = [&](int c) { return std::clamp(pixel[c] + d, 0, 255); };
            out[y * outStride + x] = nearest(shifted(0), shifted(1), shifted(2));
            const Colour& plain = colours_[nearest(pixel[0], pixel[1], pixel[2])];
            const double r = plain.red - pixel[0], g = plain.green - pixel[1], b = plain.blue - pixel[2];
            distance += std::sqrt(r * r + g * g + b * b);
        }
    }
    return distance / (static_cast<double>(picture.width) * picture.height);
}

}  // namespace longtake
