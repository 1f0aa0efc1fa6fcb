#include "app/media/video_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "app/files/atomic_file.h"
#include "app/files/file_error.h"
#include "app/media/encoders.h"
#include "app/media/ffmpeg_handles.h"
#include "app/media/output_file.h"
#include "app/media/picture_converter.h"
#include "app/media/remux.h"

namespace longtake {
namespace {

Result<void> checkOptions(const VideoOptions& options, PictureSize size) {
    const std::string sides = std::to_string(size.width) + "x" + std::to_string(size.height);
    constexpr int kSmallest = 16;
    constexpr int kLargest = 8192;
    if (std::min(size.width, size.height) < kSmallest || std::max(size.width, size.height) > kLargest) {
        return Error{"cannot make a video of " + sides + ": a side has from 16 to 8192 pixels; choose another size"};
    }
    if (size.width % 2 != 0 || size.height % 2 != 0) {
        return Error{"cannot make a video of " + sides + ": both sides must be even; choose " +
                     std::to_string(size.width + size.width % 2) + "x" + std::to_string(size.height + size.height % 2)};
    }
    if (options.frameRate.num <= 0 || options.frameRate.den <= 0) {
        return Error{"cannot make a video of " + std::to_string(options.frameRate.num) + "/" + std::to_string(options.frameRate.den) +
                     " frames per second; choose from 1 to 240"};
    }
    if (options.quality < 0 || options.quality > 100) {
        return Error{"unknown quality " + std::to_string(options.quality) + "; give a number from 0 to 100"};
    }
    if (options.projectJson.size() > kMaxProjectBytes) {
        return Error{"cannot embed the project: it has more than 16 MiB; export without the event log"};
    }
    return {};
}

// "mp4" or "mov".
Result<const char*> containerFor(const std::string& path, VideoCodec codec) {
    const bool mp4 = path.ends_with(".mp4");
    const bool mov = path.ends_with(".mov");
    if (codec == VideoCodec::Prores && !mov) {
        return Error{"cannot write ProRes into " + printable(path) + ": give a name that ends in .mov"};
    }
    if (codec == VideoCodec::Av1 && mov) {
        return Error{"cannot write AV1 into " + printable(path) + ": give a name that ends in .mp4"};
    }
    if (!mp4 && !mov) {
        return Error{"cannot write a video into " + printable(path) + ": give a name that ends in .mp4 or .mov"};
    }
    return mov ? "mov" : "mp4";
}

// The first free "<stem>.part.mp4", "<stem>-2.part.mp4", ...: an old one may be all that a crash left of a take.
Result<std::unique_ptr<OutputFile>> createPart(const std::string& path) {
    std::error_code ignored;
    if (const Result<void> place = checkPlace(path); !place) return place.error();
    const std::string stem = path.substr(0, path.size() - 4);
    const std::string extension = path.substr(path.size() - 4);
    for (int n = 1; n < 1000; ++n) {
        std::string part = stem;
        if (n > 1) part += "-" + std::to_string(n);
        part += ".part" + extension;
        if (std::filesystem::exists(part, ignored)) continue;
        return OutputFile::create(part, path);
    }
    return Error{"cannot write " + printable(path) + ": there are 999 unfinished files of that name; remove them"};
}

}  // namespace

struct VideoWriter::State {
    std::string path;
    std::string partPath;
    std::string encoderName;
    std::string project;
    const char* container = "mp4";
    std::unique_ptr<OutputFile> file;  // outlives the muxer, which writes into it
    OutputContextPtr muxer;
    EncoderPtr encoder;
    PictureConverter converter;
    AvPacketPtr packet{av_packet_alloc()};
    int64_t frames = 0;
    bool failed = false;
    bool done = false;

