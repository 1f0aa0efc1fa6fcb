// The pacer against a fake clock: what is on screen at every refresh, for chunks that come in bursts.
#include <QTest>
#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "ui/canvas/display_clock.h"
#include "ui/canvas/frame_history.h"
#include "ui/canvas/frame_pacer.h"

using namespace longtake;

namespace {

constexpr double kFrame = 1.0 / 16;
constexpr double kRefresh = 1.0 / 60;
constexpr int kChunk = 12;

struct Shown {
    int64_t index;
    double at;
};

// A producer that hands over a chunk every `period` seconds, and a screen that refreshes at 60 Hz.
class Rig {
public:
    explicit Rig(PacerOptions options = {}) : pacer(options) {}

    void deliver(double when, int frames = kChunk) {
        for (int i = 0; i < frames; ++i, ++next) pacer.submit({next, double(next) * kFrame}, when);
    }

    // Runs the screen until `end`; chunks arrive at `arrival`, `arrival + period`, ...
    void run(double end, double period, double jitter = 0) {
        for (; now < end; now += kRefresh) {
            while (arrival <= now && (!backpressure || pacer.wantsFrames())) {
                deliver(now);
                arrival = std::max(arrival + period, backpressure ? now + period : 0);
            }
            std::uniform_real_distribution<double> late(0, jitter);
            refresh(now + (jitter > 0 ? late(random) : 0));
        }
    }

    void refresh(double wake) {
        double time = smoothed ? display.tick(wake) : wake;
        if (auto frame = pacer.advance(time)) shown.push_back({frame->index, now});
    }

    // How many refreshes each frame stayed, from `first` on.
    std::vector<int> stays(int64_t first) const {
        std::vector<int> counts;
        for (size_t i = 0; i + 1 < shown.size(); ++i) {
            if (shown[i].index >= first) counts.push_back(int(std::lround((shown[i + 1].at - shown[i].at) / kRefresh)));
        }
        return counts;
    }

    FramePacer pacer;
    DisplayClock display{60};
    bool smoothed = false;
    bool backpressure = false;
    double now = 100;
    double arrival = 100;
    int64_t next = 0;
    std::vector<Shown> shown;
    std::mt19937 random{7};
};

// 16 fps on 60 Hz is 3.75 refreshes a frame: the even way is 4, 4, 4, 3.
void compareCadence(const std::vector<int>& stays) {
    QVERIFY(stays.size() > 20);
    for (int stay : stays) QVERIFY2(stay == 3 || stay == 4, qPrintable(QString::number(stay)));
    for (size_t i = 0; i + 4 <= stays.size(); ++i) {
        QCOMPARE(stays[i] + stays[i + 1] + stays[i + 2] + stays[i + 3], 15);
    }
}

}  // namespace

class TestFramePacer : public QObject {
    Q_OBJECT

private slots:
    void showsTheFirstFrameAtOnce() {
        FramePacer pacer;
        QVERIFY(!pacer.advance(10));
        pacer.submit({0, 0}, 12.5);
        auto frame = pacer.advance(12.5);
        QVERIFY(frame);
        QCOMPARE(frame->index, 0);
        QVERIFY(!pacer.advance(12.51));
    }

    void burstsLeaveEvenly() {
        Rig rig;
        rig.run(130, 0.7);
        compareCadence(rig.stays(4 * kChunk));  // a little slower before, to gain the margin
        for (int stay : rig.stays(0)) QVERIFY(stay >= 3 && stay <= 5);
        QCOMPARE(rig.pacer.underruns(), 0);
        for (size_t i = 0; i < rig.shown.size(); ++i) QCOMPARE(rig.shown[i].index, int64_t(i));
    }

    void lateWakeUpsDoNotShow() {
        Rig rig;
        rig.smoothed = true;
        rig.run(130, 0.7, 0.006);
        compareCadence(rig.stays(4 * kChunk));
    }

    void withoutSmoothingLateWakeUpsWouldShow() {
        Rig rig;
        rig.run(130, 0.7, 0.012);
        auto stays = rig.stays(2 * kChunk);
        QVERIFY(std::any_of(stays.begin(), stays.end(), [](int stay) { return stay < 3 || stay > 4; }));
    }

