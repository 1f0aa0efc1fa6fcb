// The engine behind the session's interfaces: backend, model and take.
//
// Owner:  Session.
// Thread: generation thread only.
#pragma once

#include "app/session/take_source.h"

namespace longtake {

class EngineTakeMaker final : public TakeMaker {
public:
    ~EngineTakeMaker() override;

    Result<ModelInfo> load(const EngineChoice& choice) override;
    MemoryPlan plan(int64_t width, int64_t height, const RolloutConfig& window) const override;
    Result<std::unique_ptr<TakeSource>> begin(const TakeOptions& options) override;
    Result<std::unique_ptr<SharedFrameWriter>> importFrames(const SharedFramesOrigin& origin) override {
        return model_->decodeBackend().importFrames(origin);
    }
    RankJob weightRanks() const override;

private:
    std::unique_ptr<Backend> backend_;
    std::unique_ptr<Model> model_;
};

}  // namespace longtake
