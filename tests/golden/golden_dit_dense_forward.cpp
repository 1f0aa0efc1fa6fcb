#include <QTest>

#include "golden_dit.h"

using namespace longtake;

class GoldenDitDenseForward : public QObject {
    Q_OBJECT
private slots:
    void everyIntermediate();
    void flowIn16Bit();
};

namespace {

// One chunk, then the next on top of its cache; `see` is told every intermediate of each pass.
void run(const GoldenCase& golden, Precision precision, const std::function<void(const std::string&, int, const Tensor&, bool next)>& see) {
    const auto backend = goldenBackend(precision);
    const DitConfig config = goldenDitConfig(golden);
    const nlohmann::json& c = golden.config();
    const int64_t frames = golden.input("in.latent").shape()[1], height = c.at("latent_h"), width = c.at("latent_w");
    auto dit = CausalDit::load(config, Positions::Absolute, golden.weights(), *backend);
    if (!dit) throw std::runtime_error(dit.message());
    KvCache cache(*backend, config, static_cast<int>(2 * frames), 0, (*dit)->tokensPerFrame(height, width));
    DitWorkspace workspace(config, *backend);
    bool next = false;
    const PassObserver observer = [&](const std::string& name, int layer, const Rows& rows) { see(name, layer, copyOf(rows), next); };

    const Tensor context = golden.input("in.context").reshaped({config.textLen, config.textDim});
    const PromptContext prompt = (*dit)->encodePrompt(context.slice(0, c.at("prompt_tokens")), workspace, &observer);
    const int64_t start = c.at("start_frame");
    for (const char* suffix : {"", "_next"}) {
        next = *suffix != '\0';
        const Tensor latents = golden.input(std::string("in.latent") + suffix).reshaped({frames, config.inDim, height, width});
        const Tensor timesteps = golden.input(std::string("in.timestep") + suffix);
        Tensor flow = Tensor::host(DType::F32, latents.shape());
        cache.beginChunk(start + (next ? frames : 0), static_cast<int>(frames));
        (*dit)->forward({.latents = latents,
                         .timesteps = {timesteps.as<float>(), static_cast<size_t>(frames)},
                         .prompt = &prompt,
                         .cache = &cache,
                         .firstSlot = static_cast<int>(cache.liveFrames() - frames),
                         .output = &flow,
                         .observer = &observer},
                        workspace);
        see("flow", 0, flow, next);
    }
}

// Frames that share a timestep are computed once; the reference repeats them.
Tensor repeated(const Tensor& seen, const Shape& shape) {
    Tensor out = Tensor::host(DType::F32, shape);
    for (int64_t i = 0; i < out.count(); ++i) out.as<float>()[i] = seen.as<float>()[i % seen.count()];
    return out;
}

}  // namespace

void GoldenDitDenseForward::everyIntermediate() {
    for (const GoldenCase& golden : GoldenCase::find("dit_dense_forward")) {
        const DitConfig config = goldenDitConfig(golden);
        std::set<std::string> compared;
        std::string failure;
        Tensor e0;
        run(golden, Precision::Fp32, [&](const std::string& name, int layer, const Tensor& seen, bool next) {
            std::string wanted = "out." + std::string(next ? "next." : "");
            if (name == "block") wanted += "block." + std::to_string(layer);
            else if (name == "flow") wanted = next ? "out.flow_next" : "out.flow";
            else if (name == "sinusoid" || name == "e" || name == "e0" || name == "patch_embedding" || name == "head") wanted += name;
            else if (name == "text_embedding") return;  // its padding rows are one row here: checked below
            else wanted += "block." + std::to_string(layer) + "." + name;
            if (!golden.has(wanted)) return;
            compared.insert(wanted);
            const Tensor got = repeated(seen, golden.expected(wanted).shape());
            if (!golden.matches(wanted, got) && failure.empty()) failure = golden.report();
        });
        QVERIFY2(failure.empty(), failure.c_str());

        bool textSeen = false;
        run(golden, Precision::Fp32, [&](const std::string& name, int, const Tensor& seen, bool) {
            if (name != "text_embedding") return;
            textSeen = true;
            Tensor all = Tensor::host(DType::F32, {config.textLen, config.dim});  // the last row stands for every padding row
            for (int64_t r = 0; r < config.textLen; ++r)
                std::copy_n(seen.as<float>() + std::min(r, seen.shape()[0] - 1) * config.dim, config.dim, all.as<float>() + r * config.dim);
            if (!golden.matches("out.text_embedding", all)) failure = golden.report();
        });
        QVERIFY(textSeen);
        QVERIFY2(failure.empty(), failure.c_str());
        compared.insert("out.text_embedding");
        for (const std::string& name : golden.outputs()) QVERIFY2(compared.contains(name), (name + " was not compared").c_str());
        QVERIFY2(golden.allWeightsRead(), golden.report());
    }
}

void GoldenDitDenseForward::flowIn16Bit() {
    if (!cpuHasBf16()) QSKIP("no bf16 instructions on this processor");
    for (const GoldenCase& golden : GoldenCase::find("dit_dense_forward")) {
        std::string failure;
        int seenFlows = 0;
        run(golden, Precision::Bf16, [&](const std::string& name, int, const Tensor& seen, bool next) {
            if (name != "flow") return;
            ++seenFlows;
            const std::string wanted = next ? "out.flow_next" : "out.flow";
            if (!golden.matchesIn16Bit(wanted, seen.reshaped(golden.expected(wanted).shape()))) failure = golden.report();
        });
        QCOMPARE(seenFlows, 2);
        QVERIFY2(failure.empty(), failure.c_str());
    }
}

QTEST_GUILESS_MAIN(GoldenDitDenseForward)
#include "golden_dit_dense_forward.moc"
