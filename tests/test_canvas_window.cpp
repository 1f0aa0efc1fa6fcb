// The canvas in a window under a virtual screen, with the validation layer failing the test: what is on the screen is
// looked at, not what the program believes to have drawn.
#include "ui/canvas/canvas_window.h"

#include <QApplication>
#include <QHBoxLayout>
#include <QScreen>
#include <QSignalSpy>
#include <QTest>
#include <QVulkanInstance>
#include <mutex>
#include <vector>

#include "ui/canvas/canvas_widget.h"

using namespace longtake;

namespace {

std::mutex complaintsMutex;
QStringList complaints;
QtMessageHandler previousHandler = nullptr;

void listen(QtMsgType type, const QMessageLogContext& context, const QString& text) {
    if (text.contains("VUID-") || text.contains("UNASSIGNED-") || text.contains("Validation Error")) {
        std::lock_guard lock(complaintsMutex);
        complaints << text;
    }
    if (!text.startsWith("vkDebug")) previousHandler(type, context, text);
}

// One colour per frame; the blue names it.
QColor colorOf(int64_t index) { return QColor(200, 60, int(10 + index * 2)); }

void submit(CanvasWidget& canvas, int64_t first, int count, PictureSize size = {64, 36}) {
    std::vector<uint8_t> pixels(size_t(size.width) * size_t(size.height) * 3);
    for (int64_t index = first; index < first + count; ++index) {
        QColor color = colorOf(index);
        for (size_t i = 0; i < pixels.size(); i += 3) {
            pixels[i] = uint8_t(color.red());
            pixels[i + 1] = uint8_t(color.green());
            pixels[i + 2] = uint8_t(color.blue());
        }
        canvas.submitFrame({.data = pixels.data(), .width = size.width, .height = size.height, .stride = size.width * 3},
                           {.index = index, .seconds = double(index) / 16});
    }
}

// From the screen itself.
QColor onScreen(const QWidget& widget, QPoint at) {
    QPoint global = widget.mapToGlobal(at);
    QImage image = QGuiApplication::primaryScreen()->grabWindow(0, global.x(), global.y(), 1, 1).toImage();
    return image.pixelColor(0, 0);
}

QPoint middle(const QWidget& widget) { return {widget.width() / 2, widget.height() / 2}; }

bool isNear(QColor a, QColor b) {
    return std::abs(a.red() - b.red()) <= 1 && std::abs(a.green() - b.green()) <= 1 && std::abs(a.blue() - b.blue()) <= 1;
}

const QColor kBackground(17, 19, 23);

}  // namespace

class TestCanvasWindow : public QObject {
    Q_OBJECT

    CanvasOptions options() const {
        CanvasOptions made{.drawing = CanvasDrawing::Vulkan, .validate = true, .pacing = {}};
        QString kind = QTest::currentDataTag();
        if (kind.startsWith("painted")) made.drawing = CanvasDrawing::Painted;
        if (kind.startsWith("refresh")) made.pacing = CanvasPacing::Refresh;
        return made;
    }

    static void kinds() {
        QTest::addColumn<int>("unused");
        QTest::newRow("timer") << 0;
        QTest::newRow("refresh") << 0;
        QTest::newRow("painted") << 0;
    }

    static void start(CanvasWidget& canvas, QSize size = {640, 360}) {
        canvas.move(100, 80);
        canvas.resize(size + QSize(2, 2));  // a line around the picture tells that the keyboard came to it
        canvas.setHudVisible(false);
        canvas.show();
        QVERIFY(QTest::qWaitForWindowExposed(&canvas));
    }

private slots:
    void initTestCase() {
        previousHandler = qInstallMessageHandler(listen);
        QVERIFY(QVulkanInstance().supportedLayers().contains("VK_LAYER_KHRONOS_validation"));
    }
    void cleanupTestCase() { qInstallMessageHandler(previousHandler); }

