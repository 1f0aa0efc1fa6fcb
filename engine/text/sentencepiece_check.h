// Looks through a SentencePiece model file before the library does. The library believes what the file says (offsets
// into tables, finite scores); a file that was cut off, or made to do harm, must end as one clear line instead.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "engine/result.h"

namespace longtake {

// The same model, reduced to its pieces and its trainer's and normaliser's settings, safe to hand to the library.
// Only Unigram models are accepted (engine-spec 2.2). The message has no file name; the caller puts it in front.
Result<std::string> checkedSentencePieceModel(std::string_view bytes);

}  // namespace longtake