    // Says why and makes the writer unusable.
    Error fail(int code);
    Result<void> start();
    Result<void> encode(AVFrame* frame);  // nullptr: drain
    Result<void> closePart();
};

Error VideoWriter::State::fail(int code) {
    failed = true;
    // Before that, no fragment is complete and a part file would be of no use to anybody.
    constexpr int64_t kWorthKeeping = 32;
    std::string keeps;
    if (frames >= kWorthKeeping) {
        keeps = "; what was recorded so far is kept in " + printable(partPath);
    } else {
        muxer.reset();
        file->remove();
    }
    if (file->failure() != 0) return Error{fileError("write", path, file->failure()).message + keeps};
    return Error{"cannot write " + printable(path) + ": " + ffmpegError(code) + "; choose another codec or size" + keeps};
}

Result<void> VideoWriter::State::start() {
    AVFormatContext* raw = nullptr;
    int code = avformat_alloc_output_context2(&raw, nullptr, container, nullptr);
    if (code < 0) return fail(code);
    muxer.reset(raw);
    muxer->pb = file->io();
    muxer->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_FLUSH_PACKETS;
    AVStream* stream = avformat_new_stream(muxer.get(), nullptr);
    avcodec_parameters_from_context(stream->codecpar, encoder.get());
    if (encoder->codec_id == AV_CODEC_ID_HEVC) stream->codecpar->codec_tag = MKTAG('h', 'v', 'c', '1');
    stream->time_base = encoder->time_base;
    stream->avg_frame_rate = encoder->framerate;
    if (!project.empty()) av_dict_set(&muxer->metadata, kProjectKey, project.c_str(), 0);
    AVDictionary* options = nullptr;
    av_dict_set(&options, "movflags", "frag_keyframe+empty_moov+default_base_moof+use_metadata_tags", 0);
    code = avformat_write_header(muxer.get(), &options);
    av_dict_free(&options);
    if (code < 0 || file->failure() != 0) return fail(code);
    return {};
}

Result<void> VideoWriter::State::encode(AVFrame* frame) {
    int code = avcodec_send_frame(encoder.get(), frame);
    if (code < 0) return fail(code);
    const AVStream* stream = muxer->streams[0];
    while ((code = avcodec_receive_packet(encoder.get(), packet.get())) >= 0) {
        packet->duration = 1;
        packet->stream_index = 0;
        av_packet_rescale_ts(packet.get(), encoder->time_base, stream->time_base);
        code = av_interleaved_write_frame(muxer.get(), packet.get());
        if (code < 0 || file->failure() != 0) return fail(code);
    }
    if (code != AVERROR(EAGAIN) && code != AVERROR_EOF) return fail(code);
    return {};
}

Result<void> VideoWriter::State::closePart() {
    if (const Result<void> drained = encode(nullptr); !drained) return drained;
    if (const int code = av_write_trailer(muxer.get()); code < 0) return fail(code);
    muxer.reset();
    if (!file->close()) return fail(0);
    return {};
}

Result<std::unique_ptr<VideoWriter>> VideoWriter::create(const std::string& path, PictureSize frames, const VideoOptions& options) {
    quietFfmpeg();
    const PictureSize size = options.size == PictureSize{} ? frames : options.size;
    if (const Result<void> valid = checkOptions(options, size); !valid) return valid.error();
    Result<const char*> container = containerFor(path, options.codec);
    if (!container) return container.error();
    Result<EncoderPtr> encoder = openVideoEncoder(options, size);
    if (!encoder) return encoder.error();
    Result<PictureConverter> converter = PictureConverter::create(frames, size, (*encoder)->pix_fmt);
    if (!converter) return converter.error();
    Result<std::unique_ptr<OutputFile>> file = createPart(path);
    if (!file) return file.error();

    auto state = std::make_unique<State>(State{.path = path,
                                               .partPath = (*file)->path(),
                                               .encoderName = (*encoder)->codec->name,
                                               .project = options.projectJson,
                                               .container = *container,
                                               .file = std::move(*file),
                                               .muxer = nullptr,
                                               .encoder = std::move(*encoder),
                                               .converter = std::move(*converter)});
    if (const Result<void> started = state->start(); !started) return started.error();
    return std::unique_ptr<VideoWriter>(new VideoWriter(std::move(state)));
}

VideoWriter::VideoWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
VideoWriter::~VideoWriter() = default;

Result<void> VideoWriter::write(const FrameView& frame) {
    State& state = *state_;
    assert(!state.done && !state.failed);
    Result<AVFrame*> converted = state.converter.convert(frame);
    if (!converted) return converted.error();
    (*converted)->pts = state.frames;
    const Result<void> encoded = state.encode(*converted);
    if (encoded) ++state.frames;
    return encoded;
}

Result<void> VideoWriter::finish() {
    State& state = *state_;
    assert(!state.done && !state.failed);
    if (state.frames == 0) {
        cancel();
        return Error{"cannot write " + printable(state.path) + ": no picture was made; nothing is written"};
    }
    state.done = true;
    if (Result<void> closed = state.closePart(); !closed) return closed;
    const std::string temporary = temporaryNameFor(state.path);
    const Result<RemuxedVideo> video = remuxWithIndexInFront(
        state.partPath, {.path = temporary, .displayName = state.path, .container = state.container, .project = state.project});
    const std::string keeps = "; the take is kept in " + printable(state.partPath);
    if (!video) return Error{video.message() + keeps};
    if (const Result<void> renamed = renameOver(temporary, state.path); !renamed) {
        return Error{renamed.message() + keeps};
    }
    ::unlink(state.partPath.c_str());
    return {};
}

void VideoWriter::cancel() {
    State& state = *state_;
    if (state.done) return;
    state.done = true;
    state.muxer.reset();
    state.file->remove();
}

Result<void> VideoWriter::setProject(std::string json) {
    if (json.size() > kMaxProjectBytes) {
        return Error{"cannot embed the project: it has more than 16 MiB; export without the event log"};
    }
    state_->project = std::move(json);
    return {};
}

const std::string& VideoWriter::path() const { return state_->path; }
const std::string& VideoWriter::partPath() const { return state_->partPath; }
const std::string& VideoWriter::encoderName() const { return state_->encoderName; }
bool VideoWriter::takesNv12() const { return state_->encoder->pix_fmt == AV_PIX_FMT_NV12 && !state_->converter.scales(); }
int64_t VideoWriter::framesWritten() const { return state_->frames; }

}  // namespace longtake
