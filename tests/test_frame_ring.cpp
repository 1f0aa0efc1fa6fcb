// The queue of frames between generation and display.
#include <QtTest/QtTest>

#include <atomic>
#include <thread>

#include "engine/rollout/frame_ring.h"

using namespace longtake;

namespace {

RingFrame frame(int64_t index) {
    RingFrame made;
    made.picture.width = 1;
    made.picture.height = 1;
    made.picture.rgb = {static_cast<uint8_t>(index), 0, 0};
    made.index = index;
    return made;
}

// Long enough for a thread to reach its wait; the tests are right without it, but would then check less.
void letOthersRun() { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }

}  // namespace

class TestFrameRing final : public QObject {
    Q_OBJECT

private slots:
    void framesComeOutInOrderWithTheirPixels() {
        FrameRing ring(3, FrameRing::WhenFull::Block);
        for (int64_t i = 0; i < 3; ++i) QVERIFY(ring.push(frame(i)));
        QCOMPARE(ring.room(), size_t{0});
        for (int64_t i = 0; i < 3; ++i) {
            const auto read = ring.pop();
            QVERIFY(read);
            QCOMPARE(read->index, i);
            QCOMPARE(read->picture.rgb[0], static_cast<uint8_t>(i));
        }
        QVERIFY(!ring.pop());
        QCOMPARE(ring.room(), size_t{3});
    }

    void aFullRingKeepsTheNewestWhenItDrops() {
        FrameRing ring(2, FrameRing::WhenFull::DropOldest);
        for (int64_t i = 0; i < 5; ++i) QVERIFY(ring.push(frame(i)));
        QCOMPARE(ring.dropped(), int64_t{3});
        QCOMPARE(ring.pop()->index, int64_t{3});
        QCOMPARE(ring.pop()->index, int64_t{4});
    }

    void aFullRingHoldsTheProducerBack() {
        FrameRing ring(1, FrameRing::WhenFull::Block);
        QVERIFY(ring.push(frame(0)));
        std::atomic<bool> through = false;
        std::thread producer([&] {
            ring.push(frame(1));
            through = true;
        });
        letOthersRun();
        const bool early = through;
        const auto first = ring.pop();
        producer.join();
        QVERIFY(!early);
        QCOMPARE(first->index, int64_t{0});
        QCOMPARE(ring.pop()->index, int64_t{1});
    }

    void stopWakesAProducerThatWaits() {
        FrameRing ring(1, FrameRing::WhenFull::Block);
        QVERIFY(ring.push(frame(0)));
        std::atomic<int> taken = -1;
        std::thread producer([&] { taken = ring.push(frame(1)); });
        letOthersRun();
        ring.stop();
        producer.join();
        QCOMPARE(taken.load(), 0);
        QVERIFY(!ring.push(frame(2)));
        QCOMPARE(ring.pop()->index, int64_t{0});  // what was there can still be read
    }

    void stopWakesAReaderThatWaits() {
        FrameRing ring(1, FrameRing::WhenFull::Block);
        std::atomic<bool> got = true;
        std::thread reader([&] { got = ring.popWait().has_value(); });
        letOthersRun();
        ring.stop();
        reader.join();
        QVERIFY(!got);
    }

    void resetBeginsAgainAndSendsTheWaitingFrameAway() {
        FrameRing ring(1, FrameRing::WhenFull::Block);
        QVERIFY(ring.push(frame(0)));
        std::atomic<int> taken = -1;
        std::thread producer([&] { taken = ring.push(frame(1)); });
        letOthersRun();
        ring.reset();
        producer.join();
        // The producer either waited across the reset, or came after it and is part of the new time.
        QVERIFY(taken == 0 ? ring.size() == 0 : ring.size() == 1);
        ring.reset();
        ring.stop();
        ring.reset();
        QVERIFY(ring.push(frame(7)));
        QCOMPARE(ring.pop()->index, int64_t{7});
    }

    void twoThreadsPassEveryFrameOnce() {
        constexpr int64_t kFrames = 5000;
        FrameRing ring(24, FrameRing::WhenFull::Block);
        std::thread producer([&] {
            for (int64_t i = 0; i < kFrames; ++i) ring.push(frame(i));
            ring.stop();
        });
        int64_t expected = 0;
        bool inOrder = true;
        while (const auto read = ring.popWait()) inOrder = inOrder && read->index == expected++;
        producer.join();
        QVERIFY(inOrder);
        QCOMPARE(expected, kFrames);
    }
};

QTEST_APPLESS_MAIN(TestFrameRing)
#include "test_frame_ring.moc"
