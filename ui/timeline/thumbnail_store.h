// ThumbnailStore: small pictures of a take of any length in bounded memory.
//
// Levels like a mipmap in time: each keeps the newest kPerLevel pictures at twice the spacing of the level below,
// so the recent past is dense, the distant past sparse, and nothing is ever without a picture. The last level
// thins itself out instead of forgetting.
// Owner:  the timeline view.
// Thread: GUI thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include <QImage>

namespace longtake {

class ThumbnailStore {
public:
    static constexpr int kHeight = 54;      // pixels; pictures are scaled to it
    static constexpr int kBaseSpacing = 6;  // frames between pictures of level 0
    static constexpr size_t kPerLevel = 64;
    static constexpr size_t kLevels = 10;

    // Whether a frame would be kept: spares the caller a conversion.
    bool wants(int64_t frame) const { return frame % kBaseSpacing == 0; }
    // Frames in order; one that is not newer than the last begins another take.
    void add(int64_t frame, const QImage& picture);
    void clear();

    // The picture nearest to a frame; null when there is none at all.
    const QImage* nearest(int64_t frame) const;
    int64_t newest() const { return newest_; }  // -1: empty
    double aspect() const { return aspect_; }
    size_t count() const;

private:
    struct Entry {
        int64_t frame = 0;
        QImage picture;
    };
    struct Level {
        int64_t spacing = kBaseSpacing;
        std::deque<Entry> entries;
    };

    void keep(size_t level, const Entry& entry);

    std::array<Level, kLevels> levels_ = freshLevels();
    static std::array<Level, kLevels> freshLevels();
    int64_t newest_ = -1;
    double aspect_ = 16.0 / 9.0;
};

}  // namespace longtake
