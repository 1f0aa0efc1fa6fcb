// VideoWriter, recovery and the embedded project: files are opened again with FFmpeg's own readers.
#include "app/media/video_writer.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

#include <QDir>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include "app/media/encoders.h"
#include "app/media/ffmpeg_handles.h"
#include "app/media/picture_converter.h"
#include "app/media/video_file.h"
#include "kernels/backend.h"
#include "tests/small_disk.h"

using namespace longtake;

namespace {

constexpr PictureSize kSize{96, 64};

// A gradient with a bar that moves one pixel a frame; noisy: pixels that do not compress.
OwnedFrame makeFrame(PictureSize size, int number, PixelFormat format = PixelFormat::Rgb24, bool noisy = false) {
    OwnedFrame frame(size, format);
    const int step = bytesPerPixel(format);
    uint32_t random = 12345u + static_cast<uint32_t>(number);
    for (int y = 0; y < size.height; ++y) {
        for (int x = 0; x < size.width; ++x) {
            uint8_t* pixel = frame.row(y) + x * step;
            random = random * 1664525u + 1013904223u;
            const bool bar = (x + number) % 32 < 4;
            pixel[0] = noisy ? static_cast<uint8_t>(random >> 24) : static_cast<uint8_t>(bar ? 250 : x * 2);
            pixel[1] = noisy ? static_cast<uint8_t>(random >> 16) : static_cast<uint8_t>(y * 3);
            pixel[2] = noisy ? static_cast<uint8_t>(random >> 8) : static_cast<uint8_t>(bar ? 20 : 128);
            if (step == 4) pixel[3] = 255;
        }
    }
    return frame;
}

OwnedFrame plainFrame(PictureSize size, uint8_t red, uint8_t green, uint8_t blue) {
    OwnedFrame frame(size, PixelFormat::Rgb24);
    for (int y = 0; y < size.height; ++y) {
        for (int x = 0; x < size.width; ++x) {
            frame.row(y)[x * 3] = red;
            frame.row(y)[x * 3 + 1] = green;
            frame.row(y)[x * 3 + 2] = blue;
        }
    }
    return frame;
}

OwnedFrame smoothFrame(PictureSize size) {
    OwnedFrame frame(size, PixelFormat::Rgb24);
    for (int y = 0; y < size.height; ++y)
        for (int x = 0; x < size.width; ++x) {
            frame.row(y)[x * 3] = static_cast<uint8_t>(255 * x / (size.width - 1));
            frame.row(y)[x * 3 + 1] = static_cast<uint8_t>(255 * y / (size.height - 1));
            frame.row(y)[x * 3 + 2] = static_cast<uint8_t>(255 - 255 * x / (size.width - 1));
        }
    return frame;
}

OwnedFrame nv12Of(const OwnedFrame& rgb) {
    const FrameView view = rgb.view();
    std::vector<float> values(static_cast<size_t>(view.width * view.height * 3));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(view.data[i]) / 255.0f;
    OwnedFrame frame(view.size(), PixelFormat::Nv12);
    makeCpuBackend({.threads = 1})->nv12({.x = values.data(), .y = frame.row(0), .width = view.width, .height = view.height});
    return frame;
}

VideoOptions optionsFor(VideoCodec codec) {
    VideoOptions options;
    options.codec = codec;
    options.threads = 1;
    return options;
}

// What a player sees.
struct Probe {
    int frames = 0;
    PictureSize size;
    AVCodecID codec = AV_CODEC_ID_NONE;
    AVPixelFormat pixelFormat = AV_PIX_FMT_NONE;
    AVColorSpace matrix = AVCOL_SPC_UNSPECIFIED;
    AVColorPrimaries primaries = AVCOL_PRI_UNSPECIFIED;
    AVColorTransferCharacteristic transfer = AVCOL_TRC_UNSPECIFIED;
    AVColorRange range = AVCOL_RANGE_UNSPECIFIED;
    uint32_t tag = 0;
    double firstSeconds = -1;
    double lastSeconds = -1;
    double frameRate = 0;
    int centre[3] = {0, 0, 0};  // Y, U, V of the first frame
};

Probe probe(const std::string& path) {
    Probe result;
    AVFormatContext* raw = nullptr;
    if (avformat_open_input(&raw, path.c_str(), nullptr, nullptr) < 0) return result;
    const InputContextPtr input(raw);
    avformat_find_stream_info(input.get(), nullptr);
    if (input->nb_streams != 1) return result;
    const AVStream* stream = input->streams[0];
    const AVCodec* codec = avcodec_find_decoder(stream->codecpar->codec_id);
    const CodecContextPtr decoder(avcodec_alloc_context3(codec));
    avcodec_parameters_to_context(decoder.get(), stream->codecpar);
    decoder->pkt_timebase = stream->time_base;
    if (avcodec_open2(decoder.get(), codec, nullptr) < 0) return result;
    result.size = {stream->codecpar->width, stream->codecpar->height};
    result.codec = stream->codecpar->codec_id;
    result.tag = stream->codecpar->codec_tag;
    result.frameRate = av_q2d(stream->avg_frame_rate);
    const AvPacketPtr packet(av_packet_alloc());
    const AvFramePtr frame(av_frame_alloc());
    const auto take = [&] {
        while (avcodec_receive_frame(decoder.get(), frame.get()) >= 0) {
            const double seconds = static_cast<double>(frame->best_effort_timestamp) * av_q2d(stream->time_base);
            if (result.frames++ == 0) {
                result.firstSeconds = seconds;
                result.pixelFormat = static_cast<AVPixelFormat>(frame->format);
                result.matrix = frame->colorspace;
                result.primaries = frame->color_primaries;
                result.transfer = frame->color_trc;
                result.range = frame->color_range;
                if (result.pixelFormat == AV_PIX_FMT_YUV420P) {
                    for (int plane = 0; plane < 3; ++plane) {
                        const int half = plane == 0 ? 2 : 4;
                        result.centre[plane] = frame->data[plane][frame->height / half * frame->linesize[plane] + frame->width / half];
                    }
                }
            }
            result.lastSeconds = seconds;
        }
    };
    while (av_read_frame(input.get(), packet.get()) >= 0) {
        avcodec_send_packet(decoder.get(), packet.get());
        av_packet_unref(packet.get());
        take();
    }
    avcodec_send_packet(decoder.get(), nullptr);
    take();
    return result;
}

QStringList namesIn(const QTemporaryDir& folder) { return QDir(folder.path()).entryList(QDir::Files | QDir::Hidden, QDir::Name); }

// "moov" before "mdat": playable while it still loads.
bool indexIsInFront(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    return bytes.find("moov") < bytes.find("mdat") && bytes.find("moof") == std::string::npos;
}

// The child of the crash tests: writes frames and says how many, until it is killed or a write fails.
int record(const char* path, int frames, bool finishes, VideoCodec codec = VideoCodec::H264) {
    VideoOptions options = optionsFor(codec);
    options.projectJson = R"({"seed":7})";
    options.quality = 100;
    auto writer = VideoWriter::create(path, kSize, options);
    if (!writer) {
        std::printf("error %s\n", writer.message().c_str());
        return 1;
    }
    for (int i = 0; i < frames; ++i) {
        if (const auto written = (*writer)->write(makeFrame(kSize, i, PixelFormat::Rgb24, true).view()); !written) {
            std::printf("error %s\n", written.message().c_str());
            return 1;
        }
        std::printf("frame %d\n", i);
        std::fflush(stdout);
    }
    if (!finishes) {
        while (true) ::pause();
    }
    if (const auto finished = (*writer)->finish(); !finished) {
        std::printf("error %s\n", finished.message().c_str());
        return 1;
    }
    return 0;
}

// As record(), on a disk of the given size. 77: this machine does not let a test make one.
int recordOnSmallDisk(const char* folder, const char* bytes, int frames) {
    if (!mountSmallDisk(folder, bytes)) return 77;
    const std::string path = std::string(folder) + "/take.mp4";
    const int code = record(path.c_str(), frames, true);
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::printf("left %s\n", entry.path().filename().c_str());
    }
    return code;
}

