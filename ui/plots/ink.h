// Ink: a colour by its meaning, so that plots change with the palette and values carry no colours.
//
// Thread: pure.
#pragma once

#include "ui/theme/colours.h"

namespace longtake {

enum class Ink { Empty, Sink, Held, Writing, Rank, RankSoft, Dim, Budget };

inline QColor inked(const Colours& c, Ink ink) {
    switch (ink) {
        case Ink::Empty: return c.faint;
        case Ink::Sink: return c.sink;
        case Ink::Held: return c.held;
        case Ink::Writing: return c.writing;
        case Ink::Rank: return c.rank;
        case Ink::RankSoft: return c.rankSoft;
        case Ink::Dim: return c.dim;
        case Ink::Budget: return c.budget;
    }
    return c.dim;
}

}  // namespace longtake
