// ContactSheet: which frames it takes and where it puts them.
#include "app/media/contact_sheet.h"

#include <QTemporaryDir>
#include <QtTest>

#include "tests/read_picture.h"

using namespace longtake;

namespace {

OwnedFrame plain(PictureSize size, uint8_t level) {
    OwnedFrame frame(size, PixelFormat::Rgb24);
    for (int y = 0; y < size.height; ++y) {
        for (int i = 0; i < size.width * 3; ++i) frame.row(y)[i] = level;
    }
    return frame;
}

ContactSheetOptions smallTiles() {
    ContactSheetOptions options;
    options.tiles = 6;
    options.columns = 3;
    options.tileWidth = 32;
    options.gap = 4;
    return options;
}

int levelAt(const OwnedFrame& sheet, int x, int y) {
    const FrameView view = sheet.view();
    return view.data[y * view.stride + x * 3];
}

}  // namespace

class TestContactSheet : public QObject {
    Q_OBJECT

private slots:
    void takesEvenlySpacedFrames() {
        ContactSheet sheet(120, smallTiles());
        for (int i = 0; i < 120; ++i) QVERIFY(sheet.add(plain({64, 48}, uint8_t(100 + i)).view()).ok());
        QCOMPARE(sheet.tileCount(), 6);
        const OwnedFrame picture = sheet.picture();
        QVERIFY((picture.view().size() == PictureSize{4 + 3 * 36, 4 + 2 * 28}));
        for (int tile = 0; tile < 6; ++tile) {
            const int x = 4 + tile % 3 * 36 + 16;
            const int y = 4 + tile / 3 * 28 + 12;
            QCOMPARE(levelAt(picture, x, y), 100 + 10 + 20 * tile);  // the middle of its sixth
        }
        QCOMPARE(levelAt(picture, 1, 1), levelAt(picture, 38, 20));  // the gaps
    }

    void hasFewerTilesForAShortTake() {
        ContactSheet sheet(2, smallTiles());
        for (int i = 0; i < 2; ++i) QVERIFY(sheet.add(plain({64, 48}, uint8_t(50 + i)).view()).ok());
        QCOMPARE(sheet.tileCount(), 2);
        QVERIFY((sheet.picture().view().size() == PictureSize{4 + 2 * 36, 4 + 28}));
    }

    void survivesATakeThatEndsEarly() {
        ContactSheet sheet(120, smallTiles());
        for (int i = 0; i < 60; ++i) QVERIFY(sheet.add(plain({64, 48}, uint8_t(i)).view()).ok());
        QCOMPARE(sheet.tileCount(), 3);
    }

    void writesAPng() {
        QTemporaryDir folder;
        const QString path = folder.filePath("sheet.png");
        ContactSheet sheet(1, smallTiles());
        QVERIFY(!sheet.write(path.toStdString()).ok());
        QVERIFY(sheet.add(plain({64, 48}, 200).view()).ok());
        QVERIFY(sheet.write(path.toStdString()).ok());
        const ReadPicture image(path.toStdString());
        QCOMPARE(image.width, 40);
        QCOMPARE(image.height, 32);
        QVERIFY((image.at(20, 16) == std::array<int, 3>{200, 200, 200}));
    }
};

QTEST_GUILESS_MAIN(TestContactSheet)
#include "test_contact_sheet.moc"
