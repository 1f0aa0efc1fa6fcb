#include "engine/model/causal_dit.h"

#include <cmath>
#include <stdexcept>

#include "engine/rows.h"

namespace longtake {

namespace {

enum Slot : size_t {
    kPatches = kSelfAttentionSlots,
    kResidual,
    kInput,
    kCrossProjected,
    kCrossQueries,
    kCrossOut,
    kHidden,
    kHeadOut,
    kTextIn,
    kTextHidden,
    kTextOut,
    kTextKeyValue,
    kObserved
};

// Modulations of a take are few (one a denoise step, one for the clean pass); a sampler with other steps starts over.
constexpr size_t kMaxModulations = 64;

PerGroup group(const Tensor& modulation, int64_t layer, int64_t groups, int row, int rows, int64_t dim, int64_t rowsPerGroup) {
    return {modulation.as<float>() + (layer * groups * rows + row) * dim, rows * dim, rowsPerGroup};
}

}  // namespace

struct CausalDit::Block {
    std::unique_ptr<SelfAttention> selfAttention;
    Tensor norm3Gain, norm3Bias;
    std::unique_ptr<PackedWeight> crossQuery, crossKeyValue, crossOut;  // key and value fused: [2 dim, dim]
    Tensor crossQueryNorm, crossKeyNorm;
    std::unique_ptr<PackedWeight> ffn0, ffn2;
    Tensor modulation;  // [6, dim]
};

size_t PromptContext::bytes() const {
    size_t total = 0;
    for (const Tensor& tensor : keys) total += 2 * tensor.bytes();
    return total;
}

CausalDit::CausalDit(const DitConfig& config, Positions positions, Backend& backend)
    : config_(config), positions_(positions), backend_(backend) {}

CausalDit::~CausalDit() = default;

Result<std::unique_ptr<CausalDit>> CausalDit::load(const DitConfig& config, Positions positions, const WeightSource& weights,
                                                   Backend& backend, MlaForm form) {
    if (Result<void> valid = validate(config); !valid) return valid.error();
    return readModel(weights, "", [&](WeightReader& reader) {
        std::unique_ptr<CausalDit> dit(new CausalDit(config, positions, backend));
        dit->loadWeights(reader, form);
        dit->parameters_ = reader.parameters();
        return dit;
    });
}

void CausalDit::loadWeights(WeightReader& reader, MlaForm form) {
    const int64_t dim = config_.dim, area = config_.patchH * config_.patchW;
    auto linear = [&](DType compute, const std::string& name, int64_t out, int64_t in, const Shape& shape) {
        const Tensor weight = reader.read(name + ".weight", shape);
        const std::vector<float> bias = reader.floats(name + ".bias", {out});
        return backend_.packMatmulAs(compute, weight.data(), weight.dtype(), bias.data(), out, in);
    };
    auto inComputeType = [&](const std::string& name, int64_t out, int64_t in) {
        return linear(backend_.computeType(), name, out, in, {out, in});
    };
    auto inFp32 = [&](const std::string& name, int64_t out, int64_t in) { return linear(DType::F32, name, out, in, {out, in}); };
    auto floats = [&](const std::string& name, const Shape& shape) { return uploadFloats(backend_, reader.floats(name, shape)); };

    patch_ = linear(backend_.computeType(), "patch_embedding", dim, config_.inDim * area,
                    {dim, config_.inDim, 1, config_.patchH, config_.patchW});
    if (const int features = 2 * config_.positionFeatures; features > 0) {
        const Tensor weight = reader.read("position_embedding.weight", {dim, features});
        place_ = backend_.packMatmul(weight.data(), weight.dtype(), nullptr, dim, features);
    }
    text0_ = inComputeType("text_embedding.0", dim, config_.textDim);
    text2_ = inComputeType("text_embedding.2", dim, dim);
    time0_ = inFp32("time_embedding.0", dim, config_.freqDim);
    time2_ = inFp32("time_embedding.2", dim, dim);
    timeProjection_ = inFp32("time_projection.1", 6 * dim, dim);
    headModulation_ = floats("head.modulation", {2, dim});
    head_ = inComputeType("head.head", config_.outDim * area, dim);

    for (int i = 0; i < config_.numLayers; ++i) {
        const std::string prefix = "blocks." + std::to_string(i) + ".";
        auto block = std::make_unique<Block>();
        block->selfAttention = config_.attention == AttentionKind::Mla
                                   ? makeMlaAttention(config_, form, reader, prefix + "self_attn.", backend_)
                                   : makeDenseAttention(config_, positions_, reader, prefix + "self_attn.", backend_);
        block->modulation = floats(prefix + "modulation", {6, dim});
        block->norm3Gain = floats(prefix + "norm3.weight", {dim});
        block->norm3Bias = floats(prefix + "norm3.bias", {dim});
        block->crossQuery = inComputeType(prefix + "cross_attn.q", dim, dim);
        std::vector<float> weight = reader.floats(prefix + "cross_attn.k.weight", {dim, dim});
        std::vector<float> bias = reader.floats(prefix + "cross_attn.k.bias", {dim});
        const std::vector<float> valueWeight = reader.floats(prefix + "cross_attn.v.weight", {dim, dim});
        const std::vector<float> valueBias = reader.floats(prefix + "cross_attn.v.bias", {dim});
        weight.insert(weight.end(), valueWeight.begin(), valueWeight.end());
        bias.insert(bias.end(), valueBias.begin(), valueBias.end());
        block->crossKeyValue = backend_.packMatmul(weight.data(), DType::F32, bias.data(), 2 * dim, dim);
        block->crossOut = inComputeType(prefix + "cross_attn.o", dim, dim);
        block->crossQueryNorm = floats(prefix + "cross_attn.norm_q.weight", {dim});
        block->crossKeyNorm = floats(prefix + "cross_attn.norm_k.weight", {dim});
        block->ffn0 = inComputeType(prefix + "ffn.0", config_.ffnDim, dim);
        block->ffn2 = inComputeType(prefix + "ffn.2", dim, config_.ffnDim);
        blocks_.push_back(std::move(block));
    }
}

PromptContext CausalDit::encodePrompt(const Tensor& text, DitWorkspace& workspace, const PassObserver* observer) const {
    const int64_t real = text.shape()[0], dim = config_.dim, padding = config_.textLen - real;
    if (text.shape()[-1] != config_.textDim || padding < 0)
        throw std::invalid_argument("[prompt] expected at most [" + std::to_string(config_.textLen) + ", " +
                                    std::to_string(config_.textDim) + "], got " + text.shape().text());
    PromptContext context;
    context.rows = real + (padding > 0 ? 1 : 0);
    context.lastKeyBias = padding > 0 ? std::log(static_cast<float>(padding)) : 0.0f;

    Tensor padded = Tensor::host(DType::F32, {context.rows, config_.textDim});  // a zero row stands for the padding
    std::copy(text.as<float>(), text.as<float>() + text.count(), padded.as<float>());
    const DType type = backend_.computeType();
    const Tensor input = workspace.scratch.take(kTextIn, DType::F32, padded.shape());
    backend_.upload(const_cast<void*>(input.data()), padded.data(), padded.bytes());
    const Rows in = workspace.scratch.rows(kTextOut, type, context.rows, config_.textDim);
    backend_.copy({rowsOf(input), in});
    const Rows hidden = workspace.scratch.rows(kTextHidden, type, context.rows, dim);
    backend_.matmul({.x = in, .weight = text0_.get(), .y = hidden, .activation = Activation::GeluTanh});
    const Rows embedded = workspace.scratch.rows(kTextOut, type, context.rows, dim);
    backend_.matmul({.x = hidden, .weight = text2_.get(), .y = embedded});
    if (observer) (*observer)("text_embedding", 0, embedded);

    for (const auto& block : blocks_) {
        const Rows both = workspace.scratch.rows(kTextKeyValue, DType::F32, context.rows, 2 * dim);
        backend_.matmul({.x = embedded, .weight = block->crossKeyValue.get(), .y = both});
        Tensor keys = Tensor::allocate(backend_, type, {context.rows, dim}), values = Tensor::allocate(backend_, type, {context.rows, dim});
        backend_.norm({.kind = NormKind::Rms,
                       .x = columns(both, 0, dim),
                       .y = rowsOf(keys),
                       .gain = block->crossKeyNorm.as<float>(),
                       .eps = config_.eps});
        backend_.copy({columns(both, dim, dim), rowsOf(values)});
        context.keys.push_back(std::move(keys));
        context.values.push_back(std::move(values));
    }
    return context;
}

// Sinusoid in fp64 from the fp32 timestep, the small network in fp32 (engine-spec 3.3, 12).
const Modulation& CausalDit::modulation(std::span<const float> timesteps, DitWorkspace& workspace, const PassObserver* observer) const {
    std::vector<float> key(timesteps.begin(), timesteps.end());
    if (std::equal(key.begin() + 1, key.end(), key.begin())) key.resize(1);
    if (const auto found = workspace.modulations.find(key); found != workspace.modulations.end() && !observer) return found->second;
    if (workspace.modulations.size() >= kMaxModulations) workspace.modulations.clear();

    const int64_t groups = static_cast<int64_t>(key.size()), dim = config_.dim, half = config_.freqDim / 2;
    std::vector<float> sinusoid(static_cast<size_t>(groups * config_.freqDim));
    for (int64_t g = 0; g < groups; ++g)
        for (int64_t i = 0; i < half; ++i) {
            const double angle =
                static_cast<double>(key[static_cast<size_t>(g)]) * std::pow(10000.0, -static_cast<double>(i) / static_cast<double>(half));
            sinusoid[static_cast<size_t>(g * config_.freqDim + i)] = static_cast<float>(std::cos(angle));
            sinusoid[static_cast<size_t>(g * config_.freqDim + half + i)] = static_cast<float>(std::sin(angle));
        }
    const Tensor in = uploadFloats(backend_, sinusoid).reshaped({groups, config_.freqDim});
    const Tensor hidden = Tensor::allocate(backend_, DType::F32, {groups, dim}), e = Tensor::allocate(backend_, DType::F32, {groups, dim});
    const Tensor e0 = Tensor::allocate(backend_, DType::F32, {groups, 6 * dim});
    backend_.matmul({.x = rowsOf(in), .weight = time0_.get(), .y = rowsOf(hidden), .activation = Activation::Silu});
    backend_.matmul({.x = rowsOf(hidden), .weight = time2_.get(), .y = rowsOf(e)});
    backend_.activate(rowsOf(e), rowsOf(hidden), Activation::Silu);
    backend_.matmul({.x = rowsOf(hidden), .weight = timeProjection_.get(), .y = rowsOf(e0)});
    if (observer) {
        (*observer)("sinusoid", 0, rowsOf(in));
        (*observer)("e", 0, rowsOf(e));
        (*observer)("e0", 0, rowsOf(e0));
    }

    Modulation made;
    made.groups = groups;
    made.layers = Tensor::allocate(backend_, DType::F32, {config_.numLayers, groups, 6, dim});
    made.head = Tensor::allocate(backend_, DType::F32, {groups, 2, dim});
    for (int64_t g = 0; g < groups; ++g) {
        for (int64_t l = 0; l < config_.numLayers; ++l)
            backend_.combine({e0.as<float>() + g * 6 * dim, blocks_[static_cast<size_t>(l)]->modulation.as<float>(),
                              made.layers.as<float>() + (l * groups + g) * 6 * dim, 6 * dim, 1.0f, 1.0f});
        for (int64_t row = 0; row < 2; ++row)
            backend_.combine({e.as<float>() + g * dim, headModulation_.as<float>() + row * dim, made.head.as<float>() + (g * 2 + row) * dim,
                              dim, 1.0f, 1.0f});
    }
    return workspace.modulations[key] = std::move(made);
}

void CausalDit::checkPasses(std::span<const DitPass> takes) const {
    const DitPass& first = takes.front();
    const Shape& shape = first.latents.shape();
    if (shape.rank() != 4 || shape[1] != config_.inDim || shape[2] % config_.patchH != 0 || shape[3] % config_.patchW != 0 ||
        static_cast<int64_t>(first.timesteps.size()) != shape[0])
        throw std::invalid_argument("[dit] latents of shape " + shape.text() + " do not fit the model's " + std::to_string(config_.inDim) +
                                    " channels and patches");
    for (const DitPass& pass : takes) {
        if (pass.cache->tokensPerFrame() != shape[2] / config_.patchH * (shape[3] / config_.patchW) ||
            pass.firstSlot + shape[0] > pass.cache->liveFrames())
            throw std::invalid_argument("[dit] the cache has no slots for this pass");
        const bool oneTime = std::all_of(pass.timesteps.begin(), pass.timesteps.end(), [&](float t) { return t == first.timesteps[0]; });
        const bool alike = pass.latents.shape() == shape && oneTime && pass.firstSlot == first.firstSlot &&
                           pass.cache->liveFrames() == first.cache->liveFrames() &&
                           (positions_ == Positions::Window || pass.cache->frames() == first.cache->frames()) &&
                           !pass.output == !first.output && !pass.observer;
        if (takes.size() > 1 && !alike) throw std::invalid_argument("[dit] these takes cannot share a pass");
    }
}

void CausalDit::forward(std::span<const DitPass> takes, DitWorkspace& workspace) const {
    checkPasses(takes);
    const DitPass& first = takes.front();
    const Shape& shape = first.latents.shape();
    const int64_t frames = shape[0], gridH = shape[2] / config_.patchH, gridW = shape[3] / config_.patchW, tokens = frames * gridH * gridW;
    const int64_t allTokens = tokens * static_cast<int64_t>(takes.size());

    std::vector<int64_t> positions = first.cache->frames();
    if (positions_ == Positions::Window)
        for (size_t i = 0; i < positions.size(); ++i) positions[i] = static_cast<int64_t>(i);
    workspace.rope.prepare(positions, gridH, gridW);

    const Rows patches =
        workspace.scratch.rows(kPatches, backend_.computeType(), allTokens, config_.inDim * config_.patchH * config_.patchW);
    for (size_t take = 0; take < takes.size(); ++take)
        backend_.patchify({const_cast<float*>(takes[take].latents.as<float>()), share(patches, take, takes.size()), frames, config_.inDim,
                           shape[2], shape[3], config_.patchH, config_.patchW});
    const Rows x = workspace.scratch.rows(kResidual, DType::F32, allTokens, config_.dim);
    backend_.matmul({.x = patches, .weight = patch_.get(), .y = x});
    for (size_t take = 0; place_ && take < takes.size(); ++take)
        backend_.matmul({.x = workspace.places.rows(frames, gridH, gridW),
                         .weight = place_.get(),
                         .y = share(x, take, takes.size()),
                         .accumulate = true});
    if (first.observer) (*first.observer)("patch_embedding", 0, x);

    const Modulation& mod = modulation(first.timesteps, workspace, first.observer);
    for (size_t layer = 0; layer < blocks_.size(); ++layer) runBlock(layer, takes, x, mod, workspace);
    if (first.output) runHead(takes, x, mod, workspace);
}

void CausalDit::runBlock(size_t layer, std::span<const DitPass> takes, const Rows& x, const Modulation& mod,
                         DitWorkspace& workspace) const {
    const DitPass& first = takes.front();
    const Block& block = *blocks_[layer];
    const int64_t rowsPerGroup = x.rows / mod.groups;
    PerGroup mu[6];
    for (int i = 0; i < 6; ++i) mu[i] = group(mod.layers, static_cast<int64_t>(layer), mod.groups, i, 6, config_.dim, rowsPerGroup);
    auto observe = [&](const char* name, const Rows& rows) {
        if (first.observer) (*first.observer)(name, static_cast<int>(layer), rows);
    };

    const Rows u = workspace.scratch.rows(kInput, backend_.computeType(), x.rows, config_.dim);
    backend_.norm({.kind = NormKind::Layer, .x = x, .y = u, .scale = mu[1], .shift = mu[0], .eps = config_.eps});
    observe("self_attn_in", u);

    // The last layer of a pass that only writes the cache is done once its rows are there.
    const bool onlyWrite = !first.output && layer + 1 == blocks_.size();
    std::vector<KvCache*> caches;
    for (const DitPass& pass : takes) caches.push_back(pass.cache);
    block.selfAttention->run({.u = u,
                              .x = x,
                              .gate = mu[2],
                              .caches = caches,
                              .layer = static_cast<int>(layer),
                              .firstSlot = first.firstSlot,
                              .liveSlots = first.cache->liveFrames(),
                              .onlyWrite = onlyWrite,
                              .rope = &workspace.rope,
                              .scratch = &workspace.scratch,
                              .observer = first.observer});
    if (onlyWrite) return;
    runCrossAttention(block, layer, takes, x, workspace);
    runFeedForward(block, layer, first, x, mu, workspace);
    observe("block", x);
}

void CausalDit::runCrossAttention(const Block& block, size_t layer, std::span<const DitPass> takes, const Rows& x,
                                  DitWorkspace& workspace) const {
    const DType type = backend_.computeType();
    const int64_t dim = config_.dim, headDim = config_.headDim(), tokens = x.rows / static_cast<int64_t>(takes.size());
    const DitPass& first = takes.front();
    const Rows u = workspace.scratch.rows(kInput, type, x.rows, dim);
    backend_.norm({.kind = NormKind::Layer,
                   .x = x,
                   .y = u,
                   .gain = block.norm3Gain.as<float>(),
                   .bias = block.norm3Bias.as<float>(),
                   .eps = config_.eps});
    if (first.observer) (*first.observer)("cross_attn_in", static_cast<int>(layer), u);
    const Rows projected = workspace.scratch.rows(kCrossProjected, DType::F32, x.rows, dim);
    backend_.matmul({.x = u, .weight = block.crossQuery.get(), .y = projected});
    const Rows queries = workspace.scratch.rows(kCrossQueries, type, x.rows, dim);
    backend_.norm({.kind = NormKind::Rms, .x = projected, .y = queries, .gain = block.crossQueryNorm.as<float>(), .eps = config_.eps});

    const Rows out = workspace.scratch.rows(kCrossOut, type, x.rows, dim);
    for (size_t take = 0; take < takes.size(); ++take) {
        const PromptContext& prompt = *takes[take].prompt;
        AttentionParams attention;
        attention.dtype = type;
        attention.q = share(queries, take, takes.size()).data;
        attention.k = prompt.keys[layer].data();
        attention.v = prompt.values[layer].data();
        attention.out = share(out, take, takes.size()).data;
        attention.qRowStride = attention.kRowStride = attention.vRowStride = attention.outRowStride = dim;
        attention.qHeadStride = attention.kHeadStride = attention.vHeadStride = attention.outHeadStride = headDim;
        attention.qkDim = attention.vDim = headDim;
        attention.queries = tokens;
        attention.keys = prompt.rows;
        attention.heads = config_.numHeads;
        attention.scale = 1.0f / std::sqrt(static_cast<float>(headDim));
        attention.lastKeyBias = prompt.lastKeyBias;
        backend_.attention(attention);
    }
    observeProduct(first, "cross_attn_out", layer, out, *block.crossOut, workspace);
    backend_.matmul({.x = out, .weight = block.crossOut.get(), .y = x, .accumulate = true});
}

// A branch is added to the residual stream in one go; only a test sees it on its own.
void CausalDit::observeProduct(const DitPass& pass, const char* name, size_t layer, const Rows& in, const PackedWeight& weight,
                               DitWorkspace& workspace) const {
    if (!pass.observer) return;
    const Rows out = workspace.scratch.rows(kObserved, DType::F32, in.rows, config_.dim);
    backend_.matmul({.x = in, .weight = &weight, .y = out});
    (*pass.observer)(name, static_cast<int>(layer), out);
}

void CausalDit::runFeedForward(const Block& block, size_t layer, const DitPass& pass, const Rows& x, const PerGroup mu[6],
                               DitWorkspace& workspace) const {
    const Rows u = workspace.scratch.rows(kInput, backend_.computeType(), x.rows, config_.dim);
    backend_.norm({.kind = NormKind::Layer, .x = x, .y = u, .scale = mu[4], .shift = mu[3], .eps = config_.eps});
    if (pass.observer) (*pass.observer)("ffn_in", static_cast<int>(layer), u);
    const Rows hidden = workspace.scratch.rows(kHidden, backend_.computeType(), x.rows, config_.ffnDim);
    backend_.matmul({.x = u, .weight = block.ffn0.get(), .y = hidden, .activation = Activation::GeluTanh});
    observeProduct(pass, "ffn_out", layer, hidden, *block.ffn2, workspace);
    backend_.matmul({.x = hidden, .weight = block.ffn2.get(), .y = x, .accumulate = true, .gate = mu[5]});
}

void CausalDit::runHead(std::span<const DitPass> takes, const Rows& x, const Modulation& mod, DitWorkspace& workspace) const {
    const DitPass& first = takes.front();
    const int64_t rowsPerGroup = x.rows / mod.groups;
    const Rows u = workspace.scratch.rows(kInput, backend_.computeType(), x.rows, config_.dim);
    backend_.norm({.kind = NormKind::Layer,
                   .x = x,
                   .y = u,
                   .scale = group(mod.head, 0, mod.groups, 1, 2, config_.dim, rowsPerGroup),
                   .shift = group(mod.head, 0, mod.groups, 0, 2, config_.dim, rowsPerGroup),
                   .eps = config_.eps});
    const Rows out = workspace.scratch.rows(kHeadOut, DType::F32, x.rows, config_.outDim * config_.patchH * config_.patchW);
    backend_.matmul({.x = u, .weight = head_.get(), .y = out});
    if (first.observer) (*first.observer)("head", 0, out);
    const Shape& shape = first.latents.shape();
    for (size_t take = 0; take < takes.size(); ++take)
        backend_.unpatchify({takes[take].output->as<float>(), share(out, take, takes.size()), shape[0], config_.outDim, shape[2], shape[3],
                             config_.patchH, config_.patchW});
}

size_t CausalDit::workingBytes(int64_t tokens, int64_t held) const {
    const int64_t number = static_cast<int64_t>(sizeOf(backend_.computeType())), dim = config_.dim;
    int64_t perToken = dim * 4 + 4 * dim * number + dim * 4 + config_.ffnDim * number;  // residual, inputs and outputs, query, hidden
    int64_t perHeld = 0;
    if (config_.attention == AttentionKind::Mla) {
        const MlaConfig& m = config_.mla;
        perToken +=
            (m.dCq + m.dC + m.dR) * 4 + (m.dCq + config_.numHeads * (std::max(m.dNope, m.dC) + m.dR + std::max(m.dV, m.dC))) * number;
        perHeld = chooseMlaForm(m) == MlaForm::Absorbed ? (m.dC + m.dR) * number : config_.numHeads * (m.dNope + m.dR + m.dV) * number;
    } else {
        perToken += 3 * dim * 4 + 2 * dim * number;
        perHeld = positions_ == Positions::Window ? dim * number : 0;
    }
    return static_cast<size_t>(tokens * perToken + held * perHeld);
}

size_t CausalDit::weightBytes() const {
    size_t total = place_ ? place_->bytes() : 0;
    for (const PackedWeight* weight :
         {patch_.get(), text0_.get(), text2_.get(), time0_.get(), time2_.get(), timeProjection_.get(), head_.get()})
        total += weight->bytes();
    for (const auto& block : blocks_) {
        for (const PackedWeight* weight :
             {block->crossQuery.get(), block->crossKeyValue.get(), block->crossOut.get(), block->ffn0.get(), block->ffn2.get()})
            total += weight->bytes();
        total += block->selfAttention->weightBytes();
    }
    return total;
}

}  // namespace longtake
