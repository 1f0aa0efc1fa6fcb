// Pictures of the user: read upright, fitted to a take, and refused in one line when they are none.
#include <QTemporaryDir>
#include <QtTest>
#include <filesystem>

#include "app/files/atomic_file.h"
#include "app/media/picture_file.h"
#include "app/media/png_file.h"
#include "engine/video/frame_view.h"

using namespace longtake;

namespace {

// Every pixel differs: red tells the column, green the row.
Frame8 numbered(int width, int height) {
    Frame8 picture{width, height, {}};
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            picture.rgb.insert(picture.rgb.end(), {static_cast<uint8_t>(10 * x), static_cast<uint8_t>(10 * y), 77});
    return picture;
}

std::array<int, 3> at(const Frame8& picture, int x, int y) {
    const size_t i = 3 * (static_cast<size_t>(y) * static_cast<size_t>(picture.width) + static_cast<size_t>(x));
    return {picture.rgb[i], picture.rgb[i + 1], picture.rgb[i + 2]};
}

// A JPEG of 16 x 8 whose left half is red and right half blue, with the orientation in its EXIF block.
std::string jpegTurned(int orientation);

}  // namespace

class TestPictureFile : public QObject {
    Q_OBJECT

private slots:
    void namesOfPictures() {
        for (const char* name : {"a.png", "b.JPG", "dir.x/c.jpeg", "d.webp", "e.bmp"}) QVERIFY2(isPictureName(name), name);
        for (const char* name : {"a.mp4", "png", "b.png.longtake", "", "dir.png/file"}) QVERIFY2(!isPictureName(name), name);
    }

    void pngComesBackAsItWas() {
        const std::string path = folder_.filePath("a.png").toStdString();
        const Frame8 picture = numbered(13, 7);
        QVERIFY(writePng(path, viewOf(picture)).ok());
        const Result<Frame8> read = readPicture(path);
        QVERIFY2(read.ok(), read.ok() ? "" : read.message().c_str());
        QCOMPARE(read->width, 13);
        QCOMPARE(read->height, 7);
        QVERIFY(read->rgb == picture.rgb);
    }

    void jpegIsTurnedUpright_data() {
        QTest::addColumn<int>("orientation");
        QTest::addColumn<QString>("redAt");
        QTest::newRow("as stored") << 1 << "left";
        QTest::newRow("half a turn") << 3 << "right";
        QTest::newRow("a quarter to the right") << 6 << "top";
        QTest::newRow("a quarter to the left") << 8 << "bottom";
    }

    void jpegIsTurnedUpright() {
        QFETCH(int, orientation);
        QFETCH(QString, redAt);
        const std::string path = folder_.filePath("turned.jpg").toStdString();
        const std::string bytes = jpegTurned(orientation);
        QVERIFY(writeFileAtomically(path, std::string_view(bytes)).ok());
        const Result<Frame8> read = readPicture(path);
        QVERIFY2(read.ok(), read.ok() ? "" : read.message().c_str());
        const bool upright = redAt == "top" || redAt == "bottom";
        QCOMPARE(read->width, upright ? 8 : 16);
        QCOMPARE(read->height, upright ? 16 : 8);
        const auto corner = redAt == "left" || redAt == "top" ? at(*read, 1, 1) : at(*read, read->width - 2, read->height - 2);
        QVERIFY2(corner[0] > 200 && corner[2] < 60, qPrintable(QStringLiteral("%1 %2 %3").arg(corner[0]).arg(corner[1]).arg(corner[2])));
    }

    void coveringCutsTheLongSidesEvenly() {
        const Result<Frame8> wide = covering(numbered(20, 10), 10, 10);
        QVERIFY(wide.ok());
        QCOMPARE(at(*wide, 0, 0), (std::array{50, 0, 77}));
        QCOMPARE(at(*wide, 9, 9), (std::array{140, 90, 77}));
        const Result<Frame8> tall = covering(numbered(10, 20), 10, 10);
        QVERIFY(tall.ok());
        QCOMPARE(at(*tall, 0, 0), (std::array{0, 50, 77}));
    }