QString outputOf(QProcess& process) { return QString::fromUtf8(process.readAllStandardOutput()); }

}  // namespace

class TestVideoWriter : public QObject {
    Q_OBJECT

private slots:
    // What a backend makes of a picture against what the exporter's own conversion makes of it.
    void nv12OfABackendIsWhatRgbIsConvertedTo() {
        const OwnedFrame rgb = smoothFrame(kSize);
        const OwnedFrame made = nv12Of(rgb);
        auto converter = PictureConverter::create(kSize, kSize, AV_PIX_FMT_NV12);
        QVERIFY(converter.ok());
        const auto want = converter->convert(rgb.view());
        QVERIFY(want.ok());
        for (int y = 0; y < kSize.height * 3 / 2; ++y) {
            const bool isLuma = y < kSize.height;
            const uint8_t* line =
                isLuma ? (*want)->data[0] + y * (*want)->linesize[0] : (*want)->data[1] + (y - kSize.height) * (*want)->linesize[1];
            for (int x = 0; x < kSize.width; ++x) {
                const int difference = std::abs(int(line[x]) - int(made.view().data[y * made.view().stride + x]));
                QVERIFY2(difference <= (isLuma ? 1 : 2), qPrintable(QString("line %1, column %2: %3").arg(y).arg(x).arg(difference)));
            }
        }
    }