    void cleanup() {
        QTest::qWait(1);
        QStringList heard;
        {
            std::lock_guard lock(complaintsMutex);
            heard.swap(complaints);
        }
        for (QString text : heard) qWarning("%s", qPrintable(text.remove("VUID-")));  // not heard again
        bool isClean = heard.isEmpty();
        std::lock_guard lock(complaintsMutex);
        complaints.clear();
        QVERIFY(isClean);
    }

    void showsWhatItIsGiven_data() { kinds(); }
    void showsWhatItIsGiven() {
        CanvasWidget canvas(options());
        QSignalSpy shown(&canvas, &CanvasWidget::frameShown);
        start(canvas);
        QTRY_VERIFY(isNear(onScreen(canvas, middle(canvas)), kBackground));
        canvas.setPlaying(false);
        submit(canvas, 0, 12);
        QTRY_COMPARE(shown.count(), 1);
        QTRY_VERIFY(isNear(onScreen(canvas, middle(canvas)), colorOf(0)));
        QVERIFY(isNear(canvas.shownFrame().pixelColor(3, 3), colorOf(0)));
        canvas.seek(7.0 / 16);
        QTRY_VERIFY(isNear(onScreen(canvas, middle(canvas)), colorOf(7)));
        QCOMPARE(canvas.shownStamp().index, 7);
        canvas.stepFrames(-2);
        QTRY_VERIFY(isNear(onScreen(canvas, middle(canvas)), colorOf(5)));
        QVERIFY(!canvas.deviceText().isEmpty());
        QCOMPARE(canvas.usesVulkan(), options().drawing == CanvasDrawing::Vulkan);
    }

    void playsEveryFrameInTurn_data() { kinds(); }
    void playsEveryFrameInTurn() {
        CanvasWidget canvas(options());
        std::vector<int64_t> indices;
        std::vector<double> times;
        connect(&canvas, &CanvasWidget::frameShown, [&](qint64 index, double) {
            indices.push_back(index);
            times.push_back(CanvasPlayback::now());
        });
        start(canvas);
        submit(canvas, 0, 24);
        QTRY_VERIFY_WITH_TIMEOUT(!indices.empty() && indices.back() == 23, 8000);
        QCOMPARE(indices.front(), 0);
        for (size_t i = 1; i < indices.size(); ++i) QVERIFY(indices[i] > indices[i - 1]);
        // A machine that is busy elsewhere may skip frames, but the time they take stays.
        QVERIFY2(indices.size() > 8, qPrintable(QString::number(indices.size())));
        double took = times.back() - times.front();
        QVERIFY2(std::abs(took - 23.0 / 16) < 0.25, qPrintable(QString::number(took)));
        QTRY_COMPARE(canvas.playback().underruns, 1);
        QVERIFY(canvas.playback().displayFps > 4 && canvas.playback().displayFps < 18);
    }

    void barsStayBackgroundThroughResizes_data() { kinds(); }
    void barsStayBackgroundThroughResizes() {
        CanvasWidget canvas(options());
        start(canvas);
        canvas.setPlaying(false);
        submit(canvas, 0, 1);
        for (QSize size : {QSize(800, 300), QSize(300, 700), QSize(161, 91), QSize(900, 640), QSize(640, 360)}) {
            canvas.resize(size);
            QTRY_COMPARE(canvas.size(), size);
            QTRY_VERIFY(isNear(onScreen(canvas, middle(canvas)), colorOf(0)));
            bool isWide = size.width() * 36 > size.height() * 64 + 64 * 8;
            bool isTall = size.height() * 64 > size.width() * 36 + 36 * 8;
            if (isWide || isTall) {
                QTRY_VERIFY(isNear(onScreen(canvas, {2, 2}), kBackground));
                QTRY_VERIFY(isNear(onScreen(canvas, {size.width() - 3, size.height() - 3}), kBackground));
            } else {
                QTRY_VERIFY(isNear(onScreen(canvas, {2, 2}), colorOf(0)));
            }
        }
    }

