#include "ui/timeline/thumbnail_store.h"

#include <algorithm>
#include <cstdlib>

namespace longtake {

std::array<ThumbnailStore::Level, ThumbnailStore::kLevels> ThumbnailStore::freshLevels() {
    std::array<Level, kLevels> levels;
    for (size_t i = 0; i < kLevels; ++i) levels[i].spacing = int64_t{kBaseSpacing} << i;
    return levels;
}

void ThumbnailStore::clear() {
    levels_ = freshLevels();
    newest_ = -1;
}

void ThumbnailStore::add(int64_t frame, const QImage& picture) {
    if (!wants(frame) || picture.isNull()) return;
    if (frame <= newest_) clear();
    newest_ = frame;
    aspect_ = static_cast<double>(picture.width()) / picture.height();
    const Entry entry{frame, picture.scaledToHeight(kHeight, Qt::SmoothTransformation).convertToFormat(QImage::Format_RGB32)};
    for (size_t level = 0; level < kLevels; ++level)
        if (frame % levels_[level].spacing == 0) keep(level, entry);
}

void ThumbnailStore::keep(size_t index, const Entry& entry) {
    Level& level = levels_[index];
    level.entries.push_back(entry);
    if (level.entries.size() <= kPerLevel) return;
    if (index + 1 < kLevels) {
        level.entries.pop_front();
        return;
    }
    level.spacing *= 2;
    std::erase_if(level.entries, [&](const Entry& one) { return one.frame % level.spacing != 0; });
}

const QImage* ThumbnailStore::nearest(int64_t frame) const {
    const Entry* best = nullptr;
    for (const Level& level : levels_) {
        if (level.entries.empty()) continue;
        const auto after =
            std::lower_bound(level.entries.begin(), level.entries.end(), frame, [](const Entry& e, int64_t f) { return e.frame < f; });
        for (auto it = after == level.entries.begin() ? after : after - 1; it != level.entries.end() && it <= after; ++it)
            if (!best || std::abs(it->frame - frame) < std::abs(best->frame - frame)) best = &*it;
        // A finer level that reaches back far enough cannot be beaten by a coarser one.
        if (level.entries.front().frame <= frame) break;
    }
    return best ? &best->picture : nullptr;
}

size_t ThumbnailStore::count() const {
    size_t sum = 0;
    for (const Level& level : levels_) sum += level.entries.size();
    return sum;
}

}  // namespace longtake
