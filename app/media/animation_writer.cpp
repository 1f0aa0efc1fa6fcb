#include "app/media/animation_writer.h"

#include <cstring>
#include <optional>

#include "app/files/atomic_file.h"
#include "app/files/file_error.h"
#include "app/media/ffmpeg_handles.h"
#include "app/media/output_file.h"
#include "app/media/palette.h"
#include "app/media/picture_converter.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace longtake {
namespace {

// A palette is kept until the picture is further from it than this: fewer palettes, less flicker.
constexpr double kScenePaletteDistance = 9.0;

Result<CodecContextPtr> openEncoder(const AnimationOptions& options, PictureSize size) {
    const bool gif = options.kind == AnimationKind::Gif;
    const char* name = gif ? "gif" : "libwebp_anim";
    const AVCodec* codec = avcodec_find_encoder_by_name(name);
    if (codec == nullptr) {
        return Error{std::string("cannot make ") + (gif ? "a GIF" : "a WebP animation") + ": this system's FFmpeg has no " + name +
                     " encoder; export an MP4 instead"};
    }
    CodecContextPtr encoder(avcodec_alloc_context3(codec));
    encoder->width = size.width;
    encoder->height = size.height;
    encoder->pix_fmt = gif ? AV_PIX_FMT_PAL8 : AV_PIX_FMT_RGB32;
    encoder->time_base = gif ? AVRational{1, 100} : AVRational{1, 1000};
    encoder->thread_count = 1;
    if (!gif) {
        av_opt_set_double(encoder->priv_data, "quality", options.quality, 0);
        encoder->compression_level = 2;
    }
    if (const int code = avcodec_open2(encoder.get(), codec, nullptr); code < 0) {
        return Error{std::string("cannot make an animation of ") + std::to_string(size.width) + "x" + std::to_string(size.height) + ": " +
                     ffmpegError(code) + "; choose another size"};
    }
    return encoder;
}

AvFramePtr makePalettedFrame(PictureSize size) {
    AvFramePtr frame(av_frame_alloc());
    frame->width = size.width;
    frame->height = size.height;
    frame->format = AV_PIX_FMT_PAL8;
    if (av_frame_get_buffer(frame.get(), 0) < 0) return nullptr;
    return frame;
}

}  // namespace

struct AnimationWriter::State {
    std::string path;
    std::string temporary;
    AnimationOptions options;
    std::unique_ptr<OutputFile> file;  // outlives the muxer, which writes into it
    OutputContextPtr muxer;
    CodecContextPtr encoder;
    PictureConverter converter;
    std::optional<Palette> palette;
    AvFramePtr paletted;
    AvPacketPtr packet{av_packet_alloc()};
    int64_t frames = 0;
    bool headerWritten = false;
    bool done = false;

    void drop();  // ends without a file
    Error fail(int code);
    Result<void> start();
    bool applyPalette(const AVFrame& picture);
    Result<void> encode(AVFrame* frame);  // nullptr: drain
};

void AnimationWriter::State::drop() {
    done = true;
    // The GIF muxer holds a packet back and frees it nowhere but at the end of the file.
    if (muxer != nullptr && headerWritten) av_write_trailer(muxer.get());
    muxer.reset();
    file->remove();
}

Error AnimationWriter::State::fail(int code) {
    const int failure = file->failure();
    drop();
    if (failure != 0) return fileError("write", path, failure);
    return Error{"cannot write " + printable(path) + ": " + ffmpegError(code) + "; choose another size"};
}

Result<void> AnimationWriter::State::start() {
    const char* container = options.kind == AnimationKind::Gif ? "gif" : "webp";
    AVFormatContext* raw = nullptr;
    int code = avformat_alloc_output_context2(&raw, nullptr, container, nullptr);
    if (code < 0) return fail(code);
    muxer.reset(raw);
    muxer->pb = file->io();
    muxer->flags |= AVFMT_FLAG_CUSTOM_IO;
    AVStream* stream = avformat_new_stream(muxer.get(), nullptr);
    avcodec_parameters_from_context(stream->codecpar, encoder.get());
    stream->time_base = encoder->time_base;
    AVDictionary* settings = nullptr;
    av_dict_set(&settings, "loop", "0", 0);  // for ever
    code = avformat_write_header(muxer.get(), &settings);
    av_dict_free(&settings);
    headerWritten = code >= 0;
    if (code < 0 || file->failure() != 0) return fail(code);
    return {};
}

