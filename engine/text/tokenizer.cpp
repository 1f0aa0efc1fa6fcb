#include "engine/text/tokenizer.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <span>

#include "engine/checkpoint/mapped_file.h"
#include "engine/text/sentencepiece_check.h"
#include "engine/text/unicode.h"

namespace longtake {

namespace {

constexpr int64_t kExtraIds = 300;  // <extra_id_k> is id pieces + 299 - k, where the encoder has rows for them
constexpr std::string_view kExtraPrefix = "<extra_id_";
// Appended to a serialised model it overrides one setting: normalizer_spec { add_dummy_prefix: false }.
constexpr std::string_view kNoDummyPrefix("\x1a\x02\x18\x00", 4);

struct SpecialToken {
    std::string text;
    int32_t id = 0;
};

// Exceptions are how the library's trie refuses its keys.
Result<std::unique_ptr<sentencepiece::SentencePieceProcessor>> load(const std::string& model) try {
    auto processor = std::make_unique<sentencepiece::SentencePieceProcessor>();
    const auto status = processor->LoadFromSerializedProto(model);
    if (status.ok()) return processor;
    std::string why = status.error_message();
    std::replace(why.begin(), why.end(), '\n', ' ');
    return Error{"SentencePiece refuses it (" + why + "); copy or download it again"};
} catch (const std::exception& error) {
    return Error{std::string("SentencePiece refuses it (") + error.what() + "); copy or download it again"};
}

}  // namespace

class Tokenizer::Impl {
public:
    static Result<std::unique_ptr<Impl>> create(std::string model, const TokenizerLimits& limits);

    Result<TokenIds> encode(std::string_view text);
    int64_t pieces() const { return processor_->GetPieceSize(); }
    const TokenizerLimits& limits() const { return limits_; }

private:
    struct Found {
        size_t at = 0, length = 0;
        int32_t id = 0;
    };
    enum class Start { OfText, AfterSpecial };

    std::optional<Found> firstSpecial(std::string_view text) const;
    std::optional<Found> extraAt(std::string_view text, size_t at) const;
    Result<void> appendPieces(std::string_view text, Start start, std::vector<int32_t>& ids);