    void holdsTheLastFrameWhenNothingComesAndGoesOnEvenly() {
        Rig rig({.slowestRate = 1});
        rig.deliver(100);
        rig.arrival = 101.5;  // three quarters of a second late, then on time
        rig.run(106, 0.74);
        QCOMPARE(rig.pacer.underruns(), 1);
        auto held = std::find_if(rig.shown.begin(), rig.shown.end(), [](Shown s) { return s.index == kChunk; });
        QVERIFY(held != rig.shown.end());
        QVERIFY(held->at >= 101.5 && held->at < 101.5 + 2 * kRefresh);
        compareCadence(rig.stays(kChunk));
        QVERIFY(!rig.pacer.isStarved());
    }

    void slowChunksSlowTheMotionInsteadOfStoppingIt() {
        Rig rig;
        rig.run(160, 1.5);  // twice as long as a chunk lasts
        auto stays = rig.stays(6 * kChunk);
        QVERIFY(stays.size() > 100);
        auto [least, most] = std::minmax_element(stays.begin(), stays.end());
        QVERIFY2(*least >= 6 && *most <= 10, qPrintable(QString("%1..%2").arg(*least).arg(*most)));
        QVERIFY(std::abs(rig.pacer.rate() - 0.5) < 0.1);
    }

    void unsteadySupplyBelowRealTimeRarelyHolds() {
        Rig rig;
        std::mt19937 random(3);
        std::uniform_real_distribution<double> period(0.9, 1.3);
        double due = 100;
        for (int chunk = 0; chunk < 40; ++chunk) {
            rig.arrival = due;
            due += period(random);
            rig.run(due, 1000);
        }
        auto stays = rig.stays(6 * kChunk);
        int longest = *std::max_element(stays.begin(), stays.end());
        // Playing at rate 1 and waiting would hold for 0.15 to 0.55 s (13 to 37 refreshes) in every chunk.
        QVERIFY2(longest <= 20, qPrintable(QString::number(longest)));
    }

    void holdingTheProducerBackIsNotTakenForSlowness() {
        Rig rig;
        rig.backpressure = true;
        rig.run(130, 0.3);
        QCOMPARE(rig.pacer.rate(), 1.0);
        QVERIFY(rig.pacer.aheadSeconds() <= 1.6 + kChunk * kFrame);
        compareCadence(rig.stays(kChunk));
    }

    void wantsTwoChunksAheadAndNoMore() {
        Rig rig;
        rig.pacer.setPlaying(false, 100);
        for (int chunk = 0; chunk < 2; ++chunk) {
            QVERIFY(rig.pacer.wantsFrames());
            rig.deliver(100);
        }
        QVERIFY(rig.pacer.wantsFrames());  // 1.5 s of 1.6 s
        rig.deliver(100);
        QVERIFY(!rig.pacer.wantsFrames());
    }

    void pausesAndGoesOnFromThere() {
        Rig rig;
        rig.run(101, 0.5);
        int64_t before = rig.pacer.current()->index;
        rig.pacer.setPlaying(false, rig.now);
        size_t count = rig.shown.size();
        rig.run(105, 1000);
        QCOMPARE(rig.shown.size(), count);
        QVERIFY(!rig.pacer.nextChange());
        rig.pacer.setPlaying(true, rig.now);
        rig.run(105.2, 1000);
        QCOMPARE(rig.shown[count].index, before + 1);
        QVERIFY(rig.shown[count].at - 105 < kFrame + kRefresh);
    }

    void seeksAndPlaysOn() {
        Rig rig;
        for (int chunk = 0; chunk < 8; ++chunk) rig.deliver(100);
        rig.pacer.setPlaying(false, 100);
        rig.refresh(100);
        rig.pacer.seek(3.0, 100);
        auto frame = rig.pacer.advance(100);
        QVERIFY(frame);
        QCOMPARE(frame->index, 48);
        rig.pacer.seek(3.0 + 0.9 * kFrame, 100);
        QVERIFY(!rig.pacer.advance(100));  // still the same frame
        rig.pacer.seek(1000, 100);
        QCOMPARE(rig.pacer.advance(100)->index, 95);
        rig.pacer.seek(-5, 100);
        QCOMPARE(rig.pacer.advance(100)->index, 0);
        rig.pacer.step(3, 100);
        QCOMPARE(rig.pacer.advance(100)->index, 3);
        rig.pacer.step(-1, 100);
        QCOMPARE(rig.pacer.advance(100)->index, 2);
        rig.pacer.setPlaying(true, 100);
        QVERIFY(!rig.pacer.advance(100 + 0.5 * kFrame));
        QCOMPARE(rig.pacer.advance(100 + 1.1 * kFrame)->index, 3);
    }