    void framesInNv12GiveTheSameVideo() {
        const QTemporaryDir folder;
        int centre[2][3];
        for (const bool nv12 : {false, true}) {
            const std::string path = folder.filePath(nv12 ? "nv12.mp4" : "rgb.mp4").toStdString();
            auto writer = VideoWriter::create(path, kSize, optionsFor(VideoCodec::H264));
            QVERIFY2(writer.ok(), writer.ok() ? "" : writer.message().c_str());
            QCOMPARE((*writer)->takesNv12(), (*writer)->encoderName().ends_with("nvenc"));
            const OwnedFrame plain = plainFrame(kSize, 200, 90, 30);
            for (int i = 0; i < 4; ++i) QVERIFY((*writer)->write((nv12 ? nv12Of(plain) : plain).view()).ok());
            QVERIFY((*writer)->finish().ok());
            const Probe seen = probe(path);
            QCOMPARE(seen.frames, 4);
            std::copy_n(seen.centre, 3, centre[nv12]);
        }
        for (int plane = 0; plane < 3; ++plane)
            QVERIFY2(std::abs(centre[0][plane] - centre[1][plane]) <= 1,
                     qPrintable(QString("plane %1: %2 and %3").arg(plane).arg(centre[0][plane]).arg(centre[1][plane])));
    }

    void writesPlayableVideo_data() {
        QTest::addColumn<int>("codec");
        QTest::addColumn<QString>("name");
        QTest::addColumn<int>("codecId");
        QTest::addColumn<int>("pixelFormat");
        QTest::newRow("h264") << int(VideoCodec::H264) << "a.mp4" << int(AV_CODEC_ID_H264) << int(AV_PIX_FMT_YUV420P);
        QTest::newRow("h264 in mov") << int(VideoCodec::H264) << "a.mov" << int(AV_CODEC_ID_H264) << int(AV_PIX_FMT_YUV420P);
        QTest::newRow("h265") << int(VideoCodec::H265) << "a.mp4" << int(AV_CODEC_ID_HEVC) << int(AV_PIX_FMT_YUV420P);
        QTest::newRow("av1") << int(VideoCodec::Av1) << "a.mp4" << int(AV_CODEC_ID_AV1) << int(AV_PIX_FMT_YUV420P);
        QTest::newRow("prores") << int(VideoCodec::Prores) << "a.mov" << int(AV_CODEC_ID_PRORES) << int(AV_PIX_FMT_YUV422P10LE);
    }