    void goesOnAfterBeingHidden_data() { kinds(); }
    void goesOnAfterBeingHidden() {
        CanvasWidget canvas(options());
        start(canvas);
        submit(canvas, 0, 12);
        for (int i = 0; i < 3; ++i) {
            canvas.hide();
            QTest::qWait(30);
            submit(canvas, 12 + 4 * i, 4);
            canvas.show();
            QVERIFY(QTest::qWaitForWindowExposed(&canvas));
        }
        QTRY_VERIFY_WITH_TIMEOUT(isNear(onScreen(canvas, middle(canvas)), colorOf(23)), 4000);
    }

    void movesToAnotherParent_data() { kinds(); }
    void movesToAnotherParent() {
        QWidget first, second;
        first.setGeometry(40, 40, 400, 300);
        second.setGeometry(500, 40, 400, 300);
        auto* firstLayout = new QHBoxLayout(&first);
        auto* secondLayout = new QHBoxLayout(&second);
        auto* canvas = new CanvasWidget(options());
        canvas->setHudVisible(false);
        canvas->setPlaying(false);
        firstLayout->addWidget(canvas);
        first.show();
        second.show();
        QVERIFY(QTest::qWaitForWindowExposed(&first));
        submit(*canvas, 0, 1);
        QTRY_VERIFY(isNear(onScreen(*canvas, middle(*canvas)), colorOf(0)));
        secondLayout->addWidget(canvas);
        QTRY_VERIFY(canvas->window() == &second);
        QTRY_VERIFY(canvas->mapToGlobal(QPoint()).x() > 500);
        QTRY_VERIFY(isNear(onScreen(*canvas, middle(*canvas)), colorOf(0)));
        canvas->setParent(nullptr);
        canvas->setGeometry(200, 400, 300, 200);
        canvas->show();
        QVERIFY(QTest::qWaitForWindowExposed(canvas));
        QTRY_VERIFY(isNear(onScreen(*canvas, middle(*canvas)), colorOf(0)));
        delete canvas;
    }

    void picturesInSharedMemoryTakeTheirTurn() {
        CanvasWidget canvas({.drawing = CanvasDrawing::Vulkan, .validate = true, .pacing = {}});
        QVERIFY(!canvas.shareFrames({64, 36}, 4).ok());  // not shown yet
        start(canvas);
        canvas.setPlaying(false);
        CanvasWindow& window = *canvas.vulkanWindow();
        QTRY_VERIFY(window.context() != nullptr);
        VulkanContext& context = *window.context();
        QCOMPARE(canvas.shareFrames({64, 36}, 4).ok(), context.facts().sharesMemory && context.facts().sharesSemaphores);

        // Signalled by this process: lavapipe exports no semaphores.
        auto ready = LocalTimeline::create(context);
        auto released = LocalTimeline::create(context);
        QVERIFY(ready.ok() && released.ok());
        auto& signal = static_cast<LocalTimeline&>(**ready);
        auto source = SharedSource::create(context, {64, 36}, 4, {std::move(*ready), std::move(*released)});
        QVERIFY(source.ok());
        auto shared = (*source)->exportMemory();
        QVERIFY(shared.ok());
        VkImportMemoryFdInfoKHR import{.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
                                       .pNext = nullptr,
                                       .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT,
                                       .fd = shared->fd};
        int type = context.memoryType(~0u, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT);
        VkMemoryAllocateInfo info{.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                  .pNext = &import,
                                  .allocationSize = shared->allocationBytes,
                                  .memoryTypeIndex = uint32_t(type)};
        VkDeviceMemory memory = VK_NULL_HANDLE;
        QCOMPARE(vkAllocateMemory(context.device(), &info, nullptr, &memory), VK_SUCCESS);
        VkMemoryOwner owner(context.device(), memory);
        void* mapped = nullptr;
        QCOMPARE(vkMapMemory(context.device(), memory, 0, VK_WHOLE_SIZE, 0, &mapped), VK_SUCCESS);
        window.setShared(std::move(*source));
        QSignalSpy freed(&canvas, &CanvasWidget::slotFreed);
        for (int64_t index = 0; index < 6; ++index) {
            int slot = int(index % 4);
            QColor color = colorOf(index);
            auto* to = static_cast<uint8_t*>(mapped) + uint64_t(slot) * shared->slotBytes;
            for (int i = 0; i < 64 * 36; ++i, to += 4) {
                to[0] = uint8_t(color.red());
                to[1] = uint8_t(color.green());
                to[2] = uint8_t(color.blue());
            }
            QVERIFY(signal.signal(uint64_t(index) + 1).ok());
            canvas.submitShared(slot, uint64_t(index) + 1, {index, double(index) / 16});
            canvas.seek(double(index) / 16);
            QTRY_VERIFY(isNear(onScreen(canvas, middle(canvas)), color));
            QCOMPARE(canvas.releaseValue(slot), uint64_t(index) + 1);
            // The one before has had its turn, and comes back with what the GPU signals when it has been read.
            QCOMPARE(freed.count(), int(index));
            if (index == 0) continue;
            QCOMPARE(freed.last().at(0).toInt(), int((index - 1) % 4));
            QCOMPARE(freed.last().at(1).toULongLong(), quint64(index));
        }
        QSignalSpy needed(&canvas, &CanvasWidget::frameNeeded), lost(&canvas, &CanvasWidget::sharedFramesLost);
        canvas.seek(0);  // its slot holds another picture by now
        QCOMPARE(needed.count(), 1);
        submit(canvas, 0, 1);
        QTRY_VERIFY(isNear(onScreen(canvas, middle(canvas)), colorOf(0)));
        owner.reset();
        window.restartDevice();
        QCOMPARE(lost.count(), 1);
    }