    void scrubbingBackLeavesNothingWaiting() {
        Rig rig;
        rig.run(104, 0.75);
        double ahead = rig.pacer.aheadSeconds();
        rig.pacer.seek(0, rig.now);
        (void)rig.pacer.advance(rig.now);
        QVERIFY(std::abs(rig.pacer.aheadSeconds() - ahead) < 2 * kFrame);
        QVERIFY(rig.pacer.behindSeconds() > 3);
        rig.pacer.goLive(rig.now);
        (void)rig.pacer.advance(rig.now);
        QVERIFY(rig.pacer.behindSeconds() < 1);
    }

    void latencyIsFromArrivalToScreen() {
        FramePacer pacer;
        for (int i = 0; i < kChunk; ++i) pacer.submit({i, i * kFrame}, 50);
        (void)pacer.advance(50);
        QCOMPARE(pacer.latencySeconds(), 0.0);
        QVERIFY(pacer.advance(50 + 4 * kFrame));
        QVERIFY(std::abs(pacer.latencySeconds() - 4 * kFrame) < 1e-9);
        pacer.seek(0, 51);
        (void)pacer.advance(51);
        QCOMPARE(pacer.latencySeconds(), 0.0);  // shown before: no latency to speak of
    }

    void droppedFramesAreNotWaitedFor() {
        Rig rig;
        rig.deliver(100);
        rig.next += 2 * kChunk;
        rig.deliver(100);
        rig.run(101, 1000);
        auto after = std::find_if(rig.shown.begin(), rig.shown.end(), [](Shown s) { return s.index == 3 * kChunk; });
        QVERIFY(after != rig.shown.end());
        QVERIFY(std::abs(after->at - (100 + kChunk * kFrame)) < 2 * kRefresh);
    }

    void theEndOfATakeIsNoUnderrun() {
        Rig rig;
        rig.deliver(100);
        rig.arrival = 1000;
        rig.pacer.setEnded(true);
        rig.run(103, 1000);
        QCOMPARE(rig.pacer.underruns(), 0);
        QCOMPARE(rig.shown.back().index, kChunk - 1);
    }

    void tellsWhenToWake() {
        FramePacer pacer;
        QVERIFY(!pacer.nextChange());
        for (int i = 0; i < 3; ++i) pacer.submit({i, i * kFrame}, 10);
        QCOMPARE(*pacer.nextChange(), 10.0);
        (void)pacer.advance(10);
        for (int i = 1; i < 3; ++i) {
            double wake = *pacer.nextChange();
            QVERIFY(std::abs(wake - (10 + i * kFrame)) < 1e-9);
            QCOMPARE(pacer.advance(wake)->index, i);
        }
        QVERIFY(std::abs(*pacer.nextChange() - (10 + 3 * kFrame)) < 1e-9);  // to notice that nothing came
        QVERIFY(!pacer.advance(*pacer.nextChange()));
        QVERIFY(pacer.isStarved());
        QVERIFY(!pacer.nextChange());
    }

    void backwardsRunsThroughWhatWasMade() {
        for (const double speed : {-1.0, -2.0, -8.0}) {
            Rig rig;
            rig.run(106, 0.7);
            const int64_t from = rig.pacer.current()->index;
            const int64_t newest = rig.next - 1;
            QVERIFY(from > 4 * kChunk);
            rig.shown.clear();
            const double began = rig.now;
            rig.pacer.setSpeed(speed, rig.now);
            rig.arrival = 1e9;  // far ahead already: nothing more comes
            while (!rig.pacer.isAtStart() && rig.now < began + 60) rig.refresh(rig.now += kRefresh);
            QVERIFY2(std::abs((rig.now - began) * -speed - double(from) * kFrame) < 0.2,
                     qPrintable(QString("%1 s at %2").arg(rig.now - began).arg(speed)));
            QCOMPARE(rig.shown.back().index, 0);
            for (size_t i = 1; i < rig.shown.size(); ++i) QVERIFY(rig.shown[i].index < rig.shown[i - 1].index);
            if (speed == -1) QCOMPARE(rig.shown.size(), size_t(from));
            QVERIFY(!rig.pacer.nextChange());
            // And on again, through all of it.
            rig.pacer.setSpeed(1, rig.now);
            rig.shown.clear();
            while (rig.pacer.current()->index < newest && rig.now < began + 120) rig.refresh(rig.now += kRefresh);
            for (size_t i = 0; i < rig.shown.size(); ++i) QCOMPARE(rig.shown[i].index, int64_t(i + 1));
        }
    }