    void writesPlayableVideo() {
        QFETCH(int, codec);
        QFETCH(QString, name);
        QTemporaryDir folder;
        const std::string path = folder.filePath(name).toStdString();
        auto writer = VideoWriter::create(path, kSize, optionsFor(static_cast<VideoCodec>(codec)));
        QVERIFY2(writer.ok(), writer.ok() ? "" : writer.message().c_str());
        constexpr int kFrames = 40;
        for (int i = 0; i < kFrames; ++i) {
            const PixelFormat format = i % 2 == 0 ? PixelFormat::Rgb24 : PixelFormat::Rgba;
            const auto written = (*writer)->write(makeFrame(kSize, i, format).view());
            QVERIFY2(written.ok(), written.ok() ? "" : written.message().c_str());
        }
        QVERIFY(!std::filesystem::exists(path));  // the final name appears only when the file is complete
        const auto finished = (*writer)->finish();
        QVERIFY2(finished.ok(), finished.ok() ? "" : finished.message().c_str());
        QCOMPARE(namesIn(folder), QStringList{name});

        const Probe seen = probe(path);
        QCOMPARE(seen.frames, kFrames);
        QVERIFY(seen.size == kSize);
        QTEST(int(seen.codec), "codecId");
        QTEST(int(seen.pixelFormat), "pixelFormat");
        QCOMPARE(seen.matrix, AVCOL_SPC_BT709);
        QCOMPARE(seen.primaries, AVCOL_PRI_BT709);
        QCOMPARE(seen.transfer, AVCOL_TRC_BT709);
        if (codec != int(VideoCodec::Prores)) QCOMPARE(seen.range, AVCOL_RANGE_MPEG);
        QCOMPARE(seen.firstSeconds, 0.0);
        QVERIFY(std::abs(seen.lastSeconds - (kFrames - 1) / 16.0) < 1e-3);
        QVERIFY(std::abs(seen.frameRate - 16.0) < 1e-6);
        if (seen.codec == AV_CODEC_ID_HEVC) QCOMPARE(seen.tag, uint32_t(MKTAG('h', 'v', 'c', '1')));
        QVERIFY(indexIsInFront(path));
    }

    // By hand from the BT.709 limited-range matrix.
    void coloursAreBt709_data() {
        QTest::addColumn<int>("rgb");
        QTest::addColumn<int>("y");
        QTest::addColumn<int>("u");
        QTest::addColumn<int>("v");
        QTest::newRow("red") << 0xff0000 << 63 << 102 << 240;
        QTest::newRow("green") << 0x00ff00 << 173 << 42 << 26;
        QTest::newRow("blue") << 0x0000ff << 32 << 240 << 118;
        QTest::newRow("white") << 0xffffff << 235 << 128 << 128;
        QTest::newRow("black") << 0x000000 << 16 << 128 << 128;
    }

    void coloursAreBt709() {
        QFETCH(int, rgb);
        QTemporaryDir folder;
        const std::string path = folder.filePath("a.mp4").toStdString();
        VideoOptions options = optionsFor(VideoCodec::H264);
        options.quality = 100;
        auto writer = VideoWriter::create(path, kSize, options);
        QVERIFY(writer.ok());
        const OwnedFrame frame = plainFrame(kSize, uint8_t(rgb >> 16), uint8_t((rgb >> 8) & 255), uint8_t(rgb & 255));
        for (int i = 0; i < 3; ++i) QVERIFY((*writer)->write(frame.view()).ok());
        QVERIFY((*writer)->finish().ok());
        const Probe seen = probe(path);
        QFETCH(int, y);
        QFETCH(int, u);
        QFETCH(int, v);
        QVERIFY2(std::abs(seen.centre[0] - y) <= 2, qPrintable(QString::number(seen.centre[0])));
        QVERIFY2(std::abs(seen.centre[1] - u) <= 2, qPrintable(QString::number(seen.centre[1])));
        QVERIFY2(std::abs(seen.centre[2] - v) <= 2, qPrintable(QString::number(seen.centre[2])));
    }

    void scalesToTheSizeAskedFor() {
        QTemporaryDir folder;
        const std::string path = folder.filePath("a.mp4").toStdString();
        VideoOptions options = optionsFor(VideoCodec::H264);
        options.size = {160, 90};
        options.frameRate = {24000, 1001};
        auto writer = VideoWriter::create(path, kSize, options);
        QVERIFY(writer.ok());
        for (int i = 0; i < 5; ++i) QVERIFY((*writer)->write(makeFrame(kSize, i).view()).ok());
        QVERIFY((*writer)->finish().ok());
        const Probe seen = probe(path);
        QVERIFY((seen.size == PictureSize{160, 90}));
        QCOMPARE(seen.frames, 5);
        QVERIFY(std::abs(seen.frameRate - 24000.0 / 1001.0) < 1e-3);
    }

