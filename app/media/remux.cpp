#include "app/media/remux.h"

#include <algorithm>

#include "app/files/atomic_file.h"
#include "app/files/file_error.h"
#include "app/media/output_file.h"

namespace longtake {
namespace {

int videoStreamOf(AVFormatContext* input) { return av_find_best_stream(input, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0); }

struct Copy {
    AVFormatContext* input;
    AVFormatContext* output;
    int stream;
    RemuxedVideo result;
};

// The reason as the file system gave it where there is one, else FFmpeg's.
Error writeError(const OutputFile& file, int code) {
    if (file.failure() != 0) return fileError("write", file.displayName(), file.failure());
    return Error{"cannot write " + printable(file.displayName()) + ": " + ffmpegError(code) + "; try again or choose another codec"};
}

// 0 or the code of the failing write. A truncated input simply ends.
int copyPackets(Copy& copy) {
    const AVStream* from = copy.input->streams[copy.stream];
    const AVStream* to = copy.output->streams[0];
    const AvPacketPtr packet(av_packet_alloc());
    int64_t first = AV_NOPTS_VALUE;
    int64_t end = 0, duration = 0, before = AV_NOPTS_VALUE;
    while (av_read_frame(copy.input, packet.get()) >= 0) {
        const bool usable =
            packet->stream_index == copy.stream && (packet->flags & AV_PKT_FLAG_CORRUPT) == 0 && packet->pts != AV_NOPTS_VALUE;
        if (!usable) {
            av_packet_unref(packet.get());
            continue;
        }
        // The fragments start late by the encoder's reordering delay; the video starts at zero.
        if (first == AV_NOPTS_VALUE) first = packet->pts;
        packet->pts -= first;
        if (packet->dts != AV_NOPTS_VALUE) packet->dts -= first;
        av_packet_rescale_ts(packet.get(), from->time_base, to->time_base);
        packet->pos = -1;
        packet->stream_index = 0;
        // Not every codec's packets say how long they last; then it is as long as from the one before.
        if (packet->duration > 0) duration = packet->duration;
        else if (before != AV_NOPTS_VALUE && packet->dts > before) duration = packet->dts - before;
        before = packet->dts;
        end = std::max(end, packet->pts + duration);
        if (const int code = av_interleaved_write_frame(copy.output, packet.get()); code < 0) return code;
        ++copy.result.frames;
    }
    copy.result.seconds = static_cast<double>(end) * av_q2d(to->time_base);
    return 0;
}

Result<OutputContextPtr> makeOutput(const char* container, OutputFile& file) {
    AVFormatContext* raw = nullptr;
    // Moving the index to the front makes the muxer read the file back: for that it needs the name.
    const std::string url = "file:" + file.path();
    if (const int code = avformat_alloc_output_context2(&raw, nullptr, container, url.c_str()); code < 0) {
        return writeError(file, code);
    }
    OutputContextPtr output(raw);
    output->pb = file.io();
    output->flags |= AVFMT_FLAG_CUSTOM_IO;
    return output;
}

Result<RemuxedVideo> copyInto(OutputFile& file, AVFormatContext* input, const RemuxTarget& target) {
    Result<OutputContextPtr> output = makeOutput(target.container, file);
    if (!output) return output.error();
    const int index = videoStreamOf(input);
    if (index < 0) {
        return Error{"cannot read the pictures of " + printable(target.displayName) + ": there is no video in it"};
    }
    AVStream* stream = avformat_new_stream(output->get(), nullptr);
    avcodec_parameters_copy(stream->codecpar, input->streams[index]->codecpar);
    stream->time_base = input->streams[index]->time_base;
    stream->avg_frame_rate = input->streams[index]->avg_frame_rate;

    Copy copy{input, output->get(), index, {}};
    const AVDictionaryEntry* embedded = av_dict_get(input->metadata, kProjectKey, nullptr, 0);
    copy.result.projectJson = target.project.value_or(embedded != nullptr ? embedded->value : "");
    if (!copy.result.projectJson.empty()) {
        av_dict_set(&copy.output->metadata, kProjectKey, copy.result.projectJson.c_str(), 0);
    }
    AVDictionary* options = nullptr;
    av_dict_set(&options, "movflags", "faststart+use_metadata_tags", 0);
    int code = avformat_write_header(copy.output, &options);
    av_dict_free(&options);
    if (code >= 0) code = copyPackets(copy);
    if (code >= 0) code = av_write_trailer(copy.output);
    if (code < 0 || file.failure() != 0) return writeError(file, code);
    return copy.result;
}

}  // namespace

Result<InputContextPtr> openVideoFile(const std::string& path) {
    quietFfmpeg();
    // The system's own words for a missing or forbidden file; FFmpeg's for one that is no video.
    if (const Result<void> file = checkIsFile(path); !file) return file.error();
    AVDictionary* options = nullptr;
    av_dict_set(&options, "format_whitelist", "mov,mp4,m4a,3gp,3g2,mj2", 0);
    av_dict_set(&options, "protocol_whitelist", "file", 0);
    AVFormatContext* raw = nullptr;
    const int code = avformat_open_input(&raw, ("file:" + path).c_str(), nullptr, &options);
    av_dict_free(&options);
    if (code < 0) {
        return Error{"cannot read " + printable(path) + ": it is not an MP4 or MOV video (" + ffmpegError(code) + "); check the file"};
    }
    return InputContextPtr(raw);
}

Result<RemuxedVideo> remuxWithIndexInFront(const std::string& from, const RemuxTarget& target) {
    Result<InputContextPtr> input = openVideoFile(from);
    if (!input) return input.error();
    Result<std::unique_ptr<OutputFile>> file = OutputFile::create(target.path, target.displayName);
    if (!file) return file.error();
    Result<RemuxedVideo> video = copyInto(**file, input->get(), target);
    if (video) {
        if (const Result<void> closed = (*file)->close(); !closed) video = closed.error();
    }
    if (!video) (*file)->remove();
    return video;
}

}  // namespace longtake