// picture: RGB24. Fills `paletted`, with a new palette when the scene has moved away from the last one.
bool AnimationWriter::State::applyPalette(const AVFrame& picture) {
    // The encoder keeps the last frame to write only what changed.
    paletted = makePalettedFrame({picture.width, picture.height});
    if (paletted == nullptr) return false;
    const FrameView view{.data = picture.data[0],
                         .width = picture.width,
                         .height = picture.height,
                         .stride = picture.linesize[0],
                         .format = PixelFormat::Rgb24};
    const bool suits = palette && palette->map(view, paletted->data[0], paletted->linesize[0]) < kScenePaletteDistance;
    if (!suits) {
        palette = Palette::of(view);
        palette->map(view, paletted->data[0], paletted->linesize[0]);
    }
    std::array<uint32_t, 256> entries{};  // 0xAARRGGBB; the last stays transparent
    for (size_t i = 0; i < Palette::kColours; ++i) {
        const Palette::Colour& c = palette->colours()[i];
        entries[i] = 0xff000000u | static_cast<uint32_t>(c.red) << 16 | static_cast<uint32_t>(c.green) << 8 | c.blue;
    }
    std::memcpy(paletted->data[1], entries.data(), sizeof(entries));
    return true;
}

Result<void> AnimationWriter::State::encode(AVFrame* frame) {
    int code = avcodec_send_frame(encoder.get(), frame);
    if (code < 0) return fail(code);
    while ((code = avcodec_receive_packet(encoder.get(), packet.get())) >= 0) {
        packet->stream_index = 0;
        av_packet_rescale_ts(packet.get(), encoder->time_base, muxer->streams[0]->time_base);
        code = av_interleaved_write_frame(muxer.get(), packet.get());
        if (code < 0 || file->failure() != 0) return fail(code);
    }
    if (code != AVERROR(EAGAIN) && code != AVERROR_EOF) return fail(code);
    return {};
}

Result<std::unique_ptr<AnimationWriter>> AnimationWriter::create(const std::string& path, PictureSize frames,
                                                                 const AnimationOptions& options) {
    quietFfmpeg();
    const PictureSize size = options.size == PictureSize{} ? frames : options.size;
    const AVPixelFormat format = options.kind == AnimationKind::Gif ? AV_PIX_FMT_RGB24 : AV_PIX_FMT_RGB32;
    Result<CodecContextPtr> encoder = openEncoder(options, size);
    if (!encoder) return encoder.error();
    Result<PictureConverter> converter = PictureConverter::create(frames, size, format);
    if (!converter) return converter.error();
    if (const Result<void> place = checkPlace(path); !place) return place.error();
    const std::string temporary = temporaryNameFor(path);
    Result<std::unique_ptr<OutputFile>> file = OutputFile::create(temporary, path);
    if (!file) return file.error();
    auto state = std::make_unique<State>(State{.path = path,
                                               .temporary = temporary,
                                               .options = options,
                                               .file = std::move(*file),
                                               .muxer = nullptr,
                                               .encoder = std::move(*encoder),
                                               .converter = std::move(*converter),
                                               .palette = std::nullopt,
                                               .paletted = nullptr});
    if (const Result<void> started = state->start(); !started) return started.error();
    return std::unique_ptr<AnimationWriter>(new AnimationWriter(std::move(state)));
}

AnimationWriter::AnimationWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
AnimationWriter::~AnimationWriter() { cancel(); }

Result<void> AnimationWriter::write(const FrameView& frame) {
    State& state = *state_;
    assert(!state.done);
    Result<AVFrame*> converted = state.converter.convert(frame);
    if (!converted) return converted.error();
    AVFrame* picture = *converted;
    if (state.options.kind == AnimationKind::Gif) {
        if (!state.applyPalette(*picture)) return state.fail(AVERROR(ENOMEM));
        picture = state.paletted.get();
    }
    const FrameRate& rate = state.options.frameRate;
    picture->pts = av_rescale_q(state.frames, AVRational{rate.den, rate.num}, state.encoder->time_base);
    const Result<void> encoded = state.encode(picture);
    if (encoded) ++state.frames;
    return encoded;
}

Result<void> AnimationWriter::finish() {
    State& state = *state_;
    assert(!state.done);
    if (state.frames == 0) {
        cancel();
        return Error{"cannot write " + printable(state.path) + ": no picture was made; nothing is written"};
    }
    if (const Result<void> drained = state.encode(nullptr); !drained) return drained;
    state.headerWritten = false;  // the trailer is written once, even when that fails
    if (const int code = av_write_trailer(state.muxer.get()); code < 0) return state.fail(code);
    state.muxer.reset();
    if (!state.file->close()) return state.fail(0);
    state.done = true;
    return renameOver(state.temporary, state.path);
}

void AnimationWriter::cancel() {
    State& state = *state_;
    if (state.done) return;
    state.drop();
}

const std::string& AnimationWriter::path() const { return state_->path; }

}  // namespace longtake
