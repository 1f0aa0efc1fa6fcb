// From a cleaned prompt to token ids: the SentencePiece library, plus the special tokens that UMT5 adds
// (engine-spec 2.2).
//
// Owner:  the text encoder.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.h"

namespace longtake {

struct TokenizerLimits {
    int64_t textLen = 512;   // tokens of a prompt, </s> included
    int64_t vocabulary = 0;  // rows of the encoder's embedding; ids stay below
};

struct TokenIds {
    std::vector<int32_t> ids;  // 1 .. textLen of them, the last is </s>; no padding
    int64_t dropped = 0;       // tokens at the end of the prompt that had no room
};

class Tokenizer {
public:
    // Fails on a file that cannot be read, is no Unigram model, or has more pieces than the encoder has rows.
    static Result<Tokenizer> fromFile(const std::filesystem::path& file, const TokenizerLimits& limits);
    // `origin` names the bytes in messages: a file, or a tensor inside a checkpoint.
    static Result<Tokenizer> fromBytes(std::string_view bytes, const std::string& origin, const TokenizerLimits& limits);

    Tokenizer(Tokenizer&&) noexcept;
    Tokenizer& operator=(Tokenizer&&) noexcept;
    ~Tokenizer();

    // "</s>", "<pad>", "<extra_id_7>" and the model's other control pieces, typed in the text, become their ids.
    Result<TokenIds> encode(std::string_view text) const;

    int64_t pieces() const;  // of the file; the special tokens behind them are not counted
    const TokenizerLimits& limits() const;

private:
    class Impl;
    explicit Tokenizer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace longtake
