// From a prompt to what the video model reads: cleaning, tokens, hidden states (engine-spec 2).
//
// Owner:  the session. The Backend must outlive it.
// Thread: generation thread only.
#pragma once

#include "engine/text/tokenizer.h"
#include "engine/text/umt5_encoder.h"

namespace longtake {

struct TextContext {
    Tensor hidden;        // F32 [textLen, dim] in the backend's memory, zero from row `tokens` on
    int64_t tokens = 0;   // </s> included
    int64_t dropped = 0;  // tokens of the prompt that had no room; worth a hint when not 0
};

class TextEncoder {
public:
    // The tokenizer's limits have to be the encoder's text length and vocabulary.
    static Result<TextEncoder> create(const TextEncoderConfig& config, Tokenizer tokenizer, const WeightSource& weights, Backend& backend);

    // Fails on a prompt that cleanPrompt() refuses.
    Result<TextContext> encode(std::string_view prompt) const;

    // The tokens of the prompt alone: what is dropped is known without computing anything.
    Result<TokenIds> tokenize(std::string_view prompt) const;

    const TextEncoderConfig& config() const { return encoder_.config(); }

private:
    TextEncoder(Tokenizer tokenizer, Umt5Encoder encoder) : tokenizer_(std::move(tokenizer)), encoder_(std::move(encoder)) {}

    Tokenizer tokenizer_;
    Umt5Encoder encoder_;
};

}  // namespace longtake