    void coveringChangesTheSize() {
        const Result<Frame8> scaled = covering(numbered(25, 25), 128, 80);
        QVERIFY(scaled.ok());
        QCOMPARE(scaled->width, 128);
        QCOMPARE(scaled->height, 80);
        QCOMPARE(scaled->rgb.size(), size_t{128 * 80 * 3});
    }

    void damagedFilesAreRefused() {
        const std::string path = folder_.filePath("bad.png").toStdString();
        QVERIFY(writePng(path, viewOf(numbered(24, 24))).ok());
        const std::string whole = *readWholeFile(path, 1 << 20);
        for (size_t length = 0; length + 12 < whole.size(); length += whole.size() / 9) {
            QVERIFY(writeFileAtomically(path, std::string_view(whole).substr(0, length)).ok());
            const Result<Frame8> read = readPicture(path);
            QVERIFY2(!read.ok(), std::to_string(length).c_str());
            QVERIFY(read.message().find("bad.png") != std::string::npos);
            QVERIFY(read.message().find('\n') == std::string::npos);
        }
        // A size that would take all memory.
        std::string huge = whole;
        for (size_t i : {16, 20}) huge.replace(i, 4, std::string("\x7f\xff\xff\xff", 4));
        QVERIFY(writeFileAtomically(path, std::string_view(huge)).ok());
        QVERIFY(!readPicture(path).ok());
        QVERIFY(!readPicture(folder_.path().toStdString()).ok());
    }

    void aTakeReadsItWhenItIsCreated() {
        QVERIFY(!startPictureFrom(""));
        const StartPicture missing = startPictureFrom("nowhere.png");
        QVERIFY(static_cast<bool>(missing));
        QCOMPARE(missing.path, std::string("nowhere.png"));
        QVERIFY(!missing.read(16, 16).ok());
    }

    void whatAProjectKeptTakesTheFilesPlace() {
        const std::string path = folder_.filePath("start.png").toStdString();
        const Frame8 first = numbered(16, 8);
        const std::string kept = *encodePng(viewOf(first));
        // The file has changed since; a take of the same size is made again as it was.
        QVERIFY(writePng(path, viewOf(numbered(32, 16))).ok());
        const StartPicture start = startPictureFrom(path, kept);
        QVERIFY(start.read(16, 8)->rgb == first.rgb);
        QVERIFY(start.read(32, 16)->rgb == numbered(32, 16).rgb);
        QVERIFY(std::filesystem::remove(path));
        QVERIFY(start.read(16, 8)->rgb == first.rgb);
        QVERIFY(start.read(32, 16).ok());
        // One that is none counts for nothing.
        QVERIFY(!startPictureFrom(path, "no picture").read(16, 8).ok());
    }

private:
    QTemporaryDir folder_;
};

namespace {

std::string jpegTurned(int orientation) {
    static const std::string plain =
        QByteArray::fromBase64(
            "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMU"
            "FRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU"
            "FBQUFBQUFBT/wAARCAAIABADAREAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAABwj/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QA"
            "FQEBAQAAAAAAAAAAAAAAAAAACQf/xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oADAMBAAIRAxEAPwCdEMKmAjjB0f/Z")
            .toStdString();
    // APP1 with one entry, tag 0x0112, right after the start marker.
    std::string exif(
        "\xff\xe1\x00\x22"
        "Exif\0\0"
        "MM\0\x2a\0\0\0\x08"
        "\0\x01"
        "\x01\x12\0\x03\0\0\0\x01\0",
        29);
    exif += static_cast<char>(orientation);
    exif.resize(36, '\0');
    return plain.substr(0, 2) + exif + plain.substr(2);
}

}  // namespace

QTEST_GUILESS_MAIN(TestPictureFile)
#include "test_picture_file.moc"
