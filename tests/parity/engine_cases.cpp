#include "tests/parity/engine_cases.h"

#include "engine/text/umt5_encoder.h"
#include "engine/video/taehv.h"
#include "engine/video/wan_vae.h"
#include "tests/golden/golden_rollout.h"
#include "tests/parity/comparison.h"

namespace longtake {

namespace {

// Decoders see several convolutions; a rounding of each is what bf16 costs.
constexpr double kBf16RelativeRms = 2e-2;

std::string checkRollout(const GoldenRollout& plain, const BackendMaker& tested, Precision precision) {
    GoldenRollout rollout = plain;
    rollout.precision = precision;
    rollout.makeBackend = tested;
    std::set<std::string> compared;
    const std::string wrong = rollout.compare(compared);
    return !wrong.empty() ? wrong : compared.empty() ? "nothing was compared" : "";
}

void addRollouts(std::vector<EngineCase>& out) {
    for (const GoldenCase& golden : GoldenCase::find("mla_dit_rollout"))
        for (const auto& [window, sizes] : golden.json().at("windows").items())
            for (MlaForm form : {MlaForm::Materialised, MlaForm::Absorbed})
                out.push_back({"golden rollout, latent cache " + window + (form == MlaForm::Absorbed ? ", absorbed" : ", materialised"),
                               [golden, window = window, form](const BackendMaker& tested, Precision precision) {
                                   return checkRollout(mlaGoldenRollout(golden, window, form), tested, precision);
                               }});
    for (const GoldenCase& golden : GoldenCase::find("dit_dense_rollout"))
        out.push_back({"golden rollout, dense cache", [golden](const BackendMaker& tested, Precision precision) {
                           return checkRollout({golden, goldenDitConfig(golden)}, tested, precision);
                       }});
    for (const GoldenCase& golden : GoldenCase::find("dit_dense_rollout_window"))
        out.push_back({"golden rollout, dense cache with a window", [golden](const BackendMaker& tested, Precision precision) {
                           GoldenRollout rollout{golden, goldenDitConfig(golden)};
                           rollout.windowFrames = golden.config().at("local_attn_size");
                           rollout.sinkFrames = golden.config().at("sink_size");
                           return checkRollout(rollout, tested, precision);
                       }});
}

// Runs the same on the CPU in fp32 and on the backend under test.
std::string against(const std::function<std::vector<float>(Backend&)>& run, const BackendMaker& tested, Precision precision) {
    const auto cpu = makeCpuBackend({.threads = 2, .precision = Precision::Fp32});
    const auto backend = tested(precision);
    const Comparison found = compare(run(*cpu), run(*backend), precision == Precision::Fp32 ? Bound{1e-4, 1e-4} : Bound{1e9, 0});
    const bool good = found.good() && (precision == Precision::Fp32 || found.relativeRms < kBf16RelativeRms);
    return good ? "" : found.text();
}

template <typename Decoder>
std::vector<float> decoded(const GoldenCase& golden, Backend& backend) {
    auto decoder = Decoder::load(golden.weights(), backend);
    if (!decoder) throw std::runtime_error(decoder.message());
    const Tensor batch = golden.input("in.latent");
    std::vector<int64_t> sizes(batch.shape().sizes().begin() + 1, batch.shape().sizes().end());
    const Tensor latents = batch.reshaped(Shape(sizes)), held = Tensor::allocate(backend, DType::F32, latents.shape());
    backend.upload(const_cast<void*>(held.data()), latents.data(), latents.bytes());
    std::vector<float> all;
    for (int64_t first = 0; first < latents.shape()[0]; ++first) {  // as a stream: one latent frame at a time
        const Tensor frames = (*decoder)->decode(held.slice(first, 1));
        all.insert(all.end(), frames.as<float>(), frames.as<float>() + frames.count());
    }
    return all;
}

std::vector<float> encodedText(const GoldenCase& golden, Backend& backend) {
    const nlohmann::json& c = golden.config();
    const TextEncoderConfig config{.vocab = c.at("vocab"),
                                   .dim = c.at("dim"),
                                   .dimAttn = c.at("dim_attn"),
                                   .dimFfn = c.at("dim_ffn"),
                                   .numHeads = c.at("num_heads"),
                                   .numLayers = c.at("num_layers"),
                                   .numBuckets = c.at("num_buckets"),
                                   .maxDistance = c.at("max_distance"),
                                   .textLen = c.at("seq_len")};
    auto encoder = Umt5Encoder::create(config, golden.weights(), backend);
    if (!encoder) throw std::runtime_error(encoder.message());
    std::vector<int32_t> ids;
    for (int32_t i = 0; i < config.textLen; ++i) ids.push_back((7 * i + 3) % static_cast<int32_t>(config.vocab));
    const Tensor rows = encoder->encode(ids);
    backend.synchronize();
    std::vector<float> all(static_cast<size_t>(rows.count()));
    backend.download(all.data(), rows.data(), rows.bytes());
    return all;
}

}  // namespace

std::vector<EngineCase> engineCases() {
    std::vector<EngineCase> out;
    addRollouts(out);
    for (const GoldenCase& golden : GoldenCase::find("taehv_decode"))
        out.push_back({"tiny decoder", [golden](const BackendMaker& tested, Precision precision) {
                           return against([&](Backend& b) { return decoded<TaehvDecoder>(golden, b); }, tested, precision);
                       }});
    for (const GoldenCase& golden : GoldenCase::find("wan_vae_decode"))
        out.push_back({"Wan decoder", [golden](const BackendMaker& tested, Precision precision) {
                           return against([&](Backend& b) { return decoded<WanVaeDecoder>(golden, b); }, tested, precision);
                       }});
    for (const GoldenCase& golden : GoldenCase::find("umt5_encoder"))
        out.push_back({"text encoder", [golden](const BackendMaker& tested, Precision precision) {
                           return against([&](Backend& b) { return encodedText(golden, b); }, tested, precision);
                       }});
    return out;
}

}  // namespace longtake