    std::string model_;
    TokenizerLimits limits_;
    std::unique_ptr<sentencepiece::SentencePieceProcessor> processor_;
    // For text right behind a special token, where no word begins; made when first needed.
    std::unique_ptr<sentencepiece::SentencePieceProcessor> withoutPrefix_;
    std::vector<SpecialToken> specials_;
    int32_t end_ = 0;
};

Result<std::unique_ptr<Tokenizer::Impl>> Tokenizer::Impl::create(std::string model, const TokenizerLimits& limits) {
    auto impl = std::make_unique<Impl>();
    auto processor = load(model);
    if (!processor) return processor.error();
    impl->processor_ = std::move(*processor);
    impl->model_ = std::move(model);
    impl->limits_ = limits;
    const int pieces = impl->processor_->GetPieceSize();
    if (pieces > limits.vocabulary)
        return Error{"it has " + std::to_string(pieces) + " pieces and the text encoder has " + std::to_string(limits.vocabulary) +
                     " rows; take the spiece.model that came with the encoder"};
    impl->end_ = impl->processor_->eos_id();
    if (impl->end_ < 0) return Error{"it has no </s> piece; take the spiece.model that came with the encoder"};
    for (int id = 0; id < pieces; ++id) {
        if (impl->processor_->IsControl(id) || impl->processor_->IsUnknown(id))
            impl->specials_.push_back({impl->processor_->IdToPiece(id), id});
    }
    return impl;
}

std::optional<Tokenizer::Impl::Found> Tokenizer::Impl::extraAt(std::string_view text, size_t at) const {
    const std::string_view rest = text.substr(at);
    if (pieces() + kExtraIds > limits_.vocabulary || !rest.starts_with(kExtraPrefix)) return std::nullopt;
    size_t end = kExtraPrefix.size();
    int64_t number = 0;
    for (; end < rest.size() && rest[end] >= '0' && rest[end] <= '9' && number < kExtraIds; ++end) number = number * 10 + (rest[end] - '0');
    const size_t digits = end - kExtraPrefix.size();
    const bool leadingZero = digits > 1 && rest[kExtraPrefix.size()] == '0';
    if (digits == 0 || leadingZero || number >= kExtraIds || end == rest.size() || rest[end] != '>') return std::nullopt;
    return Found{at, end + 1, static_cast<int32_t>(pieces() + kExtraIds - 1 - number)};
}

std::optional<Tokenizer::Impl::Found> Tokenizer::Impl::firstSpecial(std::string_view text) const {
    for (size_t at = 0; at < text.size(); ++at) {
        std::optional<Found> best = extraAt(text, at);
        for (const SpecialToken& special : specials_) {
            if (text.substr(at).starts_with(special.text) && (!best || special.text.size() > best->length))
                best = Found{at, special.text.size(), special.id};
        }
        if (best) return best;
    }
    return std::nullopt;
}

Result<void> Tokenizer::Impl::appendPieces(std::string_view text, Start start, std::vector<int32_t>& ids) {
    if (text.empty()) return {};
    sentencepiece::SentencePieceProcessor* processor = processor_.get();
    if (start == Start::AfterSpecial && !isWhitespace(static_cast<unsigned char>(text.front()))) {
        if (!withoutPrefix_) {
            auto second = load(model_ + std::string(kNoDummyPrefix));
            if (!second) return second.error();
            withoutPrefix_ = std::move(*second);
        }
        processor = withoutPrefix_.get();
    }
    std::vector<int> found;
    const auto status = processor->Encode({text.data(), text.size()}, &found);
    if (!status.ok()) return Error{std::string("prompt: SentencePiece cannot split it (") + status.error_message() + ")"};
    ids.insert(ids.end(), found.begin(), found.end());
    return {};
}

Result<TokenIds> Tokenizer::Impl::encode(std::string_view text) {
    if (const Result<std::u32string> checked = decodeUtf8(text); !checked) return Error{"prompt: " + checked.message()};
    TokenIds out;
    Start start = Start::OfText;
    while (!text.empty()) {
        const std::optional<Found> special = firstSpecial(text);
        if (Result<void> done = appendPieces(text.substr(0, special ? special->at : text.size()), start, out.ids); !done)
            return done.error();
        if (!special) break;
        out.ids.push_back(special->id);
        text.remove_prefix(special->at + special->length);
        start = Start::AfterSpecial;
    }
    const auto room = static_cast<size_t>(limits_.textLen - 1);
    if (out.ids.size() > room) {
        out.dropped = static_cast<int64_t>(out.ids.size() - room);
        out.ids.resize(room);
    }
    out.ids.push_back(end_);
    return out;
}

Result<Tokenizer> Tokenizer::fromFile(const std::filesystem::path& file, const TokenizerLimits& limits) {
    const Result<MappedFilePtr> mapped = MappedFile::open(file);
    if (!mapped) return mapped.error();
    const std::span<const std::byte> bytes = (*mapped)->bytes();
    return fromBytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file.string(), limits);
}

Result<Tokenizer> Tokenizer::fromBytes(std::string_view bytes, const std::string& origin, const TokenizerLimits& limits) {
    if (limits.textLen < 1 || limits.vocabulary < 1) return Error{origin + ": text length and vocabulary of the model must be positive"};
    Result<std::string> model = checkedSentencePieceModel(bytes);
    if (!model) return Error{origin + ": " + model.message()};
    auto impl = Impl::create(std::move(*model), limits);
    if (!impl) return Error{origin + ": " + impl.message()};
    return Tokenizer(std::move(*impl));
}

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<TokenIds> Tokenizer::encode(std::string_view text) const { return impl_->encode(text); }
int64_t Tokenizer::pieces() const { return impl_->pieces(); }
const TokenizerLimits& Tokenizer::limits() const { return impl_->limits(); }

}  // namespace longtake
