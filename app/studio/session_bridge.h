// The session's events as Qt signals, so that a widget hears them on its own thread.
//
// Owner:  Studio; it outlives the session.
// Thread: the overrides run on the session's threads, receivers on theirs (queued).
#pragma once

#include <atomic>

#include <QObject>

#include "app/session/session_listener.h"

namespace longtake {

class SessionBridge final : public QObject, public SessionListener {
    Q_OBJECT

public:
    using QObject::QObject;

    // Before reading frames: what comes from now on is told again.
    void framesTaken() { framesTold_ = false; }

    void stateChanged(SessionState state) override { emit stateTold(state); }
    void modelLoaded(const ModelInfo& info) override { emit modelTold(info); }
    void planned(const MemoryPlan& plan) override { emit planTold(plan); }
    void takeStarted(const TakeStarted& started) override { emit takeTold(started); }
    void sharingAnswered(const SharingAnswer& answer) override { emit sharingTold(answer); }
    void chunkBegun(int64_t take, int64_t chunk) override { emit chunkBegunTold(take, chunk); }
    void progressed(const DenoiseProgress& progress) override { emit progressTold(progress); }
    // A chunk's frames come in a burst: one event is enough for all of them.
    void framesReady() override {
        if (!framesTold_.exchange(true)) emit framesTold();
    }
    void chunkDone(const ChunkReport& report) override { emit chunkTold(report); }
    void promptVisible(const PromptSeen& seen) override { emit promptSeenTold(seen); }
    void cacheViewed(const CacheView& view) override { emit cacheTold(view); }
    void liveRanked(const RankValues& values) override { emit liveRankTold(values); }
    void weightsRanked(const RankValues& values) override { emit weightsRankTold(values); }
    void failed(FailedAt at, const std::string& message) override { emit failureTold(at, message); }

signals:
    void stateTold(longtake::SessionState state);
    void modelTold(const longtake::ModelInfo& info);
    void planTold(const longtake::MemoryPlan& plan);
    void takeTold(const longtake::TakeStarted& started);
    void sharingTold(const longtake::SharingAnswer& answer);
    void chunkBegunTold(qint64 take, qint64 chunk);
    void progressTold(const longtake::DenoiseProgress& progress);
    void framesTold();
    void chunkTold(const longtake::ChunkReport& report);
    void promptSeenTold(const longtake::PromptSeen& seen);
    void cacheTold(const longtake::CacheView& view);
    void liveRankTold(const longtake::RankValues& values);
    void weightsRankTold(const longtake::RankValues& values);
    void failureTold(longtake::FailedAt at, const std::string& message);

private:
    std::atomic<bool> framesTold_ = false;
};

}  // namespace longtake