    void recoversFromALostDevice() {
        CanvasWidget canvas({.drawing = CanvasDrawing::Vulkan, .validate = true, .pacing = {}});
        QSignalSpy devices(&canvas, &CanvasWidget::deviceInfo);
        start(canvas);
        canvas.setPlaying(false);
        submit(canvas, 0, 12);
        QTRY_VERIFY(isNear(onScreen(canvas, middle(canvas)), colorOf(0)));
        QCOMPARE(devices.count(), 1);
        canvas.vulkanWindow()->restartDevice();
        QTRY_COMPARE(devices.count(), 2);
        canvas.seek(3.0 / 16);
        QTRY_VERIFY(isNear(onScreen(canvas, middle(canvas)), colorOf(3)));
        QVERIFY(canvas.usesVulkan());
    }

    void paintsWhereThereIsNoDriver() {
        QByteArray before = qgetenv("VK_ICD_FILENAMES");
        qputenv("VK_ICD_FILENAMES", "/nowhere/icd.json");
        CanvasWidget canvas;
        before.isEmpty() ? qunsetenv("VK_ICD_FILENAMES") : qputenv("VK_ICD_FILENAMES", before);
        QVERIFY(!canvas.usesVulkan());
        QVERIFY(canvas.deviceText().contains("Vulkan"));
        start(canvas);
        submit(canvas, 0, 1);
        QTRY_VERIFY(isNear(onScreen(canvas, middle(canvas)), colorOf(0)));
    }

    void paintsWhereVulkanIsSoftware() {
        CanvasWidget canvas;
        QVulkanInstance instance;
        QVERIFY(instance.create());
        QCOMPARE(canvas.usesVulkan(), hasGraphicsCard(instance.vkInstance()));
    }

    void framesNoLongerHeldAreAskedFor() {
        CanvasWidget canvas({.drawing = CanvasDrawing::Painted, .pacing = {}});
        QSignalSpy needed(&canvas, &CanvasWidget::frameNeeded);
        start(canvas);
        canvas.setHistoryBytes(64 * 36 * 3 * 6);
        canvas.setPlaying(false);
        submit(canvas, 0, 12);
        canvas.seek(1.0 / 16);
        QCOMPARE(needed.count(), 1);
        QCOMPARE(needed[0][0].toLongLong(), 1);
        submit(canvas, 1, 1);
        QTRY_VERIFY(isNear(onScreen(canvas, middle(canvas)), colorOf(1)));
    }

