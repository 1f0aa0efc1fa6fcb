#include "engine/checkpoint/checkpoint.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "engine/checkpoint/gguf.h"
#include "engine/checkpoint/safetensors.h"
#include "engine/checkpoint/torch_file.h"

namespace longtake {

struct Checkpoint::State {
    std::string path;
    CheckpointFormat format = CheckpointFormat::Safetensors;
    std::map<std::string, std::string> metadata;
    std::vector<MappedFilePtr> files;
    std::vector<StoredTensor> tensors;
    std::vector<std::string> names;
    std::unordered_map<std::string, size_t> index;
    std::unordered_map<size_t, std::vector<float>> scales;  // of fp8 tensors: one, or one per row

    Result<void> finish();
    Result<void> readScale(size_t scale, size_t weight);
};

namespace {

bool isFloat8(Encoding encoding) { return encoding == Encoding::F8E4M3 || encoding == Encoding::F8E5M2; }

bool startsWith(const MappedFile& file, std::string_view start) {
    const auto bytes = file.bytes();
    return bytes.size() >= start.size() && std::memcmp(bytes.data(), start.data(), start.size()) == 0;
}

// Things people have on disk in place of a checkpoint.
Error unknownFormat(const MappedFile& file) {
    if (file.size() == 0) return file.error("is empty; fetch it again");
    if (startsWith(file, "version https://git-lfs"))
        return file.error("is a Git LFS pointer, not the file itself; run git lfs pull or download the file");
    if (startsWith(file, "<")) return file.error("is a web page, not a checkpoint; the download went wrong");
    return file.error("is no checkpoint this program reads (safetensors, torch .pt or .pth, GGUF)");
}

// The header length is below 4 GB, so its upper half is zero, which neither JSON nor a torch archive has
// before a '{'.
bool looksLikeSafetensors(const MappedFile& file) {
    const auto bytes = file.bytes();
    if (bytes.size() < 10 || bytes[8] != std::byte{'{'}) return false;
    return std::all_of(bytes.begin() + 4, bytes.begin() + 8, [](std::byte b) { return b == std::byte{0}; });
}

// The stem of "X.weight_scale" and the like, or nothing.
std::optional<std::string> stemOf(std::string_view name, std::initializer_list<std::string_view> endings) {
    for (std::string_view ending : endings)
        if (name.size() > ending.size() && name.ends_with(ending)) return std::string(name.substr(0, name.size() - ending.size()));
    return {};
}

// {"format": "float8_e4m3fn"} in the bytes of a U8 tensor.
std::string quantisationNamed(const MappedFilePtr& file, const StoredTensor& tensor) {
    constexpr int64_t kLongest = 4096;
    if (tensor.encoding != Encoding::U8 || tensor.shape.count() > kLongest) return "unknown";
    const Tensor bytes = loadStored(file, tensor);
    const auto* text = bytes.as<char>();
    const auto json = nlohmann::json::parse(text, text + bytes.count(), nullptr, false);
    if (!json.is_object() || !json.contains("format") || !json["format"].is_string()) return "unknown";
    return json["format"].get<std::string>();
}

}  // namespace

std::string_view nameOf(CheckpointFormat format) {
    switch (format) {
        case CheckpointFormat::Safetensors: return "safetensors";
        case CheckpointFormat::ShardedSafetensors: return "sharded safetensors";
        case CheckpointFormat::TorchZip: return "torch";
        case CheckpointFormat::TorchLegacy: return "torch (old format)";
        case CheckpointFormat::Gguf: return "GGUF";
    }
    return "?";
}

Result<void> Checkpoint::State::readScale(size_t scale, size_t weight) {
    const StoredTensor& from = tensors[scale];
    const StoredTensor& to = tensors[weight];
    const int64_t count = from.shape.count();
    const int64_t rows = to.shape.rank() > 0 ? to.shape[0] : 1;
    if (count != 1 && count != rows)
        return files[from.file]->error("scale " + inQuotes(from.name) + " fits neither its weight nor its rows");
    std::vector<float> values(static_cast<size_t>(count));
    longtake::readFloats(*files[from.file], from, 0, values);
    scales[weight] = std::move(values);
    return {};
}

// Builds the index and sets aside what belongs to a quantised weight (engine-spec 10.1).
Result<void> Checkpoint::State::finish() {
    for (size_t i = 0; i < tensors.size(); ++i)
        if (!index.emplace(tensors[i].name, i).second)
            return Error{path + ": tensor " + inQuotes(tensors[i].name) + " is in two shards; refused"};
    for (size_t i = 0; i < tensors.size(); ++i) {
        const StoredTensor& tensor = tensors[i];
        const std::string& name = tensor.name;
        if (name == "scaled_fp8" || name == "spiece_model") continue;
        if (const auto stem = stemOf(name, {".comfy_quant"})) {
            const std::string kind = quantisationNamed(files[tensor.file], tensor);
            if (kind != "float8_e4m3fn" && kind != "float8_e5m2")
                return files[tensor.file]->error("weight " + inQuotes(*stem) + " is quantised as " + inQuotes(kind) +
                                                 ", which cannot be read; take a bf16, fp16 or fp8 version");
            continue;
        }
        const auto scaled = stemOf(name, {".scale_weight", ".weight_scale"});
        const auto helper = scaled ? scaled : stemOf(name, {".scale_input", ".input_scale"});
        const auto weight = helper ? index.find(*helper + ".weight") : index.end();
        if (weight == index.end() || !isFloat8(tensors[weight->second].encoding)) {
            names.push_back(name);
            continue;
        }
        if (!scaled) continue;  // the scale of fp8 activations, which are not used here
        auto read = readScale(i, weight->second);
        if (!read) return read;
    }
    return {};
}

Result<Checkpoint> Checkpoint::open(MappedFilePtr file, const CheckpointOptions& options) {
    auto state = std::make_shared<State>();
    state->path = file->path();
    state->files = {file};
    if (looksLikeSafetensors(*file)) {
        auto header = readSafetensors(*file);
        if (!header) return header.error();
        state->tensors = std::move(header->tensors);
        state->metadata = std::move(header->metadata);
    } else if (startsWith(*file, "PK") || isLegacyTorch(file->bytes())) {
        const bool isZip = startsWith(*file, "PK");
        state->format = isZip ? CheckpointFormat::TorchZip : CheckpointFormat::TorchLegacy;
        auto torch = isZip ? readTorchZip(*file) : readTorchLegacy(*file);
        if (!torch) return torch.error();
        if (options.select == CheckpointOptions::Select::WholeTree) {
            for (TorchTensor& tensor : torch->tensors) state->tensors.push_back(std::move(tensor.stored));
        } else {
            auto selected = selectStateDict(*file, std::move(torch->tensors), options.stateDicts);
            if (!selected) return selected.error();
            state->tensors = std::move(selected).value();
        }
    } else if (startsWith(*file, "GGUF")) {
        state->format = CheckpointFormat::Gguf;
        auto header = readGguf(*file);
        if (!header) return header.error();
        state->tensors = std::move(header->tensors);
        state->metadata = std::move(header->metadata);
    } else {
        return unknownFormat(*file);
    }
    auto finished = state->finish();
    if (!finished) return finished.error();
    return Checkpoint(std::move(state));
}

Result<Checkpoint> Checkpoint::openShards(const std::filesystem::path& path, const MappedFile& index) {
    const auto map = readShardIndex(index);
    if (!map) return map.error();
    auto state = std::make_shared<State>();
    state->path = index.path();
    state->format = CheckpointFormat::ShardedSafetensors;
    std::map<std::string, size_t> fileIndex;
    std::map<std::string, std::string> remaining = *map;
    for (const auto& [name, shard] : *map) {
        if (!fileIndex.emplace(shard, state->files.size()).second) continue;
        auto file = MappedFile::open(path.parent_path() / shard);
        if (!file) return Error{file.message() + " (a shard of " + index.path() + ")"};
        auto header = readSafetensors(**file);
        if (!header) return header.error();
        for (StoredTensor& tensor : header->tensors) {
            const auto listed = remaining.find(tensor.name);
            if (listed == remaining.end() || listed->second != shard) continue;  // not what the index asked for
            remaining.erase(listed);
            tensor.file = state->files.size();
            state->tensors.push_back(std::move(tensor));
        }
        state->metadata.insert(header->metadata.begin(), header->metadata.end());
        state->files.push_back(std::move(file).value());
    }
    if (!remaining.empty())
        return index.error("lists tensor " + inQuotes(remaining.begin()->first) + ", which is not in its shard " +
                           inQuotes(remaining.begin()->second) + "; fetch the shards again");
    auto finished = state->finish();
    if (!finished) return finished.error();
    return Checkpoint(std::move(state));
}

Result<Checkpoint> Checkpoint::open(const std::filesystem::path& path, const CheckpointOptions& options) {
    std::error_code code;
    if (std::filesystem::is_directory(path, code)) {
        std::vector<std::filesystem::path> indices, files;
        for (const auto& entry : std::filesystem::directory_iterator(path, code)) {
            const std::string name = entry.path().filename().string();
            if (name.ends_with(".safetensors.index.json")) indices.push_back(entry.path());
            if (name.ends_with(".safetensors")) files.push_back(entry.path());
        }
        const auto& found = indices.empty() ? files : indices;
        if (found.size() != 1)
            return Error{path.string() + ": is a folder with " + std::to_string(found.size()) + " safetensors files; give one file"};
        return open(found[0], options);
    }
    auto file = MappedFile::open(path);
    if (!file) return file.error();
    if (startsWith(**file, "{") && !looksLikeSafetensors(**file)) return openShards(path, **file);
    return open(std::move(file).value(), options);
}

const std::string& Checkpoint::path() const { return state_->path; }
CheckpointFormat Checkpoint::format() const { return state_->format; }
const std::map<std::string, std::string>& Checkpoint::metadata() const { return state_->metadata; }
std::vector<std::string> Checkpoint::names() const { return state_->names; }
bool Checkpoint::has(const std::string& name) const { return state_->index.contains(name); }

Result<size_t> Checkpoint::find(const std::string& name) const {
    const auto found = state_->index.find(name);
    if (found == state_->index.end()) return Error{state_->path + ": has no tensor " + inQuotes(name)};
    return found->second;
}

Result<TensorInfo> Checkpoint::info(const std::string& name) const {
    const auto found = find(name);
    if (!found) return found.error();
    const StoredTensor& stored = state_->tensors[*found];
    const EncodingInfo& encoding = infoOf(stored.encoding);
    TensorInfo info{.dtype = encoding.native.value_or(DType::F32),
                    .encoding = stored.encoding,
                    .shape = stored.shape,
                    .begin = stored.begin,
                    .end = stored.end,
                    .file = state_->files[stored.file]->path()};
    if (isFloat8(stored.encoding)) info.dtype = state_->scales.contains(*found) ? DType::F32 : DType::BF16;
    const auto address = reinterpret_cast<uintptr_t>(state_->files[stored.file]->bytes().data()) + stored.begin;
    info.isView = encoding.native == info.dtype && stored.strides.empty() && stored.begin < stored.end && address % sizeOf(info.dtype) == 0;
    return info;
}

Result<Tensor> Checkpoint::tensor(const std::string& name) const {
    const auto found = find(name);
    if (!found) return found.error();
    const StoredTensor& stored = state_->tensors[*found];
    if (!isFloat8(stored.encoding)) return loadStored(state_->files[stored.file], stored);
    if (!state_->scales.contains(*found)) return converted(loadStored(state_->files[stored.file], stored), DType::BF16);
    Tensor out = Tensor::host(DType::F32, stored.shape);
    auto read = readFloats(name, 0, out.floats());
    if (!read) return read.error();
    return out;
}

Result<Tensor> Checkpoint::tensor(const std::string& name, DType dtype) const {
    auto loaded = tensor(name);
    if (!loaded) return loaded;
    auto out = converted(*loaded, dtype);
    if (!out) return Error{state_->path + ": tensor " + inQuotes(name) + ": " + out.message()};
    return out;
}

Result<void> Checkpoint::readFloats(const std::string& name, int64_t first, std::span<float> out) const {
    const auto found = find(name);
    if (!found) return found.error();
    const StoredTensor& stored = state_->tensors[*found];
    longtake::readFloats(*state_->files[stored.file], stored, first, out);
    const auto scale = state_->scales.find(*found);
    if (scale == state_->scales.end()) return {};
    const std::vector<float>& factors = scale->second;
    const int64_t rows = static_cast<int64_t>(factors.size());
    const int64_t perRow = rows > 0 ? stored.shape.count() / rows : 1;
    for (size_t i = 0; i < out.size(); ++i) out[i] *= factors[static_cast<size_t>((first + static_cast<int64_t>(i)) / perRow)];
    return {};
}

void Checkpoint::forget(const std::string& name) const {
    const auto found = find(name);
    if (!found) return;
    const StoredTensor& stored = state_->tensors[*found];
    state_->files[stored.file]->forget(static_cast<size_t>(stored.begin), static_cast<size_t>(stored.end));
}

Result<Tensor> converted(const Tensor& tensor, DType dtype) {
    if (tensor.dtype() == dtype) return tensor;
    if (dtype != DType::F32 && dtype != DType::F16 && dtype != DType::BF16)
        return Error{"cannot convert " + std::string(nameOf(tensor.dtype())) + " to " + std::string(nameOf(dtype))};
    Tensor out = Tensor::host(dtype, tensor.shape());
    std::vector<float> floats;
    constexpr size_t kPiece = 1 << 16;
    const auto count = static_cast<size_t>(tensor.count());
    const auto* from = static_cast<const std::byte*>(tensor.data());
    auto* to = static_cast<std::byte*>(out.data());
    for (size_t done = 0; done < count; done += kPiece) {
        floats.resize(std::min(kPiece, count - done));
        const size_t size = sizeOf(tensor.dtype());
        decode(encodingOf(tensor.dtype()), {from + done * size, floats.size() * size}, floats);
        encode(dtype, floats, {to + done * sizeOf(dtype), floats.size() * sizeOf(dtype)});
    }
    return out;
}

}  // namespace longtake