    void carriesTheProject() {
        QTemporaryDir folder;
        const std::string path = folder.filePath("a.mp4").toStdString();
        VideoOptions options = optionsFor(VideoCodec::H264);
        options.projectJson = R"({"version":1})";
        auto writer = VideoWriter::create(path, kSize, options);
        QVERIFY(writer.ok());
        QVERIFY((*writer)->write(makeFrame(kSize, 0).view()).ok());
        // 3 MB with everything JSON text can hold: quotes, line breaks, four-byte characters.
        std::string big = R"({"prompt":"dawn \"over\" the sea )";
        big += "\xF0\x9F\x8C\x8A\xC3\xA9\",\n \"events\":[";
        while (big.size() < 3'000'000) big += R"({"chunk":1,"what":"the prompt changed"},)";
        big += "0]}";
        QVERIFY((*writer)->setProject(big).ok());
        QVERIFY((*writer)->finish().ok());
        const auto read = readEmbeddedProject(path);
        QVERIFY2(read.ok(), read.ok() ? "" : read.message().c_str());
        QVERIFY(*read == big);
        QCOMPARE(probe(path).frames, 1);
    }

    void tellsFilesWithoutAProject() {
        QTemporaryDir folder;
        const std::string path = folder.filePath("a.mp4").toStdString();
        auto writer = VideoWriter::create(path, kSize, optionsFor(VideoCodec::H264));
        QVERIFY(writer.ok());
        QVERIFY((*writer)->write(makeFrame(kSize, 0).view()).ok());
        QVERIFY((*writer)->finish().ok());
        const auto none = readEmbeddedProject(path);
        QVERIFY(!none.ok());
        QVERIFY(none.message().find("no project in " + path) == 0);

        const std::string text = folder.filePath("notes.mp4").toStdString();
        std::ofstream(text) << "not a video at all";
        const auto notVideo = readEmbeddedProject(text);
        QVERIFY(!notVideo.ok());
        QVERIFY(notVideo.message().find("not an MP4 or MOV") != std::string::npos);
        QVERIFY(!readEmbeddedProject(folder.filePath("missing.mp4").toStdString()).ok());
        QVERIFY(!readEmbeddedProject(folder.path().toStdString()).ok());
    }

    void cancelLeavesNothing() {
        QTemporaryDir folder;
        auto writer = VideoWriter::create(folder.filePath("a.mp4").toStdString(), kSize, optionsFor(VideoCodec::H264));
        QVERIFY(writer.ok());
        for (int i = 0; i < 20; ++i) QVERIFY((*writer)->write(makeFrame(kSize, i).view()).ok());
        QCOMPARE(namesIn(folder), QStringList{"a.part.mp4"});
        (*writer)->cancel();
        QCOMPARE(namesIn(folder), QStringList{});
    }

    // Encoders differ in what they take when they are closed early.
    void cancelEndsWithEveryCodec_data() {
        QTest::addColumn<int>("codec");
        QTest::addColumn<int>("frames");
        for (const VideoCodec codec : {VideoCodec::H264, VideoCodec::H265, VideoCodec::Av1, VideoCodec::Prores}) {
            for (const int frames : {0, 1, 20}) {
                const std::string row = std::string(nameOf(codec)) + " " + std::to_string(frames);
                QTest::newRow(row.c_str()) << int(codec) << frames;
            }
        }
    }

    void cancelEndsWithEveryCodec() {
        QFETCH(int, codec);
        QFETCH(int, frames);
        QTemporaryDir folder;
        const char* name = codec == int(VideoCodec::Prores) ? "a.mov" : "a.mp4";
        const std::string path = folder.filePath(name).toStdString();
        auto writer = VideoWriter::create(path, kSize, optionsFor(static_cast<VideoCodec>(codec)));
        QVERIFY2(writer.ok(), writer.ok() ? "" : writer.message().c_str());
        for (int i = 0; i < frames; ++i) QVERIFY((*writer)->write(makeFrame(kSize, i).view()).ok());
        (*writer)->cancel();
        writer->reset();
        QCOMPARE(namesIn(folder), QStringList{});
    }

    void noPictureIsAnError() {
        QTemporaryDir folder;
        auto writer = VideoWriter::create(folder.filePath("a.mp4").toStdString(), kSize, optionsFor(VideoCodec::H264));
        QVERIFY(writer.ok());
        QVERIFY(!(*writer)->finish().ok());
        QCOMPARE(namesIn(folder), QStringList{});
    }