    void saysWhenItWantsNoMore() {
        CanvasWidget canvas({.drawing = CanvasDrawing::Painted, .pacing = {}});
        QSignalSpy wants(&canvas, &CanvasWidget::wantsFramesChanged);
        start(canvas);
        submit(canvas, 0, 36);
        QVERIFY(!canvas.wantsFrames());
        QCOMPARE(wants.count(), 1);
        QTRY_COMPARE(wants.count(), 2);  // playing makes room
        QVERIFY(canvas.wantsFrames());
    }

    void pointerAndKeysZoom_data() { kinds(); }
    void pointerAndKeysZoom() {
        CanvasWidget canvas(options());
        QSignalSpy zoomed(&canvas, &CanvasWidget::zoomChanged);
        start(canvas);
        canvas.setPlaying(false);
        submit(canvas, 0, 1);
        QTRY_COMPARE(canvas.zoom(), 10.0);
        QTRY_VERIFY(zoomed.count() >= 1);
        auto wheel = [&](QPoint at, int delta) {
            QWheelEvent event(at, canvas.mapToGlobal(at), {}, {0, delta}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
            QObject* target =
                canvas.usesVulkan() ? static_cast<QObject*>(canvas.vulkanWindow()) : static_cast<QObject*>(canvas.childAt(at));
            QCoreApplication::sendEvent(target, &event);
        };
        wheel({100, 100}, 120);
        QVERIFY(!canvas.isFitted());
        QVERIFY(std::abs(canvas.zoom() - 12.0) < 0.1);
        wheel({100, 100}, -1200);
        QTRY_VERIFY(isNear(onScreen(canvas, {2, 2}), kBackground));
        auto doubleClick = [&] {
            if (canvas.usesVulkan()) {
                QTest::mouseDClick(canvas.vulkanWindow(), Qt::LeftButton, {}, {50, 50});
            } else {
                QTest::mouseDClick(canvas.childAt(50, 50), Qt::LeftButton, {}, {50, 50});
            }
        };
        doubleClick();
        QVERIFY(canvas.isFitted());
        QTRY_VERIFY(isNear(onScreen(canvas, {2, 2}), colorOf(0)));
        doubleClick();
        QCOMPARE(canvas.zoom(), 1.0);
        QTest::keyClick(&canvas, Qt::Key_0);
        QVERIFY(canvas.isFitted());
        QTest::keyClick(&canvas, Qt::Key_Plus);
        QCOMPARE(canvas.zoom(), 12.5);
        QTest::keyClick(&canvas, Qt::Key_H);
        QVERIFY(canvas.isHudVisible());
    }

    void hudAppearsOverThePicture_data() { kinds(); }
    void hudAppearsOverThePicture() {
        CanvasWidget canvas(options());
        start(canvas);
        canvas.setPlaying(false);
        submit(canvas, 0, 1);
        QTRY_VERIFY(isNear(onScreen(canvas, {20, 20}), colorOf(0)));
        HudValues values;
        values.generationFps = 24.6;
        canvas.setHud(values);
        canvas.setHudVisible(true);
        QTRY_VERIFY(onScreen(canvas, {20, 16}).red() < 80);
        QVERIFY(isNear(onScreen(canvas, {600, 300}), colorOf(0)));
        canvas.toggleHud();
        QTRY_VERIFY(isNear(onScreen(canvas, {20, 16}), colorOf(0)));
    }

    void closesWhileFramesAreUnderWay_data() { kinds(); }
    void closesWhileFramesAreUnderWay() {
        for (int i = 0; i < 3; ++i) {
            auto canvas = std::make_unique<CanvasWidget>(options());
            start(*canvas);
            submit(*canvas, 0, 24);
            QTest::qWait(40 * i);
            if (i == 1) canvas->close();
            canvas.reset();
        }
        CanvasWidget neverShown(options());
        submit(neverShown, 0, 12);
    }
};

QTEST_MAIN(TestCanvasWindow)
#include "test_canvas_window.moc"
