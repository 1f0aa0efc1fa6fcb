#include "engine/text/text_encoder.h"

#include "engine/text/prompt_cleaning.h"

namespace longtake {

Result<TextEncoder> TextEncoder::create(const TextEncoderConfig& config, Tokenizer tokenizer, const WeightSource& weights,
                                        Backend& backend) {
    if (tokenizer.limits().textLen != config.textLen || tokenizer.limits().vocabulary != config.vocab)
        return Error{"text encoder: the tokenizer was made for " + std::to_string(tokenizer.limits().textLen) + " tokens of " +
                     std::to_string(tokenizer.limits().vocabulary) + " words, the encoder for " + std::to_string(config.textLen) + " of " +
                     std::to_string(config.vocab)};
    Result<Umt5Encoder> encoder = Umt5Encoder::create(config, weights, backend);
    if (!encoder) return encoder.error();
    return TextEncoder(std::move(tokenizer), std::move(*encoder));
}

Result<TokenIds> TextEncoder::tokenize(std::string_view prompt) const {
    const Result<std::string> cleaned = cleanPrompt(prompt);
    if (!cleaned) return cleaned.error();
    return tokenizer_.encode(*cleaned);
}

Result<TextContext> TextEncoder::encode(std::string_view prompt) const {
    const Result<TokenIds> tokens = tokenize(prompt);
    if (!tokens) return tokens.error();
    return TextContext{
        .hidden = encoder_.encode(tokens->ids), .tokens = static_cast<int64_t>(tokens->ids.size()), .dropped = tokens->dropped};
}

}  // namespace longtake
