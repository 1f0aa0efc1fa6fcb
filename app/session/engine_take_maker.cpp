#include "app/session/engine_take_maker.h"

#include "engine/checkpoint/checkpoint.h"
#include "kernels/devices.h"

namespace longtake {
namespace {

const std::vector<double> kThresholds{0.9, 0.99, 0.999};

class EngineTake final : public TakeSource {
public:
    EngineTake(std::unique_ptr<Take> take, const DitConfig& model)
        : take_(std::move(take)), contentColumns_(model.attention == AttentionKind::Mla ? model.mla.dC : model.cacheWidth()) {}

    void setTimeline(PromptTimeline timeline) override { take_->setTimeline(std::move(timeline)); }
    Result<TakeChunk> next(const FrameSink& frames, const PassCallback& afterPass) override { return take_->next(frames, afterPass); }
    int64_t framesToCome() const override { return take_->framesToCome(); }
    void finish(const FrameSink& frames) override { take_->finish(frames); }
    void restart(uint64_t seed) override { take_->restart(seed); }
    void setPictureTap(PictureTap tap) override { take_->setPictureTap(std::move(tap)); }
    int64_t nextChunk() const override { return take_->nextChunk(); }
    TakeOptions options() const override { return take_->options(); }
    ChunkClock clock() const override { return take_->clock(); }
    CacheView cacheView() const override { return take_->cacheView(); }

    CacheSnapshot cacheSnapshot() const override {
        CacheSnapshot snapshot;
        snapshot.chunk = take_->nextChunk() - 1;
        snapshot.contentColumns = contentColumns_;
        const KvCache& cache = take_->cache();
        for (int layer = 0; layer < cache.layers(); ++layer) snapshot.layers.push_back(cache.snapshot(layer));
        return snapshot;
    }

private:
    std::unique_ptr<Take> take_;
    int64_t contentColumns_;
};

Result<Tensor> attentionWeight(const Checkpoint& weights, int layer, const char* name) {
    return weights.toFloat("blocks." + std::to_string(layer) + ".self_attn." + name + ".weight");
}

Result<RankReport> rankOfLayer(const Checkpoint& weights, const DitConfig& model, int layer) {
    if (model.attention == AttentionKind::Mla) {
        Result<Tensor> down = attentionWeight(weights, layer, "kv_down");
        Result<Tensor> keys = attentionWeight(weights, layer, "k_up");
        Result<Tensor> values = attentionWeight(weights, layer, "v_up");
        for (const Result<Tensor>* read : {&down, &keys, &values})
            if (!*read) return read->error();
        return rankOfWeights(std::vector<LatentFactors>{{std::move(*down), std::move(*keys), std::move(*values)}}, kThresholds);
    }
    Result<Tensor> keys = attentionWeight(weights, layer, "k");
    Result<Tensor> values = attentionWeight(weights, layer, "v");
    for (const Result<Tensor>* read : {&keys, &values})
        if (!*read) return read->error();
    return rankOfWeights(std::vector<DenseFactors>{{std::move(*keys), std::move(*values)}}, kThresholds);
}

Result<RankReport> rankOfFile(const std::filesystem::path& file, const DitConfig& model, const std::atomic<bool>& stop) {
    const Result<Checkpoint> weights = Checkpoint::open(file);
    if (!weights) return weights.error();
    RankReport all;
    for (int layer = 0; layer < model.numLayers; ++layer) {
        if (stop) return Error{"stopped"};
        Result<RankReport> one = rankOfLayer(*weights, model, layer);
        if (!one) return one.error();
        if (layer == 0) {
            all = std::move(*one);
            continue;
        }
        all.layers.push_back(std::move(one->layers.front()));
        all.costMs += one->costMs;
    }
    return all;
}

}  // namespace

EngineTakeMaker::~EngineTakeMaker() = default;

Result<ModelInfo> EngineTakeMaker::load(const EngineChoice& choice) {
    model_.reset();
    backend_.reset();
    Result<std::unique_ptr<Backend>> backend =
        makeBackend({.device = choice.device, .threads = choice.threads, .precision = choice.precision});
    if (!backend) return backend.error();
    backend_ = std::move(*backend);
    Result<std::unique_ptr<Model>> model = Model::load(choice.folder, *backend_);
    if (!model) {
        backend_.reset();
        return model.error();
    }
    model_ = std::move(model).value();
    ModelInfo info;
    info.config = model_->config();
    info.choice = choice;
    info.precision = backend_->computeType() == DType::F32 ? Precision::Fp32 : Precision::Bf16;
    info.backend = backend_->description();
    info.threads = backend_->threads();
    info.widthStep = model_->widthStep();
    info.heightStep = model_->heightStep();
    return info;
}

MemoryPlan EngineTakeMaker::plan(int64_t width, int64_t height, const RolloutConfig& window) const {
    return model_->plan(width, height, window);
}

Result<std::unique_ptr<TakeSource>> EngineTakeMaker::begin(const TakeOptions& given) {
    TakeOptions options = given;
    options.decoding = Decoding::Beside;
    Result<std::unique_ptr<Take>> take = Take::create(*model_, options);
    if (!take) return take.error();
    return std::unique_ptr<TakeSource>(std::make_unique<EngineTake>(std::move(take).value(), model_->config().dit));
}

RankJob EngineTakeMaker::weightRanks() const {
    return [file = model_->folder() / model_->config().dit.weights, dit = model_->config().dit](const std::atomic<bool>& stop) {
        return rankOfFile(file, dit, stop);
    };
}

}  // namespace longtake