    void replacesAnOlderVideoOnlyWhenComplete() {
        QTemporaryDir folder;
        const std::string path = folder.filePath("a.mp4").toStdString();
        std::ofstream(path) << "old";
        auto writer = VideoWriter::create(path, kSize, optionsFor(VideoCodec::H264));
        QVERIFY(writer.ok());
        QVERIFY((*writer)->write(makeFrame(kSize, 0).view()).ok());
        QCOMPARE(QFileInfo(QString::fromStdString(path)).size(), 3);
        QVERIFY((*writer)->finish().ok());
        QCOMPARE(probe(path).frames, 1);
    }

    void refusals_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<int>("width");
        QTest::addColumn<int>("height");
        QTest::addColumn<int>("codec");
        QTest::addColumn<QString>("encoder");
        QTest::addColumn<QString>("says");
        const int h264 = int(VideoCodec::H264);
        QTest::newRow("odd width") << "a.mp4" << 97 << 64 << h264 << ""
                                   << "choose 98x64";
        QTest::newRow("odd height") << "a.mp4" << 96 << 63 << h264 << ""
                                    << "choose 96x64";
        QTest::newRow("tiny") << "a.mp4" << 8 << 64 << h264 << ""
                              << "16 to 8192";
        QTest::newRow("huge") << "a.mp4" << 96 << 100000 << h264 << ""
                              << "16 to 8192";
        QTest::newRow("other ending") << "a.avi" << 96 << 64 << h264 << ""
                                      << "ends in .mp4 or .mov";
        QTest::newRow("no ending") << "a" << 96 << 64 << h264 << ""
                                   << "ends in .mp4 or .mov";
        QTest::newRow("prores in mp4") << "a.mp4" << 96 << 64 << int(VideoCodec::Prores) << ""
                                       << "ends in .mov";
        QTest::newRow("av1 in mov") << "a.mov" << 96 << 64 << int(VideoCodec::Av1) << ""
                                    << "ends in .mp4";
        QTest::newRow("unknown encoder") << "a.mp4" << 96 << 64 << h264 << "libnothing"
                                         << "unknown encoder";
        QTest::newRow("other encoder") << "a.mp4" << 96 << 64 << h264 << "libx265"
                                       << "does not make H.264";
        QTest::newRow("no folder") << "none/a.mp4" << 96 << 64 << h264 << ""
                                   << "no such file or folder";
        QTest::newRow("file as folder") << "file/a.mp4" << 96 << 64 << h264 << ""
                                        << "not a folder";
        QTest::newRow("a folder") << "folder.mp4" << 96 << 64 << h264 << ""
                                  << "that is a folder";
    }

    void refusals() {
        QFETCH(QString, name);
        QFETCH(int, width);
        QFETCH(int, height);
        QFETCH(int, codec);
        QFETCH(QString, encoder);
        QFETCH(QString, says);
        QTemporaryDir folder;
        std::ofstream(folder.filePath("file").toStdString()) << "x";
        QDir(folder.path()).mkdir("folder.mp4");
        VideoOptions options = optionsFor(static_cast<VideoCodec>(codec));
        options.encoder = encoder.toStdString();
        const std::string path = folder.filePath(name).toStdString();
        const auto writer = VideoWriter::create(path, {width, height}, options);
        QVERIFY(!writer.ok());
        const std::string& message = writer.message();
        QVERIFY2(message.find(says.toStdString()) != std::string::npos, message.c_str());
        QVERIFY(message.find('\n') == std::string::npos);
        QCOMPARE(namesIn(folder), QStringList{"file"});
    }

    void namesUnknownWords() {
        QVERIFY(parseVideoCodec("h264").ok());
        QVERIFY(*parseVideoCodec("hevc") == VideoCodec::H265);
        QVERIFY(parseVideoCodec("divx").message().find("\"divx\"") != std::string::npos);
        QCOMPARE(*parseQuality("55"), 55);
        QCOMPARE(*parseQuality("best"), 95);
        for (const char* wrong : {"", "-1", "101", "12x", "fine", "1e1"}) QVERIFY(!parseQuality(wrong).ok());
        QVERIFY((*parseFrameRate("23.976") == FrameRate{24000, 1001}));
        QVERIFY((*parseFrameRate("24000/1001") == FrameRate{24000, 1001}));
        QVERIFY((*parseFrameRate("16") == FrameRate{16, 1}));
        QVERIFY((*parseFrameRate("12.5") == FrameRate{25, 2}));
        for (const char* wrong : {"", "0", "-5", "1/0", "nan", "1000", "x", "1/2", "16/"}) {
            QVERIFY2(!parseFrameRate(wrong).ok(), wrong);
        }
    }

    void listsOnlyEncodersThatOpen() {
        const std::vector<EncoderInfo> encoders = availableEncoders();
        const auto has = [&](VideoCodec codec) {
            return std::any_of(encoders.begin(), encoders.end(), [&](const auto& e) { return e.codec == codec; });
        };
        QVERIFY(has(VideoCodec::H264));
        for (const EncoderInfo& info : encoders) {
            VideoOptions options = optionsFor(info.codec);
            options.encoder = info.name;
            const auto opened = openVideoEncoder(options, {320, 192});
            QVERIFY2(opened.ok(), info.name.c_str());
        }
    }

    void leavesAnOlderPartFileAlone() {
        QTemporaryDir folder;
        std::ofstream(folder.filePath("a.part.mp4").toStdString()) << "all that is left of a take";
        auto writer = VideoWriter::create(folder.filePath("a.mp4").toStdString(), kSize, optionsFor(VideoCodec::H264));
        QVERIFY(writer.ok());
        QVERIFY((*writer)->partPath() == folder.filePath("a-2.part.mp4").toStdString());
        QVERIFY((*writer)->write(makeFrame(kSize, 0).view()).ok());
        QVERIFY((*writer)->finish().ok());
        QCOMPARE(namesIn(folder), (QStringList{"a.mp4", "a.part.mp4"}));
    }

    void survivesBeingKilled_data() {
        QTest::addColumn<QString>("codec");
        QTest::addColumn<QString>("name");
        std::set<VideoCodec> tried;
        for (const EncoderInfo& encoder : availableEncoders()) {
            if (!tried.insert(encoder.codec).second) continue;
            const char* codec = nameOf(encoder.codec).data();
            QTest::newRow(codec) << QString(codec) << (encoder.codec == VideoCodec::Prores ? "take.mov" : "take.mp4");
        }
        QVERIFY(!tried.empty());
    }

    void survivesBeingKilled() {
        QFETCH(QString, codec);
        QFETCH(QString, name);
        QTemporaryDir folder;
        const QString path = folder.filePath(name);
        const std::string part = folder.filePath(QString(name).replace(".", ".part.")).toStdString();
        QProcess child;
        child.start(QCoreApplication::applicationFilePath(), {"--record", path, "100", "hang", codec});
        QString said;
        while (!said.contains("frame 99")) {
            QVERIFY(child.waitForReadyRead(20000));
            said += outputOf(child);
        }
        const auto tooEarly = recoverPartial(part);
        QVERIFY(!tooEarly.ok());
        QVERIFY(tooEarly.message().find("still being written") != std::string::npos);
        child.kill();  // SIGKILL
        QVERIFY(child.waitForFinished(10000));
        QVERIFY(!QFileInfo::exists(path));

        const int playable = probe(part).frames;
        // What an encoder holds back is lost: AV1 looks at three groups of 16 pictures at a time.
        QVERIFY2(playable >= (codec == "av1" ? 32 : 64) && playable <= 100, qPrintable(QString::number(playable)));
        const auto recovered = recoverPartial(part);
        QVERIFY2(recovered.ok(), recovered.ok() ? "" : recovered.message().c_str());
        QCOMPARE(recovered->path, path.toStdString());
        QCOMPARE(recovered->frames, int64_t{playable});
        QVERIFY2(std::abs(recovered->seconds - playable / 16.0) < 1e-3,
                 qPrintable(QStringLiteral("%1 s of %2 pictures").arg(recovered->seconds).arg(playable)));
        QCOMPARE(recovered->projectJson, std::string(R"({"seed":7})"));
        QCOMPARE(namesIn(folder), QStringList{name});
        const Probe seen = probe(recovered->path);
        QCOMPARE(seen.frames, playable);
        QCOMPARE(seen.firstSeconds, 0.0);
        QVERIFY(indexIsInFront(recovered->path));
    }

    void recoversATruncatedPartBesideAnOlderVideo() {
        QTemporaryDir folder;
        const std::string path = folder.filePath("a.mp4").toStdString();
        const std::string part = folder.filePath("a.part.mp4").toStdString();
        {
            auto writer = VideoWriter::create(path, kSize, optionsFor(VideoCodec::H264));
            QVERIFY(writer.ok());
            for (int i = 0; i < 90; ++i) {
                QVERIFY((*writer)->write(makeFrame(kSize, i, PixelFormat::Rgb24, true).view()).ok());
            }
        }  // neither finished nor cancelled
        QVERIFY(std::filesystem::exists(part));
        std::filesystem::resize_file(part, std::filesystem::file_size(part) * 2 / 3);
        std::ofstream(path) << "older";
        const auto recovered = recoverPartial(part);
        QVERIFY2(recovered.ok(), recovered.ok() ? "" : recovered.message().c_str());
        QCOMPARE(recovered->path, folder.filePath("a-recovered.mp4").toStdString());
        QVERIFY(recovered->frames >= 16);
        QCOMPARE(int64_t{probe(recovered->path).frames}, recovered->frames);
        QCOMPARE(namesIn(folder), (QStringList{"a-recovered.mp4", "a.mp4"}));
    }

    void nothingToRecoverIsSaid() {
        QTemporaryDir folder;
        const std::string part = folder.filePath("a.part.mp4").toStdString();
        std::ofstream(part) << "junk";
        QVERIFY(!recoverPartial(part).ok());
        QVERIFY(!recoverPartial(folder.filePath("a.mp4").toStdString()).ok());
        QCOMPARE(namesIn(folder), QStringList{"a.part.mp4"});
    }

    void aFileSizeLimitStopsCleanly() {
        QTemporaryDir folder;
        QProcess child;
        child.start(QCoreApplication::applicationFilePath(), {"--limit", folder.filePath("take.mp4"), "400"});
        QVERIFY(child.waitForFinished(30000));
        const QString said = outputOf(child);
        QCOMPARE(child.exitCode(), 1);
        QVERIFY2(said.contains("error cannot write " + folder.filePath("take.mp4") + ": the file would become larger"),
                 qPrintable(said.right(300)));
        QVERIFY(said.contains("kept in " + folder.filePath("take.part.mp4")));
        QCOMPARE(namesIn(folder), QStringList{"take.part.mp4"});
        const auto recovered = recoverPartial(folder.filePath("take.part.mp4").toStdString());
        QVERIFY(recovered.ok());
        QVERIFY(recovered->frames >= 16);
    }

    // Once full while it records, once at finish, where the second copy does not fit.
    void aFullDiskIsSaid_data() {
        QTest::addColumn<QString>("bytes");
        QTest::addColumn<int>("frames");
        QTest::newRow("while recording") << "1m" << 400;
        QTest::newRow("at finish") << "1m" << 130;
        QTest::newRow("from the start") << "4k" << 400;
    }

    void aFullDiskIsSaid() {
        QFETCH(QString, bytes);
        QFETCH(int, frames);
        QTemporaryDir folder;
        QProcess child;
        child.start(QCoreApplication::applicationFilePath(), {"--small-disk", folder.path(), bytes, QString::number(frames)});
        QVERIFY(child.waitForFinished(30000));
        if (child.exitCode() == 77) QSKIP("this machine does not let a test mount a small disk");
        const QString said = outputOf(child);
        QCOMPARE(child.exitCode(), 1);
        QVERIFY2(said.contains("error cannot write " + folder.filePath("take.mp4") + ": the disk is full"), qPrintable(said.right(300)));
        const QString left = said.mid(said.lastIndexOf("error ")).section('\n', 1).trimmed();
        if (bytes == "4k") {
            QCOMPARE(left, QString());
        } else {
            QCOMPARE(left, QString("left take.part.mp4"));
        }
    }
};

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "";
    if (mode == "--record") return record(argv[2], std::atoi(argv[3]), false, *parseVideoCodec(argv[5]));
    if (mode == "--small-disk") return recordOnSmallDisk(argv[2], argv[3], std::atoi(argv[4]));
    if (mode == "--limit") {
        const rlimit limit{1 << 20, 1 << 20};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        std::signal(SIGXFSZ, SIG_IGN);
        return record(argv[2], std::atoi(argv[3]), true);
    }
    QCoreApplication app(argc, argv);
    TestVideoWriter test;
    return QTest::qExec(&test, argc, argv);
}

#include "test_video_writer.moc"
