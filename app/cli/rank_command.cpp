#include <filesystem>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "app/files/atomic_file.h"
#include "app/project/model_folders.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/model/model_config.h"
#include "engine/rollout/rank_probe.h"

namespace longtake {
namespace {

const std::vector<double> kThresholds{0.9, 0.99, 0.999};

Result<ModelConfig> readConfig(const std::string& folder) {
    const std::string path = (std::filesystem::path(folder) / "model.json").string();
    const Result<std::string> text = readWholeFile(path, 16u << 20);
    if (!text) return text.error();
    return ModelConfig::parse(*text, path);
}

std::string attentionName(int layer, const char* name) { return "blocks." + std::to_string(layer) + ".self_attn." + name + ".weight"; }

Result<RankReport> latentRanks(const Checkpoint& weights, int layers) {
    std::vector<LatentFactors> factors;
    for (int layer = 0; layer < layers; ++layer) {
        Result<Tensor> down = weights.toFloat(attentionName(layer, "kv_down"));
        Result<Tensor> keys = weights.toFloat(attentionName(layer, "k_up"));
        Result<Tensor> values = weights.toFloat(attentionName(layer, "v_up"));
        for (const Result<Tensor>* read : {&down, &keys, &values}) {
            if (!*read) return read->error();
        }
        factors.push_back({std::move(*down), std::move(*keys), std::move(*values)});
    }
    return rankOfWeights(factors, kThresholds);
}

Result<RankReport> denseRanks(const Checkpoint& weights, int layers) {
    std::vector<DenseFactors> factors;
    for (int layer = 0; layer < layers; ++layer) {
        Result<Tensor> keys = weights.toFloat(attentionName(layer, "k"));
        Result<Tensor> values = weights.toFloat(attentionName(layer, "v"));
        for (const Result<Tensor>* read : {&keys, &values}) {
            if (!*read) return read->error();
        }
        factors.push_back({std::move(*keys), std::move(*values)});
    }
    return rankOfWeights(factors, kThresholds);
}

std::vector<std::vector<std::string>> tableOf(const RankReport& report) {
    std::vector<std::vector<std::string>> rows{{"layer", "r_0.9", "r_0.99", "r_0.999", "stable", "entropy"}};
    for (size_t layer = 0; layer < report.layers.size(); ++layer) {
        const RankStats& stats = report.layers[layer];
        rows.push_back({std::to_string(layer), std::to_string(stats.r[0]), std::to_string(stats.r[1]), std::to_string(stats.r[2]),
                        fixed(stats.stableRank, 2), fixed(stats.entropyRank, 1)});
    }
    return rows;
}

class RankCommand final : public Command {
public:
    void addTo(CLI::App& parser) override {
        parser.add_option("model", model_, "A model folder, or the name of an installed model");
        parser.add_option("--csv", csv_, "Write the table into this file too");
    }

    CommandResult run(Reporter& reporter) override {
        const Result<std::string> folder = resolveModelFolder(model_);
        if (!folder) return failure(folder.message());
        const Result<ModelConfig> config = readConfig(*folder);
        if (!config) return failure(config.message());
        const Result<Checkpoint> weights = Checkpoint::open(std::filesystem::path(*folder) / config->dit.weights);
        if (!weights) return failure(weights.message());
        const bool latent = config->dit.attention == AttentionKind::Mla;
        const Result<RankReport> report =
            latent ? latentRanks(*weights, config->dit.numLayers) : denseRanks(*weights, config->dit.numLayers);
        if (!report) return failure(report.message());
        if (!csv_.empty()) {
            if (const auto written = writeFileAtomically(csv_, std::string_view(csvOf(*report))); !written) {
                return failure(written.message());
            }
        }
        print(*config, *report, reporter);
        return done();
    }

private:
    void print(const ModelConfig& config, const RankReport& report, Reporter& reporter) const {
        const std::string budget = config.dit.attention == AttentionKind::Mla ? ", budget d_c " + std::to_string(config.dit.mla.dC) : "";
        reporter.text(config.name + ": " + report.matrix + ", " + std::to_string(report.rows) + " x " + std::to_string(report.columns) +
                      " a layer" + budget + "\nr_t: the fewest singular values that hold the share t of the squared sum\n\n" +
                      tableText(tableOf(report)));
        if (!csv_.empty()) reporter.note("wrote " + csv_);
        nlohmann::json layers = nlohmann::json::array();
        for (const RankStats& stats : report.layers) {
            layers.push_back({{"r", stats.r},
                              {"stable_rank", stats.stableRank},
                              {"entropy_rank", stats.entropyRank},
                              {"singular_values", stats.singularValues}});
        }
        reporter.object({{"event", "rank"},
                         {"model", config.name},
                         {"matrix", report.matrix},
                         {"rows", report.rows},
                         {"columns", report.columns},
                         {"budget", report.budget},
                         {"thresholds", report.thresholds},
                         {"layers", layers}});
    }

    std::string model_, csv_;
};

}  // namespace

std::unique_ptr<Command> makeRankCommand() { return std::make_unique<RankCommand>(); }

}  // namespace longtake
