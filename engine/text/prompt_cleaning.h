// From the text that somebody typed or pasted to the text that the tokenizer sees (engine-spec 2.1), and the words
// of it that a small model has never seen.
//
// Thread: pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.h"

namespace longtake {

// More than four times what 512 tokens of any script take up; longer text is a mistake rather than a prompt.
inline constexpr size_t kMaxPromptBytes = 16384;

// Repairs the text as the reference does (ftfy's defaults without its guessing of encodings), reads HTML references
// twice, and leaves single spaces between words. Fails when it is not UTF-8, longer than kMaxPromptBytes, or
// nothing remains; the message starts with "prompt".
Result<std::string> cleanPrompt(std::string_view prompt);

// The words of the prompt, in its order and spelling and each once, that are not in the vocabulary of a model
// (model.json "knows.vocabulary"). Case, punctuation, hyphens and a possessive 's make no difference; text that is not
// UTF-8 has no words.
std::vector<std::string> unknownWords(std::string_view prompt, std::span<const std::string> vocabulary);

}  // namespace longtake
