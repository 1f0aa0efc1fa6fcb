#include "app/media/contact_sheet.h"

#include <algorithm>
#include <cstring>

#include "app/media/picture_converter.h"
#include "app/media/png_file.h"

namespace longtake {
namespace {

constexpr uint8_t kBackground = 24;

Result<OwnedFrame> scaled(const FrameView& frame, PictureSize size) {
    Result<PictureConverter> converter = PictureConverter::create(frame.size(), size, AV_PIX_FMT_RGB24);
    if (!converter) return converter.error();
    Result<AVFrame*> small = converter->convert(frame);
    if (!small) return small.error();
    return OwnedFrame(FrameView{.data = (*small)->data[0],
                                .width = size.width,
                                .height = size.height,
                                .stride = (*small)->linesize[0],
                                .format = PixelFormat::Rgb24});
}

}  // namespace

ContactSheet::ContactSheet(int64_t expectedFrames, const ContactSheetOptions& options)
    : expectedFrames_(std::max<int64_t>(1, expectedFrames)), options_(options) {
    options_.tiles = static_cast<int>(std::clamp<int64_t>(options_.tiles, 1, expectedFrames_));
    options_.columns = std::clamp(options_.columns, 1, options_.tiles);
}

// The middles of equal parts, so that neither the very first nor the very last frame stands for its part.
int64_t ContactSheet::frameOfTile(int tile) const {
    return (2 * static_cast<int64_t>(tile) + 1) * expectedFrames_ / (2 * static_cast<int64_t>(options_.tiles));
}

Result<void> ContactSheet::add(const FrameView& frame) {
    const int64_t index = seen_++;
    if (tileCount() == options_.tiles || index != frameOfTile(tileCount())) return {};
    const int width = std::max(1, std::min(options_.tileWidth, frame.width));
    const int height = std::max(1, static_cast<int>(static_cast<int64_t>(frame.height) * width / frame.width));
    Result<OwnedFrame> tile = scaled(frame, {width, height});
    if (!tile) return tile.error();
    tiles_.push_back(std::move(*tile));
    return {};
}

OwnedFrame ContactSheet::picture() const {
    if (tiles_.empty()) return {};
    const PictureSize tile = tiles_.front().view().size();
    const int columns = std::min(options_.columns, tileCount());
    const int rows = (tileCount() + columns - 1) / columns;
    const auto length = [&](int count, int side) { return options_.gap + count * (side + options_.gap); };
    OwnedFrame sheet({length(columns, tile.width), length(rows, tile.height)}, PixelFormat::Rgb24);
    const size_t rowBytes = static_cast<size_t>(sheet.view().stride);
    for (int y = 0; y < sheet.view().height; ++y) std::memset(sheet.row(y), kBackground, rowBytes);
    for (int i = 0; i < tileCount(); ++i) {
        const FrameView source = tiles_[static_cast<size_t>(i)].view();
        const int left = length(i % columns, tile.width);
        const int top = length(i / columns, tile.height);
        for (int y = 0; y < source.height; ++y) {
            std::memcpy(sheet.row(top + y) + static_cast<ptrdiff_t>(left) * 3, source.data + y * source.stride,
                        static_cast<size_t>(source.width) * 3);
        }
    }
    return sheet;
}

Result<void> ContactSheet::write(const std::string& path) const {
    if (tiles_.empty()) return Error{"cannot make a contact sheet: there are no frames yet"};
    return writePng(path, picture().view());
}

}  // namespace longtake
