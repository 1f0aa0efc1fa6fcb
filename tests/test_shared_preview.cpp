// Which way the preview goes, and why, as the HUD says it.
#include "ui/canvas/canvas_window.h"  // Vulkan comes before Qt

#include <QtTest/QtTest>

#include "app/session/engine_take_maker.h"
#include "app/session/session.h"
#include "app/studio/session_bridge.h"
#include "app/studio/shared_preview.h"
#include "ui/canvas/canvas_widget.h"

using namespace longtake;

namespace {

TakeStarted takeOn(const char* device) {
    TakeStarted started;
    started.take = 1;
    started.device = device;
    started.options.width = 64;
    started.options.height = 48;
    return started;
}

}  // namespace

class TestSharedPreview final : public QObject {
    Q_OBJECT

private slots:
    void framesOfTheProcessorComeFromThere() {
        SharedPreview preview(session_, bridge_, painted_);
        QVERIFY(preview.text().isEmpty());
        QSignalSpy changed(&preview, &SharedPreview::changed);
        preview.begin(takeOn("cpu"));
        QCOMPARE(preview.text(), QString("preview via CPU: the model runs there"));
        preview.begin(takeOn("cpu"));
        QCOMPARE(changed.count(), 1);
    }

    void aCanvasWithoutVulkanIsTheReason() {
        SharedPreview preview(session_, bridge_, painted_);
        preview.begin(takeOn("cuda"));
        QVERIFY2(preview.text().startsWith("preview via CPU: ") && preview.text().contains("Painted by the CPU: as asked"), qPrintable(preview.text()));
    }

    // A canvas has no device before it is shown; one on the processor shares no semaphores.
    void aVulkanDeviceThatSharesNothingIsTheReason() {
        CanvasWidget canvas({.drawing = CanvasDrawing::Vulkan, .validate = false, .pacing = {}});
        QVERIFY(canvas.usesVulkan());
        SharedPreview preview(session_, bridge_, canvas);
        preview.begin(takeOn("cuda"));
        QVERIFY2(preview.text().contains("has not been shown yet"), qPrintable(preview.text()));
        canvas.resize(200, 120);
        canvas.show();
        QTRY_VERIFY(canvas.vulkanWindow()->context() != nullptr);
        const DeviceFacts& facts = canvas.vulkanWindow()->context()->facts();
        if (facts.sharesMemory && facts.sharesSemaphores) QSKIP("this Vulkan device shares with other APIs");
        QTRY_VERIFY2(preview.text().contains("shares no"), qPrintable(preview.text()));
        QVERIFY(preview.text().contains(QString::fromStdString(facts.name)));
    }

private:
    SessionBridge bridge_;
    Session session_{std::make_unique<EngineTakeMaker>(), bridge_};
    CanvasWidget painted_{{.drawing = CanvasDrawing::Painted, .validate = false, .pacing = {}}};
};

QTEST_MAIN(TestSharedPreview)
#include "test_shared_preview.moc"