    void backwardsByTimerShowsEachFrameForItsTime() {
        FramePacer pacer;
        for (int i = 0; i < 8; ++i) pacer.submit({i, i * kFrame}, 10);
        pacer.seek(7 * kFrame, 10);
        (void)pacer.advance(10);
        pacer.setSpeed(-1, 10);
        double now = 10;
        for (int i = 6; i >= 0; --i) {
            now = *pacer.nextChange();
            QVERIFY2(std::abs(now - (10 + (6 - i) * kFrame)) < 1e-6, qPrintable(QString::number(now)));
            QCOMPARE(pacer.advance(now)->index, i);
        }
    }

    void fastRunsToTheNewestAndGoesOnThere() {
        Rig rig;
        rig.run(106, 0.7);
        rig.pacer.seek(0, rig.now);
        rig.pacer.setSpeed(4, rig.now);
        const double began = rig.now;
        const double reach = double(rig.next - 1) * kFrame;
        rig.shown.clear();
        while (rig.pacer.speed() != 1 && rig.now < began + 60) rig.run(rig.now + kRefresh, 0.7);
        const double took = rig.now - began;
        QVERIFY2(took > reach / 4 - 0.5 && took < reach / 4 + 1, qPrintable(QString("%1 s for %2 s").arg(took).arg(reach)));
        QCOMPARE(rig.pacer.underruns(), 0);
        rig.run(rig.now + 4, 0.7);
        QVERIFY(rig.pacer.behindSeconds() < 2 * kChunk * kFrame);
        QVERIFY(rig.pacer.underruns() <= 1);
        // Nothing is faster than what is being made.
        rig.pacer.goLive(rig.now);
        rig.pacer.setSpeed(8, rig.now);
        rig.refresh(rig.now += kRefresh);
        rig.refresh(rig.now += kRefresh);
        QCOMPARE(rig.pacer.speed(), 1.0);
    }

    void pausingForgetsTheSpeed() {
        Rig rig;
        rig.run(103, 0.7);
        rig.pacer.setSpeed(-2, rig.now);
        rig.pacer.setPlaying(false, rig.now);
        rig.pacer.setPlaying(true, rig.now);
        QCOMPARE(rig.pacer.speed(), 1.0);
    }

    void anotherTakeStartsAnew() {
        Rig rig;
        rig.run(102, 0.7);
        rig.pacer.clear();
        QVERIFY(!rig.pacer.current());
        rig.pacer.submit({0, 0}, rig.now);
        QCOMPARE(rig.pacer.advance(rig.now)->index, 0);
    }

    void displayClockFollowsARateThatIsNotQuiteTheNominalOne() {
        DisplayClock clock(60);
        double period = 1 / 59.94, last = 0;
        std::mt19937 random(1);
        std::normal_distribution<double> noise(0, 0.001);
        double worst = 0;
        for (int i = 0; i < 1200; ++i) {
            double time = clock.tick(5 + i * period + noise(random));
            if (i > 600) worst = std::max(worst, std::abs(time - last - period));
            last = time;
        }
        QVERIFY2(worst < 0.0004, qPrintable(QString::number(worst)));
    }

    void historyKeepsWhatFitsAndWhatWasLookedAt() {
        std::vector<uint8_t> pixels(4 * 2 * 3, 9);
        FrameView frame{.data = pixels.data(), .width = 4, .height = 2, .stride = 12};
        FrameHistory history(24 * 3);
        for (int i = 0; i < 3; ++i) {
            pixels[0] = uint8_t(i);
            history.put(i, frame);
        }
        QCOMPARE(history.find(0).data[0], 0);  // looked at: now 1 is the oldest
        history.put(3, frame);
        QVERIFY(history.holds(0) && !history.holds(1) && history.holds(2) && history.holds(3));
        QCOMPARE(history.bytes(), size_t(72));
        QVERIFY(history.find(1).data == nullptr);
    }
};

QTEST_GUILESS_MAIN(TestFramePacer)
#include "test_frame_pacer.moc"
