#include "engine/checkpoint/import_writer.h"

#include <algorithm>
#include <cstring>

#include "engine/checkpoint/safetensors.h"

namespace longtake {

namespace {

constexpr int64_t kPieceElements = 1 << 20;  // a multiple of every block size

bool isMatrix(const TensorRecipe& recipe) { return recipe.shape.rank() >= 2 && !recipe.target.ends_with("modulation"); }

Error stopped() { return {"the import was stopped; nothing was left behind"}; }

class PartWriter {
public:
    PartWriter(const ImportPart& part, SafetensorsWriter& writer, const std::function<bool(uint64_t)>& advance)
        : part_(part), writer_(writer), advance_(advance) {}

    Result<void> write(const TensorRecipe& recipe, DType type) {
        const bool hasLora = part_.lora && part_.lora->has(recipe.target);
        if (!recipe.isPlain() || hasLora) return writeBuilt(recipe, type, hasLora);
        const auto info = part_.checkpoint->info(recipe.source);
        if (!info) return info.error();
        auto written = info->isView && info->dtype == type ? writeAsStored(recipe) : writeConverted(recipe, type);
        part_.checkpoint->forget(recipe.source);
        return written;
    }

private:
    Result<void> append(std::span<const std::byte> bytes) {
        constexpr size_t kPieceBytes = 16u << 20;
        while (!bytes.empty()) {
            const auto piece = bytes.first(std::min(bytes.size(), kPieceBytes));
            auto appended = writer_.append(piece);
            if (!appended) return appended;
            if (!advance_(piece.size())) return stopped();
            bytes = bytes.subspan(piece.size());
        }
        return {};
    }

    Result<void> writeAsStored(const TensorRecipe& recipe) {
        const auto tensor = part_.checkpoint->tensor(recipe.source);
        if (!tensor) return tensor.error();
        return append({static_cast<const std::byte*>(tensor->data()), tensor->bytes()});
    }

    Result<void> appendFloats(std::span<const float> values, DType type) {
        bytes_.resize(values.size() * sizeOf(type));
        encode(type, values, bytes_);
        return append(bytes_);
    }

    Result<void> writeConverted(const TensorRecipe& recipe, DType type) {
        const int64_t count = recipe.shape.count();
        for (int64_t first = 0; first < count; first += kPieceElements) {
            floats_.resize(static_cast<size_t>(std::min(kPieceElements, count - first)));
            auto read = part_.checkpoint->readFloats(recipe.source, first, floats_);
            if (read) read = appendFloats(floats_, type);
            if (!read) return read;
        }
        return {};
    }

    // Split, transposed or adapted matrices are needed whole.
    Result<void> writeBuilt(const TensorRecipe& recipe, DType type, bool hasLora) {
        auto built = buildTensor(*part_.checkpoint, recipe);
        if (!built) return built.error();
        auto floats = converted(*built, DType::F32);
        if (!floats) return floats.error();
        floats_.assign(floats->floats().begin(),
                       floats->floats().end());  // a plain F32 one is a read-only view
        if (hasLora) {
            if (recipe.shape.rank() != 2) return Error{"the adapter changes " + recipe.target + ", which is no matrix"};
            auto added = part_.lora->addTo(recipe.target, floats_, recipe.shape[0], recipe.shape[1]);
            if (!added) return added;
        }
        return appendFloats(floats_, type);
    }

    const ImportPart& part_;
    SafetensorsWriter& writer_;
    const std::function<bool(uint64_t)>& advance_;
    std::vector<float> floats_;
    std::vector<std::byte> bytes_;
};

}  // namespace

DType writtenType(const ImportPart& part, const TensorRecipe& recipe) {
    const bool wantsBf16 = part.precision == WeightPrecision::Bf16 && isMatrix(recipe);
    if (wantsBf16) return DType::BF16;
    if (part.precision != WeightPrecision::Keep || recipe.source.empty()) return DType::F32;
    const auto info = part.checkpoint->info(recipe.source);
    if (!info) return DType::F32;
    const EncodingInfo& stored = infoOf(info->encoding);
    if (stored.native == DType::F32 || stored.native == DType::F16 || stored.native == DType::BF16) return *stored.native;
    const bool isCompressed = !stored.native || sizeOf(*stored.native) == 1;
    return isCompressed && isMatrix(recipe) ? DType::BF16 : DType::F32;
}

uint64_t writtenBytes(const ImportPart& part) {
    uint64_t bytes = 0;
    for (const TensorRecipe& recipe : part.names->recipes)
        bytes += static_cast<uint64_t>(recipe.shape.count()) * sizeOf(writtenType(part, recipe));
    return bytes;
}

Result<void> writePart(const ImportPart& part, const std::filesystem::path& folder, const std::function<bool(uint64_t)>& advance) {
    std::vector<SafetensorsWriter::Entry> entries;
    std::map<std::string, const TensorRecipe*> recipes;
    for (const TensorRecipe& recipe : part.names->recipes) {
        entries.push_back({recipe.target, writtenType(part, recipe), recipe.shape});
        recipes[recipe.target] = &recipe;
    }
    auto writer = SafetensorsWriter::create(folder / part.file, std::move(entries), {{"format", "pt"}});
    if (!writer) return writer.error();
    PartWriter tensors(part, *writer, advance);
    for (const auto& entry : writer->entries()) {
        auto written = tensors.write(*recipes.at(entry.name), entry.dtype);
        if (!written) return written;
    }
    return writer->finish();
}

}  // namespace longtake
